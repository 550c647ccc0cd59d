package starfile

import (
	"fmt"

	"bayplan/lang/diag"

	"go.starlark.net/syntax"
)

// Starlark has no hook for ==, in, truth and text made with %, and would
// decide on a value that only the engine knows without a word. So the tree is
// rewritten before names are resolved: each operator becomes a call of a
// function whose name, such as "$==", no program can write. The call stands at
// the operator's place, and so does an error in it.
//
// What the functions do is in ops.go. They are the language's own wherever no
// such value takes part.

// rewriter rewrites one file.
type rewriter struct {
	calls map[diag.Pos]*call // by left parenthesis
}

// tooDeep returns the first node of a tree that stands within too many others,
// or nil. Whoever walks a tree afterwards need not fear for the stack.
func tooDeep(tree *syntax.File) syntax.Node {
	var found syntax.Node
	depth := 0
	syntax.Walk(tree, func(n syntax.Node) bool {
		switch {
		case n == nil:
			depth--
		case found == nil:
			if depth++; depth > maxTree {
				found = n
			}
		}
		return found == nil
	})
	return found
}

func (w *rewriter) stmts(list []syntax.Stmt) {
	for i, s := range list {
		list[i] = w.stmt(s)
	}
}

func (w *rewriter) stmt(s syntax.Stmt) syntax.Stmt {
	switch s := s.(type) {
	case *syntax.AssignStmt:
		return w.assign(s)
	case *syntax.DefStmt:
		w.params(s.Params)
		w.stmts(s.Body)
	case *syntax.ExprStmt:
		s.X = w.expr(s.X)
	case *syntax.ForStmt:
		s.X = w.wrap("$(for)", s.X)
		w.target(s.Vars)
		w.stmts(s.Body)
	case *syntax.WhileStmt:
		s.Cond = w.condition(s.Cond)
		w.stmts(s.Body)
	case *syntax.IfStmt:
		s.Cond = w.condition(s.Cond)
		w.stmts(s.True)
		w.stmts(s.False)
	case *syntax.ReturnStmt:
		if s.Result != nil {
			s.Result = w.expr(s.Result)
		}
	case *syntax.BranchStmt, *syntax.LoadStmt:
	default:
		panic(fmt.Sprintf("starfile: statement of type %T", s))
	}
	return s
}

// assign rewrites x += y to x = $+=(x, y) and x[i] += y to a call that does
// all of it, so that x and i are evaluated once.
func (w *rewriter) assign(s *syntax.AssignStmt) syntax.Stmt {
	rhs := w.expr(s.RHS)
	if s.Op == syntax.EQ {
		w.target(s.LHS)
		s.RHS = rhs
		return s
	}
	switch x := unparen(s.LHS).(type) {
	case *syntax.Ident:
		read := &syntax.Ident{NamePos: x.NamePos, Name: x.Name}
		s.RHS = invoke("$"+s.Op.String(), s.OpPos, read, rhs)
		s.Op = syntax.EQ
		return s
	case *syntax.IndexExpr:
		return &syntax.ExprStmt{X: invoke("$[]"+s.Op.String(), s.OpPos, w.expr(x.X), w.expr(x.Y), rhs)}
	}
	w.target(s.LHS)
	s.RHS = rhs
	return s
}

// target rewrites what stands within the left side of an assignment.
func (w *rewriter) target(e syntax.Expr) {
	switch e := e.(type) {
	case *syntax.ParenExpr:
		w.target(e.X)
	case *syntax.ListExpr:
		w.targets(e.List)
	case *syntax.TupleExpr:
		w.targets(e.List)
	case *syntax.IndexExpr:
		e.X, e.Y = w.expr(e.X), w.expr(e.Y)
	case *syntax.DotExpr:
		e.X = w.expr(e.X)
	}
}

func (w *rewriter) targets(list []syntax.Expr) {
	for _, e := range list {
		w.target(e)
	}
}

// params rewrites the defaults of parameters.
func (w *rewriter) params(params []syntax.Expr) {
	for _, p := range params {
		if b, ok := p.(*syntax.BinaryExpr); ok && b.Op == syntax.EQ {
			b.Y = w.expr(b.Y)
		}
	}
}

func (w *rewriter) exprs(list []syntax.Expr) {
	for i, e := range list {
		list[i] = w.expr(e)
	}
}

func (w *rewriter) expr(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.BinaryExpr:
		return w.binary(e)
	case *syntax.CallExpr:
		w.call(e)
	case *syntax.Comprehension:
		w.comprehension(e)
	case *syntax.CondExpr:
		e.Cond, e.True, e.False = w.condition(e.Cond), w.expr(e.True), w.expr(e.False)
	case *syntax.DictEntry:
		e.Key, e.Value = w.expr(e.Key), w.expr(e.Value)
	case *syntax.DictExpr:
		w.exprs(e.List)
	case *syntax.DotExpr:
		at := e.Name.NamePos
		name := &syntax.Literal{Token: syntax.STRING, TokenPos: at, Raw: e.Name.Name, Value: e.Name.Name}
		return invoke("$.", at, w.expr(e.X), name)
	case *syntax.IndexExpr:
		e.X, e.Y = w.expr(e.X), w.expr(e.Y)
	case *syntax.LambdaExpr:
		w.params(e.Params)
		e.Body = w.expr(e.Body)
	case *syntax.ListExpr:
		w.exprs(e.List)
	case *syntax.ParenExpr:
		e.X = w.expr(e.X)
	case *syntax.SliceExpr:
		w.slice(e)
	case *syntax.TupleExpr:
		w.exprs(e.List)
	case *syntax.UnaryExpr:
		if e.X == nil {
			return e // a lone * among parameters
		}
		switch e.Op {
		case syntax.NOT:
			e.X = w.condition(e.X)
		case syntax.STAR: // f(*x)
			e.X = w.wrap("$(spread)", e.X)
		default:
			e.X = w.expr(e.X)
		}
	case *syntax.Ident, *syntax.Literal:
	default:
		panic(fmt.Sprintf("starfile: expression of type %T", e))
	}
	return e
}

func (w *rewriter) binary(e *syntax.BinaryExpr) syntax.Expr {
	switch e.Op {
	case syntax.AND, syntax.OR:
		e.X, e.Y = w.condition(e.X), w.expr(e.Y)
		return e
	case syntax.EQL, syntax.NEQ, syntax.LT, syntax.GT, syntax.LE, syntax.GE,
		syntax.IN, syntax.NOT_IN, syntax.PERCENT, syntax.PLUS, syntax.STAR, syntax.LTLT:
		return invoke("$"+e.Op.String(), e.OpPos, w.expr(e.X), w.expr(e.Y))
	}
	e.X, e.Y = w.expr(e.X), w.expr(e.Y)
	return e
}

func (w *rewriter) call(e *syntax.CallExpr) {
	w.calls[position(e.Lparen)] = callOf(e)
	e.Fn = w.expr(e.Fn)
	for i, a := range e.Args {
		if _, _, ok := keyword(a); ok {
			b := a.(*syntax.BinaryExpr)
			b.Y = w.expr(b.Y)
			continue
		}
		e.Args[i] = w.expr(a)
	}
}

func (w *rewriter) comprehension(e *syntax.Comprehension) {
	for _, c := range e.Clauses {
		switch c := c.(type) {
		case *syntax.ForClause:
			w.target(c.Vars)
			c.X = w.wrap("$(for)", c.X)
		case *syntax.IfClause:
			c.Cond = w.condition(c.Cond)
		}
	}
	e.Body = w.expr(e.Body)
}

func (w *rewriter) slice(e *syntax.SliceExpr) {
	e.X = w.wrap("$(slice)", e.X)
	for _, x := range []*syntax.Expr{&e.Lo, &e.Hi, &e.Step} {
		if *x != nil {
			*x = w.expr(*x)
		}
	}
}

// condition rewrites an expression on whose truth something is decided.
func (w *rewriter) condition(e syntax.Expr) syntax.Expr { return w.wrap("$(truth)", e) }

func (w *rewriter) wrap(fn string, e syntax.Expr) syntax.Expr {
	at := syntax.Start(e)
	return invoke(fn, at, w.expr(e))
}

func invoke(fn string, at syntax.Position, args ...syntax.Expr) syntax.Expr {
	// The name stands where the first operand starts, so that the call has
	// the same start as the operation had.
	start := at
	if len(args) > 0 {
		start = syntax.Start(args[0])
	}
	return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: start, Name: fn}, Lparen: at, Args: args, Rparen: at}
}

func unparen(e syntax.Expr) syntax.Expr {
	for {
		p, ok := e.(*syntax.ParenExpr)
		if !ok {
			return e
		}
		e = p.X
	}
}

// shadow makes a file's own global start with the value of the predeclared
// name that it takes, so that network = network("back") works. It returns
// where each such name is taken first.
func shadow(f *syntax.File, predeclared func(string) bool) map[string]syntax.Position {
	taken := map[string]syntax.Position{}
	loaded := map[string]bool{}
	bind := func(id *syntax.Ident) {
		if _, ok := taken[id.Name]; !ok && predeclared(id.Name) {
			taken[id.Name] = id.NamePos
		}
	}
	eachGlobal(f.Stmts, bind, func(id *syntax.Ident) { loaded[id.Name] = true })
	var first []syntax.Stmt
	for _, name := range sortedKeys(taken) {
		if loaded[name] {
			continue
		}
		at := syntax.Start(f.Stmts[0])
		first = append(first, &syntax.AssignStmt{
			OpPos: at, Op: syntax.EQ,
			LHS: &syntax.Ident{NamePos: at, Name: name},
			RHS: &syntax.Ident{NamePos: at, Name: "$" + name},
		})
	}
	f.Stmts = append(first, f.Stmts...)
	return taken
}

// eachGlobal calls bind for each name that statements at top level assign, and
// load for each that is loaded.
func eachGlobal(list []syntax.Stmt, bind, load func(*syntax.Ident)) {
	for _, s := range list {
		switch s := s.(type) {
		case *syntax.AssignStmt:
			eachName(s.LHS, bind)
		case *syntax.DefStmt:
			bind(s.Name)
		case *syntax.ForStmt:
			eachName(s.Vars, bind)
			eachGlobal(s.Body, bind, load)
		case *syntax.IfStmt:
			eachGlobal(s.True, bind, load)
			eachGlobal(s.False, bind, load)
		case *syntax.LoadStmt:
			for _, id := range s.To { // the names that the file itself gets
				load(id)
			}
		}
	}
}

func eachName(e syntax.Expr, f func(*syntax.Ident)) {
	switch e := e.(type) {
	case *syntax.Ident:
		f(e)
	case *syntax.ParenExpr:
		eachName(e.X, f)
	case *syntax.ListExpr:
		for _, x := range e.List {
			eachName(x, f)
		}
	case *syntax.TupleExpr:
		for _, x := range e.List {
			eachName(x, f)
		}
	}
}
