package loadtest

import (
	"fmt"
	"strconv"
	"strings"

	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Universe returns kinds and functions of a shape that tests of the languages
// need; what they would do on an engine does not matter.
func Universe() *schema.Universe {
	return &schema.Universe{
		Kinds: []*schema.Kind{
			{Name: "container", Doc: "A box that runs.", Runs: true, New: func() schema.Binder { return new(container) }, Show: showContainer},
			{Name: "image", Doc: "What a box is made from.", New: func() schema.Binder { return new(image) }},
			{Name: "network", Doc: "What joins boxes.", New: func() schema.Binder { return new(network) }},
		},
		Funcs: []*schema.Func{
			pure("concat", stdlib.ConcatFunc), pure("format", stdlib.FormatFunc), pure("join", stdlib.JoinFunc),
			pure("jsondecode", stdlib.JSONDecodeFunc), pure("jsonencode", stdlib.JSONEncodeFunc), pure("keys", stdlib.KeysFunc),
			pure("length", length), pure("merge", stdlib.MergeFunc), pure("range", stdlib.RangeFunc), pure("slice", stdlib.SliceFunc),
			pure("toset", stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType))), pure("upper", stdlib.UpperFunc), pure("values", stdlib.ValuesFunc),
			{Name: "file", Doc: "The content of a file.", Make: file},
		},
	}
}

func pure(name string, f function.Function) *schema.Func {
	return &schema.Func{Name: name, Make: func(schema.FuncEnv) function.Function { return f }}
}

type container struct {
	name      string
	image     schema.Ref
	memory    int64
	init      bool
	env       map[string]ir.Value
	command   []ir.Value
	ports     []port
	networks  []endpoint
	labels    map[string]string
	user      string
	stateWord string
}

func (c *container) Bind(f *schema.Set) {
	f.Name(&c.name, schema.Live, "Name on the engine.")
	f.Ref(&c.image, "image", "image", schema.Replace, "What it is made from.")
	f.Bytes(&c.memory, "memory", schema.Live, "Limit of memory.")
	f.Bool(&c.init, "init", schema.Replace, "Whether an init process runs.")
	f.TextMap(&c.env, "env", schema.Replace, "Environment.")
	f.Texts(&c.command, "command", schema.Replace, "What it runs.", func(s string) ([]string, error) { return strings.Fields(s), nil })
	schema.Objects(f, &c.ports, "ports", schema.Replace, "Published ports.", func(p port) string { return strconv.FormatInt(p.container, 10) },
		schema.Short[port]{Text: parsePort})
	schema.Objects(f, &c.networks, "networks", schema.Reconnect, "What it is joined to.", func(e endpoint) string { return e.network.Name },
		schema.Short[endpoint]{As: "network", SkipOff: true})
	f.PlainMap(&c.labels, "labels", schema.Replace, "Labels.")
	f.String(&c.user, "user", schema.Replace, "Who it runs as.")
	f.Enum(&c.stateWord, "state", schema.Restart, "What it is to reach.", "running", "completed")
	f.Elsewhere("environment", "`environment` is `env` here")
}

// showContainer gives a container addresses that only an engine knows.
func showContainer(b schema.Binder, self ir.Addr, shown map[string]ir.Value) {
	c := b.(*container)
	shown["ip"] = ir.EngineVal(self, "ip")
	ips := map[string]ir.Value{}
	for _, e := range c.networks {
		ips[e.network.Name] = ir.EngineVal(self, fmt.Sprintf("ips[%q]", e.network.Name))
	}
	shown["ips"] = ir.MapVal(ips)
}

type port struct{ container, host int64 }

func (p *port) Bind(f *schema.Set) {
	f.Int(&p.container, "container", schema.Range{Min: 1, Max: 65535}, schema.Replace, "Port within.").Required()
	f.Int(&p.host, "host", schema.Range{Min: 1, Max: 65535}, schema.Replace, "Port without.")
}

func parsePort(text string) ([]port, error) {
	host, inner, ok := strings.Cut(text, ":")
	if !ok {
		host, inner = "0", text
	}
	h, errH := strconv.ParseInt(host, 10, 64)
	c, errC := strconv.ParseInt(inner, 10, 64)
	if errH != nil || errC != nil || c < 1 || c > 65535 || h > 65535 {
		return nil, fmt.Errorf("got %q, want a port such as \"8080:80\"", text)
	}
	return []port{{container: c, host: h}}, nil
}

type endpoint struct {
	network schema.Ref
	aliases []string
}

func (e *endpoint) Bind(f *schema.Set) {
	f.Ref(&e.network, "network", "network", schema.Reconnect, "The network.").Required()
	f.Strings(&e.aliases, "aliases", schema.Reconnect, "More names there.")
}

type image struct{ pull string }

func (i *image) Bind(f *schema.Set) {
	f.String(&i.pull, "pull", schema.Replace, "Reference to pull.")
}

type network struct {
	name     string
	internal bool
}

func (n *network) Bind(f *schema.Set) {
	f.Name(&n.name, schema.Replace, "Name on the engine.")
	f.Bool(&n.internal, "internal", schema.Replace, "Whether it leads nowhere.")
}

// length takes lists, maps and texts.
var length = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "of", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if args[0].Type() == cty.String {
			return stdlib.Strlen(args[0])
		}
		return cty.NumberIntVal(int64(args[0].LengthInt())), nil
	},
})
