package load

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"
	"bayplan/stdlib"
)

// TestBroken breaks good programs, each in one place, and holds that a message
// points there. BREAK=N is how many, BREAK_SEED=N which ones.
func TestBroken(t *testing.T) {
	n, seed := number(t, "BREAK", 60), number(t, "BREAK_SEED", 1)
	t.Logf("BREAK=%d BREAK_SEED=%d", n, seed)
	programs := goodPrograms(t)
	valid, count := map[string]int{}, map[string]int{}
	for i := range n {
		rnd := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
		var p goodProgram
		var b broken
		for ok := false; !ok; b, ok = p.breakOnce(rnd) { // not every program has what a draw would break
			p = programs[rnd.IntN(len(programs))]
		}
		count[b.how]++
		res := p.load(t, b.src)
		if os.Getenv("BREAK_SHOW") != "" {
			fmt.Printf("%d %s %s: %s\n%s\n", i, p.name, b.how, b.line(), shownAll(res.Diags))
		}
		if !res.Diags.HasErrors() {
			valid[b.how]++
			if b.must {
				t.Errorf("%d %s: %s, and nothing is said:\n%s", i, p.name, b.how, b.line())
			}
			continue
		}
		if why := b.misses(res.Diags); why != "" {
			t.Errorf("%d %s: %s\n%s\n%s\n%s", i, p.name, b.how, b.line(), shownAll(res.Diags[:1]), why)
		}
	}
	for how := range count {
		t.Logf("%s: %d, of which %d are programs too", how, count[how], valid[how])
		if valid[how] == count[how] && count[how] > 5 {
			t.Errorf("%s breaks nothing", how)
		}
	}
}

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv(name), strconv.Itoa(otherwise)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func shownAll(ds diag.List) string {
	var out []string
	for _, d := range ds {
		out = append(out, "  "+d.String(), "    "+d.Hint)
	}
	return strings.Join(out, "\n")
}

// goodProgram is one that says nothing, with the file of it that is broken.
type goodProgram struct {
	name string // of the file
	dir  string // the files, in which that one is written anew each time
	file string // in dir
	body string // in dir
	src  string
	u    *schema.Universe
	vars []Var
}

// load reads the program with src in its file, which is then as it was.
func (p goodProgram) load(t *testing.T, src string) Result {
	t.Helper()
	p.write(t, src)
	defer p.write(t, p.src)
	return Load(Options{Universe: p.u, Modules: stdlib.Modules(), Path: filepath.Join(p.dir, p.body), Shown: ".", Vars: p.vars})
}

func (p goodProgram) write(t *testing.T, src string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, p.file), []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
}

// goodPrograms returns those of the corpora, of the pairs that are equal in both
// languages, of a stack of modules and of the examples.
func goodPrograms(t *testing.T) []goodProgram {
	t.Helper()
	var all []goodProgram
	add := func(name string, u *schema.Universe, vars []Var, dir, body string, files ...string) {
		for _, file := range files {
			p := goodProgram{name: name + " " + file, dir: dir, file: file, body: body, src: read(t, filepath.Join(dir, file)), u: u, vars: vars}
			if res := p.load(t, p.src); res.Diags.HasErrors() {
				t.Errorf("%s: %v", p.name, res.Diags)
			}
			all = append(all, p)
		}
	}
	for _, lang := range []string{"hcl", "star"} {
		body := "main.bay." + lang
		name := "../" + lang + "file/testdata/good.bay." + lang
		for _, c := range loadtest.Programs(read(t, name)) {
			src := regexp.MustCompile(` *###.*`).ReplaceAllString(strings.TrimLeft(c.Src, "\n"), "")
			dir := dirOf(t, map[string]string{body: src, "motd.txt": "hello\n"})
			add(fmt.Sprintf("%s:%d", filepath.Base(name), c.Line), loadtest.Universe(), nil, dir, body, body)
		}
		for _, c := range same {
			if c.wrong != "" {
				continue
			}
			src := "stack { name = \"shop\" }\n" + c.hcl + "\n"
			if lang == "star" {
				src = "stack(name = \"shop\")\n" + c.star + "\n"
			}
			add(c.name, loadtest.Universe(), c.vars, dirOf(t, map[string]string{body: src, "motd.txt": "hello\n"}), body, body)
		}
		password := []Var{{Name: "db_password", Value: "hunter2hunter2"}}
		dir := dirOf(t, split(t, "."+lang, "."+lang))
		add("split", shipped(), password, dir, body, body, "modules/postgres/"+body, "modules/site/"+body, "modules/proxy/"+body)
		for _, name := range glob(t, "../../examples/*") {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(name)); err != nil {
				t.Fatal(err)
			}
			vars := password
			if !strings.Contains(read(t, filepath.Join(dir, body)), "db_password") {
				vars = nil
			}
			add(filepath.Base(name), shipped(), vars, dir, body, body)
		}
	}
	return all
}

func dirOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// broken is a program with one thing wrong in it.
type broken struct {
	how      string
	file     string // the name of the broken file
	src      string
	at       int    // byte where it was broken
	from, to int    // bytes where a message has to stand
	around   [2]int // bytes of the block or call around that
	must     bool   // nothing else can be meant
}

// misses says why what is said points elsewhere, or "". The first message stands
// where the program was broken; or in the block or call around that, and
// another one there.
func (b broken) misses(ds diag.List) string {
	in := func(from, to int) func(diag.Diag) bool {
		a, z := lineOf(b.src, from), lineOf(b.src, to)
		return func(d diag.Diag) bool { return d.Pos.File == b.file && !before(d.Pos, a) && !before(z, d.Pos) }
	}
	there, around := in(b.from, b.to), in(b.around[0], b.around[1])
	if there(ds[0]) || around(ds[0]) && slices.ContainsFunc(ds, there) {
		return ""
	}
	from, to := lineOf(b.src, b.from), lineOf(b.src, b.to)
	return fmt.Sprintf("want it from %s:%d:%d to %d:%d", b.file, from.Line, from.Col, to.Line, to.Col)
}

func before(a, b diag.Pos) bool { return a.Line < b.Line || a.Line == b.Line && a.Col < b.Col }

func lineOf(src string, i int) diag.Pos {
	start := strings.LastIndexByte(src[:i], '\n') + 1
	return diag.Pos{Line: strings.Count(src[:i], "\n") + 1, Col: len([]rune(src[start:i])) + 1}
}

func (b broken) line() string {
	start := strings.LastIndexByte(b.src[:b.at], '\n') + 1
	line, _, _ := strings.Cut(b.src[start:], "\n")
	return fmt.Sprintf("  %d: %s", lineOf(b.src, b.at).Line, line)
}

// token is one of a program in either language: a word, a text, a number or a
// sign. Texts with templates in them are one token.
type token struct {
	from, to int
	text     string
}

var lexer = regexp.MustCompile(`#[^\n]*|<<-?(?s:EOT.*?EOT)|"(?:\\.|\$\{(?:[^"}]|"[^"]*")*\}|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[A-Za-z_][A-Za-z_0-9]*|[0-9]+(?:\.[0-9]+)?|\n|[ \t]+|[=!<>]=|=>|&&|\|\||\.\.\.|.`)

func lex(src string) []token {
	var all []token
	for _, at := range lexer.FindAllStringIndex(src, -1) {
		t := token{at[0], at[1], src[at[0]:at[1]]}
		if c := t.text[0]; c != '#' && c != ' ' && c != '\t' {
			all = append(all, t)
		}
	}
	return all
}

func (t token) word() bool { return regexp.MustCompile(`^[A-Za-z_]`).MatchString(t.text) }

// ways are the ways to break a program at one of its tokens: what stands there
// instead, or false if that one cannot be broken so.
var ways = []struct {
	how string
	at  func(c *cursor) (string, bool)
}{
	{"a token dropped", func(c *cursor) (string, bool) { return "", c.is() != "\n" }},
	{"a name misspelt", func(c *cursor) (string, bool) {
		w := c.is()
		return w[:len(w)/2] + w[len(w)/2+1:], c.tokens[c.i].word() && len(w) > 3 && !c.free() && !c.keyword()
	}},
	{"a type changed", func(c *cursor) (string, bool) {
		if !c.value() {
			return "", false
		}
		switch w := c.is(); {
		case strings.HasPrefix(w, `"`):
			return `["x", {}]`, true
		case w == "true" || w == "True":
			return `"maybe"`, true
		case w[0] >= '0' && w[0] <= '9':
			return `"x y"`, true
		}
		return "", false
	}},
	{"a reference broken", func(c *cursor) (string, bool) { return "nowhere", c.reference() }},
	{"a quote or bracket dropped", func(c *cursor) (string, bool) {
		if w := c.is(); strings.HasPrefix(w, `"`) {
			return w[:len(w)-1], true
		}
		return "", strings.Contains("()[]{}", c.is())
	}},
	{"an attribute doubled", func(c *cursor) (string, bool) {
		if !c.attribute() {
			return "", false
		}
		if c.hcl {
			line, ok := c.wholeLine()
			return line + "\n" + c.is(), ok
		}
		return c.is() + " = None, " + c.is(), true
	}},
	{"an argument renamed", func(c *cursor) (string, bool) {
		return "my_" + c.is() + "_here", c.attribute() && c.is() != "for_each" // each.key is wrong then, before all else
	}},
}

func (p goodProgram) breakOnce(rnd *rand.Rand) (broken, bool) {
	way := ways[rnd.IntN(len(ways))]
	c := &cursor{hcl: strings.HasSuffix(p.file, ".hcl"), src: p.src, tokens: lex(p.src)}
	for _, c.i = range rnd.Perm(len(c.tokens)) {
		text, ok := way.at(c)
		if !ok {
			continue
		}
		t := c.tokens[c.i]
		b := broken{how: way.how, file: p.file, src: p.src[:t.from] + text + p.src[t.to:], at: t.from}
		b.from, b.to = c.where(way.how)
		b.to = min(max(b.to, t.from)+len(text)-len(t.text)+1, len(b.src))
		from, to := c.parent()
		b.around = [2]int{from, min(to+len(text)-len(t.text)+1, len(b.src))}
		// What an output "lazy" shows is what nobody looks at.
		b.must = slices.Contains([]string{"a name misspelt", "a reference broken", "an attribute doubled", "an argument renamed"}, way.how) && !strings.Contains(b.line(), `"lazy`)
		return b, true
	}
	return broken{}, false
}

// cursor is a token of a program. What it says of it is rough, and enough for
// programs that are good.
type cursor struct {
	hcl    bool
	src    string
	tokens []token
	i      int
}

func (c *cursor) is() string { return c.tokens[c.i].text }

// text returns the token at i, or a line's end outside of the program.
func (c *cursor) text(i int) string {
	if i < 0 || i >= len(c.tokens) {
		return "\n"
	}
	return c.tokens[i].text
}

func (c *cursor) keyword() bool {
	return slices.Contains(strings.Fields("for in if else and or not lambda def return load pass True False None true false null optional"), c.is())
}

// around returns the place of the bracket around the token at i, or -1.
func (c *cursor) around(i int) int {
	depth := 0
	for i--; i >= 0; i-- {
		switch c.text(i) {
		case ")", "]", "}":
			depth++
		case "(", "[", "{":
			if depth--; depth < 0 {
				return i
			}
		}
	}
	return -1
}

// block returns the word before the bracket at open, if that is one of a block
// or a call: "container".
func (c *cursor) block(open int) string {
	i := open - 1
	if c.hcl && c.text(open) == "{" && strings.HasPrefix(c.text(i), `"`) {
		i--
	}
	if (c.text(open) == "{") == c.hcl && i >= 0 && c.tokens[i].word() && c.text(i) != "in" {
		return c.text(i)
	}
	return ""
}

// free reports whether the token is a name that its author chooses here.
func (c *cursor) free() bool {
	next, open := c.text(c.i+1), c.around(c.i)
	start, _ := c.element(c.i)
	switch {
	case slices.Contains([]string{"for", "def", "lambda"}, c.text(c.i-1)), c.text(c.i-1) == "," && c.hcl && c.text(c.i-3) == "for":
		return true
	case open >= 0 && c.text(open-2) == "def", c.text(start) == "lambda", c.text(c.i-2) == "for" && c.text(c.i-1) == ",":
		return true
	case next == "," && c.text(c.i-1) == "for", next == "in" && c.text(c.i-3) == "for":
		return true
	case next != "=" && next != ":":
		return false
	case open < 0:
		return !c.hcl
	}
	word := c.block(open)
	return word == "" || word == "locals" || word == "dict" || word == "format"
}

// value reports whether the token alone is the value of an attribute that does
// not take values of any type.
func (c *cursor) value() bool {
	name := cursor{hcl: c.hcl, src: c.src, tokens: c.tokens, i: max(c.i-2, 0)}
	return name.attribute() && name.is() != "value" && slices.Contains([]string{"\n", ",", ")", "}"}, c.text(c.i+1))
}

// attribute reports whether the token is the name of one.
func (c *cursor) attribute() bool {
	open := c.around(c.i)
	return c.tokens[c.i].word() && c.text(c.i+1) == "=" && open >= 0 && c.block(open) != "" && !c.free()
}

// reference reports whether the token is the name that a reference refers to.
func (c *cursor) reference() bool {
	if c.hcl {
		roots := []string{"var", "local", "module", "container", "image", "network", "volume"}
		return c.text(c.i-1) == "." && slices.Contains(roots, c.text(c.i-2)) && c.text(c.i-3) != "."
	}
	next := c.text(c.i + 1)
	return c.tokens[c.i].word() && !c.free() && !c.keyword() && c.text(c.i-1) != "." && next != "=" && next != "("
}

// wholeLine returns the program from the token to the end of the line, if all
// brackets that begin there end there.
func (c *cursor) wholeLine() (string, bool) {
	depth, i := 0, c.i
	for ; c.text(i) != "\n"; i++ {
		switch c.text(i)[0] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case '<':
			return "", false
		}
		if depth < 0 {
			return "", false
		}
	}
	return c.src[c.tokens[c.i].from:c.tokens[i-1].to], depth == 0
}

// parent returns the bytes of the element that the bracket around the token's
// element is in.
func (c *cursor) parent() (from, to int) {
	a, z := c.element(c.i)
	if open := c.around(a); open >= 0 {
		a, z = c.element(open)
	}
	return c.bytes(a, z)
}

// bytes returns those from one token to another.
func (c *cursor) bytes(a, z int) (from, to int) {
	from = c.tokens[min(a, c.i)].from
	if z >= len(c.tokens) {
		return from, len(c.src)
	}
	return from, c.tokens[z].from
}

// element returns the first token and that after the last of the smallest
// attribute, argument, element or statement with the token at i in it.
func (c *cursor) element(i int) (from, to int) {
	open := c.around(i)
	lines := open < 0 || c.hcl && c.text(open) == "{"
	ends := func(i int) bool {
		return i < 0 || i >= len(c.tokens) || c.text(i) == "," && open >= 0 || c.text(i) == "\n" && lines
	}
	depth := 0
	for from = i; from > open+1 && (depth > 0 || !ends(from-1)); from-- {
		depth += nesting(c.text(from-1), ")]}", "([{")
	}
	depth = 0
	for to = i; to < len(c.tokens) && (depth > 0 || !ends(to)); to++ {
		if depth += nesting(c.text(to), "([{", ")]}"); depth < 0 {
			break
		}
	}
	return from, to
}

func nesting(text, more, less string) int {
	if len(text) != 1 {
		return 0
	}
	return strings.Count(more, text) - strings.Count(less, text)
}

// where returns the bytes in which a message about the token has to stand: in
// its element; where that is a value of another type, also in the block or call
// around it, which can have a rule; and where the grammar is broken, in its
// statement and the next line.
func (c *cursor) where(how string) (from, to int) {
	a, z := c.element(c.i)
	grammar := strings.HasSuffix(how, "dropped")
	for around := c.around(a); around >= 0 && (grammar || how == "a type changed"); around = c.around(a) {
		if a, z = c.element(around); !grammar {
			break
		}
	}
	if grammar {
		for z++; z < len(c.tokens) && (c.text(z) == "\n" || c.text(z-1) != "\n"); z++ {
		}
		for ; z < len(c.tokens) && c.text(z) != "\n"; z++ {
		}
	}
	return c.bytes(a, z)
}

// shipped is what bay has.
func shipped() *schema.Universe {
	u := &schema.Universe{Funcs: stdlib.Funcs()}
	for _, k := range stdlib.Kinds() {
		u.Kinds = append(u.Kinds, k.Schema())
	}
	return u
}
