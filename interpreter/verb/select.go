package verb

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Choice says which objects of a stack somebody means.
type Choice struct {
	Stack string
	Kind  string   // "" is every kind
	Runs  bool     // only what runs, whatever its kind
	Words []string // what was written: addresses, their short forms, engine names; none is all of the stack
}

// fits reports whether an object is of the sort that is meant.
func (c Choice) fits(o Object) bool {
	return (c.Kind == "" || o.Addr.Kind == c.Kind) && (o.Runs || !c.Runs)
}

// Unclear is the error of words that do not say which object is meant.
type Unclear struct {
	Msg  string
	Hint string // what could have been meant, one line each; "" where nothing is near

	Several bool // the word means more than one thing, not none
}

func (u *Unclear) Error() string { return u.Msg }

// Select returns what a choice means among the objects that List found, those
// that others need before these, each once. Of an address it returns the one
// object that stands for it, unless another is meant by its name or ID.
func Select(all []Object, c Choice) ([]Object, error) {
	stack := Ordered(slices.DeleteFunc(slices.Clone(all), func(o Object) bool { return o.Stack != c.Stack }))
	wanted := matching(stack, func(o Object) bool { return !o.Twin && c.fits(o) })
	if len(c.Words) == 0 {
		return wanted, nil
	}
	meant := map[int]bool{}
	for _, word := range c.Words {
		found, err := find(wanted, stack, c, word)
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			meant[slices.IndexFunc(stack, func(x Object) bool { return x.Addr == o.Addr && x.ID == o.ID && x.Name == o.Name })] = true
		}
	}
	var out []Object
	for i, o := range stack {
		if meant[i] {
			out = append(out, o)
		}
	}
	return out, nil
}

// One is Select for those who want a single object of one word.
func One(all []Object, c Choice) (Object, error) {
	found, err := Select(all, c)
	switch {
	case err != nil:
		return Object{}, err
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0:
		return Object{}, &Unclear{Msg: fmt.Sprintf("nothing of stack %q is on the engine", c.Stack), Hint: "`bay apply` makes it"}
	case len(c.Words) == 0:
		return Object{}, &Unclear{Msg: "which one is meant?", Hint: "one of " + listed(found)}
	}
	return Object{}, &Unclear{Msg: fmt.Sprintf("%q means %d objects, and one is wanted", c.Words[0], len(found)), Hint: "name one of " + listed(found)}
}

// Declared is Select for what a program declares: where a word is short for
// something that runs and for something that does not, the former is meant, and
// others is the rest.
func Declared(all []Object, c Choice) (found, others []Object, err error) {
	found, err = Select(all, c)
	var unclear *Unclear
	if c.Runs || !errors.As(err, &unclear) || !unclear.Several {
		return found, nil, err
	}
	c.Runs = true
	if run, rerr := Select(all, c); rerr == nil {
		others, err := Select(slices.DeleteFunc(slices.Clone(all), func(o Object) bool { return o.Runs }), Choice{Stack: c.Stack, Words: c.Words})
		if err == nil {
			return run, others, nil
		}
	}
	return nil, nil, err
}

// find returns what one word means. An address counts before an engine's name,
// and both before what is short for an address.
func find(wanted, stack []Object, c Choice, word string) ([]Object, error) {
	text := requoted(word)
	if target, err := ir.ParseTarget(text); err == nil {
		if found := matching(wanted, func(o Object) bool { return target.Covers(o.Addr) }); len(found) > 0 {
			return found, nil
		}
	}
	named := func(o Object) bool { return word == o.Name || isID(word, o.ID) }
	if found := matching(stack, func(o Object) bool { return named(o) && c.fits(o) }); len(found) > 0 {
		return found, nil // perhaps a twin
	}
	if found := matching(wanted, func(o Object) bool { return word == o.Identity.Name }); len(found) > 0 {
		return found, nil
	}
	found := matching(wanted, func(o Object) bool { return slices.Contains(shorts(o.Addr), text) })
	var of []string // declarations that the word is short for
	for _, o := range found {
		base := declaration(o.Addr)
		if strings.Contains(text, "[") { // one of many is asked for
			base = o.Addr.String()
		}
		if !slices.Contains(of, base) {
			of = append(of, base)
		}
	}
	switch len(of) {
	case 0:
		return nil, unknown(wanted, stack, c, word, text)
	case 1:
		return found, nil
	}
	return nil, &Unclear{Msg: fmt.Sprintf("%s could be %s", quoted(word), strings.Join(of, " or ")), Hint: "write the whole address", Several: true}
}

// quoted puts a word between quotes, if it has none of its own.
func quoted(word string) string {
	if strings.ContainsRune(word, '"') {
		return word
	}
	return strconv.Quote(word)
}

// anyKey is a key in an address.
var anyKey = regexp.MustCompile(`\["(?:[^"\\]|\\.)*"\]`)

// declaration is an address without its keys and those of the modules on the way:
// what stands in the program once.
func declaration(a ir.Addr) string { return anyKey.ReplaceAllString(a.String(), "") }

func matching(all []Object, means func(Object) bool) []Object {
	return slices.DeleteFunc(slices.Clone(all), func(o Object) bool { return !means(o) })
}

// isID reports whether a word is an object's ID, or as much of one as others show.
func isID(word, id string) bool { return len(word) >= 12 && strings.HasPrefix(id, word) }

// bareKey is a key that a shell has taken the quotes of.
var bareKey = regexp.MustCompile(`\[([^"\]]+)\]`)

// requoted puts quotes around the keys that have none.
func requoted(word string) string { return bareKey.ReplaceAllString(word, `["$1"]`) }

// shorts are the ways to write an address that leave out what mostly is clear:
// the kind, the modules on the way, the key, and `this`.
func shorts(a ir.Addr) []string {
	var out []string
	for _, a := range []ir.Addr{a, a.Base()} {
		inner := a
		inner.Module = ""
		label := strings.TrimPrefix(inner.String(), a.Kind+".")
		out = append(out, inner.String(), label)
		mods := a.Modules()
		for i := len(mods) - 1; i >= 0; i-- {
			for _, m := range []string{below(mods, i), below(baseLast(mods), i)} {
				out = append(out, m+"."+label)
				if a.Label == "this" {
					out = append(out, m)
				}
			}
		}
	}
	return out
}

// Short is the shortest way to write an address that tells it from others of its
// kind: without the kind, the words module, and `this`.
func Short(a ir.Addr) string {
	inner := a
	inner.Module = ""
	label := strings.TrimPrefix(inner.String(), a.Kind+".")
	mods := a.Modules()
	switch {
	case len(mods) == 0:
		return label
	case label == "this":
		return below(mods, 0)
	}
	return below(mods, 0) + "." + label
}

// below is the modules from the i-th on, without the word module.
func below(mods []ir.Addr, i int) string {
	rest := mods[len(mods)-1].Module
	if i > 0 {
		rest = strings.TrimPrefix(rest, mods[i-1].Module+".")
	}
	return strings.ReplaceAll(strings.TrimPrefix(rest, "module."), ".module.", ".")
}

// baseLast is modules, the last one without its key.
func baseLast(mods []ir.Addr) []ir.Addr {
	out := slices.Clone(mods)
	out[len(out)-1] = out[len(out)-1].Base()
	return out
}

// unknown is the error of a word that means nothing. What it means of another
// sort is said.
func unknown(wanted, stack []Object, c Choice, word, text string) error {
	noun := cmp.Or(c.Kind, "object")
	u := &Unclear{Msg: fmt.Sprintf("there is no %s %q in stack %s on the engine", noun, word, c.Stack)}
	if c.Runs {
		u.Msg = fmt.Sprintf("there is nothing that runs at %q in stack %s on the engine", word, c.Stack)
	}
	target, err := ir.ParseTarget(text)
	for _, o := range stack {
		if err == nil && target.Covers(o.Addr) || word == o.Name {
			u.Hint = fmt.Sprintf("%s is there, and is none", o.Addr)
			return u
		}
	}
	var names []string
	for _, o := range wanted {
		names = append(append(names, o.Name, o.Addr.String()), shorts(o.Addr)...)
	}
	switch near := diag.Nearest(text, names); {
	case near != "":
		u.Hint = fmt.Sprintf("did you mean %s?", near)
	case len(wanted) > 0:
		u.Hint = "there is " + listed(wanted)
	default:
		u.Hint = "nothing of the stack is there: `bay apply` makes it"
	}
	return u
}

// mostListed is how many addresses a hint names.
const mostListed = 8

func listed(all []Object) string {
	var names []string
	for _, o := range all[:min(len(all), mostListed)] {
		names = append(names, o.Addr.String())
	}
	if len(all) > mostListed {
		names = append(names, fmt.Sprintf("%d more", len(all)-mostListed))
	}
	return strings.Join(names, ", ")
}

// Ordered returns the objects of one stack so that what others need, as their
// labels say, comes before these; else by address. Labels that go round in a
// circle, which only forged ones do, change nothing but the order.
func Ordered(stack []Object) []Object {
	byAddr := map[ir.Addr][]Object{}
	for _, o := range stack {
		byAddr[o.Addr] = append(byAddr[o.Addr], o)
	}
	var out []Object
	seen := map[ir.Addr]bool{}
	var visit func(ir.Addr)
	visit = func(a ir.Addr) {
		if seen[a] {
			return
		}
		seen[a] = true
		for _, o := range byAddr[a] {
			for _, d := range o.Identity.Deps {
				visit(d)
			}
		}
		out = append(out, byAddr[a]...)
	}
	for _, a := range slices.SortedFunc(func(yield func(ir.Addr) bool) {
		for a := range byAddr {
			if !yield(a) {
				return
			}
		}
	}, ir.Addr.Compare) {
		visit(a)
	}
	return out
}

// markTwins marks, of several objects at one address of a stack, all but the one
// that stands for it: that which bears the name it was made to have, else one
// that runs, else the newest. In the middle of a replacement that is the one
// that the engine's name server tells of. A copy that somebody made of a
// container, labels and all, has another name, and is a twin of it too.
func markTwins(all []Object) {
	type place struct {
		stack string
		addr  ir.Addr
	}
	best := map[place]int{}
	for i, o := range all {
		if o.Once {
			continue // it never stands for it
		}
		p := place{o.Stack, o.Addr}
		b, some := best[p]
		if !some || stands(o, all[b]) > 0 {
			best[p] = i
		}
	}
	for i := range all {
		all[i].Twin = all[i].Once || best[place{all[i].Stack, all[i].Addr}] != i
	}
}

// stands is above 0 if a stands for the address rather than b.
func stands(a, b Object) int {
	rank := func(is bool) int {
		if is {
			return 1
		}
		return 0
	}
	return cmp.Or(
		rank(a.Name == a.Identity.Name)-rank(b.Name == b.Identity.Name),
		rank(a.Status == running)-rank(b.Status == running),
		cmp.Compare(a.Created, b.Created),
		strings.Compare(b.ID, a.ID),
	)
}

// running is the engine's word for what runs.
const running = "running"

// Stacks returns the names of the stacks that objects are of, in order.
func Stacks(all []Object) []string {
	var names []string
	for _, o := range all {
		names = append(names, o.Stack)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Moved returns objects at the addresses that a program has for them: now tells
// that of what was made at another.
func Moved(all []Object, stack string, now func(ir.Addr) ir.Addr) []Object {
	out := slices.Clone(all)
	for i, o := range out {
		if o.Stack != stack {
			continue
		}
		out[i].Addr = now(o.Addr)
		out[i].Identity.Deps = slices.Clone(o.Identity.Deps)
		for n, d := range o.Identity.Deps {
			out[i].Identity.Deps[n] = now(d)
		}
	}
	markTwins(out)
	return out
}
