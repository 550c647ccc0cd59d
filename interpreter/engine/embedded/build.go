package embedded

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/go-connections/nat"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// Build is what a build was asked for.
type Build struct {
	Dockerfile string            // its name within the context; "" is Dockerfile
	Context    map[string]File   // by path without a leading slash
	Tags       []string          // full references
	Args       map[string]string // those without a value are left out
	Target     string
	Platform   string
	Labels     map[string]string
	NoCache    bool
}

// builder goes through a Dockerfile. It takes over what it says of the image's
// configuration and hashes the rest; it runs nothing.
type builder struct {
	state  *State
	build  Build
	lex    *shell.Lex
	stages map[string]*stage // by name and number
	args   map[string]string // declared before the first FROM
	log    []Message
	cached bool // the steps so far were done before
}

// stage is an image in the making.
type stage struct {
	config   container.Config
	args     map[string]string
	content  string // hash of all that it was made from
	files    map[string]File
	layers   []string
	history  []string
	size     int64
	platform string
	parent   string
}

// BuildImage builds an image as the classic builder does. What goes wrong after
// the answer has begun stands in its last line.
func (s *State) BuildImage(now time.Time, b Build) ([]Message, error) {
	s.at(now)
	name := orWord(b.Dockerfile, "Dockerfile")
	file, ok := b.Context[path.Clean(name)]
	if !ok {
		return nil, fail(http.StatusInternalServerError, "Cannot locate specified Dockerfile: %s", name)
	}
	for _, t := range b.Tags {
		if _, err := parseRef(t); err != nil {
			return nil, err
		}
	}
	parsed, err := parser.Parse(strings.NewReader(string(file.Data)))
	if err != nil {
		return nil, bad("%s", err)
	}
	steps := parsed.AST.Children
	if err := checkSteps(steps); err != nil {
		return nil, err
	}
	if steps, err = untilTarget(steps, b.Target); err != nil {
		return nil, err
	}
	w := &builder{state: s, build: b, lex: shell.NewLex(parsed.EscapeToken), stages: map[string]*stage{}, args: map[string]string{}, cached: !b.NoCache}
	if err := w.run(steps); err != nil {
		return append(w.log, failed(err.Error())), nil
	}
	return w.log, nil
}

var instructions = []string{
	"add", "arg", "cmd", "copy", "entrypoint", "env", "expose", "from", "healthcheck", "label", "maintainer",
	"onbuild", "run", "shell", "stopsignal", "user", "volume", "workdir",
}

func checkSteps(steps []*parser.Node) error {
	from := false
	for _, n := range steps {
		if !slices.Contains(instructions, strings.ToLower(n.Value)) {
			return bad("dockerfile parse error line %d: unknown instruction: %s", n.StartLine, strings.ToUpper(n.Value))
		}
		from = from || strings.EqualFold(n.Value, "from")
		if !from && !strings.EqualFold(n.Value, "arg") {
			return bad("no build stage in current context")
		}
	}
	if !from {
		return bad("No stages in Dockerfile")
	}
	return nil
}

// untilTarget cuts the steps after the stage that was asked for.
func untilTarget(steps []*parser.Node, target string) ([]*parser.Node, error) {
	if target == "" {
		return steps, nil
	}
	number, found := -1, false
	for i, n := range steps {
		if !strings.EqualFold(n.Value, "from") {
			continue
		}
		if found {
			return steps[:i], nil
		}
		number++
		found = strings.EqualFold(stageName(n), target) || strconv.Itoa(number) == target
	}
	if !found {
		return nil, bad("failed to reach build target %s in Dockerfile", target)
	}
	return steps, nil
}

func stageName(n *parser.Node) string {
	words := wordsOf(n)
	if len(words) == 3 && strings.EqualFold(words[1], "as") {
		return words[2]
	}
	return ""
}

func wordsOf(n *parser.Node) []string {
	var words []string
	for w := n.Next; w != nil; w = w.Next {
		words = append(words, w.Value)
	}
	return words
}

func (w *builder) say(format string, args ...any) {
	w.log = append(w.log, Message{Stream: fmt.Sprintf(format, args...)})
}

func (w *builder) run(steps []*parser.Node) error {
	var st *stage
	total, number := len(steps), 0
	if len(w.build.Labels) > 0 {
		total++
	}
	for i, n := range steps {
		if st != nil && strings.EqualFold(n.Value, "from") {
			w.aux(w.finish(st))
		}
		w.say("Step %d/%d : %s", i+1, total, strings.TrimSpace(n.Original))
		w.say("\n")
		if strings.EqualFold(n.Value, "from") {
			var err error
			if st, err = w.from(n); err != nil {
				return err
			}
			w.stages[strconv.Itoa(number)] = st
			if name := stageName(n); name != "" {
				w.stages[strings.ToLower(name)] = st
			}
			number++
			continue
		}
		if err := w.step(st, n); err != nil {
			return err
		}
	}
	w.label(st, total)
	w.done(w.finish(st))
	return nil
}

// label adds the labels of the build itself, as one more step.
func (w *builder) label(st *stage, total int) {
	if len(w.build.Labels) == 0 {
		return
	}
	var words []string
	if st.config.Labels == nil {
		st.config.Labels = map[string]string{}
	}
	for _, k := range sorted(w.build.Labels) {
		st.config.Labels[k] = w.build.Labels[k]
		words = append(words, quoted(k)+"="+quoted(w.build.Labels[k]))
	}
	line := "LABEL " + strings.Join(words, " ")
	w.say("Step %d/%d : %s", total, total, line)
	w.say("\n")
	w.made(st, line, true)
}

func quoted(s string) string {
	if strings.ContainsAny(s, " \"'") {
		return strconv.Quote(s)
	}
	return s
}

func (w *builder) aux(im *Image) {
	w.log = append(w.log, Message{Aux: map[string]string{"ID": im.ID}})
}

func (w *builder) done(im *Image) {
	w.aux(im)
	w.say("Successfully built %s\n", short(im.ID))
	for _, t := range w.build.Tags {
		named, err := parseRef(t)
		if err != nil {
			panic("embedded: a tag was not checked before: " + t)
		}
		w.state.tag(im, named)
		w.say("Successfully tagged %s\n", reference.FamiliarString(named))
	}
}

// finish makes the stage's image.
func (w *builder) finish(st *stage) *Image {
	cfg, err := json.Marshal(st.config)
	if err != nil {
		panic("embedded: an image's configuration is no JSON: " + err.Error())
	}
	p := platformOf(st.platform)
	im := &Image{
		ID: "sha256:" + hash("build", st.content, string(cfg), st.platform), Parent: st.parent, Os: p.OS, Architecture: p.Architecture,
		Variant: p.Variant, Config: st.config, Layers: st.layers, Files: keepSmall(st.files), Size: st.size,
	}
	for _, by := range slices.Backward(st.history) {
		im.History = append(im.History, image.HistoryResponseItem{ID: "<missing>", Created: w.state.Now.Unix(), CreatedBy: by})
	}
	if len(im.History) > 0 {
		im.History[0].ID = im.ID
	}
	return w.state.add(im)
}

// from begins a stage: on nothing, on another stage, or on an image, which is
// pulled where it is missing.
func (w *builder) from(n *parser.Node) (*stage, error) {
	words := wordsOf(n)
	if len(words) == 0 {
		return nil, bad("FROM requires either one or three arguments")
	}
	base, _, err := w.lex.ProcessWord(words[0], vars(w.globals()))
	if err != nil {
		return nil, bad("failed to process arguments for base name %s: %s", words[0], err)
	}
	st := &stage{args: map[string]string{}, files: map[string]File{}, platform: w.build.Platform, content: "scratch"}
	for _, f := range n.Flags {
		if p, ok := strings.CutPrefix(f, "--platform="); ok {
			st.platform, _, _ = w.lex.ProcessWord(p, vars(w.globals()))
		}
	}
	switch other := w.stages[strings.ToLower(base)]; {
	case base == "":
		return nil, bad("base name (%s) should not be blank", words[0])
	case base == "scratch":
		w.say(" ---> \n")
	case other != nil:
		im := w.finish(other)
		st.on(im)
		st.content = other.content
		w.say(" ---> %s\n", short(im.ID))
	default:
		im, err := w.base(base, st.platform)
		if err != nil {
			return nil, err
		}
		st.on(im)
		w.say(" ---> %s\n", short(im.ID))
	}
	if !slices.ContainsFunc(st.config.Env, func(e string) bool { return strings.HasPrefix(e, "PATH=") }) {
		st.config.Env = append(st.config.Env, defaultPath)
	}
	return st, nil
}

func (st *stage) on(im *Image) {
	data, err := json.Marshal(im.Config)
	if err == nil {
		err = json.Unmarshal(data, &st.config) // a copy, so that the base stays as it is
	}
	if err != nil {
		panic("embedded: an image's configuration cannot be copied: " + err.Error())
	}
	for p, f := range im.Files {
		st.files[p] = f
	}
	st.content, st.layers, st.size, st.parent = im.ID, slices.Clone(im.Layers), im.Size, im.ID
	for _, h := range slices.Backward(im.History) {
		st.history = append(st.history, h.CreatedBy)
	}
}

func (w *builder) base(ref, platform string) (*Image, error) {
	if im, err := w.state.Image(ref); err == nil {
		return im, nil
	}
	named, err := parseRef(ref)
	if err != nil {
		return nil, err
	}
	if err := unanswered(named); err != nil {
		return nil, err
	}
	im, _ := w.state.pull(named, platform)
	return im, nil
}

func (w *builder) globals() []string { return list(w.args) }

func list(m map[string]string) []string {
	var all []string
	for _, k := range sorted(m) {
		all = append(all, k+"="+m[k])
	}
	return all
}

func vars(env []string) shell.EnvGetter { return shell.EnvsFromSlice(env) }

// known returns what a stage's variables are: arguments, then environment.
func (st *stage) known() []string { return append(list(st.args), st.config.Env...) }

// made notes that a step has been done, which decides the image's ID.
func (w *builder) made(st *stage, what string, runs bool) {
	st.content = hash("step", st.content, what)
	st.history = append(st.history, "/bin/sh -c #(nop)  "+what)
	id := st.content[:12]
	w.cached = w.cached && w.state.Steps[st.content]
	w.state.Steps[st.content] = true
	switch {
	case w.cached:
		w.say(" ---> Using cache\n")
	case runs:
		temporary := hash("temporary", st.content)[:12]
		w.say(" ---> Running in %s\n", temporary)
		w.say("Removing intermediate container %s\n", temporary)
	}
	w.say(" ---> %s\n", id)
}

// step does one instruction of a stage, or notes an argument before the first.
func (w *builder) step(st *stage, n *parser.Node) error {
	words, cmd := wordsOf(n), strings.ToLower(n.Value)
	if cmd == "arg" {
		return w.arg(st, words)
	}
	expanded := words
	if slices.Contains([]string{"add", "copy", "env", "expose", "label", "stopsignal", "user", "volume", "workdir"}, cmd) {
		var err error
		if expanded, err = w.expand(words, st.known(), cmd == "env" || cmd == "label"); err != nil {
			return bad("failed to process %q: %s", n.Original, err)
		}
	}
	if len(expanded) == 0 && cmd != "cmd" && cmd != "entrypoint" {
		return bad("%s requires at least one argument", strings.ToUpper(cmd))
	}
	switch cmd {
	case "add", "copy":
		return w.copy(st, n, cmd, expanded)
	case "run":
		return w.runs(st, n)
	case "onbuild":
		st.config.OnBuild = append(st.config.OnBuild, strings.TrimSpace(strings.TrimSpace(n.Original)[len("onbuild"):]))
		w.made(st, strings.TrimSpace(n.Original), true)
		return nil
	case "maintainer", "shell":
		w.made(st, strings.TrimSpace(n.Original), true)
		return nil
	}
	if err := configure(&st.config, cmd, expanded, n); err != nil {
		return err
	}
	if cmd == "workdir" { // the engine makes the directory
		st.layers = append(st.layers, "sha256:"+hash("workdir", st.config.WorkingDir))
	}
	w.made(st, strings.ToUpper(cmd)+" "+strings.Join(append(slices.Clone(n.Flags), expanded...), " "), true)
	return nil
}

// expand replaces variables. The pairs of ENV and LABEL have a separator as
// every third word, which stays.
func (w *builder) expand(words, env []string, pairs bool) ([]string, error) {
	out := make([]string, 0, len(words))
	for i, word := range words {
		if pairs && i%3 == 2 {
			out = append(out, word)
			continue
		}
		v, _, err := w.lex.ProcessWord(word, vars(env))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (w *builder) arg(st *stage, words []string) error {
	for _, word := range words {
		name, value, has := strings.Cut(word, "=")
		if given, ok := w.build.Args[name]; ok {
			value, has = given, true
		} else if st == nil || has {
			env := w.globals()
			if st != nil {
				env = st.known()
			}
			var err error
			if value, _, err = w.lex.ProcessWord(value, vars(env)); err != nil {
				return bad("failed to process %q: %s", word, err)
			}
		} else {
			value, has = w.args[name]
		}
		if st == nil {
			w.args[name] = value
			continue
		}
		if has {
			st.args[name] = value
		}
		w.made(st, "ARG "+name+"="+value, true)
	}
	return nil
}

// runs hashes a command together with the arguments that it may see.
func (w *builder) runs(st *stage, n *parser.Node) error {
	parts := append([]string{strings.TrimSpace(n.Original)}, list(st.args)...)
	for _, h := range n.Heredocs {
		parts = append(parts, h.Content)
	}
	st.layers = append(st.layers, "sha256:"+hash(append(parts, st.content)...))
	w.made(st, strings.Join(parts, " "), true)
	return nil
}

// configure writes one instruction into an image's configuration.
func configure(cfg *container.Config, cmd string, words []string, n *parser.Node) error {
	switch cmd {
	case "env":
		for i := 0; i+1 < len(words); i += 3 {
			cfg.Env = setEnv(cfg.Env, words[i], words[i+1])
		}
	case "label":
		if cfg.Labels == nil {
			cfg.Labels = map[string]string{}
		}
		for i := 0; i+1 < len(words); i += 3 {
			cfg.Labels[words[i]] = words[i+1]
		}
	case "cmd":
		cfg.Cmd = command(words, n)
	case "entrypoint":
		cfg.Entrypoint = command(words, n)
		if !slices.ContainsFunc(words, func(string) bool { return true }) {
			cfg.Entrypoint = nil
		}
	case "expose":
		return expose(cfg, words)
	case "volume":
		if cfg.Volumes == nil {
			cfg.Volumes = map[string]struct{}{}
		}
		for _, v := range words {
			cfg.Volumes[v] = struct{}{}
		}
	case "user":
		cfg.User = words[0]
	case "workdir":
		if path.IsAbs(words[0]) {
			cfg.WorkingDir = path.Clean(words[0])
		} else {
			cfg.WorkingDir = path.Join("/", cfg.WorkingDir, words[0])
		}
	case "stopsignal":
		if _, err := parseSignal(words[0]); err != nil {
			return bad("%s", err)
		}
		cfg.StopSignal = words[0]
	case "healthcheck":
		return healthcheck(cfg, words, n)
	}
	return nil
}

func setEnv(env []string, key, value string) []string {
	for i, e := range env {
		if k, _, _ := strings.Cut(e, "="); k == key {
			env[i] = key + "=" + value
			return env
		}
	}
	return append(env, key+"="+value)
}

// command is the JSON form as it is, or the words as a shell's line.
func command(words []string, n *parser.Node) []string {
	if n.Attributes["json"] {
		return append([]string{}, words...)
	}
	return []string{"/bin/sh", "-c", strings.Join(words, " ")}
}

func expose(cfg *container.Config, words []string) error {
	ports, _, err := nat.ParsePortSpecs(words)
	if err != nil {
		return bad("%s", err)
	}
	if cfg.ExposedPorts == nil {
		cfg.ExposedPorts = nat.PortSet{}
	}
	for p := range ports {
		cfg.ExposedPorts[p] = struct{}{}
	}
	return nil
}

func healthcheck(cfg *container.Config, words []string, n *parser.Node) error {
	h := &container.HealthConfig{}
	kind := strings.ToUpper(words[0])
	switch {
	case kind == "NONE":
		h.Test = []string{"NONE"}
	case kind == "CMD" && n.Attributes["json"]:
		h.Test = append([]string{"CMD"}, words[1:]...)
	case kind == "CMD":
		h.Test = []string{"CMD-SHELL", strings.Join(words[1:], " ")}
	default:
		return bad("Unknown type %q in HEALTHCHECK (try CMD)", kind)
	}
	for _, f := range n.Flags {
		if err := healthFlag(h, f); err != nil {
			return err
		}
	}
	cfg.Healthcheck = h
	return nil
}

func healthFlag(h *container.HealthConfig, flag string) error {
	name, value, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
	if name == "retries" {
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return bad("--retries must be at least 0 (not %s)", value)
		}
		h.Retries = n
		return nil
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		return bad("invalid duration in %s", flag)
	}
	switch name {
	case "interval":
		h.Interval = d
	case "timeout":
		h.Timeout = d
	case "start-period":
		h.StartPeriod = d
	case "start-interval":
		h.StartInterval = d
	default:
		return bad("unknown flag: %s", name)
	}
	return nil
}

// applyChanges writes Dockerfile instructions, as an import takes them.
func applyChanges(cfg *container.Config, changes []string) error {
	if len(changes) == 0 {
		return nil
	}
	parsed, err := parser.Parse(strings.NewReader(strings.Join(changes, "\n")))
	if err != nil {
		return bad("%s", err)
	}
	allowed := []string{"cmd", "entrypoint", "env", "expose", "healthcheck", "label", "stopsignal", "user", "volume", "workdir"}
	lex := &builder{lex: shell.NewLex(parsed.EscapeToken)}
	for _, n := range parsed.AST.Children {
		cmd := strings.ToLower(n.Value)
		if !slices.Contains(allowed, cmd) {
			return bad("%s is not a valid change command", cmd)
		}
		words := wordsOf(n)
		if cmd != "cmd" && cmd != "entrypoint" && cmd != "healthcheck" {
			if words, err = lex.expand(words, cfg.Env, cmd == "env" || cmd == "label"); err != nil {
				return bad("%s", err)
			}
		}
		if len(words) == 0 && cmd != "cmd" && cmd != "entrypoint" {
			return bad("%s requires at least one argument", strings.ToUpper(cmd))
		}
		if err := configure(cfg, cmd, words, n); err != nil {
			return err
		}
	}
	return nil
}
