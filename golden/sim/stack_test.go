package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// stackName is the stack that bay applies.
const stackName = "harbour"

// stack is a program in few words.
type stack struct {
	nets  []net
	vols  int // volumes v0, v1, …
	boxes []box
}

// net is a network.
type net struct {
	label  string
	subnet int // 10.SUBNET.0.0/24; 0: the engine picks one
	tag    int // a label; another value makes the network anew
}

// box is a container.
type box struct {
	label   string
	image   int    // probe:1, probe:2
	env     int    // another value makes the container anew
	bad     string // how its program fails: "" not, exits, sick, late
	job     bool
	health  bool
	port    int // on the host; 0: none, -1: the engine picks one
	mounts  []mount
	nets    []string
	ip      bool   // a fixed address on the first network, which has a subnet
	mode    string // none, or the label of the container whose network it has
	restart string
	memory  int // MiB, changed in place
	file    int // another value is another content
	after   string
	cond    ir.Condition // of after
	never   bool         // it is made and not started
}

type mount struct {
	vol      int
	readOnly bool
}

// program is the program that the readers would have made of it.
func (s stack) program(u *schema.Universe) *ir.Program {
	b := schema.NewBuilder(u, "/sim", stackName)
	line := 0
	declare := func(kind, label string, attrs map[string]ir.Value, deps ir.Value) {
		line++
		pos := diag.Pos{File: "sim", Line: line, Col: 1}
		d := schema.Declaration{Addr: ir.Addr{Kind: kind, Label: label}, Pos: pos, Dir: "/sim"}
		for _, name := range ir.MapVal(attrs).Keys() {
			d.Attrs = append(d.Attrs, ir.Attr{Name: name, Pos: pos, Value: attrs[name]})
		}
		if !deps.IsNull() {
			d.DependsOn = ir.Attr{Name: "depends_on", Pos: pos, Value: deps}
		}
		b.Declare(d)
	}
	for i := range s.vols {
		declare("volume", fmt.Sprintf("v%d", i), nil, ir.Value{})
	}
	for _, n := range s.nets {
		declare("network", n.label, n.attrs(), ir.Value{})
	}
	for _, x := range s.boxes {
		deps := ir.Value{}
		if x.after != "" {
			deps = handle("container", x.after)
			if x.cond != ir.Exists {
				deps = schema.Condition(x.cond, deps, ir.Value{})
			}
			deps = ir.ListVal(deps)
		}
		declare("container", x.label, x.attrs(), deps)
	}
	p := b.Finish()
	if b.Diags.HasErrors() {
		panic(fmt.Sprintf("sim: a stack that cannot be: %v\n%+v", b.Diags, s))
	}
	return p
}

func handle(kind, label string) ir.Value { return ir.HandleVal(ir.Addr{Kind: kind, Label: label}) }

func texts(words ...string) ir.Value {
	var all []ir.Value
	for _, w := range words {
		all = append(all, ir.StringVal(w))
	}
	return ir.ListVal(all...)
}

func (n net) attrs() map[string]ir.Value {
	attrs := map[string]ir.Value{}
	if n.subnet > 0 {
		attrs["ipam"] = ir.StringVal(fmt.Sprintf("10.%d.0.0/24", n.subnet))
	}
	if n.tag > 0 {
		attrs["labels"] = ir.MapVal(map[string]ir.Value{"tag": ir.StringVal(strconv.Itoa(n.tag))})
	}
	return attrs
}

func (x box) attrs() map[string]ir.Value {
	a := map[string]ir.Value{
		"image":      ir.StringVal(fmt.Sprintf("probe:%d", x.image)),
		"entrypoint": texts("/probe"),
		"command":    x.command(),
	}
	if x.env > 0 {
		a["env"] = ir.MapVal(map[string]ir.Value{"VERSION": ir.StringVal(strconv.Itoa(x.env))})
	}
	if x.job {
		a["state"] = ir.StringVal("completed")
	}
	if x.never {
		a["state"] = ir.StringVal("created")
	}
	if x.health {
		a["healthcheck"] = ir.MapVal(map[string]ir.Value{
			"test": texts("CMD", "/probe", "health"), "interval": ir.StringVal("1s"), "retries": ir.IntVal(2),
		})
	}
	switch {
	case x.port > 0:
		a["ports"] = texts(fmt.Sprintf("%d:8080", x.port))
	case x.port < 0:
		a["ports"] = texts("8080")
	}
	if x.restart != "" {
		a["restart"] = ir.StringVal(x.restart)
	}
	if x.memory > 0 {
		a["memory"] = ir.StringVal(fmt.Sprintf("%dm", x.memory))
	}
	if x.file > 0 {
		a["files"] = ir.MapVal(map[string]ir.Value{"/etc/app.conf": ir.StringVal(fmt.Sprintf("version %d\n", x.file))})
	}
	x.storage(a)
	x.network(a)
	return a
}

func (x box) command() ir.Value {
	switch {
	case x.bad == "exits":
		return texts("exit", "1")
	case x.bad == "late":
		return texts("exit", "1", "after", "1s")
	case x.bad == "sick":
		return texts("serve", "--healthy-after", "1h")
	case x.job:
		return texts("exit", "0", "after", "2s")
	case x.health:
		return texts("serve", "--healthy-after", "1500ms")
	}
	return texts("serve")
}

func (x box) storage(a map[string]ir.Value) {
	var mounts []ir.Value
	for i, m := range x.mounts {
		at := map[string]ir.Value{"volume": handle("volume", fmt.Sprintf("v%d", m.vol)), "target": ir.StringVal(fmt.Sprintf("/data%d", i))}
		if m.readOnly {
			at["read_only"] = ir.BoolVal(true)
		}
		mounts = append(mounts, ir.MapVal(at))
	}
	if mounts != nil {
		a["mounts"] = ir.ListVal(mounts...)
	}
}

func (x box) network(a map[string]ir.Value) {
	switch {
	case x.mode == "none":
		a["network_mode"] = ir.StringVal("none")
	case x.mode != "":
		a["network_mode"] = handle("container", x.mode)
	case len(x.nets) > 0:
		var nets []ir.Value
		for i, n := range x.nets {
			at := map[string]ir.Value{"network": handle("network", n)}
			if i == 0 && x.ip {
				at["ipv4_address"] = ir.StringVal(fmt.Sprintf("10.%d.0.%d", 100+int(n[1]-'0'), 10+int(x.label[1]-'0')))
			}
			nets = append(nets, ir.MapVal(at))
		}
		a["networks"] = ir.ListVal(nets...)
	}
}

// clone returns a copy that shares nothing that is changed.
func (s stack) clone() stack {
	s.nets, s.boxes = slices.Clone(s.nets), slices.Clone(s.boxes)
	for i := range s.boxes {
		s.boxes[i].mounts, s.boxes[i].nets = slices.Clone(s.boxes[i].mounts), slices.Clone(s.boxes[i].nets)
	}
	return s
}

// good returns the stack with programs that work.
func (s stack) good() stack {
	s = s.clone()
	for i := range s.boxes {
		s.boxes[i].bad = ""
	}
	return s
}

// works reports whether all programs of the stack do what they should.
func (s stack) works() bool {
	return !slices.ContainsFunc(s.boxes, func(x box) bool { return x.bad != "" })
}

// dice is a seed's random choices.
type dice struct{ *rand.Rand }

// one reports a chance of one in n.
func (d dice) one(n int) bool { return d.IntN(n) == 0 }

func pick[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }

// stack returns a random stack: most are small.
func (d dice) stack() stack {
	s := stack{vols: pick(d, 0, 1, 1, 2)}
	for i := range pick(d, 0, 0, 1, 2) {
		s.nets = append(s.nets, d.net(i))
	}
	for i := range pick(d, 1, 1, 1, 1, 2, 2, 3, 4) {
		s.boxes = append(s.boxes, d.box(s, i))
	}
	return s
}

func (d dice) net(i int) net {
	n := net{label: fmt.Sprintf("n%d", i), tag: d.IntN(3)}
	if d.one(2) {
		n.subnet = 100 + i
	}
	return n
}

// box returns a random container for a stack that holds those before it.
func (d dice) box(s stack, i int) box {
	x := box{label: fmt.Sprintf("c%d", i), image: 1 + d.IntN(2), env: d.IntN(3), health: d.one(3)}
	x.restart = pick(d, "", "", "always", "unless-stopped", "on-failure:2", "no")
	x.memory, x.file = pick(d, 0, 0, 64, 128), pick(d, 0, 0, 0, 1)
	if d.one(8) {
		x.job, x.health, x.restart = true, false, ""
	}
	if d.one(20) && !x.job {
		x.never = true
	}
	for v := range s.vols {
		if d.one(2) {
			x.mounts = append(x.mounts, mount{vol: v, readOnly: d.one(4)})
		}
	}
	d.place(&x, s, i)
	if i > 0 && d.one(3) && x.mode != s.boxes[0].label {
		d.wait(&x, s.boxes[d.IntN(i)])
	}
	return x
}

// place puts a container onto networks.
func (d dice) place(x *box, s stack, i int) {
	x.nets, x.mode, x.port, x.ip = nil, "", 0, false
	switch {
	case d.one(6):
		x.mode = "none"
		return
	case i > 0 && d.one(6) && !s.boxes[0].job && !s.boxes[0].never:
		x.mode = s.boxes[0].label
		return
	}
	for _, n := range s.nets {
		if d.one(2) {
			x.nets = append(x.nets, n.label)
		}
	}
	if len(x.nets) > 0 && d.one(2) {
		n := s.nets[slices.IndexFunc(s.nets, func(n net) bool { return n.label == x.nets[0] })]
		x.ip = n.subnet > 0
	}
	x.port = pick(d, 0, 0, 18080+i, 18080+i, -1)
}

// wait makes a container wait for another one.
func (d dice) wait(x *box, on box) {
	switch {
	case on.never:
		return
	case on.job:
		x.cond = ir.Completed
	case on.health && d.one(2):
		x.cond = ir.Healthy
	case d.one(2):
		x.cond = ir.Started
	}
	x.after = on.label
}

// changed returns a stack with some changes.
func (d dice) changed(s stack) stack {
	s = s.clone()
	for i := range s.boxes {
		if d.one(2) {
			d.change(&s.boxes[i], s, i)
		}
	}
	for i := range s.nets {
		if d.one(6) {
			s.nets[i].tag = d.IntN(3)
		}
	}
	if d.one(8) && len(s.boxes) < 5 {
		s.boxes = append(s.boxes, d.box(s, len(s.boxes)))
	}
	used := slices.ContainsFunc(s.boxes, func(x box) bool {
		return slices.ContainsFunc(x.mounts, func(m mount) bool { return m.vol == s.vols-1 })
	})
	if s.vols > 0 && !used && d.one(4) {
		s.vols-- // it is kept
	}
	if last := len(s.boxes) - 1; last > 0 && d.one(8) {
		s.boxes = s.boxes[:last] // nothing refers to the last one
	}
	return s
}

func (d dice) change(x *box, s stack, i int) {
	x.bad = ""
	switch d.IntN(12) {
	case 0:
		x.image = 1 + d.IntN(2)
	case 1:
		x.memory = pick(d, 0, 64, 128)
	case 2:
		x.file = d.IntN(3)
	case 3:
		if !x.job {
			x.restart = pick(d, "", "always", "unless-stopped", "no")
		}
	case 4, 5:
		x.env, x.bad = d.IntN(4), pick(d, "exits", "late", "exits")
		if x.health {
			x.bad = pick(d, "exits", "sick")
		}
		if x.never {
			x.bad = ""
		}
	case 6:
		if !slices.ContainsFunc(s.boxes, func(y box) bool { return y.mode == x.label }) {
			d.place(x, stack{nets: s.nets, boxes: s.boxes[:i]}, i)
			if x.mode == x.after {
				x.after, x.cond = "", ir.Exists
			}
		}
	case 7:
		x.mounts = nil
		for v := range s.vols {
			if d.one(2) {
				x.mounts = append(x.mounts, mount{vol: v, readOnly: d.one(4)})
			}
		}
	default:
		x.env = d.IntN(4)
	}
}
