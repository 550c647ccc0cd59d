package image

import (
	"archive/tar"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/lang/schema"

	"github.com/google/go-cmp/cmp"
)

// plant writes files below a new directory. A path that ends in / is a
// directory, content that begins with -> a link, an x after the path (a:x) the
// execute bit.
func plant(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		write(t, dir, name, content)
	}
	return dir
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	mode := os.FileMode(0o644)
	if bare, ok := strings.CutSuffix(name, ":x"); ok {
		name, mode = bare, 0o755
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	switch to, link := strings.CutPrefix(content, "->"); {
	case err != nil:
	case strings.HasSuffix(name, "/"):
		err = os.MkdirAll(path, 0o755)
	case link:
		_ = os.Remove(path)
		err = os.Symlink(to, path)
	default:
		_ = os.Remove(path)
		if err = os.WriteFile(path, []byte(content), mode); err == nil {
			err = os.Chmod(path, mode)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func seen(t *testing.T, dir string, b Build) *tree {
	t.Helper()
	got, err := b.place(dir).see()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func hashOf(t *testing.T, dir string, b Build) string {
	t.Helper()
	st := &state{tree: seen(t, dir, b)}
	return st.hash(&b, engine.Info{OS: "linux", Arch: "x86_64"})
}

func paths(tr *tree) []string {
	var out []string
	for _, e := range tr.entries {
		out = append(out, e.path)
	}
	return out
}

func TestIgnore(t *testing.T) {
	files := map[string]string{
		"Dockerfile": "FROM scratch", "main.go": "x", "README.md": "x", "docs/a.md": "x", "docs/b.txt": "x",
		"node_modules/deep/er/x.js": "x", "node_modules/keep.js": "x", ".git/HEAD": "x", "empty/": "",
	}
	all := []string{".dockerignore", ".git", ".git/HEAD", "Dockerfile", "README.md", "docs", "docs/a.md", "docs/b.txt", "empty",
		"main.go", "node_modules", "node_modules/deep", "node_modules/deep/er", "node_modules/deep/er/x.js", "node_modules/keep.js"}
	without := func(out ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool {
			return slices.ContainsFunc(out, func(o string) bool { return s == o || strings.HasPrefix(s, o+"/") })
		})
	}
	tests := []struct {
		name, ignore string
		want         []string
	}{
		{"nothing", "", all},
		{"comment and blank", "# a comment\n\n", all},
		{"a directory", ".git\nnode_modules\n", without(".git", "node_modules")},
		{"leading slash", "/docs\n", without("docs")},
		{"only at the top", "*.md\n", without("README.md")},
		{"at any depth", "**/*.md\n", without("README.md", "docs/a.md")},
		{"all but one", "*\n!main.go\n", []string{"main.go"}},
		{"all but one below", "*\n!docs/a.md\n", []string{"docs", "docs/a.md"}},
		{"a directory but one file", "node_modules\n!node_modules/keep.js\n", without("node_modules/deep")},
		{"any depth but one", "node_modules\n!**/x.js\n", without("node_modules/keep.js")},
		{"the Dockerfile and itself", "Dockerfile\n.dockerignore\n", without("Dockerfile", ".dockerignore")},
		{"last one wins", "*.md\n!README.md\nREADME.md\n", without("README.md")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := plant(t, files)
			write(t, dir, ".dockerignore", tt.ignore)
			if diff := cmp.Diff(tt.want, paths(seen(t, dir, Build{}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// sent unpacks what a builder gets.
func sent(t *testing.T, tr *tree) map[string]string {
	t.Helper()
	r, err := tr.stream("h").Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := map[string]string{}
	for tarred := tar.NewReader(r); ; {
		h, err := tarred.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(tarred)
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" {
			t.Errorf("%s is sent with an owner", h.Name)
		}
		out[h.Name] = string(data) + h.Linkname
	}
}

func TestSent(t *testing.T) {
	tests := []struct {
		name       string
		files      map[string]string
		build      Build
		dockerfile string
		want       map[string]string
	}{
		{"plain", map[string]string{"Dockerfile": "D", "a/b": "B", "l": "->a/b"}, Build{}, "Dockerfile",
			map[string]string{"Dockerfile": "D", "a/": "", "a/b": "B", "l": "a/b"}},
		{"ignored Dockerfile", map[string]string{"Dockerfile": "D", "b": "B", ".dockerignore": "Dockerfile\n.dockerignore\n"}, Build{}, "Dockerfile",
			map[string]string{"Dockerfile": "D", "b": "B", ".dockerignore": "Dockerfile\n.dockerignore\n"}},
		{"of its own name", map[string]string{"build/Dockerfile.prod": "D", "b": "B"}, Build{Dockerfile: "build/Dockerfile.prod"}, "build/Dockerfile.prod",
			map[string]string{"build/": "", "build/Dockerfile.prod": "D", "b": "B"}},
		{"an ignore file of its own", map[string]string{"a.Dockerfile": "D", "a.Dockerfile.dockerignore": "b\n", ".dockerignore": "c\n", "b": "B", "c": "C"},
			Build{Dockerfile: "a.Dockerfile"}, hiddenRecipe,
			map[string]string{"a.Dockerfile": "D", "a.Dockerfile.dockerignore": "b\n", "c": "C", hiddenRecipe: "D", ".dockerignore": hiddenRecipe + "\n.dockerignore\n"}},
		{"beside the context", map[string]string{"Dockerfile": "D", "web/b": "B"}, Build{Context: "web", Dockerfile: "../Dockerfile"}, hiddenRecipe,
			map[string]string{"b": "B", hiddenRecipe: "D", ".dockerignore": hiddenRecipe + "\n.dockerignore\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := seen(t, plant(t, tt.files), tt.build)
			if tr.recipe.path != tt.dockerfile {
				t.Errorf("dockerfile is %q, want %q", tr.recipe.path, tt.dockerfile)
			}
			if diff := cmp.Diff(tt.want, sent(t, tr)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHashStays(t *testing.T) {
	files := map[string]string{"Dockerfile": "FROM scratch", "a": "1", "b/c:x": "2", "l": "->a", "skip/me": "3", ".dockerignore": "skip\n.dockerignore\n"}
	args := Build{Args: map[string]string{"A": "1", "B": "2"}}
	dir := plant(t, files)
	want := hashOf(t, dir, args)

	other := plant(t, files)
	for name := range files {
		path := filepath.Join(other, strings.TrimSuffix(name, ":x"))
		if err := os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)); err != nil && !strings.HasSuffix(name, "l") {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{"a": 0o600, "b/c": 0o700, "b": 0o700} {
		if err := os.Chmod(filepath.Join(other, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Lchown(filepath.Join(other, "a"), 12, 34); err != nil && os.Getuid() == 0 {
		t.Fatal(err)
	}
	write(t, other, "skip/me", "something else")
	write(t, other, "skip/too", "something else")
	if got := hashOf(t, other, args); got != want {
		t.Error("times, owners, other permissions or what is ignored count")
	}
	if got := hashOf(t, dir, Build{Args: args.Args, Dockerfile: "./Dockerfile"}); got != want {
		t.Error("the spelling of a path counts")
	}
}

// TestHashScheme holds the scheme: a tool upgrade builds nothing anew.
func TestHashScheme(t *testing.T) {
	dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\n", "a:x": "1", "l": "->a", "d/": ""})
	got := hashOf(t, dir, Build{Args: map[string]string{"A": "1"}, Labels: map[string]string{"L": "x"}, Target: "t"})
	const want = "3b94762184d44370732f83706d347614c681612ac47214ab8f7f802dc02e5bae"
	if got != want {
		t.Errorf("the name of a build changed: got %s, want %s", got, want)
	}
}

func TestHashMoves(t *testing.T) {
	files := map[string]string{"Dockerfile": "FROM scratch", "a": "1", "b/c": "2", "l": "->a"}
	tests := []struct {
		name        string
		path, write string
		remove      string
		build       Build
	}{
		{name: "content", path: "a", write: "2"},
		{name: "execute bit", path: "a:x", write: "1"},
		{name: "link", path: "l", write: "->b"},
		{name: "link to file", path: "l", write: "1"},
		{name: "new file", path: "z", write: "1"},
		{name: "empty directory", path: "empty/", write: ""},
		{name: "removed file", remove: "a"},
		{name: "Dockerfile", path: "Dockerfile", write: "FROM scratch\nLABEL a=b"},
		{name: "target", build: Build{Target: "t"}},
		{name: "arg", build: Build{Args: map[string]string{"A": "1"}}},
		{name: "label", build: Build{Labels: map[string]string{"A": "1"}}},
	}
	was := map[string]string{"": hashOf(t, plant(t, files), Build{})}
	for _, tt := range tests {
		dir := plant(t, files)
		if tt.path != "" {
			write(t, dir, tt.path, tt.write)
		}
		if tt.remove != "" {
			if err := os.Remove(filepath.Join(dir, tt.remove)); err != nil {
				t.Fatal(err)
			}
		}
		got := hashOf(t, dir, tt.build)
		for other, h := range was {
			if h == got {
				t.Errorf("%s: the same name as without, or as with %q", tt.name, other)
			}
		}
		was[tt.name] = got
	}
}

func TestMovedWhileSent(t *testing.T) {
	for name, content := range map[string]string{"a": "2", "b": "longer than it was", "c": "", "l": "->b"} {
		dir := plant(t, map[string]string{"Dockerfile": "FROM scratch", "a": "1", "b": "1", "c": "1", "l": "->a"})
		tr := seen(t, dir, Build{})
		write(t, dir, name, content)
		r, err := tr.stream("h").Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err == nil || !strings.Contains(err.Error(), name+" changed since the plan was made") {
			t.Errorf("%s changed, and what was sent says %v", name, err)
		}
	}
}

func TestPlaces(t *testing.T) {
	root := plant(t, map[string]string{"web/Dockerfile": "FROM scratch", "file": "x", "out": "->/", "dir/Dockerfile/": "", "shared.Dockerfile": "FROM scratch"})
	tests := []struct {
		build Build
		want  string // "" is fine
	}{
		{Build{Context: "web"}, ""},
		{Build{Context: "./web/"}, ""},
		{Build{Context: filepath.Join(root, "web")}, ""},
		{Build{Context: "web", Dockerfile: "../shared.Dockerfile"}, ""},
		{Build{Context: "wep"}, "there is no directory wep"},
		{Build{Context: "file"}, "file is no directory"},
		{Build{Context: "web", Dockerfile: "Dockerfil"}, "there is no file web/Dockerfil"},
		{Build{Context: "dir"}, "dir/Dockerfile is no file"},
		{Build{Context: ".."}, ".. leads out of the stack's directory"},
		{Build{Context: "web", Dockerfile: "../../x"}, "../x leads out of the stack's directory"},
		{Build{Context: "out", Dockerfile: "../web/Dockerfile"}, "out leads out of the stack's directory"},
		{Build{Context: "/etc", Dockerfile: "passwd"}, "leads out of the stack's directory"},
	}
	for _, tt := range tests {
		m := tt.build.place(root).look(root, schema.Host{})
		if tt.want == "" && m != nil {
			t.Errorf("%+v: %v", tt.build, m.Err)
		}
		if tt.want != "" && (m == nil || !strings.Contains(m.Err.Error(), tt.want)) {
			t.Errorf("%+v: got %v, want %q", tt.build, m, tt.want)
		}
	}
}

func TestBases(t *testing.T) {
	tests := []struct {
		name, file string
		args       map[string]string
		want       []string
	}{
		{"scratch", "FROM scratch\nCOPY . /\n", nil, nil},
		{"one", "FROM golang:1.22\n", nil, []string{"docker.io/library/golang:1.22"}},
		{"stages", "FROM golang AS b\nRUN x\nFROM b AS c\nFROM scratch\nCOPY --from=b /x /x\nCOPY --from=0 /x /y\n", nil, []string{"docker.io/library/golang:latest"}},
		{"copied from", "FROM scratch\nCOPY --from=shop/tool:2 /x /x\n", nil, []string{"docker.io/shop/tool:2"}},
		{"mounted from", "FROM scratch\nRUN --mount=type=bind,from=shop/tool:2,target=/x x\n", nil, []string{"docker.io/shop/tool:2"}},
		{"the reader of the Dockerfile", "# syntax=docker/dockerfile:1\nFROM scratch\n", nil, []string{"docker.io/docker/dockerfile:1"}},
		{"known to the builder", "FROM alpine:${TARGETARCH}\n", nil, nil},
		{"default of an arg", "ARG V=1.2\nARG I=alpine:$V\nFROM ${I}\n", nil, []string{"docker.io/library/alpine:1.2"}},
		{"given arg", "ARG V=1.2\nFROM alpine:${V}\n", map[string]string{"V": "3"}, []string{"docker.io/library/alpine:3"}},
		{"platform", "FROM --platform=linux/amd64 alpine:3\n", nil, []string{"docker.io/library/alpine:3"}},
		{"lower case", "from alpine:3 as x\nfrom x\n", nil, []string{"docker.io/library/alpine:3"}},
		{"escape", "# escape=`\nFROM alpine:3\n", nil, []string{"docker.io/library/alpine:3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := plant(t, map[string]string{"Dockerfile": tt.file})
			got, _, err := (&place{dockerfile: filepath.Join(dir, "Dockerfile"), context: dir}).bases(schema.Host{}, dir, &Build{Args: tt.args})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What the lock file says of a base stands in the Dockerfile that is sent, at
// every place and at no other.
func TestPinned(t *testing.T) {
	src := `# syntax=docker/dockerfile:1
ARG V=3
FROM --platform=$BUILDPLATFORM golang AS golang-builder
FROM alpine:$V AS a
COPY --from=shop/tool:2 /x /golang
RUN --mount=type=bind,from=shop/tool:2,target=/t \
  echo alpine:3
FROM --platform=linux/amd64 busybox AS busybox
COPY --chown=node --from=node /a /b
COPY --from=node --chown=node node /
RUN --mount=type=bind,source=node,from=node,target=/a --mount=from=node,target=/b \
  --mount=type=bind,source=node,target=/c,from=node \
  echo from=node
FROM a
FROM local/base:1
FROM fixed@sha256:` + strings.Repeat("f", 64) + "\n"
	sum := func(c string) string { return "sha256:" + strings.Repeat(c, 64) }
	digests := map[string]string{
		"docker.io/docker/dockerfile:1": sum("0"), "docker.io/library/golang:latest": sum("1"), "docker.io/library/alpine:3": sum("2"), "docker.io/shop/tool:2": sum("3"),
		"docker.io/other/x:1": sum("4"), "docker.io/library/node:latest": sum("5"), "docker.io/library/busybox:latest": sum("6"),
	}
	got, done := pinned([]byte(src), &Build{}, digests)
	want := src
	for _, x := range [][2]string{
		{" busybox AS", " busybox:latest@" + sum("6") + " AS"},
		{"--from=node /a", "--from=node:latest@" + sum("5") + " /a"}, {"--from=node --chown", "--from=node:latest@" + sum("5") + " --chown"},
		{"source=node,from=node,target=/a", "source=node,from=node:latest@" + sum("5") + ",target=/a"},
		{"--mount=from=node,", "--mount=from=node:latest@" + sum("5") + ","}, {"/c,from=node ", "/c,from=node:latest@" + sum("5") + " "},
		{"docker/dockerfile:1", "docker/dockerfile:1@" + sum("0")}, {" golang AS", " golang:latest@" + sum("1") + " AS"},
		{"alpine:$V", "alpine:3@" + sum("2")}, {"=shop/tool:2 ", "=shop/tool:2@" + sum("3") + " "}, {"=shop/tool:2,", "=shop/tool:2@" + sum("3") + ","},
	} {
		want = strings.Replace(want, x[0], x[1], 1)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	delete(digests, "docker.io/other/x:1")
	if diff := cmp.Diff(digests, done); diff != "" {
		t.Error(diff)
	}
}

// A Dockerfile with digests is sent beside the one that lies in the context, and
// COPY sees neither it nor what hides it.
func TestSentPinned(t *testing.T) {
	dir := plant(t, map[string]string{"Dockerfile": "FROM alpine:3\n", "a": "1", ".dockerignore": "b\n", "b": "2"})
	tr := seen(t, dir, Build{Context: "."})
	before := tr.files()
	tr.sent = []byte("FROM alpine:3@sha256:1\n")
	if diff := cmp.Diff(before, tr.files()); diff != "" {
		t.Errorf("the record is another: %s", diff)
	}
	got := sent(t, tr)
	want := map[string]string{"Dockerfile": "FROM alpine:3\n", "a": "1", ".bayplan.Dockerfile": "FROM alpine:3@sha256:1\n", ".dockerignore": ".bayplan.Dockerfile\n.dockerignore\n"}
	if diff := cmp.Diff(want, got); diff != "" || tr.sentAs() != ".bayplan.Dockerfile" {
		t.Error(diff)
	}
	r, err := tr.recipeDir().Open("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || string(text) != string(tr.sent) {
		t.Errorf("BuildKit gets %q, %v", text, err)
	}
}

// What a builder says of the platform that is declared is known, and stands behind
// what is given.
func TestBasesOfPlatform(t *testing.T) {
	const file = "FROM app:${TARGETOS}-${TARGETARCH}${TARGETVARIANT}\n"
	for _, c := range []struct {
		file      string
		platforms []string
		args      map[string]string
		want      []string
	}{
		{file, []string{"linux/arm/v7"}, nil, []string{"docker.io/library/app:linux-armv7"}},
		{file, []string{"linux/arm64/v8"}, nil, []string{"docker.io/library/app:linux-arm64"}},
		{file, []string{"linux/arm64"}, map[string]string{"TARGETARCH": "mine"}, []string{"docker.io/library/app:linux-mine"}},
		{"FROM app:${TARGETARCH}\n", []string{"linux/amd64", "linux/arm64"}, nil, nil},
		{"FROM app:${BUILDARCH}\n", []string{"linux/amd64"}, nil, nil},
	} {
		got, _, err := basesOf([]byte(c.file), "Dockerfile", &Build{Platforms: c.platforms, Args: c.args})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s for %v:\n%s", c.file, c.platforms, diff)
		}
	}
}
