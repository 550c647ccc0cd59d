package show

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Origin is what a plan was made from, beside the engine: with it the same
// plan can be made again. The zero value says nothing.
type Origin struct {
	Bay     string   `json:"bay,omitempty"`       // version of the bay that planned
	Program string   `json:"program,omitempty"`   // path of the program as it was given, "." for the current directory; absent where labels were enough
	Stack   string   `json:"stack,omitempty"`     // the name given instead of the program's
	Files   []string `json:"var_files,omitempty"` // the files of values that were named, in order; bay.vars.hcl is read anyway
	Inputs  []Input  `json:"inputs,omitempty"`    // the variables that were given a value, in order of their names
	Asked
}

// Input is the value that was given for a variable. Of a sensitive one there
// is the name alone: its value is asked for again.
type Input struct {
	Name      string `json:"name"`
	Value     string `json:"value,omitempty"` // as it was given, before it was read by the variable's type; of a file that has types, text or else JSON; absent where that was nothing
	From      string `json:"from,omitempty"`  // "--var", "BAY_VAR_name", "the terminal", or a file's name
	File      bool   `json:"file,omitempty"`  // it comes from a file, which is read again
	Sensitive bool   `json:"sensitive,omitempty"`
}

// Asked is what was asked of a plan beside its mode.
type Asked struct {
	Volumes          bool     `json:"volumes,omitempty"`           // of "destroy": data goes too
	RemoveVolumes    []string `json:"remove_volumes,omitempty"`    // addresses of data that goes
	ReplaceVolumes   []string `json:"replace_volumes,omitempty"`   // addresses of data that may be lost
	ReconnectForeign bool     `json:"reconnect_foreign,omitempty"` // what is not the program's is taken along
	Offline          bool     `json:"offline,omitempty"`           // no registry is asked
	Locked           bool     `json:"locked,omitempty"`            // what is pulled has to be pinned
	plan.Part
}

// Encode returns the document of a plan with its checksum, the same bytes for
// the same plan and origin.
func Encode(p *plan.Plan, from Origin) ([]byte, error) {
	d := DocumentOf(p)
	d.Origin = from
	doc, err := encode(d)
	if err != nil {
		return nil, fmt.Errorf("writing the plan: %w", err)
	}
	return finish(seal(doc), indented), nil
}

// seal adds to a document its checksum, which is its last field. The form that
// it is over is what canonical returns, made without a tree.
func seal(doc []byte) []byte {
	var form bytes.Buffer
	form.Grow(len(doc) + len(doc)/8)              // more than escapes need, nearly always
	json.HTMLEscape(&form, engine.Canonical(doc)) // as json.Marshal does
	return fmt.Appendf(doc[:len(doc)-1], ",%q:%q}", checksumField, checksum(form.Bytes()))
}

// Same reports whether two plans have the same document, to the last byte. It is
// what Encode writes, without what only people need.
func Same(a, b *plan.Plan) (bool, error) {
	one, err := json.Marshal(DocumentOf(a))
	if err != nil {
		return false, fmt.Errorf("writing the plan: %w", err)
	}
	two, err := json.Marshal(DocumentOf(b))
	if err != nil {
		return false, fmt.Errorf("writing the plan: %w", err)
	}
	return bytes.Equal(one, two), nil
}

// JSON writes p as a Document.
func JSON(w io.Writer, p *plan.Plan, from Origin) error {
	data, err := Encode(p, from)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// checksumField is left out of what the checksum is over.
const checksumField = "checksum"

// canonical returns the form of a document that its checksum is over: without
// the checksum, keys in order, nothing between them. Unknown fields are in it.
func canonical(data []byte) ([]byte, error) {
	doc, err := treeOf(data)
	if err != nil {
		return nil, err
	}
	delete(doc, checksumField)
	return json.Marshal(doc)
}

// treeOf reads a document as plain JSON, numbers as they are written.
func treeOf(data []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber() // 64-bit sizes survive
	var doc map[string]any
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("something stands after the end of the document")
	}
	return doc, nil
}

func checksum(form []byte) string {
	sum := sha256.Sum256(form)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Saved writes what a document says of itself: what it was made from, and on
// which engine. when is the time at which its file was written, "" if that is
// not known.
func Saved(w io.Writer, d *Document, when string, o Options) error {
	t := newText(o)
	t.line("  saved plan")
	var rows []row
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, row{name: diag.Escape(name), new: diag.Escape(value), single: true})
		}
	}
	add("written", when)
	add("by", "bay "+cmp.Or(d.Origin.Bay, "of an unknown version"))
	add("from", cmp.Or(d.Origin.Program, "the labels on the engine"))
	add("--stack", d.Origin.Stack)
	for _, name := range slices.Sorted(maps.Keys(d.Engines)) {
		e := d.Engines[name]
		add("engine", fmt.Sprintf("version %s, API %s", e.Version, e.API))
		add("engine ID", e.ID)
	}
	for _, in := range d.Origin.Inputs {
		switch {
		case in.Sensitive:
			add("input "+in.Name, "(sensitive), taken anew by apply")
		case in.File:
			add("input "+in.Name, fmt.Sprintf("%s, by %s", in.Value, in.From))
		default:
			add("input "+in.Name, fmt.Sprintf("%s, by %s", ir.StringVal(in.Value).Show(), in.From))
		}
	}
	for _, f := range d.Origin.Files {
		add("values of", f)
	}
	add("flags", strings.Join(d.Flags(), " "))
	add("checksum", "holds")
	t.rows(rows)
	_, err := io.WriteString(w, t.b.String())
	return err
}

// Flags returns what was asked of the plan, as flags of bay plan.
func (d *Document) Flags() []string {
	var out []string
	add := func(on bool, flag string) {
		if on {
			out = append(out, flag)
		}
	}
	add(d.Mode == plan.Destroy, "--destroy")
	add(d.Origin.Volumes, "--volumes")
	for _, a := range d.Origin.RemoveVolumes {
		out = append(out, "--remove-volume "+a)
	}
	for _, a := range d.Origin.ReplaceVolumes {
		out = append(out, "--replace-volume "+a)
	}
	add(d.Origin.ReconnectForeign, "--reconnect-foreign")
	add(d.Origin.Offline, "--offline")
	add(d.Origin.Locked, "--locked")
	for _, x := range []struct {
		flag     string
		patterns []ir.Pattern
	}{
		{"--target", d.Origin.Target}, {"--exclude", d.Origin.Exclude}, {"--replace", d.Origin.Replace}, {"--restart", d.Origin.Restart},
	} {
		for _, p := range x.patterns {
			out = append(out, x.flag+" "+p.String())
		}
	}
	return out
}
