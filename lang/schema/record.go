package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

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

// Encode returns r as JSON, the same bytes for the same record.
func (r Record) Encode() string {
	data, err := json.Marshal(plain(ir.MapVal(r)))
	if err != nil {
		panic("schema: record: " + err.Error())
	}
	return string(data)
}

// Fits reports whether the record of attributes takes at most so many bytes.
func Fits(attrs []ir.Attr, limit int) bool {
	most := 2
	for _, a := range attrs {
		most += mostText(a.Name) + mostBytes(a.Value)
	}
	return most <= limit || len(RecordOf(attrs).Encode()) <= limit
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

// plain returns v as JSON has it. Marks become objects with one $ key.
func plain(v ir.Value) any {
	switch v.Kind {
	case ir.Bool:
		return v.Bool
	case ir.Int:
		return v.Int
	case ir.Float:
		return v.Float
	case ir.String:
		if hash, ok := strings.CutPrefix(v.Str, hashMark); ok {
			return map[string]any{"$sha256": hash}
		}
		if v.Str == secretMark {
			return map[string]any{"$sensitive": true}
		}
		return v.Str
	case ir.List:
		out := make([]any, len(v.List))
		for i, e := range v.List {
			out[i] = plain(e)
		}
		return out
	case ir.Map:
		out := make(map[string]any, len(v.Map))
		for k, e := range v.Map {
			if strings.HasPrefix(k, "$") {
				k = "$" + k // or it could be taken for a mark
			}
			out[k] = plain(e)
		}
		return out
	}
	return nil
}

// ParseRecord reads what Encode wrote. The text comes from an engine, so that
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
