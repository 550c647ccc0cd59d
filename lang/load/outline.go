package load

import (
	"path/filepath"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/schema"
)

// Outline tells what the module at o.Path declares, which may be std/NAME. It
// is not evaluated, so that it needs no inputs.
func Outline(o Options) (schema.Outline, diag.List, diag.Sources) {
	var ds diag.List
	seen := o.Seen
	if seen == nil {
		seen = diag.Sources{}
	}
	src, dir, file, d := o.find(seen)
	if d != nil {
		return schema.Outline{}, append(ds, *d), seen
	}
	defer src.close()
	lang, names, d := choose(src, dir, file)
	if d != nil {
		return schema.Outline{}, append(ds, *d), seen
	}
	body, ok := src.body(dir, names, &ds)
	if !ok {
		return schema.Outline{}, ds, src.seen
	}
	out := lang.outline(body.Files, o.Universe.KindNames(), &ds)
	out.Doc = headOf(body.Files)
	return out, ds, src.seen
}

// find returns where the module at the path is.
func (o Options) find(seen diag.Sources) (src *source, dir, file string, wrong *diag.Diag) {
	if name, ok := strings.CutPrefix(o.Path, stdPrefix); ok {
		l := &loader{options: o, std: stdSource(o.Modules, seen)}
		return l.shipped(name)
	}
	path := o.Path
	if o.disk().IsFile(path) {
		path, file = filepath.Split(path)
	}
	src, err := openSource(o.disk(), filepath.Clean(path))
	if err != nil {
		return nil, "", "", &diag.Diag{Pos: diag.Pos{File: o.Path}, Msg: err.Error()}
	}
	src.seen = seen
	return src, ".", file, nil
}

// headOf returns the comment at the top of the first file that has one, or the
// text that stands there, without what marks it.
func headOf(files []schema.File) string {
	for _, f := range files {
		if head := head(string(f.Src)); head != "" {
			return head
		}
	}
	return ""
}

func head(src string) string {
	if text, ok := strings.CutPrefix(src, `"""`); ok {
		text, _, _ = strings.Cut(text, `"""`)
		return strings.TrimSpace(text)
	}
	var lines []string
	for line := range strings.Lines(src) {
		line = strings.TrimSpace(line)
		text, ok := strings.CutPrefix(line, "#")
		if !ok {
			text, ok = strings.CutPrefix(line, "//")
		}
		if !ok {
			break
		}
		lines = append(lines, strings.TrimSpace(text))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
