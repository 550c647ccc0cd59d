// Package sim holds the simulation: random stacks are applied on an embedded
// engine while calls fail, hang or are cut, the process is killed, the engine
// restarts and somebody changes things by hand. After every call the invariants
// of an apply are checked; at the end everything has to come right by itself.
//
// Everything follows from a seed: the clock, the uids, the faults. The direct
// lane calls the engine's core, the client lane goes through docker's own
// client and HTTP. A seed that fails prints what happened and how to make it
// again; when what it found is mended, it stands in the tables of
// regression_test.go.
package sim
