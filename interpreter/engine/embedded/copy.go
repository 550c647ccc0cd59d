package embedded

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// copy does COPY and ADD: it finds what they name in the context or in another
// stage, and hashes it.
func (w *builder) copy(st *stage, n *parser.Node, cmd string, words []string) error {
	from, err := w.source(n)
	if err != nil {
		return err
	}
	verb := strings.ToUpper(cmd)
	if len(words) < 2 && len(n.Heredocs) == 0 {
		return bad("%s requires at least two arguments, but only one was provided. Destination could not be determined.", verb)
	}
	sources, dest := words[:len(words)-1], words[len(words)-1]
	dir := strings.HasSuffix(dest, "/") || len(sources) > 1
	dest = path.Join("/", st.config.WorkingDir, dest)
	if path.IsAbs(words[len(words)-1]) {
		dest = path.Clean(words[len(words)-1])
	}
	parts := []string{verb, strings.Join(n.Flags, " "), dest}
	for _, src := range sources {
		if cmd == "add" && (strings.HasPrefix(src, "http://") || strings.HasPrefix(src, "https://") || strings.HasPrefix(src, "git@")) {
			parts = append(parts, src)
			continue
		}
		found, whole := match(from, src)
		if len(found) == 0 {
			return bad("%s failed: file not found in build context or excluded by .dockerignore: stat %s: file does not exist", verb, strings.TrimPrefix(path.Clean(src), "/"))
		}
		for _, name := range sorted(found) {
			f := found[name]
			to := target(dest, name, dir || whole || len(found) > 1)
			st.files[to] = f
			st.size += int64(len(f.Data))
			parts = append(parts, to, strconv.FormatInt(f.Mode&0o7777, 8), string(f.Type), f.Link, hash(string(f.Data)))
		}
	}
	for _, h := range n.Heredocs {
		parts = append(parts, h.Name, h.Content)
		st.files[target(dest, h.Name, dir)] = File{Mode: 0o644, Type: '0', Data: []byte(h.Content)}
	}
	st.layers = append(st.layers, "sha256:"+hash(append(parts, st.content)...))
	w.made(st, verb+" "+hash(parts...)+" in "+dest, false)
	return nil
}

// target is where a file goes: below the destination if that is a directory.
// What lies in a copied directory has its path within it as its name.
func target(dest, name string, dir bool) string {
	if dir && name != "" {
		return path.Join(dest, name)
	}
	return dest
}

// source returns the files that a COPY takes from, by path without a slash.
func (w *builder) source(n *parser.Node) (map[string]File, error) {
	for _, f := range n.Flags {
		name, ok := strings.CutPrefix(f, "--from=")
		if !ok {
			continue
		}
		files := map[string]File{}
		if other := w.stages[strings.ToLower(name)]; other != nil {
			for p, file := range other.files {
				files[strings.TrimPrefix(p, "/")] = file
			}
			return files, nil
		}
		im, err := w.base(name, w.build.Platform)
		if err != nil {
			return nil, bad("invalid from flag value %s: %s", name, err)
		}
		for p, file := range im.Files {
			files[strings.TrimPrefix(p, "/")] = file
		}
		return files, nil
	}
	return w.build.Context, nil
}

// match returns the files that one source of a COPY names, by their path below
// it: a directory's by their path within, a single file's by its base name.
// whole says that the source is a directory.
func match(files map[string]File, src string) (found map[string]File, whole bool) {
	src = strings.TrimPrefix(path.Clean("/"+src), "/")
	found, whole = map[string]File{}, src == ""
	for name, f := range files {
		switch ok, err := path.Match(src, name); {
		case src == "":
			found[name] = f
		case err == nil && ok && f.Type != dirType:
			found[path.Base(name)] = f
		case strings.HasPrefix(name, src+"/"):
			found[strings.TrimPrefix(name, src+"/")], whole = f, true
		}
	}
	if len(found) == 0 && slices.ContainsFunc(sorted(files), func(name string) bool { return name == src }) {
		found["."] = files[src] // an empty directory
	}
	return found, whole
}
