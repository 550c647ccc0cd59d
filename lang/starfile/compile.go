package starfile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// dialect is rule 8 of the language: sets, top-level if and for, and globals
// that are assigned again; no while and no recursion, so that programs end.
var dialect = syntax.FileOptions{Set: true, TopLevelControl: true, GlobalReassign: true}

// parse reads a file's syntax. The error is a diag.List.
func parse(f schema.File, mode syntax.Mode) (*syntax.File, error) {
	if len(f.Src) > maxFile {
		return nil, diag.List{{Pos: diag.Pos{File: f.Name}, Msg: fmt.Sprintf("the file has %d bytes, want at most %d MiB", len(f.Src), maxFile>>20)}}
	}
	f.Src = bytes.TrimPrefix(f.Src, []byte("\xef\xbb\xbf")) // as some editors begin a file, and HCL takes
	tree, err := dialect.Parse(f.Name, f.Src, mode)
	if err != nil {
		return nil, parseErrors(err, f.Src)
	}
	if deep := tooDeep(tree); deep != nil {
		return nil, diag.List{{Pos: position(syntax.Start(deep)), Msg: fmt.Sprintf("the program is nested more than %d deep here", maxTree)}}
	}
	return tree, nil
}

// unit is a compiled file. Nobody changes it: modules that are read from one file
// share it.
type unit struct {
	prog  *starlark.Program
	calls map[diag.Pos]*call  // by left parenthesis
	taken map[string]diag.Pos // where a predeclared name is assigned
	defs  map[string]string   // how a function is called, by its name
	lost  []string            // names that mean nothing, as was reported
	said  diag.List           // what is to be reported of each module that is read from it
}

// compile returns a file compiled, as the first module that is read from it left
// it. The error is a diag.List.
func (r *reader) compile(f schema.File) (*unit, error) {
	var wrong error
	u, _ := schema.Keep(r.b, f, func() (u *unit, good bool) {
		u, wrong = r.translate(f)
		return u, wrong == nil && len(u.lost) == 0
	})
	r.b.Diags = append(r.b.Diags, u.said...)
	return u, wrong
}

// translate parses, rewrites and resolves a file. The error is a diag.List. Where
// names mean nothing, what else is wrong shows if the program runs with stand-ins
// for them.
func (r *reader) translate(f schema.File) (*unit, error) {
	u := &unit{defs: map[string]string{}}
	tree, err := parse(f, 0)
	if err != nil {
		return u, err
	}
	for _, s := range tree.Stmts {
		if def, ok := s.(*syntax.DefStmt); ok {
			u.defs[def.Name.Name] = signature(def)
		}
	}
	globals := map[string]bool{}
	add := func(id *syntax.Ident) { globals[id.Name] = true }
	eachGlobal(tree.Stmts, add, add)
	u.said = idle(tree)
	r.rewrite(tree, u)
	u.prog, err = starlark.FileProgram(tree, r.predeclared.Has)
	if err == nil {
		return u, nil
	}
	ds, lost := r.resolveErrors(err, tree, globals)
	if len(lost) == 0 || r.library != "" {
		return u, ds
	}
	if tree, err = parse(f, 0); err != nil { // the first tree is half resolved
		return u, err
	}
	r.rewrite(tree, u)
	u.prog, err = starlark.FileProgram(tree, func(name string) bool { return r.predeclared.Has(name) || slices.Contains(lost, name) })
	if err != nil {
		return u, ds
	}
	u.lost, u.said = lost, append(u.said, ds...)
	return u, nil
}

// signature returns how a function is called.
func signature(def *syntax.DefStmt) string {
	var params []string
	for _, p := range def.Params {
		switch p := p.(type) {
		case *syntax.Ident:
			params = append(params, p.Name)
		case *syntax.BinaryExpr: // with a default
			params = append(params, p.X.(*syntax.Ident).Name+" = …")
		case *syntax.UnaryExpr: // the rest, or what has to be named
			name := ""
			if id, ok := p.X.(*syntax.Ident); ok {
				name = id.Name
			}
			params = append(params, p.Op.String()+name)
		}
	}
	return def.Name.Name + "(" + strings.Join(params, ", ") + ")"
}

// idle reports statements that are a value and call nothing, so that nobody sees
// them: what is left when the name of a declaration is lost. A text is a remark.
// Of what has a name it says so where the value is a label in brackets.
func idle(tree *syntax.File) diag.List {
	var ds diag.List
	syntax.Walk(tree, func(n syntax.Node) bool {
		switch s := n.(type) {
		case *syntax.ExprStmt:
			if !calls(s.X) && !isRemark(s.X) {
				ds.Addf(position(syntax.Start(s)), "this makes nothing").
					Hintf(`a declaration is a call, such as output("url", …); a value needs a name: x = …`)
			}
		case *syntax.AssignStmt:
			if label := labelAlone(s.RHS); label != "" {
				ds.Warnf(position(syntax.Start(s)), "this is the text %q, and declares nothing", label).
					Hintf("a declaration has its name before the bracket, as network(%q); a text needs no brackets", label)
			}
		}
		return true
	})
	return ds
}

// calls reports whether a call stands anywhere in e.
func calls(e syntax.Expr) (yes bool) {
	syntax.Walk(e, func(n syntax.Node) bool {
		_, call := n.(*syntax.CallExpr)
		yes = yes || call
		return !yes
	})
	return yes
}

// labelAlone returns the text of ("text") if that could be a label, or "".
func labelAlone(e syntax.Expr) string {
	paren, ok := e.(*syntax.ParenExpr)
	if !ok || !isRemark(paren.X) {
		return ""
	}
	if text, ok := paren.X.(*syntax.Literal).Value.(string); ok && ir.IsIdent(text) {
		return text
	}
	return ""
}

func isRemark(e syntax.Expr) bool {
	lit, ok := e.(*syntax.Literal)
	return ok && (lit.Token == syntax.STRING || lit.Token == syntax.BYTES)
}

func (r *reader) rewrite(tree *syntax.File, u *unit) {
	u.taken = map[string]diag.Pos{}
	for name, at := range shadow(tree, r.isPredeclared) {
		u.taken[name] = position(at)
	}
	u.calls = map[diag.Pos]*call{}
	w := rewriter{calls: u.calls}
	w.stmts(tree.Stmts)
}

func (r *reader) isPredeclared(name string) bool { return r.predeclared.Has("$" + name) }

// parseErrors says what the parser's only error means to somebody who comes
// from HCL or Python.
func parseErrors(err error, src []byte) diag.List {
	var e syntax.Error
	if !errors.As(err, &e) {
		return diag.List{{Msg: err.Error()}}
	}
	const wantValue = "want primary expression" // as the parser says it
	d := diag.Diag{Pos: position(e.Pos), Msg: strings.Replace(e.Msg, wantValue, "want a value", 1)}
	line := lineOf(src, d.Pos.Line)
	if strings.HasPrefix(e.Msg, "got ") && !strings.Contains(e.Msg, wantValue) {
		d.Pos.Col = tokenStart(line, d.Pos.Col) // the parser stands behind what it complains about
	}
	whole := strings.HasPrefix(e.Msg, "got ") // what is read is no text without an end, nor too deep
	if astray := diag.Astray(brackets(d.Pos.File, src)); whole && astray != nil && astray.Pos.Line <= d.Pos.Line {
		return diag.List{*astray}
	}
	word := wordAt(line, d.Pos.Col)
	behind := strings.TrimSpace(string([]rune(line)[:min(max(d.Pos.Col-1, 0), len([]rune(line)))])) // what stands before the place
	first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	for _, h := range syntaxHints {
		if h.word == word || h.word == first {
			return append(diag.List{}, *d.Hintf("%s", h.hint))
		}
	}
	switch {
	case strings.HasPrefix(d.Msg, "invalid escape sequence"):
		d.Hintf(`a backslash is written \\; in r"…" it stands for itself`)
	case d.Msg == "unexpected input character '?'":
		d.Hintf("a choice is written this if condition else that")
	case d.Msg == "got '=', want ':'":
		d.Hintf(`a map is written {"KEY": value}, with the keys in quotes where they are text`)
	case strings.HasPrefix(e.Msg, "got string literal") && (strings.HasSuffix(d.Msg, "want '}'") || strings.HasSuffix(d.Msg, "want ']'") || strings.HasSuffix(d.Msg, "want ')'")) && behind != "" && !ir.IsIdent(behind):
		d.Hintf("a comma may be missing before this")
	case strings.Contains(line, `f"`) || strings.Contains(line, `f'`):
		d.Hintf(`there are no f-strings: write "…%%s…" %% x, or "…{}…".format(x)`)
	case strings.Contains(d.Msg, "does not associate"):
		d.Hintf("comparisons do not chain: write 1 <= x and x <= 9")
	case strings.Contains(line, "${"):
		d.Hintf(`text is put together with +, "…%%s…" %% x, or "…{}…".format(x)`)
	case strings.Contains(e.Msg, wantValue) && strings.Contains(d.Msg, "newline"):
		d.Hintf("the line ends too early; an expression goes on over lines only within brackets")
	case strings.HasPrefix(e.Msg, "got string literal") && ir.IsIdent(first) && strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), first)), `"`):
		d.Hintf("a declaration is a call here: %s(…)", first)
	case strings.HasPrefix(line, "(") && strings.HasPrefix(e.Msg, "got '='"):
		d.Hintf("a declaration is a call: its name is missing before the bracket")
	case strings.HasPrefix(e.Msg, "excessive nesting"):
		d.Msg = "the program is nested too deeply here"
		d.Hintf("give what is within a name of its own: x = …")
	case strings.Contains(d.Msg, "newline in string"):
		d.Hintf("the text that begins here is not closed on this line; text of many lines stands between three quotes")
	case d.Msg == "got indent, want a value":
		d.Msg = "the line begins with spaces that nothing asks for"
		d.Hintf("a statement goes on over lines only within brackets: is a ( missing at the end of the line above?")
	case d.Msg == "got newline, want ':'":
		if d.Pos.Col == 1 { // the parser stands behind the line's end
			d.Pos.Line--
			code, _, _ := strings.Cut(lineOf(src, d.Pos.Line), "#")
			d.Pos.Col = utf8.RuneCountInString(strings.TrimRight(code, " ")) + 1
		}
		d.Hintf("this line has to end with a colon")
	case strings.HasSuffix(d.Msg, "want indent"):
		d.Hintf("what belongs to the line above is indented by 4 spaces")
	case strings.HasPrefix(d.Msg, "got ':'"):
		d.Hintf("an argument is written name = value")
	case strings.HasSuffix(d.Msg, "want ','"), strings.HasSuffix(d.Msg, "want ')'"), strings.HasSuffix(d.Msg, "want ']'"), strings.HasSuffix(d.Msg, "want '}'"):
		d.Hintf("a comma, an operator or a closing bracket is missing before this")
	case strings.Contains(e.Msg, wantValue):
		d.Hintf("a value is missing before this")
	}
	return diag.List{d}
}

// brackets returns those of a file that stand outside of text and comments.
func brackets(name string, src []byte) []diag.Bracket {
	var out []diag.Bracket
	quote := "" // that closes the text we are in
	for n, line := range strings.Split(string(src), "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		rest := []rune(line)
		for i := 0; i < len(rest); i++ {
			c, ahead := rest[i], string(rest[i:min(i+3, len(rest))])
			switch {
			case quote != "" && c == '\\':
				i++
			case quote != "" && strings.HasPrefix(ahead, quote):
				i += len(quote) - 1
				quote = ""
			case quote != "":
			case ahead == `"""` || ahead == "'''":
				quote = ahead
				i += 2
			case c == '"' || c == '\'':
				quote = string(c)
			case c == '#':
				i = len(rest)
			case strings.ContainsRune("([{)]}", c):
				out = append(out, diag.Bracket{Pos: diag.Pos{File: name, Line: n + 1, Col: i + 1}, Char: c, Indent: indent, First: i == indent})
			}
		}
		if len(quote) == 1 {
			quote = "" // such a text ends with its line
		}
	}
	return out
}

// tokenStart returns the column of the word or string that ends before a column.
func tokenStart(line string, col int) int {
	runes := []rune(line)
	if col < 2 || col > len(runes)+1 {
		return col
	}
	i := col - 2
	switch last := runes[i]; {
	case last == '"' || last == '\'':
		for i--; i >= 0 && runes[i] != last; i-- {
		}
		return max(i, 0) + 1
	case inWord(last):
		for i > 0 && inWord(runes[i-1]) {
			i--
		}
		return i + 1
	}
	return col
}

func inWord(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) }

// syntaxHints are words that another language has.
var syntaxHints = []struct{ word, hint string }{
	{"import", `functions of another file come with load("./lib/x.star", "f")`},
	{"from", `functions of another file come with load("./lib/x.star", "f")`},
	{"class", "there are no classes: use functions and dicts"},
	{"try", "nothing catches a mistake here: ask before (x != None, k in m), or take m.get(k, default) or getattr(x, name, default)"},
	{"except", "there are no exceptions: an error ends the evaluation, with its position"},
	{"raise", "write fail(\"…\")"},
	{"with", "there is no with"},
	{"is", "write =="},
	{"yield", "return a list"},
	{"global", "a function returns what it makes; it cannot assign the file's names"},
	{"nonlocal", "a function returns what it makes; it cannot assign another one's names"},
	{"del", "write d.pop(key)"},
	{"async", "there is nothing to wait for: a program only says what shall be"},
	{"await", "there is nothing to wait for: a program only says what shall be"},
}

func lineOf(src []byte, n int) string {
	lines := strings.SplitN(string(src), "\n", n+1)
	if n < 1 || n > len(lines) {
		return ""
	}
	return lines[n-1]
}

// wordAt returns the word that starts at a column, which counts characters.
func wordAt(line string, col int) string {
	runes := []rune(line)
	if col < 1 || col > len(runes) {
		return ""
	}
	rest := string(runes[col-1:])
	end := strings.IndexFunc(rest, func(c rune) bool { return !inWord(c) })
	if end < 0 {
		end = len(rest)
	}
	return rest[:end]
}

// unnamed is what the resolver says of mounts [x] for mounts = [x].
const unnamed = "positional argument may not follow named"

// resolveErrors turns the resolver's errors, which it gives all at once, into
// messages. lost are the names that mean nothing, if there is no other error.
func (r *reader) resolveErrors(err error, tree *syntax.File, globals map[string]bool) (out diag.List, lost []string) {
	var list resolve.ErrorList
	if !errors.As(err, &list) {
		return diag.List{{Msg: err.Error()}}, nil
	}
	for _, e := range list {
		d := diag.Diag{Pos: position(e.Pos), Msg: e.Msg}
		if e.Msg != unnamed && slices.ContainsFunc(list, func(o resolve.Error) bool { return o.Pos == e.Pos && o.Msg == unnamed }) {
			continue // the name is that of an argument, as that one says
		}
		if name, ok := strings.CutPrefix(e.Msg, "undefined: "); ok {
			name, _, _ = strings.Cut(name, " ")
			if !globals[name] {
				lost = append(lost, name)
			}
			d.Msg = fmt.Sprintf("nothing has the name %q", name)
			r.suggest(&d, name, globals)
			if globals[name] && inOwn(tree, name, e.Pos) {
				d.Hint = "it is what this statement makes; a rule about it is a function of it: rule(lambda v: v > 0, \"…\")"
			}
		} else if e.Msg == unnamed {
			d.Hint = "perhaps a = is missing: an argument is written name = value"
		} else if name, ok := strings.CutPrefix(e.Msg, "keyword argument "); ok && strings.HasSuffix(name, " is repeated") {
			d.Msg = strings.Trim(strings.TrimSuffix(name, " is repeated"), `"`) + " is set twice in this call"
			d.Hint = "take one of them away"
		} else if strings.Contains(e.Msg, "while") {
			d.Msg = "there is no while, so that every program ends"
			d.Hint = "write for i in range(n)"
		}
		out = append(out, d)
	}
	if len(lost) < len(list) {
		return out, nil
	}
	return out, lost
}

// inOwn reports whether a position is within the statement that assigns a name.
func inOwn(tree *syntax.File, name string, at syntax.Position) bool {
	var last syntax.Stmt
	for _, s := range tree.Stmts {
		if start, _ := s.Span(); start.Line > at.Line || start.Line == at.Line && start.Col > at.Col {
			break
		}
		last = s
	}
	assign, ok := last.(*syntax.AssignStmt)
	if !ok {
		return false
	}
	id, ok := assign.LHS.(*syntax.Ident)
	return ok && id.Name == name
}

// words says what names of other languages are here.
var words = map[string]string{
	"true":       "write True",
	"false":      "write False",
	"string":     `a type is text: type = "string"`,
	"number":     `a type is text: type = "number"`,
	"object":     `a type is text: type = "object({ name = string })"`,
	"null":       "write None",
	"nil":        "write None",
	"var":        `a variable is what variable("x") returned: x = variable("x")`,
	"local":      "a local value is a name: x = 1",
	"locals":     "a local value is a name: x = 1",
	"each":       "write a loop: for x in xs",
	"data":       "there are no data sources: an existing object is used by its name",
	"path":       "relative paths start at the module's directory",
	"sum":        "write fn.sum(x)",
	"map":        "write a comprehension: [f(x) for x in xs]",
	"filter":     "write a comprehension: [x for x in xs if f(x)]",
	"open":       "write file(path)",
	"isinstance": "write type(x) == \"string\"",
	"assert":     `write check("NAME", condition, "what is wrong where it does not hold")`,
	"can":        "nothing catches a mistake here: ask before (x != None, k in m), or take m.get(k, default) or getattr(x, name, default)",
	"sensitive":  "a variable or an output says sensitive = True, and what is made of it is sensitive too",
	"library":    `functions of another file come with load("./lib/x.star", "f")`,
	"service":    `write container("web", image = …)`,
	"json":       "write jsonencode(x) or jsondecode(text)",
	"os":         `there is no environment but what is passed in: x = variable("x"), and BAY_VAR_x in the environment`,
	"env":        `there is no environment but what is passed in: x = variable("x"), and BAY_VAR_x in the environment`,
	"getenv":     `there is no environment but what is passed in: x = variable("x"), and BAY_VAR_x in the environment`,
	"timestamp":  "evaluation is pure, so that the same files always give the same plan: pass the value in as a variable",
	"time":       "evaluation is pure, so that the same files always give the same plan: pass the value in as a variable",
	"uuid":       "evaluation is pure, so that the same files always give the same plan: pass the value in as a variable",
	"random":     "evaluation is pure, so that the same files always give the same plan: pass the value in as a variable",
}

func (r *reader) suggest(d *diag.Diag, name string, globals map[string]bool) {
	if globals[name] {
		d.Msg = fmt.Sprintf("%q has no value yet", name)
		d.Hintf("it is assigned further below: move that above this line; what is declared later can refer to what is declared earlier")
		return
	}
	if hint, ok := words[name]; ok {
		d.Hint = hint
		return
	}
	var names []string
	for n := range globals {
		names = append(names, n)
	}
	for n := range r.predeclared {
		if !strings.HasPrefix(n, "$") {
			names = append(names, n)
		}
	}
	names = append(names, starlark.Universe.Keys()...)
	if kind, ok := strings.CutPrefix(name, "docker_"); ok {
		d.Hintf("a resource is what its declaration returned: x = %s(…)", kind)
	}
	if d.DidYouMean(name, names); d.Hint == "" {
		d.Hintf("if it is meant as text, write %q", name)
	}
}
