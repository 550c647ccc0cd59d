package image

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// maxMoved is how many files a plan names one by one.
const maxMoved = 10

// adjust makes the content the judge: what the program says of a build, or
// what it pulls, counts only where that makes another image.
func adjust(in kind.In[Spec], changes []schema.Change) []schema.Change {
	st, _ := in.Known.(*state)
	if st != nil && st.tree != nil {
		able(in, st)
	}
	if st == nil {
		return changes
	}
	if in.Live == nil {
		overwrites(in, st)
		return changes
	}
	have := in.Live.Object.(*object)
	moved := have.ident != st.ident
	changes = slices.DeleteFunc(changes, func(c schema.Change) bool {
		return c.Attr != "tags" && !moved || c.Attr == "build" && (c.Path == "context" || strings.HasPrefix(c.Path, "secrets") || have.rec == nil)
	})
	for i, c := range changes {
		if c.Attr == "tags" && st.tags[c.Path] != "" && st.tags[c.Path] != st.id {
			changes[i].Note = elsewhereNow
		}
	}
	if !moved {
		return append(append(changes, strayed(in, st)...), pushChanges(in, st)...)
	}
	if st.tree != nil && have.rec != nil {
		changes = append(changes, filesMoved(have.rec, st)...)
		changes = append(changes, basesMoved(in, have.rec, st)...)
	}
	if !slices.ContainsFunc(changes, func(c schema.Change) bool { return c.Attr != "tags" }) {
		changes = append(changes, unexplained(in, st, have))
	}
	changes = append(changes, pushChanges(in, st)...)
	slices.SortStableFunc(changes, func(a, b schema.Change) int { return strings.Compare(a.Attr, b.Attr) })
	return changes
}

// unknownMove stands where there is no record of what an image was built from.
const unknownMove = "content changed"

const elsewhereNow = "points at another image"

// unexplained is the change of an image of which nothing tells what moved.
func unexplained(in kind.In[Spec], st *state, have *object) schema.Change {
	if st.tree == nil {
		word := "tag moved"
		if st.pinned {
			word = "bay.lock moved"
		}
		return schema.Change{Attr: "pull", Path: familiar(in.Want.Pull), Effect: schema.Live, Pos: in.Res.AttrPos("pull"),
			Old: ir.StringVal(shortDigest(have.ident)), New: ir.StringVal(shortDigest(st.ident)), Cause: word}
	}
	return schema.Change{Attr: "build", Effect: schema.Live, Pos: in.Res.AttrPos("build"), Note: unknownMove}
}

// strayed is the pin and the reference of a pull that do not point at an image
// that is there: without them nothing holds it.
func strayed(in kind.In[Spec], st *state) []schema.Change {
	var out []schema.Change
	if st.id == "" {
		return nil // all of them come with it
	}
	if st.lost {
		out = append(out, schema.Change{Attr: "pull", Note: "the engine no longer knows its digest", Effect: schema.Live, Pos: in.Res.AttrPos("pull")})
	}
	for _, tag := range st.wanted(in.Want) {
		if st.tags[tag] == st.id || slices.Contains(in.Want.Tags, tag) {
			continue // the latter are compared as any attribute
		}
		c := schema.Change{Attr: "tags", Path: tag, New: ir.StringVal(tag), Effect: schema.Live, Pos: in.Res.AttrPos("tags")}
		if st.tags[tag] != "" {
			c.Note = elsewhereNow
		}
		out = append(out, c)
	}
	return out
}

// shortDigest is how people see a digest.
func shortDigest(ident string) string { return "sha256:" + short12(ident) }

// overwrites tells what stands in registries where the image shall go. The plan of
// a creation shows no changes.
func overwrites(in kind.In[Spec], st *state) {
	for _, tag := range st.behind {
		if was := st.remote[tag]; was.digest != "" {
			in.Warnf("push", "%s is %s in its registry, and becomes this image", tag, shortDigest(was.digest))
		}
	}
}

// pushChanges is the tags that are not in their registries what they are here.
// One that still stands for what lives is there as it was pushed from here.
func pushChanges(in kind.In[Spec], st *state) []schema.Change {
	var out []schema.Change
	for _, tag := range st.behind {
		c := schema.Change{Attr: "push", Path: tag, Note: "goes to its registry", Effect: schema.Live, Pos: in.Res.AttrPos("push")}
		switch was, asked := st.remote[tag]; {
		case was.digest != "" && was.id != in.Live.ID:
			c.Note = fmt.Sprintf("is %s there, and becomes this image", shortDigest(was.digest))
		case asked && was.digest == "":
			c.Note = "is not there yet"
		}
		out = append(out, c)
	}
	return out
}

// movedFile is a file that is not what it was.
type movedFile struct{ name, note string }

// movedFiles compares what the builder would see with what it saw.
func movedFiles(rec *record, st *state) []movedFile {
	now := fold(st.files(), rec.Depth)
	var out []movedFile
	for _, name := range slices.Sorted(maps.Keys(joined(rec.Files, now))) {
		was, is := rec.Files[name], now[name]
		switch {
		case was == is:
		case was == "":
			out = append(out, movedFile{name, "added"})
		case is == "":
			out = append(out, movedFile{name, "removed"})
		default:
			out = append(out, movedFile{name, "changed"})
		}
	}
	return out
}

func filesMoved(rec *record, st *state) []schema.Change {
	files := movedFiles(rec, st)
	var out []schema.Change
	for _, f := range files[:min(maxMoved, len(files))] {
		out = append(out, schema.Change{Attr: "build", Path: f.name, Note: f.note, Effect: schema.Live})
	}
	if rest := len(files) - len(out); rest > 0 {
		out = append(out, schema.Change{Attr: "build", Note: fmt.Sprintf("and %d more files", rest), Effect: schema.Live})
	}
	return out
}

func joined(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, b)
	return out
}

// basesMoved compares the stack's own images that it builds upon.
func basesMoved(in kind.In[Spec], rec *record, st *state) []schema.Change {
	var out []schema.Change
	for _, base := range slices.Sorted(maps.Keys(joined(rec.Bases, st.below))) {
		if rec.Bases[base] == st.below[base] {
			continue
		}
		c := schema.Change{Attr: "build", Path: "FROM " + base, Note: "changed", Effect: schema.Live}
		if a, ok := st.owner[base]; ok {
			c.Cause = fmt.Sprintf("%s is made anew", a)
		} else if st.pins[canonical(base)] != "" {
			c.Cause = "bay.lock moved"
		}
		out = append(out, c)
	}
	return out
}

// outcome says what containers can rely on.
func outcome(in kind.In[Spec], v kind.Verb, changes []schema.Change) kind.Outcome {
	o := kind.Outcome{Verb: v}
	st, _ := in.Known.(*state)
	if st == nil {
		return o // it has been reported
	}
	o.Ref, o.ID, o.Image, o.Why = st.ref, st.id, st.conf, why(in, st, changes)
	o.Platform = st.platformOf(in.Want, in.Env.Info)
	if st.tree != nil {
		o.Is = st.ident
	}
	if st.digest != "" {
		o.Attrs = map[string]ir.Value{"digest": ir.StringVal(st.digest)}
	}
	return o
}

// platformOf returns what an image is for, or will be; "" where that is not known.
func (s *state) platformOf(spec *Spec, info engine.Info) string {
	switch {
	case s.platform != "" || spec.Platform != "":
		return cmp.Or(s.platform, spec.Platform)
	case info.Containerd || s.id != "":
		return ""
	case spec.Build != nil && len(spec.Build.Platforms) > 0:
		return spec.Build.Platforms[0]
	}
	return own(info)
}

// why says what moved, in a few words.
func why(in kind.In[Spec], st *state, changes []schema.Change) string {
	var words []string
	if in.Live != nil && st.tree != nil {
		if have := in.Live.Object.(*object); have.rec != nil && have.ident != st.ident {
			words = append(words, filesText(movedFiles(have.rec, st))...)
		}
	}
	for _, c := range changes {
		switch {
		case c.Attr == "tags" || c.Attr == "push" || c.Attr == "build" && st.tree == nil:
		case c.Attr == "pull" && c.Path != "":
			words = append(words, c.Cause)
		case c.Attr == "pull" && c.Note != "":
			word, _, _ := strings.Cut(c.Note, ":")
			words = append(words, word)
		case c.Attr == "pull":
			words = append(words, fmt.Sprintf("%s → %s", orBuilt(c.Old), orBuilt(c.New)))
		case strings.HasPrefix(c.Path, "FROM "):
			words = append(words, strings.TrimPrefix(c.Path, "FROM ")+" changed")
		case c.Note == "":
			words = append(words, "build "+optionName(c.Path)+" changed")
		case c.Note == unknownMove:
			words = append(words, c.Note)
		}
	}
	return strings.Join(words, ", ")
}

// filesText says which files moved: "main.go changed", "3 files changed: a, b, c".
func filesText(files []movedFile) []string {
	switch {
	case len(files) == 0:
		return nil
	case len(files) == 1:
		return []string{files[0].name + " " + files[0].note}
	}
	var names []string
	for _, f := range files[:min(3, len(files))] {
		names = append(names, f.name)
	}
	if len(files) > len(names) {
		names = append(names, "…")
	}
	return []string{fmt.Sprintf("%d files changed: %s", len(files), strings.Join(names, ", "))}
}

func orBuilt(v ir.Value) string {
	if v.IsNull() {
		return "built"
	}
	return familiar(v.Str)
}

// optionName turns the path of an option into words: "args VERSION" is "arg VERSION".
func optionName(path string) string {
	what, key, ok := strings.Cut(path, " ")
	if !ok {
		return path
	}
	return strings.TrimSuffix(what, "s") + " " + key
}
