package starfile

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/google/go-cmp/cmp"
)

// tree is a Source in memory: files by their path below /stack.
type tree map[string]string

func (t tree) Open(dir, path string) (schema.File, error) {
	abs := filepath.Join(dir, path)
	rel, err := filepath.Rel("/stack", abs)
	if err != nil || strings.HasPrefix(rel, "..") {
		return schema.File{}, fmt.Errorf("%q leads out of the stack's directory", path)
	}
	src, ok := t[rel]
	if !ok {
		return schema.File{}, fs.ErrNotExist
	}
	return schema.File{Name: rel, Path: abs, Src: []byte(src)}, nil
}

func (t tree) Files(string, string) ([]string, error) { return nil, nil }

// read evaluates main.bay.star of the tree and returns the names of its
// resources with the calls that led to each, and its messages.
func (t tree) read() ([]string, diag.List) {
	b := schema.NewBuilder(loadtest.Universe(), "/stack", "shop")
	f, err := t.Open("/stack", "main.bay.star")
	if err != nil {
		panic(err)
	}
	Read(b, schema.Body{Dir: "/stack", Files: []schema.File{f}}, new(value.Inputs), t)
	var names []string
	for _, r := range b.Finish().Resources {
		names = append(names, fmt.Sprint(r.Name, " ", r.Pos, " ", r.Calls))
	}
	return names, b.Diags
}

func TestLoad(t *testing.T) {
	got, ds := tree{
		"main.bay.star": "load('./lib/web.star', 'web', port = 'PORT')\nload('lib/web.star', again = 'PORT')\nweb('a')\nnetwork('n%d' % (port + again))\n",
		"lib/web.star":  "load('../base.star', 'box')\nPORT = 4\ndef web(name):\n    return box(name)\n",
		"base.star":     "print('once')\ndef box(name):\n    return container(name)\n",
	}.read()
	if diff := cmp.Diff([]string{
		"shop-a base.star:3:12 [{main.bay.star:3:1 web} {lib/web.star:4:12 box}]",
		"shop-n8 main.bay.star:4:1 []",
	}, got); diff != "" {
		t.Error(diff)
	}
	if len(ds) != 1 || ds[0].String() != "base.star:1:1: print: once" {
		t.Errorf("a file that is loaded by two ways runs once: %v", ds)
	}
}

func TestLoadErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		tree tree
		want string // messages, their hints behind ~
	}{
		{"missing", tree{"main.bay.star": "load('./x.star', 'f')\n"},
			`main.bay.star:1:1: cannot load "./x.star": file does not exist`},
		{"outside", tree{"main.bay.star": "load('../x.star', 'f')\n"},
			`main.bay.star:1:1: cannot load "../x.star": "../x.star" leads out of the stack's directory`},
		{"no star", tree{"main.bay.star": "load('./x.py', 'f')\n"},
			`main.bay.star:1:1: cannot load "./x.py": want a .star file ~ a file of functions is loaded by its path: load("./lib/x.star", "f")`},
		{"body", tree{"main.bay.star": "load('./b/main.bay.star', 'f')\n", "b/main.bay.star": ""},
			`main.bay.star:1:1: cannot load "./b/main.bay.star": it is the body of a module ~ move the functions to a file of their own`},
		{"itself", tree{"main.bay.star": "load('./a.star', 'f')\n", "a.star": "load('./a.star', 'f')\n"},
			`a.star:1:1: files load each other in a cycle: a.star → a.star ~ move what both need to a third file`},
		{"cycle", tree{"main.bay.star": "load('./a.star', 'f')\n", "a.star": "load('./b.star', 'f')\n", "b.star": "load('./a.star', 'f')\n"},
			`b.star:1:1: files load each other in a cycle: a.star → b.star → a.star ~ move what both need to a third file`},
		{"name", tree{"main.bay.star": "load('./a.star', 'ff')\n", "a.star": "def f(): pass\n"},
			`main.bay.star:1:1: load: name ff not found in module ./a.star`},
		{"private", tree{"main.bay.star": "load('./a.star', '_f')\n", "a.star": ""},
			`main.bay.star:1:19: load: names with leading underscores are not exported: _f`},
		{"syntax", tree{"main.bay.star": "load('./a.star', 'f')\n", "a.star": "x = = 1\n"},
			"a.star:1:5: got '=', want a value ~ a value is missing before this"},
		{"declares", tree{"main.bay.star": "load('./a.star', 'f')\n", "a.star": "f = container('x')\n"},
			"a.star:1:5: container(…) while a.star is being loaded: a loaded file brings functions and declares nothing ~ put the call into a function, and call that from main.bay.star"},
		{"frozen", tree{"main.bay.star": "load('./a.star', 'L')\nL.append(1)\n", "a.star": "L = []\n"},
			"main.bay.star:2:3: append: cannot append to frozen list ~ what another file, a variable or a resource gave cannot be changed; make a copy of your own: list(x), dict(x)"},
		{"error within", tree{"main.bay.star": "load('./a.star', 'f')\nf(1)\n", "a.star": "def f(x):\n    return x.y\n"},
			`a.star:2:14: a number has no attribute "y"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, ds := c.tree.read()
			var got []string
			for _, d := range ds {
				s := d.String()
				if d.Hint != "" {
					s += " ~ " + d.Hint
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLimits has programs that would eat all memory or time.
func TestLimits(t *testing.T) {
	const (
		stopped = "evaluation was stopped here: "
		none    = "no message"
	)
	for _, c := range []struct{ name, src, want string }{
		{"steps", "for i in range(1000000000):\n    n = i + 1\n", stopped + "the program takes more than 10 million steps"},
		{"repeat", "x = 'a' * 1000000000\n", "the result would be larger than 8 MiB"},
		{"repeat list", "x = [1] * 1000000000\n", "the result would be larger than 8 MiB"},
		{"double", "x = 'a'\nfor i in range(100):\n    x = x + x\n", "the result would be larger than 8 MiB"},
		{"double in place", "x = 'a'\nfor i in range(100):\n    x += x\n", "the result would be larger than 8 MiB"},
		{"double in a dict", "x = {'a': 'a'}\nfor i in range(100):\n    x['a'] += x['a']\n", "the result would be larger than 8 MiB"},
		{"double list", "x = [1]\nfor i in range(100):\n    x += x\n", "the result would be larger than 8 MiB"},
		{"double by %", "x = 'a'\nfor i in range(100):\n    x = '%s%s' % (x, x)\n", "the result would be larger than 8 MiB"},
		{"double by format", "x = 'a'\nfor i in range(100):\n    x = '{0}{0}'.format(x)\n", "the result would be larger than 8 MiB"},
		{"double by join", "x = 'a'\nfor i in range(100):\n    x = x.join([x, x])\n", "the result would be larger than 8 MiB"},
		{"double by replace", "x = 'aa'\nfor i in range(100):\n    x = x.replace('a', x)\n", "the result would be larger than 8 MiB"},
		{"square", "x = 3\nfor i in range(100):\n    x = x * x\n", "the result would be larger than 8 MiB"},
		{"shift", "x = 1\nfor i in range(1000000):\n    x = x << 500\n", "the result would be larger than 8 MiB"},
		{"digits", "x = int('9' * 3000000)\n", "int: the text has more than 1000 digits"},
		{"shared in text", "x = [1]\nfor i in range(60):\n    x = [x, x]\ny = str(x)\n", "the value is too large for text"},
		{"shared in %", "x = [1]\nfor i in range(60):\n    x = [x, x]\ny = '%s' % [x]\n", "the value is too large for text"},
		{"shared in a resource", "x = [1]\nfor i in range(60):\n    x = [x, x]\ncontainer('a', command = x)\n", "container.a.command: the value is too large: it holds more than 200000 values"},
		{"shared and printed", "x = [1]\nfor i in range(60):\n    x = [x, x]\nprint(x)\n", "print: a list that is too large to show"},
		{"shared and compared", "x = [1]\nfor i in range(60):\n    x = [x, x]\ny = x == [x]\n", none},
		{"within itself", "x = []\nx.append(x)\ny = str(x)\n", "the value is too large for text"},
		{"within itself in a resource", "x = []\nx.append(x)\ncontainer('a', command = x)\n", "container.a.command: the value is nested more than 100 deep"},
		{"long list", "x = list(range(1000000000))\n", "the list is too long"},
		{"long tuple", "x = tuple(range(1000000000))\n", "the list is too long"},
		{"long set", "x = set(range(1000000000))\n", "the list is too long"},
		{"long order", "x = sorted(range(1000000000))\n", "the list is too long"},
		{"long tail", "x = []\nx.extend(range(1000000000))\n", "the list is too long"},
		{"long tail in place", "x = []\nx += range(1000000000)\n", "the result would be larger than 8 MiB"},
		{"long union", "x = set([]).union(range(1000000000))\n", "the list is too long"},
		{"long arguments", "def f(*x): pass\nf(*range(1000000000))\n", "the list is too long"},
		{"long bytes", "x = bytes(range(1000000000))\n", "the list is too long"},
		{"many resources", "for i in range(100000):\n    network('n', key = str(i))\n", "a stack has at most 30000 resources"},
		{"parentheses", "x = " + strings.Repeat("(", 100000), "nested too deeply"},
		{"not", "x = " + strings.Repeat("not ", 200000) + "1", "nest"},
		{"plus", "x = 1" + strings.Repeat("+1", 300000), "nest"},
		{"calls", "x = f" + strings.Repeat("()", 300000), "nest"},
		{"attributes", "x = f" + strings.Repeat(".a", 300000), "nest"},
		{"elements", "x = f" + strings.Repeat("[0]", 300000), "nest"},
		{"minus", "x = " + strings.Repeat("-", 300000) + "1", "nest"},
		{"lambda", "x = " + strings.Repeat("lambda: ", 100000) + "1", "nested too deeply"},
		{"if else", "x = " + strings.Repeat("1 if 1 else ", 80000) + "1", "nest"},
		{"elif", "if 1:\n  pass\n" + strings.Repeat("elif 1:\n  pass\n", 60000), "nest"},
		{"indent", nestedIfs(1100), "nest"},
		{"size", "x = '" + strings.Repeat("a", 1<<20) + "'", "the file has 1048582 bytes, want at most 1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, ds := tree{"main.bay.star": c.src}.read()
			if c.want == none && len(ds) == 0 {
				return
			}
			if len(ds) != 1 || !strings.Contains(ds[0].Msg, c.want) {
				t.Errorf("got %v, want %q", ds, c.want)
			}
		})
	}
}

func TestMemory(t *testing.T) {
	for _, src := range []string{
		"x = []\nfor i in range(1000000):\n    x.append('a' * 1000000 + str(i))\n",
		"x = {}\nfor i in range(1000000):\n    x[i] = str(i)\n",
	} {
		runtime.GC() // so that what other tests left is not part of the start
		b := schema.NewBuilder(loadtest.Universe(), "/stack", "shop")
		r := newReader(b, new(value.Inputs), tree{}, "/stack")
		b.Spent.Heap -= maxHeap - 8<<20
		r.read([]schema.File{{Name: "f", Path: "/stack/f", Src: []byte(src)}})
		if len(b.Diags) != 1 || b.Diags[0].Pos.Line < 2 || b.Diags[0].Msg != outOfMemory {
			t.Errorf("%s: got %v", src, b.Diags)
		}
	}
}

func nestedIfs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "if 1:\n")
	}
	return b.String()
}

func FuzzRead(f *testing.F) {
	f.Add(prelude)
	f.Add("stack(name = 'a')\nx = [container('w', key = str(i), ports = ['80:80']) for i in range(3)]\n")
	f.Add("load('./x.star', 'f')\nf(1, *[], **{})\n")
	f.Add("def f(a, b = 1, *c, **d):\n    return {a: b}[a] if b not in c else -b\nf(1)\nx = [1]\nx[0] += 2\nx *= 2\n")
	f.Add("variable('x', default = 1, validation = [rule(lambda v: v == 1, '{value}')])\n'%s %d' % (1, 2)\n")
	f.Fuzz(func(t *testing.T, src string) {
		_, ds := tree{"main.bay.star": src, "x.star": "def f(): pass\n"}.read()
		for _, d := range ds {
			if d.Msg == "" {
				t.Errorf("a message without text: %+v", d)
			}
		}
	})
}
