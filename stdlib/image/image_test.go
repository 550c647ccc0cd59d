package image

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/google/go-cmp/cmp"
)

// declared is one image of a test's program.
type declared struct {
	label string
	attrs ir.Value
}

// program evaluates images as a reader would.
func program(t *testing.T, stack, dir string, images ...declared) ([]*kind.Want, diag.List) {
	t.Helper()
	b := schema.NewBuilder(&schema.Universe{Kinds: []*schema.Kind{Kind.Schema()}}, dir, stack)
	b.Stack([]ir.Attr{{Name: "name", Value: str(stack)}}, diag.Pos{File: "t", Line: 1})
	for i, d := range images {
		decl := schema.Declaration{Addr: ir.Addr{Kind: "image", Label: d.label}, Pos: diag.Pos{File: "t", Line: i + 2}, Dir: dir}
		for _, k := range d.attrs.Keys() {
			decl.Attrs = append(decl.Attrs, ir.Attr{Name: k, Pos: diag.Pos{File: "t", Line: i + 2, Col: 3}, Value: d.attrs.Map[k]})
		}
		b.Declare(decl)
	}
	p := b.Finish()
	if b.Diags.HasErrors() {
		return nil, b.Diags
	}
	var wants []*kind.Want
	for _, r := range p.Resources {
		spec := new(Spec)
		var diags diag.List
		if schema.Decoding(schema.Decoding{Owner: r.Addr.String(), Diags: &diags}).Decode(spec, r.Attrs); diags.HasErrors() {
			t.Fatalf("canonical attributes do not decode: %v", diags)
		}
		wants = append(wants, &kind.Want{Res: r, Spec: spec})
	}
	return wants, nil
}

func str(s string) ir.Value { return ir.StringVal(s) }

func strs(ss ...string) ir.Value {
	v := ir.ListVal()
	for _, s := range ss {
		v.List = append(v.List, str(s))
	}
	return v
}

func obj(kv ...any) ir.Value {
	m := map[string]ir.Value{}
	for i := 0; i < len(kv); i += 2 {
		switch v := kv[i+1].(type) {
		case string:
			m[kv[i].(string)] = str(v)
		case ir.Value:
			m[kv[i].(string)] = v
		}
	}
	return ir.MapVal(m)
}

func TestCanonical(t *testing.T) {
	tests := []struct {
		name  string
		attrs ir.Value
		want  string
	}{
		{"pull", obj("pull", "caddy"), "pull: docker.io/library/caddy:latest"},
		{"pull by digest", obj("pull", "ghcr.io/a/b@sha256:"+strings.Repeat("a", 64)), "pull: ghcr.io/a/b@sha256:" + strings.Repeat("a", 64)},
		{"pull by tag and digest", obj("pull", "a/b:1@sha256:"+strings.Repeat("a", 64)), "pull: docker.io/a/b:1@sha256:" + strings.Repeat("a", 64)},
		{"tags", obj("pull", "caddy:2", "tags", strs("shop/web:1", "docker.io/library/web", "127.0.0.1:5000/web:2")),
			"pull: docker.io/library/caddy:2; tags: [127.0.0.1:5000/web:2, shop/web:1, web:latest]"},
		{"policy, platform", obj("pull", "caddy:2", "pull_policy", "newer", "platform", "Linux/ARM64"), "pull: docker.io/library/caddy:2; pull_policy: newer; platform: linux/arm64"},
		{"push all", obj("pull", "caddy:2", "tags", strs("x/web:1"), "push", ir.BoolVal(true)), "pull: docker.io/library/caddy:2; tags: [x/web:1]; push: true"},
		{"push none", obj("pull", "caddy:2", "tags", strs("x/web:1"), "push", ir.BoolVal(false)), "pull: docker.io/library/caddy:2; tags: [x/web:1]"},
		{"push some", obj("pull", "caddy:2", "push", strs("x/web:2", "x/web")), "pull: docker.io/library/caddy:2; push: [x/web:2, x/web:latest]"},
		{"context as text", obj("build", "./web"), "build: {context: ./web}"},
		{"whole build", obj("build", obj("context", "web", "dockerfile", "Dockerfile", "args", obj("A", "1"), "target", "t", "labels", obj("l", "x"))),
			"build: {args: {A: 1}, context: web, dockerfile: Dockerfile, labels: {l: x}, target: t}"},
	}
	dir := plant(t, map[string]string{"web/Dockerfile": "FROM scratch"})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ws, diags := program(t, "s", dir, declared{"web", tt.attrs})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			var got []string
			for _, a := range ws[0].Res.Attrs {
				got = append(got, a.Name+": "+a.Value.Show())
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "; ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	secret := str("x")
	secret.Sensitive = true
	tests := []struct {
		name   string
		images []declared
		want   string
		hint   string
	}{
		{"nothing", []declared{{"web", obj()}}, "image.web.pull: an image needs `pull` or `build`", "write pull ="},
		{"both", []declared{{"web", obj("pull", "a", "build", "./web")}}, "has both `pull` and `build`", ""},
		{"upper case", []declared{{"web", obj("pull", "Caddy")}}, `got "Caddy", want lower case: "caddy"`, ""},
		{"no reference", []declared{{"web", obj("pull", "a b")}}, `want an image reference such as "caddy:2.9"`, ""},
		{"a policy of Compose", []declared{{"web", obj("pull", "a", "pull_policy", "if_not_present")}}, `got "if_not_present", which is "missing" here`, ""},
		{"a policy by the clock", []declared{{"web", obj("pull", "a", "pull_policy", "every_12h")}}, `no plan depends on the clock: "always" asks at every plan`, ""},
		{"a policy of builds", []declared{{"web", obj("pull", "a", "pull_policy", "build")}}, "what has `build` is built when something of it moved", ""},
		{"no policy", []declared{{"web", obj("pull", "a", "pull_policy", "sometimes")}}, "want one of missing, always, newer, never", ""},
		{"a policy of what is built", []declared{{"web", obj("build", "./web", "pull_policy", "always")}}, "image.web.pull_policy: this image is built", "take it away"},
		{"a platform of what is built", []declared{{"web", obj("build", "./web", "platform", "linux/arm64")}}, "image.web.platform: this image is built", ""},
		{"half a platform", []declared{{"web", obj("pull", "a", "platform", "arm64")}}, `want a platform such as "linux/arm64"`, ""},
		{"nothing to push", []declared{{"web", obj("build", "./web", "push", ir.BoolVal(true))}}, "push = true pushes all `tags`, and there are none", "push = ["},
		{"push of something else", []declared{{"web", obj("build", "./web", "push", "ghcr.io/a/b:1")}}, "want true, or a list of strings", ""},
		{"push of a digest", []declared{{"web", obj("build", "./web", "push", strs("a@sha256:"+strings.Repeat("a", 64)))}}, "holds a digest", ""},
		{"pushed by two", []declared{{"a", obj("build", "./web", "push", strs("x/web:1"))}, {"b", obj("build", "./web", "tags", strs("x/web:1"))}}, "x/web:1 is also image.", ""},
		{"tag with digest", []declared{{"web", obj("pull", "a", "tags", strs("a@sha256:"+strings.Repeat("a", 64)))}}, "holds a digest", ""},
		{"tag of ours", []declared{{"web", obj("pull", "a", "tags", strs("bayplan.invalid/a/b:1"))}}, "bay keeps for itself", ""},
		{"one tag twice", []declared{{"a", obj("pull", "a", "tags", strs("x:1"))}, {"b", obj("pull", "b", "tags", strs("docker.io/library/x:1"))}}, "x:1 is also image.a", "give one of them another"},
		{"no context", []declared{{"web", obj("build", "./wep")}}, "t:2:3: image.web.build: there is no directory wep", "context is a path"},
		{"no Dockerfile", []declared{{"web", obj("build", obj("context", "web", "dockerfile", "x"))}}, "there is no file web/x", "from the context on"},
		{"context missing", []declared{{"web", obj("build", obj("target", "x"))}}, `"context" is missing`, ""},
		{"misspelt instruction", []declared{{"web", obj("build", "bad")}}, "image.web.build: bad/Dockerfile:2: unknown instruction COPPY: did you mean COPY?", ""},
		{"no Dockerfile at all", []declared{{"web", obj("build", "none")}}, "image.web.build: none/Dockerfile: file with no instructions", ""},
		{"outside", []declared{{"web", obj("build", "../x")}}, "leads out of the stack's directory", "move it below"},
		{"secret argument", []declared{{"web", obj("build", obj("context", "web", "args", obj("TOKEN", secret)))}}, `image.web.build.args["TOKEN"]: a sensitive value cannot be used here`, ""},
		{"secret argument, inline", []declared{{"web", obj("build", obj("dockerfile_inline", "FROM scratch", "args", obj("TOKEN", secret)))}}, "a sensitive value cannot be used here", ""},
		{"two Dockerfiles", []declared{{"web", obj("build", obj("context", "web", "dockerfile", "Dockerfile", "dockerfile_inline", "FROM scratch"))}}, "has both `dockerfile` and `dockerfile_inline`", "take one"},
		{"inline, misspelt", []declared{{"web", obj("build", obj("dockerfile_inline", "FROM scratch\nCOPPY a /"))}}, "dockerfile_inline:2: unknown instruction COPPY", ""},
		{"a secret of nothing", []declared{{"web", obj("build", obj("context", "web", "secrets", obj("npm", obj())))}}, "secrets: npm has to have one of `value` and `file`", ""},
		{"a secret in no file", []declared{{"web", obj("build", obj("context", "web", "secrets", obj("npm", obj("file", "nope"))))}}, "secrets: npm: there is no file nope that can be read", ""},
		{"a secret's file outside", []declared{{"web", obj("build", obj("context", "web", "secrets", obj("npm", obj("file", "../x"))))}}, "leads out of the stack's directory", ""},
		{"a secret of Compose", []declared{{"web", obj("build", obj("context", "web", "secrets", obj("npm", obj("environment", "X"))))}}, `unknown attribute "environment"`, "BAY_VAR_token fills var.token"},
		{"a cache without a ref", []declared{{"web", obj("build", obj("context", "web", "cache_from", strs("type=registry")))}}, "has no ref", ""},
		{"a cache of no type", []declared{{"web", obj("build", obj("context", "web", "cache_to", strs("ref=x")))}}, "has no type", ""},
		{"a cache in a directory", []declared{{"web", obj("build", obj("context", "web", "cache_to", strs("type=local,dest=x")))}}, "is a directory", ""},
		{"another cache", []declared{{"web", obj("build", obj("context", "web", "cache_to", strs("type=s3")))}}, "the caches are inline, registry and gha", ""},
		{"an agent nowhere", []declared{{"web", obj("build", obj("context", "web", "ssh", strs("deploy=")))}}, `want "default", or an ID`, ""},
		{"an agent outside", []declared{{"web", obj("build", obj("context", "web", "ssh", strs("deploy=../key")))}}, "ssh: deploy: ../key leads out of the stack's directory", "write its whole path"},
		{"a key that is not there", []declared{{"web", obj("build", obj("context", "web", "ssh", strs("deploy=bad/Dockerfile,nope")))}}, "ssh: deploy: there is no socket or key nope", "from the directory of this file on"},
		{"no network of a build", []declared{{"web", obj("build", obj("context", "web", "network", "back"))}}, "want one of default, none, host", ""},
		{"a host by name", []declared{{"web", obj("build", obj("context", "web", "extra_hosts", obj("db", "host-gateway")))}}, `got "host-gateway", want an IP address`, ""},
		{"a platform of half", []declared{{"web", obj("build", obj("context", "web", "platforms", strs("arm64")))}}, `want a platform such as "linux/arm64"`, ""},
		{"a further context outside", []declared{{"web", obj("build", obj("context", "web", "additional_contexts", obj("lib", "../x")))}}, "additional_contexts: lib: ../x leads out", ""},
		{"a further context nowhere", []declared{{"web", obj("build", obj("context", "web", "additional_contexts", obj("lib", "./nope")))}}, "additional_contexts: lib: there is no directory nope", ""},
		{"a further context of Compose", []declared{{"web", obj("build", obj("context", "web", "additional_contexts", obj("lib", "service:x")))}}, "an image of the stack is { image = image.NAME } here", ""},
		{"label of ours", []declared{{"web", obj("build", obj("context", "web", "labels", obj("bayplan.stack", "x")))}}, `the label "bayplan.stack" is bay's own`, ""},
		{"compose", []declared{{"web", obj("build", obj("context", "web", "build_args", obj()))}}, `unknown attribute "build_args"`, "`build_args` is `args` here"},
		{"docker provider", []declared{{"web", obj("pull", "a", "keep_locally", "x")}}, `unknown attribute "keep_locally"`, "images are a cache"},
		{"in a circle", []declared{{"a", obj("build", "x", "tags", strs("x/a:1"))}, {"b", obj("build", "y", "tags", strs("x/b:1"))}}, "in a cycle: image.a → image.b → image.a", ""},
	}
	dir := plant(t, map[string]string{"web/Dockerfile": "FROM scratch", "x/Dockerfile": "FROM x/b:1", "bad/Dockerfile": "FROM scratch\nCOPPY a /\n", "none/Dockerfile": "# nothing\n", "y/Dockerfile": "FROM x/a:1"})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := program(t, "s", dir, tt.images...)
			var hints string
			for _, d := range diags {
				hints += d.Hint + "\n"
			}
			if !strings.Contains(diags.Error(), tt.want) || !strings.Contains(hints, tt.hint) {
				t.Errorf("got %v, %q, want %q, %q", diags, hints, tt.want, tt.hint)
			}
		})
	}
}

func TestPinRepo(t *testing.T) {
	tests := []struct{ addr, want string }{
		{"image.web", "bayplan.invalid/shop/web"},
		{"image.web-2_x", "bayplan.invalid/shop/web-2_x"},
		{"image.Web", "bayplan.invalid/shop/web-"},
		{"image._", "bayplan.invalid/shop/"},
		{"image.a-", "bayplan.invalid/shop/a-"},
		{`image.web["Ü"]`, "bayplan.invalid/shop/web-"},
		{`module.db["eu"].image.this`, "bayplan.invalid/shop/db-"},
		{`image["docker.io/library/caddy:2.9"]`, "bayplan.invalid/shop/caddy-"},
		{`image["ghcr.io/a/b@sha256:` + strings.Repeat("a", 64) + `"]`, "bayplan.invalid/shop/b-"},
	}
	seen := map[string]bool{}
	for _, tt := range tests {
		a, err := ir.ParseAddr(tt.addr)
		if err != nil {
			t.Fatal(err)
		}
		got := pinRepo("shop", a)
		if !strings.HasPrefix(got, tt.want) || len(got) > len(tt.want)+8 || seen[got] {
			t.Errorf("%s: got %s", tt.addr, got)
		}
		if _, err := pullRef(strings.Replace(got, pinDomain, "example.org", 1) + ":0123456789ab"); err != nil {
			t.Errorf("%s: %s is no reference: %v", tt.addr, got, err)
		}
		seen[got] = true
	}
}

func TestRecord(t *testing.T) {
	r := record{Attrs: map[string]ir.Value{"build": obj("context", "web", "args", obj("A", strings.Repeat("long", 100)))},
		Files: map[string]string{"a": "1", "b/c": "2"}, Bases: map[string]string{"x:1": "y"}}
	got, err := decodeRecord(r.encode())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.Files, got.Files); diff != "" {
		t.Error(diff)
	}
	if b := got.spec().Build; b.Context != "web" || len(b.Args["A"]) != 400 {
		t.Errorf("got %+v", b)
	}
	if first, second := r.encode(), r.encode(); first != second {
		t.Error("two records of one build differ")
	}
	for _, text := range []string{"", "x", "H4sI", "aGVsbG8="} {
		if _, err := decodeRecord(text); err == nil {
			t.Errorf("%q is taken for a record", text)
		}
	}

	big := record{Files: map[string]string{}}
	for i := range 20000 {
		big.Files[fmt.Sprintf("pkg%d/mod%d/file%d.go", i%5, i%50, i)] = fmt.Sprintf("%016x", i*7919*7919)
	}
	text := big.encode()
	got, err = decodeRecord(text)
	if err != nil || len(text) > maxRecord {
		t.Fatalf("a record of many files has %d bytes, %v", len(text), err)
	}
	if diff := cmp.Diff(fold(big.Files, got.Depth), got.Files); diff != "" || got.Depth == 0 {
		t.Errorf("depth %d: %s", got.Depth, diff)
	}
}

func TestCalls(t *testing.T) {
	dir := plant(t, map[string]string{"web/Dockerfile": "FROM scratch", "web/a": "1"})
	ws, diags := program(t, "s", dir, declared{"web", obj("build", obj("context", "web", "args", obj("A", "1"), "target", "t", "labels", obj("l", "x")), "tags", strs("x/web:1", "x/web:2"))})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	hash := strings.Repeat("ab", 32)
	st := &state{ident: hash, pin: "bayplan.invalid/s/web:abababababab", tags: map[string]string{}, tree: seen(t, dir, Build{Context: "web"}), classic: true}
	got := shown(Kind.Create(job(ws[0], nil, st)))
	want := []string{
		`POST /build {"Args":{"A":"1"},"Dockerfile":"Dockerfile","Labels":{"bayplan.image.addr":"image.web","bayplan.image.hash":"` + hash + `","bayplan.image.stack":"s","l":"x"},"Tags":["bayplan.invalid/s/web:abababababab"],"Target":"t"} ` + hash[:8],
		`POST /build {"Tags":["bayplan.invalid/s/web:abababababab.files"]} …`,
		`POST /images/bayplan.invalid/s/web:abababababab/tag {"Image":"bayplan.invalid/s/web:abababababab","Ref":"x/web:1"}`,
		`POST /images/bayplan.invalid/s/web:abababababab/tag {"Image":"bayplan.invalid/s/web:abababababab","Ref":"x/web:2"}`,
		`POST /images/bayplan.invalid/s/web:abababababab/tag {"Image":"bayplan.invalid/s/web:abababababab","Ref":"` + brought(st.pin, []string{"x/web:1", "x/web:2"})[0] + `"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	st.classic = false
	got = shown(Kind.Create(job(ws[0], nil, st)))[:1]
	want = []string{`POST /grpc {"Frontend":{"build-arg:A":"1","label:bayplan.image.addr":"image.web","label:bayplan.image.hash":"` + hash + `","label:bayplan.image.stack":"s","label:l":"x","target":"t"},"Tags":["bayplan.invalid/s/web:abababababab"]} ` + hash[:8]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	ws, _ = program(t, "s", dir, declared{"pg", obj("pull", "a/pg:1", "tags", strs("db:1"))})
	st = &state{tags: map[string]string{}, pin: "bayplan.invalid/s/pg:abababababab"}
	if err := st.fetched(t.Context(), &reading{}, ws[0].Spec.(*Spec), "sha256:"+hash); err != nil {
		t.Fatal(err)
	}
	got = shown(Kind.Create(job(ws[0], nil, st)))
	ref := "docker.io/a/pg@sha256:" + hash
	want = []string{
		`POST /images/create {"Ref":"` + ref + `"}`,
		`POST /images/` + ref + `/tag {"Image":"` + ref + `","Ref":"bayplan.invalid/s/pg:abababababab"}`,
		`POST /images/` + ref + `/tag {"Image":"` + ref + `","Ref":"a/pg:1"}`,
		`POST /images/` + ref + `/tag {"Image":"` + ref + `","Ref":"db:1"}`,
		`POST /images/` + ref + `/tag {"Image":"` + ref + `","Ref":"` + brought(st.pin, []string{"a/pg@sha256:" + hash, "a/pg:1", "db:1"})[0] + `"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if o := Kind.Outcome(job(ws[0], nil, st), kind.Create, nil); o.Ref != "a/pg:1@sha256:"+hash || o.ID != "" || !o.Disturbed() {
		t.Errorf("outcome %+v", o)
	}
}

// shown returns a step's calls as method, path without query, arguments, and
// the stream's hash.
func shown(w kind.Work) []string {
	var out []string
	for _, op := range w.Ops {
		method, path := op.Path()
		path, _, _ = strings.Cut(path, "?")
		line := fmt.Sprintf("%s %s %s", method, path, jsonOf(op.Args()))
		switch {
		case op.Stream != nil && len(w.Ops) > 0 && strings.Contains(line, filesSuffix):
			line += " …"
		case op.Stream != nil:
			line += " " + op.Stream.Hash[:8]
		}
		out = append(out, line)
	}
	return out
}

func job(w *kind.Want, l *kind.Live, st any) *kind.Job {
	return &kind.Job{Want: w, Live: l, Known: st, Diags: new(diag.List), Env: &kind.Env{
		Stack: "s", Info: engine.Info{API: "1.41"}, Outcome: func(ir.Addr) *kind.Outcome { return nil },
	}}
}

func TestWhy(t *testing.T) {
	files := func(n int) []movedFile {
		var out []movedFile
		for i := range n {
			out = append(out, movedFile{fmt.Sprintf("f%d", i), "changed"})
		}
		return out
	}
	for n, want := range []string{"[]", "[f0 changed]", "[2 files changed: f0, f1]", "[3 files changed: f0, f1, f2]", "[4 files changed: f0, f1, f2, …]"} {
		if got := fmt.Sprint(filesText(files(n))); got != want {
			t.Errorf("%d files: %s", n, got)
		}
	}
	tests := []struct {
		changes []schema.Change
		want    string
	}{
		{[]schema.Change{{Attr: "build", Path: "args V"}}, "build arg V changed"},
		{[]schema.Change{{Attr: "build", Path: "labels l"}, {Attr: "build", Path: "target"}}, "build label l changed, build target changed"},
		{[]schema.Change{{Attr: "build", Path: "FROM x/base:1", Note: "changed"}}, "x/base:1 changed"},
		{[]schema.Change{{Attr: "build", Note: unknownMove}}, "content changed"},
		{[]schema.Change{{Attr: "tags", Path: "x:1"}}, ""},
	}
	for _, tt := range tests {
		if got := why(kind.In[Spec]{}, &state{tree: &tree{}}, tt.changes); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	pulled := []schema.Change{{Attr: "pull", Old: str("docker.io/library/pg:16"), New: str("docker.io/library/pg:17")}}
	if got := why(kind.In[Spec]{}, &state{}, pulled); got != "pg:16 → pg:17" {
		t.Error(got)
	}
	if got := why(kind.In[Spec]{}, &state{}, []schema.Change{{Attr: "pull", Note: "tag moved: a → b"}}); got != "tag moved" {
		t.Error(got)
	}
}

// TestSolve says what BuildKit is told of every option.
func TestSolve(t *testing.T) {
	dir := plant(t, map[string]string{"web/Dockerfile": "FROM lib\nRUN --mount=type=secret,id=npm x", "lib/a": "1", "token": "t0ken"})
	secret := str("s3cret")
	secret.Sensitive = true
	ws, diags := program(t, "s", dir, declared{"web", obj("build", obj(
		"context", "web", "additional_contexts", obj("lib", "lib", "base", "docker-image://alpine:3"), "platforms", strs("linux/arm64", "linux/amd64"),
		"secrets", obj("npm", secret, "file", obj("file", "token")), "ssh", strs("default", "deploy=token,/key"), "network", "host", "extra_hosts", obj("db", "10.0.0.1"),
		"shm_size", "64m", "ulimits", obj("nofile", ir.IntVal(1024)), "cache_from", strs("shop/web:cache"), "cache_to", strs("type=inline"),
		"no_cache", ir.BoolVal(true), "pull", ir.BoolVal(true)))})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	w := ws[0].Spec.(*Spec)
	more, err := w.Build.further(dir)
	if err != nil {
		t.Fatal(err)
	}
	st := &state{ident: strings.Repeat("ab", 32), pin: "bayplan.invalid/s/web:abababababab", tags: map[string]string{}, tree: seen(t, dir, *w.Build), more: more, shown: "web/Dockerfile"}
	op := Kind.Create(job(ws[0], nil, st)).Ops[0]
	want := map[string]any{
		"Shown": "web/Dockerfile", "Tags": []any{st.pin}, "SSH": []any{"default", "deploy=" + dir + "/token,/key"}, "NoCache": true,
		"Secrets": map[string]any{"npm": "(sensitive)"}, "SecretFiles": map[string]any{"file": dir + "/token"},
		"CacheFrom": []any{map[string]any{"Type": "registry", "Attrs": map[string]any{"ref": "shop/web:cache"}}},
		"CacheTo":   []any{map[string]any{"Type": "inline"}},
		"Frontend": map[string]any{
			"context:lib": "local:context:lib", "context:base": "docker-image://docker.io/library/alpine:3", "platform": "linux/amd64,linux/arm64",
			"force-network-mode": "host", "add-hosts": "db=10.0.0.1", "shm-size": "67108864", "ulimit": "nofile=1024:1024",
			"image-resolve-mode": "pull", "label:bayplan.image.addr": "image.web", "label:bayplan.image.hash": st.ident, "label:bayplan.image.stack": "s",
		},
	}
	if diff := cmp.Diff(jsonOf(want), jsonOf(op.Args())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"context", "context:lib", "dockerfile"}, slices.Sorted(maps.Keys(op.Stream.Dirs))); diff != "" {
		t.Error(diff)
	}
	if rec := st.record(w); strings.Contains(jsonOf(rec), "s3cret") || len(rec.spec().Build.Secrets) > 0 {
		t.Error("a record holds what is secret")
	}
	if with := st.hash(w.Build, engine.Info{}); true {
		w.Build.Secrets, w.Build.SSH, w.Build.CacheFrom, w.Build.NoCache, w.Build.ShmSize = nil, nil, nil, false, 0
		if without := st.hash(w.Build, engine.Info{}); with != without {
			t.Error("the hash holds what is no part of the image")
		}
	}
}

// TestAble says what is an error of the plan, by what the engine has.
func TestAble(t *testing.T) {
	dir := plant(t, map[string]string{"web/Dockerfile": "FROM scratch\nRUN --mount=type=secret,id=x y", "plain/Dockerfile": "FROM scratch", "token": "x"})
	classic, old, newer := engine.Info{API: "1.41"}, engine.Info{API: "1.41"}, engine.Info{API: "1.51"}
	containerd := engine.Info{API: "1.51", Containerd: true}
	secrets := obj("x", str("y"))
	for _, tt := range []struct {
		name  string
		info  engine.Info
		kit   bool
		build ir.Value
		want  string // "" is none
	}{
		{"the classic builder, plain", classic, false, obj("context", "plain"), ""},
		{"the classic builder, secrets", classic, false, obj("context", "plain", "secrets", secrets), "build.secrets needs BuildKit, and the engine here has only the classic builder"},
		{"the classic builder, ssh", classic, false, obj("context", "plain", "ssh", strs("default")), "build.ssh needs BuildKit"},
		{"the classic builder, cache_to", classic, false, obj("context", "plain", "cache_to", strs("type=inline")), "build.cache_to needs BuildKit"},
		{"the classic builder, a mount", classic, false, obj("context", "web"), "web/Dockerfile:2: RUN --mount needs BuildKit"},
		{"20.10, secrets", old, true, obj("context", "web", "secrets", secrets), ""},
		{"20.10, shm_size", old, true, obj("context", "plain", "shm_size", "1m"), ""},
		{"20.10, secrets and shm_size", old, true, obj("context", "plain", "shm_size", "1m", "secrets", secrets), "build.secrets needs BuildKit, and with build.shm_size the engine here builds with the classic builder"},
		{"20.10, further contexts", old, true, obj("context", "plain", "additional_contexts", obj("lib", "web")), "needs Docker 23.0 (API 1.42)"},
		{"20.10, platforms", old, true, obj("context", "plain", "platforms", strs("linux/amd64", "linux/arm64")), "keeps images of one platform"},
		{"20.10, a cache elsewhere", old, true, obj("context", "plain", "cache_to", strs("type=registry,ref=x")), "leaves steps only in the image"},
		{"20.10, a cache of gha", old, true, obj("context", "plain", "cache_from", strs("type=gha,scope=x")), "finds steps only in images"},
		{"newer, secrets and shm_size", newer, true, obj("context", "web", "shm_size", "1m", "secrets", secrets), ""},
		{"newer, further contexts", newer, true, obj("context", "plain", "additional_contexts", obj("lib", "web")), ""},
		{"containerd", containerd, true, obj("context", "plain", "platforms", strs("linux/amd64", "linux/arm64"), "cache_to", strs("type=registry,ref=x"), "cache_from", strs("type=gha,scope=x")), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ws, diags := program(t, "s", dir, declared{"web", obj("build", tt.build)})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			b := ws[0].Spec.(*Spec).Build
			_, modern, err := b.place(dir).bases(schema.Host{}, dir, b)
			if err != nil {
				t.Fatal(err)
			}
			j := job(ws[0], nil, &state{tree: &tree{}, kit: tt.kit, classic: b.classic(tt.info, tt.kit), modern: modern, tags: map[string]string{}})
			j.Env.Info = tt.info
			Kind.Adjust(j, nil)
			if got := j.Diags.Error(); (tt.want == "") == j.Diags.HasErrors() || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
