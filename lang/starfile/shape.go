package starfile

import (
	"bayplan/lang/diag"

	"go.starlark.net/syntax"
)

// shape says where a value and its parts were written, as far as the source
// shows it: elements of literals have a place each. It is read before the tree
// is rewritten. A nil shape knows nothing.
type shape struct {
	pos   diag.Pos
	elems []*shape          // of a list literal
	keys  map[string]*shape // of a dict literal, and of dict(k = v)
	each  *shape            // of a comprehension: one place for all
}

func (s *shape) at() diag.Pos {
	if s == nil {
		return diag.Pos{}
	}
	return s.pos
}

func (s *shape) elem(i int) *shape {
	switch {
	case s == nil:
		return nil
	case i < len(s.elems):
		return s.elems[i]
	}
	return s.each
}

func (s *shape) key(k string) *shape {
	switch {
	case s == nil:
		return nil
	case s.keys[k] != nil:
		return s.keys[k]
	}
	return s.each
}

func shapeOf(e syntax.Expr) *shape {
	s := &shape{pos: position(syntax.Start(e))}
	switch e := e.(type) {
	case *syntax.ParenExpr:
		return shapeOf(e.X)
	case *syntax.ListExpr:
		s.elems = shapesOf(e.List)
	case *syntax.TupleExpr:
		s.elems = shapesOf(e.List)
	case *syntax.DictExpr:
		s.keys = map[string]*shape{}
		for _, entry := range e.List {
			entry := entry.(*syntax.DictEntry)
			if k, ok := entry.Key.(*syntax.Literal); ok && k.Token == syntax.STRING {
				s.keys[k.Value.(string)] = shapeOf(entry.Value)
			}
		}
	case *syntax.Comprehension:
		s.each = shapeOf(e.Body)
		if entry, ok := e.Body.(*syntax.DictEntry); ok {
			s.each = shapeOf(entry.Value)
		}
	case *syntax.CallExpr:
		if fn, ok := e.Fn.(*syntax.Ident); ok && fn.Name == "dict" {
			s.keys = map[string]*shape{}
			for _, a := range e.Args {
				if name, value, ok := keyword(a); ok {
					s.keys[name.Name] = shapeOf(value)
				}
			}
		}
	}
	return s
}

func shapesOf(list []syntax.Expr) []*shape {
	shapes := make([]*shape, len(list))
	for i, e := range list {
		shapes[i] = shapeOf(e)
	}
	return shapes
}

// keyword returns the parts of an argument f(name = value).
func keyword(arg syntax.Expr) (name *syntax.Ident, value syntax.Expr, ok bool) {
	b, ok := arg.(*syntax.BinaryExpr)
	if !ok || b.Op != syntax.EQ {
		return nil, nil, false
	}
	name, ok = b.X.(*syntax.Ident)
	return name, b.Y, ok
}

// call says where a call and its arguments were written.
type call struct {
	fn     string   // the called name, or ""
	pos    diag.Pos // where it starts, of a method its name
	args   []*shape // the positional ones, before any *args
	named  map[string]arg
	spread *shape // of *args or **kwargs; nil if there are none
}

type arg struct {
	pos   diag.Pos // of the name
	value *shape
}

func callOf(e *syntax.CallExpr) *call {
	c := &call{pos: position(syntax.Start(e)), named: map[string]arg{}}
	switch fn := e.Fn.(type) {
	case *syntax.Ident:
		c.fn = fn.Name
	case *syntax.DotExpr:
		c.pos = position(fn.Name.NamePos)
	}
	for _, a := range e.Args {
		if name, value, ok := keyword(a); ok {
			c.named[name.Name] = arg{position(name.NamePos), shapeOf(value)}
		} else if u, ok := a.(*syntax.UnaryExpr); ok && (u.Op == syntax.STAR || u.Op == syntax.STARSTAR) {
			c.spread = &shape{pos: position(u.OpPos)}
		} else if c.spread == nil {
			c.args = append(c.args, shapeOf(a))
		}
	}
	return c
}

func position(p syntax.Position) diag.Pos {
	if !p.IsValid() {
		return diag.Pos{}
	}
	return diag.Pos{File: p.Filename(), Line: int(p.Line), Col: int(p.Col)}
}
