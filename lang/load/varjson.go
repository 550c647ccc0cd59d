package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/lang/value"
)

const maxDepth = 100 // of values within values

// jsonSettings reads the object that a JSON file holds.
func jsonSettings(f schema.File, ds *diag.List) []value.Setting {
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(f.Src)), file: f}
	r.dec.UseNumber()
	v, err := r.value(0)
	if err == nil {
		if _, _, err = r.token(); errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = errors.New("something follows the value")
		}
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		ds.Addf(placeIn(r.file, len(f.Src)), "the file ends in the middle of a value")
		return nil
	case err != nil:
		ds.Addf(placeIn(r.file, r.last), "%v", err)
		return nil
	case v.Kind != ir.Map:
		ds.Addf(v.Pos, "got %s, want an object with the values of variables", v.Kind).Hintf(`write {"name": value}`)
		return nil
	}
	for i := range r.top {
		r.top[i].Value = v.Map[r.top[i].Name]
	}
	return r.top
}

// jsonReader reads JSON to values with positions.
type jsonReader struct {
	dec  *json.Decoder
	file schema.File
	last int             // where the last token begins, in bytes
	top  []value.Setting // the names of the outermost object, as they stand
}

// token returns the next token and where it begins.
func (r *jsonReader) token() (json.Token, diag.Pos, error) {
	start := int(r.dec.InputOffset())
	t, err := r.dec.Token()
	for start < len(r.file.Src) && strings.IndexByte(" \t\r\n,:", r.file.Src[start]) >= 0 {
		start++
	}
	r.last = start
	return t, placeIn(r.file, start), err
}

func (r *jsonReader) value(depth int) (ir.Value, error) {
	t, pos, err := r.token()
	if err != nil {
		return ir.Value{}, err
	}
	if depth > maxDepth {
		return ir.Value{}, fmt.Errorf("the value is nested more than %d deep", maxDepth)
	}
	switch t := t.(type) {
	case bool:
		return ir.BoolVal(t).At(pos), nil
	case string:
		return ir.StringVal(t).At(pos), nil
	case json.Number:
		v, err := numberOf(t)
		return v.At(pos), err
	case json.Delim:
		if t == '[' {
			return r.list(pos, depth)
		}
		return r.object(pos, depth)
	}
	return ir.Value{Pos: pos}, nil
}

func (r *jsonReader) list(pos diag.Pos, depth int) (ir.Value, error) {
	out := ir.ListVal([]ir.Value{}...).At(pos)
	for r.dec.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return ir.Value{}, err
		}
		out.List = append(out.List, v)
	}
	_, _, err := r.token()
	return out, err
}

func (r *jsonReader) object(pos diag.Pos, depth int) (ir.Value, error) {
	out := ir.MapVal(map[string]ir.Value{}).At(pos)
	for r.dec.More() {
		t, at, err := r.token()
		if err != nil {
			return ir.Value{}, err
		}
		name := t.(string) // the decoder takes no other key
		if _, twice := out.Map[name]; twice {
			return ir.Value{}, fmt.Errorf("the key %q stands here twice", name)
		}
		if depth == 0 {
			r.top = append(r.top, value.Setting{Name: name, Pos: at})
		}
		if out.Map[name], err = r.value(depth + 1); err != nil {
			return ir.Value{}, err
		}
	}
	_, _, err := r.token()
	return out, err
}

// placeIn returns the place of a byte of a file.
func placeIn(f schema.File, offset int) diag.Pos {
	before := f.Src[:max(0, min(offset, len(f.Src)))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return diag.Pos{File: f.Name, Line: bytes.Count(before, []byte("\n")) + 1, Col: utf8.RuneCount(before[start:]) + 1}
}

// numberOf returns a number as programs have them.
func numberOf(n json.Number) (ir.Value, error) {
	if i, err := n.Int64(); err == nil {
		return ir.IntVal(i), nil
	}
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) {
		return ir.Value{}, errors.New("the number is too large")
	}
	return ir.FloatVal(f), nil
}
