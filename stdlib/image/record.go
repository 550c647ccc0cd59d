package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// record is what a built image was built from: by it a plan names what moved.
// It lies in a label of an image without layers, since the built image's own
// labels go on to its containers.
type record struct {
	Attrs map[string]ir.Value `json:"attrs"` // of the program, canonical
	Files map[string]string   `json:"files"` // hash by path; of directories where there were too many
	Depth int                 `json:"depth"` // how many names deep Files goes; 0 is all the way
	Bases map[string]string   `json:"bases"` // what the stack's own images below it were
}

// maxRecord is the longest record in bytes, as it is written: the line of a
// Dockerfile that holds it may have 64 KiB.
const maxRecord = 48 << 10

// encode returns the text of the label. Of a context with very many files it
// holds the hashes of directories.
func (r record) encode() string {
	text := r.pack()
	files := r.Files
	for depth := deepest(files) - 1; len(text) > maxRecord && depth > 0; depth-- {
		r.Files, r.Depth = fold(files, depth), depth
		text = r.pack()
	}
	return text
}

// deepest returns how many names the longest path has.
func deepest(files map[string]string) int {
	most := 0
	for name := range files {
		most = max(most, strings.Count(name, "/")+1)
	}
	return most
}

func (r record) pack() string {
	data, err := json.Marshal(r)
	if err != nil {
		panic("image: record: " + err.Error()) // plain data always marshals
	}
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	if _, err := zip.Write(data); err != nil {
		panic("image: record: " + err.Error()) // a buffer always takes it
	}
	if err := zip.Close(); err != nil {
		panic("image: record: " + err.Error())
	}
	return base64.StdEncoding.EncodeToString(buf.Bytes())
}

// fold joins all files that lie deeper than so many names to one hash for the
// directory there; 0 leaves all as they are.
func fold(files map[string]string, depth int) map[string]string {
	if depth == 0 {
		return files
	}
	out, below := map[string]string{}, map[string]hash.Hash{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		parts := strings.Split(name, "/")
		if len(parts) <= depth {
			out[name] = files[name]
			continue
		}
		dir := strings.Join(parts[:depth], "/") + "/"
		if below[dir] == nil {
			below[dir] = sha256.New()
		}
		fmt.Fprintln(below[dir], name, files[name])
	}
	for dir, h := range below {
		out[dir] = hex.EncodeToString(h.Sum(nil)[:8])
	}
	return out
}

// maxUnpacked bounds what a label may unpack to, in bytes: anybody can write
// labels.
const maxUnpacked = 16 << 20

// decodeRecord reads what encode wrote. The text comes from an engine, so that
// anything may stand in it.
func decodeRecord(text string) (*record, error) {
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(zip, maxUnpacked))
	if err != nil {
		return nil, err
	}
	r := new(record)
	return r, json.Unmarshal(data, r)
}

// spec returns what the program said. What a newer or older bay said and this
// one cannot read is left out: the record only explains.
func (r *record) spec() *Spec {
	s := new(Spec)
	var attrs []ir.Attr
	for _, name := range ir.MapVal(r.Attrs).Keys() {
		attrs = append(attrs, ir.Attr{Name: name, Value: r.Attrs[name]})
	}
	schema.Decoding{Diags: new(diag.List)}.Decode(s, attrs)
	return s
}

// build returns the call that makes the record image.
func (r record) build(pin string) engine.Op {
	text := fmt.Sprintf("FROM scratch\nLABEL %s=%s\n", engine.LabelImageFiles, r.encode())
	sum := sha256.Sum256([]byte(text))
	return engine.Op{
		Call: &engine.ImageBuild{Tags: []string{pin + filesSuffix}},
		Stream: &engine.Stream{Hash: hex.EncodeToString(sum[:]), Size: int64(len(text)), Quiet: true, Open: func() (io.ReadCloser, error) {
			var buf bytes.Buffer
			tw := tar.NewWriter(&buf)
			if err := tw.WriteHeader(&tar.Header{Name: "Dockerfile", Mode: 0o644, Size: int64(len(text))}); err != nil {
				return nil, err
			}
			if _, err := io.WriteString(tw, text); err != nil {
				return nil, err
			}
			return io.NopCloser(&buf), tw.Close()
		}},
	}
}
