package show

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"bayplan/interpreter/plan"
)

// Origin is what a plan was made from, beside the engine: with it the same
// plan can be made again. The zero value says nothing.
type Origin struct {
	Bay     string  `json:"bay,omitempty"`     // version of the bay that planned
	Program string  `json:"program,omitempty"` // path of the program as it was given, "." for the current directory; absent where labels were enough
	Stack   string  `json:"stack,omitempty"`   // the name given instead of the program's
	Inputs  []Input `json:"inputs,omitempty"`  // the variables that were given a value, in order of their names
	Asked
}

// Input is the value that was given for a variable. Of a sensitive one there
// is the name alone: its value is asked for again.
type Input struct {
	Name      string `json:"name"`
	Value     string `json:"value,omitempty"` // as it was given, before it was read by the variable's type; absent where that was nothing
	From      string `json:"from,omitempty"`  // "--var", "BAY_VAR_name" or "the terminal"
	Sensitive bool   `json:"sensitive,omitempty"`
}

// Asked is what was asked of a plan beside its mode.
type Asked struct {
	Volumes          bool     `json:"volumes,omitempty"`           // of "destroy": data goes too
	RemoveVolumes    []string `json:"remove_volumes,omitempty"`    // addresses of data that goes
	ReplaceVolumes   []string `json:"replace_volumes,omitempty"`   // addresses of data that may be lost
	ReconnectForeign bool     `json:"reconnect_foreign,omitempty"` // what is not the stack's is taken along
}

// Encode returns the document of a plan with its checksum, the same bytes for
// the same plan and origin.
func Encode(p *plan.Plan, from Origin) ([]byte, error) {
	d := DocumentOf(p)
	d.Origin = from
	plain, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("writing the plan: %w", err)
	}
	form, err := canonical(plain)
	if err != nil {
		return nil, fmt.Errorf("writing the plan: %w", err)
	}
	d.Checksum = checksum(form)
	var out bytes.Buffer
	if err := WriteJSON(&out, d); err != nil {
		return nil, fmt.Errorf("writing the plan: %w", err)
	}
	return out.Bytes(), nil
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
