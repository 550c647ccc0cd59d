package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"bayplan/lang/ir"
)

// maxLeaf is the longest text that a record holds as it is; of a longer one
// it holds the hash.
const maxLeaf = 256

// The marks that stand in a record for text that it does not hold.
const (
	hashMark   = "\x00sha256:"
	secretMark = "\x00sensitive"
)

// Record is what a program set when an object was made, as far as the object
// itself remembers: long texts as their hashes, sensitive ones not at all.
type Record map[string]ir.Value

// RecordOf returns the record of attributes in canonical form.
func RecordOf(attrs []ir.Attr) Record {
	r := Record{}
	for _, a := range attrs {
		r[a.Name] = shorten(a.Value)
	}
	return r
}

func shorten(v ir.Value) ir.Value {
	switch v.Kind {
	case ir.List:
		out := ir.ListVal()
		for _, e := range v.List {
			e.Sensitive = e.Sensitive || v.Sensitive
			out.List = append(out.List, shorten(e))
		}
		return out
	case ir.Map:
		out := ir.MapVal(map[string]ir.Value{})
		for k, e := range v.Map {
			e.Sensitive = e.Sensitive || v.Sensitive
			out.Map[k] = shorten(e)
		}
		return out
	}
	switch {
	case v.Sensitive:
		return ir.StringVal(secretMark)
	case v.Kind == ir.Handle:
		return ir.StringVal(v.Ref.String())
	case v.IsText() && v.ToText().Kind == ir.Text:
		v = ir.StringVal(v.Template())
	}
	if v.Kind == ir.String && len(v.Str) > maxLeaf {
		sum := sha256.Sum256([]byte(v.Str))
		return ir.StringVal(hashMark + hex.EncodeToString(sum[:]))
	}
	v.Pos.File, v.Pos.Line, v.Pos.Col = "", 0, 0
	return v
}

// unmarked returns what a record holds as people are shown it.
func unmarked(v ir.Value) ir.Value {
	if hash, ok := strings.CutPrefix(v.Str, hashMark); ok && v.Kind == ir.String {
		return ir.StringVal("text with the SHA-256 " + hash[:12] + "…")
	}
	return v
}

// EncodeRecord returns the record of attributes in canonical form as JSON, the same
// bytes for the same record.
func EncodeRecord(attrs []ir.Attr) string {
	order := make([]int, len(attrs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return strings.Compare(attrs[i].Name, attrs[j].Name) })
	data := make([]byte, 0, 512)
	for n, i := range order {
		data = appendEntry(data, n, attrs[i].Name, attrs[i].Value)
	}
	return string(appendEnd(data, len(attrs), '{', '}'))
}

// appendRecord appends what a record holds of v. Marks become objects with one $ key.
func appendRecord(data []byte, v ir.Value) []byte {
	switch v.Kind {
	case ir.List:
		for i, e := range v.List {
			e.Sensitive = e.Sensitive || v.Sensitive
			data = appendRecord(append(data, "[,"[min(i, 1)]), e)
		}
		return appendEnd(data, len(v.List), '[', ']')
	case ir.Map:
		for i, k := range slices.Sorted(maps.Keys(v.Map)) {
			e := v.Map[k]
			e.Sensitive = e.Sensitive || v.Sensitive
			data = appendEntry(data, i, k, e)
		}
		return appendEnd(data, len(v.Map), '{', '}')
	}
	v = shorten(v)
	switch {
	case v.Kind != ir.String:
		return appendJSON(data, plain(v))
	case v.Str == secretMark:
		return append(data, `{"$sensitive":true}`...)
	case strings.HasPrefix(v.Str, hashMark):
		return append(appendText(append(data, `{"$sha256":`...), v.Str[len(hashMark):]), '}')
	}
	return appendText(data, v.Str)
}

// appendEntry appends the nth entry of an object, which it begins.
func appendEntry(data []byte, n int, key string, v ir.Value) []byte {
	if strings.HasPrefix(key, "$") {
		key = "$" + key // or it could be taken for a mark
	}
	data = appendText(append(data, "{,"[min(n, 1)]), key)
	return appendRecord(append(data, ':'), v)
}

// appendEnd ends a list or an object of n entries, which began it.
func appendEnd(data []byte, n int, begin, end byte) []byte {
	if n == 0 {
		data = append(data, begin)
	}
	return append(data, end)
}

// appendText appends text as encoding/json writes it, of which most needs no more
// than quotes.
func appendText(data []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c >= utf8.RuneSelf, c == '"', c == '\\', c == '<', c == '>', c == '&':
			return appendJSON(data, s)
		}
	}
	return append(append(append(data, '"'), s...), '"')
}

func appendJSON(data []byte, x any) []byte {
	text, err := json.Marshal(x)
	if err != nil {
		panic("schema: record: " + err.Error())
	}
	return append(data, text...)
}

// Fits reports whether the record of attributes takes at most so many bytes.
func Fits(attrs []ir.Attr, limit int) bool {
	most := 2
	for _, a := range attrs {
		most += mostText(a.Name) + mostBytes(a.Value)
	}
	return most <= limit || len(EncodeRecord(attrs)) <= limit
}

// mostBytes returns how many bytes a value takes in a record at most: far less
// work than writing it.
func mostBytes(v ir.Value) int {
	most := 32 // a number, a mark, brackets
	for _, e := range v.List {
		most += 1 + mostBytes(e)
	}
	for k, e := range v.Map {
		most += mostText(k) + mostBytes(e)
	}
	switch v.Kind {
	case ir.Handle:
		most += mostText(v.Ref.String())
	case ir.String, ir.Engine, ir.Text:
		text := v.Template()
		most += mostText(text[:min(len(text), maxLeaf)]) // of a longer one its hash
	}
	return most
}

// mostText is the most that a text takes: each byte as \u0000, quotes, a colon
// and a comma, and the $ before a key that could be a mark.
func mostText(s string) int { return 6*len(s) + 5 }

// plain returns what v is in JSON, which is no text, list or map.
func plain(v ir.Value) any {
	switch v.Kind {
	case ir.Bool:
		return v.Bool
	case ir.Int:
		return v.Int
	case ir.Float:
		return v.Float
	}
	return nil
}

// ParseRecord reads what EncodeRecord wrote. The text comes from an engine, so that
// anything may stand in it.
func ParseRecord(text string) (Record, error) {
	if text == "" {
		return nil, nil
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var raw map[string]any
	if err := dec.Decode(&raw); err != nil {
		return nil, fmt.Errorf("reading the record: %w", err)
	}
	return unplain(raw).Map, nil
}

func unplain(x any) ir.Value {
	switch x := x.(type) {
	case bool:
		return ir.BoolVal(x)
	case string:
		return ir.StringVal(x)
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return ir.IntVal(n)
		}
		f, err := x.Float64()
		if err != nil {
			return ir.Value{}
		}
		return ir.FloatVal(f)
	case []any:
		v := ir.ListVal()
		for _, e := range x {
			v.List = append(v.List, unplain(e))
		}
		return v
	case map[string]any:
		if hash, ok := x["$sha256"].(string); ok && len(x) == 1 {
			return ir.StringVal(hashMark + hash)
		}
		if x["$sensitive"] == true && len(x) == 1 {
			return ir.StringVal(secretMark)
		}
		v := ir.MapVal(map[string]ir.Value{})
		for k, e := range x {
			v.Map[strings.TrimPrefix(k, "$")] = unplain(e)
		}
		return v
	}
	return ir.Value{}
}

// same reports whether the record says that v was set. Of a sensitive leaf
// nothing is known, so that it is never the same.
func same(rec, v ir.Value) bool {
	return !rec.IsNull() && !hasSecret(rec) && rec.Equal(shorten(v))
}

// hasSecret reports whether the record leaves something out that is sensitive.
func hasSecret(rec ir.Value) bool {
	return rec.Any(func(e ir.Value) bool { return e.Kind == ir.String && e.Str == secretMark })
}
