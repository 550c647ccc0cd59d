package load

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"bayplan/lang/diag"
	"bayplan/lang/hclfile"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/joho/godotenv"
)

// varsFile is the file of values that is read by itself.
const varsFile = "bay.vars.hcl"

// settings is a file of values for variables.
type settings struct {
	file schema.File
	list []value.Setting
	any  bool // it holds names of others, too
}

// varFiles reads bay.vars.hcl beside the root's body, if there is one, and the
// files that were named, which win over it, later ones over earlier ones.
func varFiles(disk Disk, src *source, paths []string, ds *diag.List) []settings {
	var out []settings
	if f, err := src.Open(src.abs, varsFile); err == nil {
		delete(src.seen, f.Name) // until it is known that there is no secret in it
		out = append(out, settings{file: f, list: hclfile.Settings(f, ds)})
	} else if !errors.Is(err, fs.ErrNotExist) {
		ds.Addf(diag.Pos{File: filepath.Join(src.shown, varsFile)}, "%v", err)
	}
	for _, path := range paths {
		if s, ok := varFile(disk, path, ds); ok {
			out = append(out, s)
		}
	}
	return out
}

// varFile reads a file of values in the form that its name says.
func varFile(disk Disk, path string, ds *diag.List) (settings, bool) {
	read, holdsOthers := formOf(path)
	at := diag.Pos{File: path}
	if read == nil {
		ds.Addf(at, "the name does not say what is in it").Hintf("a file of values is called *.hcl, *.json, *.env or .env.*")
		return settings{}, false
	}
	data, err := readFile(disk, path)
	if err != nil {
		ds.Addf(at, "%v", err)
		return settings{}, false
	}
	f := schema.File{Name: path, Src: data}
	return settings{f, read(f, ds), holdsOthers}, true
}

// formOf returns how a file of this name is read, or nil, and whether it may
// hold names that no variable has.
func formOf(path string) (read func(schema.File, *diag.List) []value.Setting, holdsOthers bool) {
	base := filepath.Base(path)
	switch filepath.Ext(base) {
	case ".hcl":
		return hclfile.Settings, false
	case ".json":
		return jsonSettings, false
	case ".env":
		return dotenvSettings, true
	}
	if strings.HasPrefix(base, ".env.") {
		return dotenvSettings, true
	}
	return nil, false
}

func readFile(disk Disk, path string) ([]byte, error) {
	data, err := disk.Read(path, MaxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("there is no such file")
	case err != nil:
		return nil, fmt.Errorf("reading the file: %w", reason(err))
	case len(data) > MaxFile:
		return nil, fmt.Errorf("the file is too large: at most %d bytes are read", MaxFile)
	case !utf8.Valid(data):
		return nil, errors.New("the file is not UTF-8 text")
	}
	return data, nil
}

// reveal gives the source of files to messages, but for those that may hold a
// secret: a line is shown as a whole.
func reveal(files []settings, in *value.Inputs, src *source) {
	for _, s := range files {
		plain := len(s.list) > 0 && !s.any
		for _, x := range s.list {
			plain = plain && in.IsPlain(x.Name)
		}
		if plain {
			src.seen[s.file.Name] = s.file.Src
		}
	}
}

var dotenvLine = regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*[=:]`)

// dotenvSettings reads the lines of a dotenv file, whose values are texts.
func dotenvSettings(f schema.File, ds *diag.List) []value.Setting {
	vars, err := godotenv.UnmarshalBytes(f.Src)
	if err != nil {
		ds.Addf(diag.Pos{File: f.Name}, "it is no dotenv file") // the error quotes what may be a secret
		return nil
	}
	var out []value.Setting
	for _, m := range dotenvLine.FindAllSubmatchIndex(f.Src, -1) {
		name := string(f.Src[m[2]:m[3]])
		text, ok := vars[name]
		if !ok {
			continue // the line is within a text of many
		}
		out = append(out, value.Setting{Name: name, Pos: placeIn(f, m[2]), Value: ir.StringVal(text), Text: true})
	}
	return out
}
