// Package verb is what people do with living objects, a file for each verb.
// Nothing here changes what a program wants.
package verb
