package funcs

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

var (
	startswith  = testFunc(strings.HasPrefix)
	endswith    = testFunc(strings.HasSuffix)
	strcontains = testFunc(strings.Contains)

	basename = asFunc(path.Base)
	dirname  = asFunc(path.Dir)

	urlencode    = asFunc(url.QueryEscape)
	base64encode = asFunc(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) })
)

var base64decode = textFunc(cty.String, func(args []string) (cty.Value, error) {
	data, err := base64.StdEncoding.DecodeString(args[0])
	if err != nil {
		return cty.NilVal, function.NewArgErrorf(0, "not Base64: %v", err)
	}
	if !utf8.Valid(data) {
		return cty.NilVal, function.NewArgErrorf(0, "what it encodes is not text (UTF-8)")
	}
	return cty.StringVal(string(data)), nil
}, "text")

// replace is Terraform's: between slashes stands a pattern.
var replace = textFunc(cty.String, func(args []string) (cty.Value, error) {
	s, old, by := args[0], args[1], args[2]
	if !isPattern(old) {
		return cty.StringVal(strings.ReplaceAll(s, old, by)), nil
	}
	pattern := cty.StringVal(old[1 : len(old)-1])
	v, err := stdlib.RegexReplace(cty.StringVal(s), pattern, cty.StringVal(by))
	if err != nil {
		return cty.NilVal, fmt.Errorf("pattern %s: %w", old, err)
	}
	return v, nil
}, "text", "part", "by")

func isPattern(s string) bool {
	return len(s) > 1 && strings.HasPrefix(s, "/") && strings.HasSuffix(s, "/")
}
