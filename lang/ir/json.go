package ir

import (
	"encoding/json"
	"fmt"
	"math"

	"bayplan/lang/diag"
)

// wire is the JSON form of a Value: one of its fields, and the marks.
type wire struct {
	Null      bool             `json:"null,omitempty"`
	Bool      *bool            `json:"bool,omitempty"`
	Int       *int64           `json:"int,omitempty"`
	Float     *float64         `json:"float,omitempty"`
	Str       *string          `json:"str,omitempty"`
	List      *[]Value         `json:"list,omitempty"`
	Map       map[string]Value `json:"map,omitempty"`
	EmptyMap  bool             `json:"empty_map,omitempty"`
	Ref       *Ref             `json:"ref,omitempty"`
	Parts     []wirePart       `json:"text,omitempty"`
	Off       string           `json:"off,omitempty"`
	Sensitive bool             `json:"sensitive,omitempty"`
	Opaque    bool             `json:"opaque,omitempty"`
	Pos       *diag.Pos        `json:"pos,omitempty"`
}

type wirePart struct {
	Lit string `json:"lit,omitempty"`
	Ref *Ref   `json:"ref,omitempty"`
}

// MarshalJSON writes v with positions and marks. The text of sensitive values
// is written too: this is the form between evaluator and planner, never a plan.
func (v Value) MarshalJSON() ([]byte, error) {
	w := wire{Off: v.Off, Sensitive: v.Sensitive, Opaque: v.Opaque}
	if v.Pos.Known() {
		w.Pos = &v.Pos
	}
	switch v.Kind {
	case Null:
		w.Null = true
	case Bool:
		w.Bool = &v.Bool
	case Int:
		w.Int = &v.Int
	case Float:
		w.Float = &v.Float
	case String:
		w.Str = &v.Str
	case List:
		list := v.List
		if list == nil {
			list = []Value{}
		}
		w.List = &list
	case Map:
		w.Map, w.EmptyMap = v.Map, len(v.Map) == 0
	case Handle, Engine:
		w.Ref = v.Ref
	case Text:
		for _, p := range v.Parts {
			if p.IsRef() {
				w.Parts = append(w.Parts, wirePart{Ref: &p.Ref})
			} else {
				w.Parts = append(w.Parts, wirePart{Lit: p.Lit})
			}
		}
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Value) UnmarshalJSON(data []byte) error {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	out := Value{Sensitive: w.Sensitive, Off: w.Off, Opaque: w.Opaque}
	if w.Pos != nil {
		out.Pos = *w.Pos
	}
	switch {
	case w.Bool != nil:
		out.Kind, out.Bool = Bool, *w.Bool
	case w.Int != nil:
		out.Kind, out.Int = Int, *w.Int
	case w.Float != nil:
		if math.IsInf(*w.Float, 0) || math.IsNaN(*w.Float) {
			return fmt.Errorf("value: not a finite number")
		}
		out.Kind, out.Float = Float, *w.Float
	case w.Str != nil:
		out.Kind, out.Str = String, *w.Str
	case w.List != nil:
		out.Kind, out.List = List, *w.List
	case w.Map != nil || w.EmptyMap:
		out.Kind, out.Map = Map, w.Map
		if out.Map == nil {
			out.Map = map[string]Value{}
		}
	case w.Ref != nil:
		out.Kind, out.Ref = Handle, w.Ref
		if w.Ref.Attr != "" {
			out.Kind = Engine
		}
	case w.Parts != nil:
		out.Kind = Text
		for _, p := range w.Parts {
			part := Part{Lit: p.Lit}
			if p.Ref != nil {
				part = Part{Ref: *p.Ref}
			}
			out.Parts = append(out.Parts, part)
		}
	case !w.Null:
		return fmt.Errorf("value: want one of null, bool, int, float, str, list, map, ref, text")
	}
	*v = out
	return nil
}
