package starfile

import (
	"fmt"
	"strings"
	"testing"

	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"
)

// prelude declares what the expressions below name: u is text that only an
// engine knows, n is a number of that sort within a list, s and k are
// sensitive.
const prelude = `stack(name = "shop")
s = variable("s", type = "string", default = "Secret", sensitive = True)
k = variable("k", type = "number", default = 7, sensitive = True)
m = variable("m", type = "map(string)", default = {"a": "x"}, sensitive = True)
l = variable("l", type = "list(string)", default = ["x", "y"], sensitive = True)
o = variable("o", type = "object({a = string})", default = {"a": "x"})
net = network("back")
db = container("db", networks = [net], ports = ["80:80", "90"], env = {"A": "1"})
no = container("no", enabled = False)
u = db.ip
d = {"a": 1}
`

// evaluate returns what becomes of an expression: "= VALUE", or "COL: MESSAGE"
// of the first error, its column counted from the expression's start.
func evaluate(expr string) string {
	const head = `output("x", `
	line := strings.Count(prelude, "\n") + 1
	src := prelude + head + expr + ")\n"
	p, ds := loadtest.Read(Read, schema.File{Name: "f", Path: "/stack/f", Src: []byte(src)}, nil)
	for _, d := range ds {
		if d.Warning {
			continue
		}
		col := d.Pos.Col - len(head)
		if d.Pos.Line != line {
			return fmt.Sprintf("line %d, not %d: %s", d.Pos.Line, line, d.Msg)
		}
		return fmt.Sprintf("%d: %s", col, d.Msg)
	}
	return "= " + p.Outputs[0].Value.Show()
}

const (
	onU = "container.db.ip is known only to a running engine, so %s cannot depend on it"
	onS = "%s cannot depend on a sensitive value"
)

// TestUndecided has a case for each way in which Starlark by itself would
// decide on such a value without a word, show it, or speak of something else.
func TestUndecided(t *testing.T) {
	comparison, condition := fmt.Sprintf(onU, "a comparison"), fmt.Sprintf(onU, "a condition")
	for _, c := range []struct{ expr, want string }{
		// operators that make text
		{`"a" + u`, `= a${container.db.ip}`},
		{`u + "a"`, `= ${container.db.ip}a`},
		{`"a" + u + "b" + u`, `= a${container.db.ip}b${container.db.ip}`},
		{`"%s" % u`, `= ${container.db.ip}`},
		{`"%s:%d/%s" % (u, 80, "x")`, `= ${container.db.ip}:80/x`},
		{`"%(a)s" % {"a": u}`, `= ${container.db.ip}`},
		{`"%d%%" % u`, `= ${container.db.ip}%`},
		{`"{}".format(u)`, `= ${container.db.ip}`},
		{`"{0}{1}{0}".format(u, "-")`, `= ${container.db.ip}-${container.db.ip}`},
		{`"{a}{{}}{b!s}".format(a = u, b = 1)`, `= ${container.db.ip}{}1`},
		{`",".join(["a", u])`, `= a,${container.db.ip}`},
		{`u.join(["a", "b"])`, `3: ` + fmt.Sprintf(onU, ".join")},
		{`str(u)`, `= ${container.db.ip}`},
		{`str(u) + "x"`, `= ${container.db.ip}x`},
		{`"%s" % ("a" + u)`, `= a${container.db.ip}`},

		// operators that would decide
		{`u * 2`, `3: ` + fmt.Sprintf(onU, "arithmetic")},
		{`u + 1`, `3: ${container.db.ip} can be added to text alone`},
		{`1 + u`, `3: ${container.db.ip} can be added to text alone`},
		{`u - 1`, `3: ` + fmt.Sprintf(onU, "arithmetic")},
		{`-u`, `1: ` + fmt.Sprintf(onU, "arithmetic")},
		{`u == u`, `3: ` + comparison},
		{`u == "x"`, `3: ` + comparison},
		{`"x" == u`, `5: ` + comparison},
		{`u != "x"`, `3: ` + comparison},
		{`u == None`, `3: ` + comparison},
		{`[u] == ["x"]`, `5: ` + comparison},
		{`{"a": u} == {"a": "x"}`, `10: ` + comparison},
		{`(1, [u]) != (1, ["x"])`, `10: ` + comparison},
		{`u < "x"`, `3: ` + comparison},
		{`"x" >= u`, `5: ` + comparison},
		{`u in ["a"]`, `3: ` + comparison},
		{`u in ("a",)`, `3: ` + comparison},
		{`u in {"a": 1}`, `3: ` + comparison},
		{`u not in ["a"]`, `7: ` + comparison},
		{`"a" in [u, "a"]`, `5: ` + comparison},
		{`"a" in u`, `5: ` + comparison},
		{`u in set(["a"])`, `3: ` + comparison},
		{`"a" in ["a", u]`, `= true`},

		// truth
		{`1 if u else 2`, `6: ` + condition},
		{`not u`, `5: ` + condition},
		{`u and 1`, `1: ` + condition},
		{`u or 1`, `1: ` + condition},
		{`0 or u`, `= ${container.db.ip}`},
		{`0 or u or 1`, `1: ` + condition},
		{`1 if (0 or u) else 2`, `6: ` + condition},
		{`(lambda: 1 if u else 2)()`, `15: ` + condition},
		{`[x for x in [1] if u]`, `20: ` + condition},
		{`{x: 1 for x in ["a"] if u}`, `25: ` + condition},
		{`bool(u)`, `1: ` + fmt.Sprintf(onU, "bool()")},
		{`any([u])`, `1: ` + fmt.Sprintf(onU, "any()")},
		{`all([1, u])`, `1: ` + fmt.Sprintf(onU, "all()")},

		// functions of Starlark
		{`repr(u)`, `1: ` + fmt.Sprintf(onU, "repr()")},
		{`type(u)`, `1: ` + fmt.Sprintf(onU, "type()")},
		{`len(u)`, `1: ` + fmt.Sprintf(onU, "len()")},
		{`hasattr(u, "x")`, `1: ` + fmt.Sprintf(onU, "hasattr()")},
		{`getattr(u, "x", 1)`, `1: a value that only a running engine knows has no attribute "x"`},
		{`dir(u)`, `1: ` + fmt.Sprintf(onU, "dir()")},
		{`int(u)`, `1: ` + fmt.Sprintf(onU, "int()")},
		{`hash(u)`, `1: ` + fmt.Sprintf(onU, "hash()")},
		{`range(u)`, `1: ` + fmt.Sprintf(onU, "range()")},
		{`list(u)`, `1: ` + fmt.Sprintf(onU, "list()")},
		{`list(zip([1], u))`, `6: ` + fmt.Sprintf(onU, "zip()")},
		{`list(zip([1], [u]))[0][1]`, `= ${container.db.ip}`},
		{`list(enumerate([u]))[0][1]`, `= ${container.db.ip}`},
		{`reversed([u, 1])[1]`, `= ${container.db.ip}`},
		{`sorted(["a", u])`, `1: ` + fmt.Sprintf(onU, "sorted()")},
		{`min("a", u)`, `1: ` + fmt.Sprintf(onU, "min()")},
		{`max(["a", u])`, `1: ` + fmt.Sprintf(onU, "max()")},
		{`sorted(["a", "b"], key = lambda x: u)`, `1: ` + comparison},
		{`fail("got", u)`, `1: got ${container.db.ip}`},

		// elements and methods
		{`u[0]`, `2: ` + fmt.Sprintf(onU, "an element")},
		{`u[1:]`, `1: ` + fmt.Sprintf(onU, "a part of it")},
		{`u()`, `1: a value that only a running engine knows cannot be called`},
		{`[x for x in u]`, `13: ` + fmt.Sprintf(onU, "a for")},
		{`{u: 1}`, `3: ` + fmt.Sprintf(onU, "a key")},
		{`d[u]`, `2: ` + fmt.Sprintf(onU, "a key")},
		{`d.get(u)`, `3: ` + fmt.Sprintf(onU, "a key")},
		{`set([u])`, `1: ` + fmt.Sprintf(onU, "a key")},
		{`u.x`, `3: a value that only a running engine knows has no attribute "x"`},
		{`u.upper()`, `3: ` + fmt.Sprintf(onU, ".upper")},
		{`"a".replace("a", u)`, `5: ` + fmt.Sprintf(onU, ".replace")},
		{`"a".startswith(u)`, `5: ` + fmt.Sprintf(onU, ".startswith")},
		{`["a"].index(u)`, `7: ` + comparison},
		{`[u].index("a")`, `5: ` + comparison},
		{`["a"].remove(u)`, `7: ` + comparison},
		{`"%s" % [u]`, `6: a list that holds a value that only a running engine knows cannot stand in text as a whole`},
		{`"%x" % u`, `6: ` + fmt.Sprintf(onU, "%x")},
		{`"%r" % u`, `6: ` + fmt.Sprintf(onU, "%r")},
		{`str([u])`, `1: a list that holds a value that only a running engine knows cannot stand in text as a whole`},
		{`jsonencode({"a": u})`, `18: jsonencode: container.db.ip is known only to a running engine, and the function would have to look into it`},
		{`upper(u)`, `7: upper: container.db.ip is known only to a running engine, and the function would have to look into it`},
		{`fn.join("-", ["a", u])`, `= a-${container.db.ip}`},
		{`fn.format("%s!", u)`, `= ${container.db.ip}!`},

		// sensitive values
		{`s`, `= (sensitive)`},
		{`"a" + s`, `= (sensitive)`},
		{`"%s %d" % (s, k)`, `= (sensitive)`},
		{`"%s" % l`, `= (sensitive)`},
		{`"{}".format(s)`, `= (sensitive)`},
		{`",".join([s, u])`, `= (sensitive)`},
		{`",".join(l)`, `5: a for cannot walk over a sensitive value`},
		{`s.upper()`, `= (sensitive)`},
		{`s.split("c")`, `= (sensitive)`},
		{`s % 1`, `3: % on it fails on a sensitive value`},
		{`"a".replace("a", s)`, `= (sensitive)`},
		{`"a".replace(s, 1)`, `5: .replace fails on a sensitive value`},
		{`upper(s)`, `= (sensitive)`},
		{`fn.split("c", s)`, `4: there is no function "split"`},
		{`str(k)`, `= (sensitive)`},
		{`int(s)`, `1: int fails on a sensitive value`},
		{`int(str(k)) + 1`, `= (sensitive)`},
		{`k * 2`, `= (sensitive)`},
		{`2 - k`, `= (sensitive)`},
		{`-k`, `= (sensitive)`},
		{`k // 0`, `3: // fails on a sensitive value`},
		{`len(s)`, `= (sensitive)`},
		{`bool(s)`, `= (sensitive)`},
		{`type(s)`, `= (sensitive)`},
		{`repr(s)`, `= (sensitive)`},
		{`m["a"]`, `= (sensitive)`},
		{`m.a`, `= (sensitive)`},
		{`m["b"]`, `2: [ ] fails on a sensitive value`},
		{`l[0]`, `= (sensitive)`},
		{`l[k]`, `2: [ ] fails on a sensitive value`},
		{`s == "Secret"`, `3: ` + fmt.Sprintf(onS, "a comparison")},
		{`"Secret" == s`, `10: ` + fmt.Sprintf(onS, "a comparison")},
		{`[s] == ["x"]`, `5: ` + fmt.Sprintf(onS, "a comparison")},
		{`s in ["x"]`, `3: ` + fmt.Sprintf(onS, "a comparison")},
		{`"x" in l`, `5: ` + fmt.Sprintf(onS, "a comparison")},
		{`k > 3`, `3: ` + fmt.Sprintf(onS, "a comparison")},
		{`1 if s else 2`, `6: ` + fmt.Sprintf(onS, "a condition")},
		{`1 if s.startswith("S") else 2`, `6: ` + fmt.Sprintf(onS, "a condition")},
		{`[x for x in l]`, `13: a for cannot walk over a sensitive value`},
		{`{s: 1}`, `3: ` + fmt.Sprintf(onS, "a key")},
		{`s[0:1]`, `1: a sensitive value cannot be cut with [ : ]`},
		{`range(k)`, `1: ` + fmt.Sprintf(onS, "range()")},
		{`any([s])`, `1: ` + fmt.Sprintf(onS, "any()")},
		{`sorted([s])`, `1: ` + fmt.Sprintf(onS, "sorted()")},
		{`fail(s)`, `1: (sensitive)`},
		{`fail([s])`, `1: [(sensitive)]`},

		// resources
		{`"a" + db`, `5: container.db is a resource and cannot stand in text`},
		{`"%s" % db`, `6: container.db is a resource and cannot stand in text`},
		{`"%d" % db`, `6: container.db is a resource and cannot stand in text`},
		{`"{}".format(db)`, `6: container.db is a resource and cannot stand in text`},
		{`",".join([db])`, `5: container.db is a resource and cannot stand in text`},
		{`str(db)`, `1: container.db is a resource and cannot stand in text`},
		{`repr([db])`, `1: container.db is a resource and cannot stand in text`},
		{`str({"a": db})`, `1: container.db is a resource and cannot stand in text`},
		{`db == db`, `= true`},
		{`db == net`, `= false`},
		{`db in [net, db]`, `= true`},
		{`db == "db"`, `4: container.db is a resource and never equals text`},
		{`db == None`, `= false`},
		{`[x for x in db]`, `13: container.db is one resource, and a for walks over many`},
		{`type(db)`, `= container`},
		{`db.nam`, `4: container.db has no attribute "nam"`},
		{`db.id`, `4: container.db has no attribute "id"`},
		{`hasattr(db, "ip")`, `= true`},
		{`hasattr(db, "nope")`, `= false`},
		{`db()`, `1: container.db is a resource and cannot be called`},
		{`{db: 1}[db]`, `= 1`},
		{`upper(db)`, `7: upper: container.db is a resource, and the function takes values`},
		{`db`, `1: output "x" is a resource`},

		// a disabled resource
		{`no`, `= (none)`},
		{`no == None`, `= true`},
		{`None != no`, `= false`},
		{`1 if no else 2`, `= 2`},
		{`no.name`, `4: container.no does not exist, since its ` + "`enabled`" + ` is off`},
		{`"%s" % no`, `6: container.no does not exist, since its ` + "`enabled`" + ` is off`},
		{`[x for x in no]`, `13: container.no does not exist, since its ` + "`enabled`" + ` is off`},

		// what came from outside of the program answers to both
		{`db.ports[0].host`, `= 80`},
		{`db.ports[0]["container"]`, `= 80`},
		{`db.ports[1].host`, `13: the map has no element "host"`},
		{`db.env["A"]`, `= 1`},
		{`db.env.A`, `= 1`},
		{`sorted(db.ports[0].keys())`, `= [container, host]`},
		{`[k for k in db.env]`, `= [A]`},
		{`len(db.ports)`, `= 2`},
		{`db.env == {"A": "1"}`, `= true`},
		{`{"A": "1"} == db.env`, `= true`},
		{`[db.env] == [{"A": "1"}]`, `= true`},
		{`{"x": db.env} == {"x": {"A": "1"}}`, `= true`},
		{`(db.env, no) == ({"A": "1"}, None)`, `= true`},
		{`db.env != {"A": "2"}`, `= true`},
		{`{"A": "1"} in [db.env]`, `= true`},
		{`"A" in db.env`, `= true`},
		{`db.env | {"B": "2"}`, `= {A: 1, B: 2}`},
		{`{"B": "2"} | db.env`, `= {A: 1, B: 2}`},
		{`dict(db.env, C = "3")`, `= {A: 1, C: 3}`},
		{`dict(**db.env)`, `= {A: 1}`},
		{`o.a + o["a"]`, `= xx`},
		{`type(o)`, `= dict`},
		{`o.b`, `3: the map has no element "b"`},

		// Starlark as ever
		{`"a" + "b"`, `= ab`},
		{`[1] + [2]`, `= [1, 2]`},
		{`(1,) + (2,)`, `= [1, 2]`},
		{`2 * 3 + 1`, `= 7`},
		{`"a" * 3`, `= aaa`},
		{`[1] * 2`, `= [1, 1]`},
		{`7 % 4`, `= 3`},
		{`7 / 2`, `= 3.5`},
		{`6 / 2`, `= 3`},
		{`"%s %r %d %x %o %c %%" % ("a", "b", 1, 255, 8, "c")`, `= "a \"b\" 1 ff 10 c %"`},
		{`"%s" % ((1, 2),)`, `= "(1, 2)"`},
		{`"%s" % 1.0`, `= 1`},
		{`"%f" % 1.5`, `= 1.500000`},
		{`"%s %s" % (1, )`, `9: %: the text asks for more values than the 1 given`},
		{`"%s" % (1, 2)`, `6: %: the text asks for 1 values, and 2 are given`},
		{`"%d" % "a"`, `6: %: %d format requires integer: cannot convert string to int`},
		{`"%"  % 1`, `6: %: the text ends in a lone %`},
		{`"%(b)s" % {"a": 1}`, `9: %: the map has no key "b"`},
		{`"{} {}".format(1)`, `9: format: the text asks for more values than the 1 given`},
		{`"{a}".format(b = 1)`, `7: format: no value is given for {a}`},
		{`"}".format()`, `5: format: a lone }`},
		{`"{0} {}".format(1)`, `10: format: {} cannot stand beside {0}`},
		{`"{:>3}".format(1)`, `9: format: {:>3}: widths and precisions after a colon are not supported`},
		{`",".join([1])`, `5: join: element 0 is a number, want text`},
		{`"a b".split(" ")`, `= [a, b]`},
		{`"a".nope()`, `5: a string has no attribute "nope"`},
		{`[1, 2].index(2)`, `= 1`},
		{`[1, 2].index(3)`, `8: index: value not in list`},
		{`[1].apend(2)`, `5: a list has no attribute "apend"`},
		{`1 in [1, 2]`, `= true`},
		{`"b" in "abc"`, `= true`},
		{`1 in 5`, `3: unknown binary op: int in int`},
		{`1 < "a"`, `3: int < string not implemented`},
		{`True and not False`, `= true`},
		{`None or "x"`, `= x`},
		{`[x * y for x in [1, 2] for y in [3] if x > 1]`, `= [6]`},
		{`len(set([1, 1]))`, `= 1`},
		{`str(1.0)`, `= 1`},
		{`str(True)`, `= True`},
		{`str([1, "a"])`, `= "[1, \"a\"]"`},
		{`max(1, 3)`, `= 3`},
		{`fn.max(1, 3)`, `4: there is no function "max"`},
		{`d["b"]`, `2: key "b" not in dict`},
		{`d[1:2]`, `1: invalid slice operand dict`},
		{`5 .x`, `4: a number has no attribute "x"`},
		{`9223372036854775807 + 1`, `= 9223372036854776000`},
		{`(1 << 500) * (1 << 500) * (1 << 500)`, `1: output "x": the number is too large`},
		{`float("nan")`, `1: output "x": the number is not finite`},
		{`len`, `1: output "x": got the function len, want a value`},
		{`{1: 2}`, `1: output "x": the keys of a map are text, got 1`},
		{`"\xff"`, `1: non-ASCII hex escape \xff (use \u00FF for the UTF-8 encoding of U+00FF)`},
	} {
		if got := evaluate(c.expr); got != c.want {
			t.Errorf("%-28s %s\n%-28s %s", c.expr, got, "  want", c.want)
		}
	}
}
