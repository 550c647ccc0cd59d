package show

import (
	"slices"
	"testing"

	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/google/go-cmp/cmp"
)

func encoded(t *testing.T, p *plan.Plan, from Origin) []byte {
	t.Helper()
	data, err := Encode(p, from)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestDiffer changes one thing in a plan, and wants just that told.
func TestDiffer(t *testing.T) {
	web := func(p *plan.Plan) *plan.Step { return p.Steps[3] }
	for _, c := range []struct {
		name   string
		change func(*plan.Plan, *Origin)
		want   []Difference
	}{
		{"nothing", func(*plan.Plan, *Origin) {}, nil},
		{"engine", func(p *plan.Plan, _ *Origin) { p.Info.ID = "OTHER"; p.Info.API = "1.44" }, []Difference{
			{"plan", "engines default api", "1.41", "1.44", false}, {"plan", "engines default id", "ABCD:EFGH", "OTHER", false}}},
		{"version", func(_ *plan.Plan, o *Origin) { o.Bay = "v0.2.0" }, []Difference{{"plan", "bay", "v0.1.0", "v0.2.0", false}}},
		{"input", func(_ *plan.Plan, o *Origin) {
			o.Inputs = []Input{o.Inputs[0], {Name: "replicas", Value: "4", From: "--var"}}
		}, []Difference{
			{"plan", "inputs replicas value", "3", "4", false}}},
		{"secret not given", func(_ *plan.Plan, o *Origin) { o.Inputs = o.Inputs[1:] }, []Difference{
			{"plan", "inputs password name", "password", "", false}, {"plan", "inputs password sensitive", "true", "", false}}},
		{"flag", func(_ *plan.Plan, o *Origin) { o.Volumes = false }, []Difference{{"plan", "volumes", "true", "", false}}},
		{"old value", func(p *plan.Plan, _ *Origin) { web(p).Changes[7].Old = ir.IntVal(8081) }, []Difference{
			{`container.web["0"]`, "ports 80/tcp host old", "8080", "8081", false}}},
		{"a field more", func(p *plan.Plan, _ *Origin) {
			web(p).Changes = append(web(p).Changes, schema.Change{Attr: "user", Old: str("root"), New: secret("hunter2"), Effect: schema.Replace})
		}, []Difference{{`container.web["0"]`, "user", "", "root to (sensitive)", false}}},
		{"a secret gone", func(p *plan.Plan, _ *Origin) { web(p).Changes[4].New = ir.Value{} }, []Difference{
			{`container.web["0"]`, "env PASSWORD new", "(sensitive)", "(none)", false}}},
		{"empty is not nothing", func(p *plan.Plan, _ *Origin) { web(p).Changes[2].New = str("") }, []Difference{
			{`container.web["0"]`, "env DEBUG new", "1", `""`, false}}},
		{"position", func(p *plan.Plan, _ *Origin) { p.Steps[0].Pos.Line = 10 }, []Difference{
			{"network.metrics", "pos", "shop/main.bay.hcl:9:3", "shop/main.bay.hcl:10:3", false}}},
		{"another object", func(p *plan.Plan, _ *Origin) { p.Steps[6].ID = "5cf2" }, []Difference{
			{"container.old", "id", "4be14be14be14be14be14be14be14be14be14be14be14be14be14be14be14be1", "5cf2", false}}},
		{"call", func(p *plan.Plan, _ *Origin) { web(p).Work.Strategy = "start-first" }, []Difference{
			{`container.web["0"]`, "strategy", "stop-first", "start-first", true}}},
		{"a step more", func(p *plan.Plan, _ *Origin) {
			p.Steps = slices.Insert(p.Steps, 0, &plan.Step{Verb: kind.Create, Addr: addr(t, "volume.new"), Name: "shop-new"})
			p.Steps[4].Needs = []int{2} // still container.api
		}, []Difference{{"volume.new", "step", "", "create", false}}},
		{"a step less", func(p *plan.Plan, _ *Origin) { p.Steps = p.Steps[:6] }, []Difference{{"container.old", "step", "remove", "", false}}},
		{"another verb", func(p *plan.Plan, _ *Origin) { p.Steps[6].Verb = kind.Restart }, []Difference{{"container.old", "verb", "remove", "restart", false}}},
		{"another order", func(p *plan.Plan, _ *Origin) { p.Steps[4], p.Steps[5] = p.Steps[5], p.Steps[4] }, []Difference{{"plan", "order",
			`network.metrics, container.api, container.proxy, container.web["0"], container.half, container.back, container.old`,
			`network.metrics, container.api, container.proxy, container.web["0"], container.back, container.half, container.old`, false}}},
		{"kept", func(p *plan.Plan, _ *Origin) { p.Kept[0].Name = "other" }, []Difference{{"plan", "kept volume.pgdata name", "shop-pgdata", "other", false}}},
		{"output", func(p *plan.Plan, _ *Origin) { p.Outputs[2].Value = str("http://x") }, []Difference{{"plan", "outputs url value", "http://127.0.0.1:8080", "http://x", false}}},
		{"note", func(p *plan.Plan, _ *Origin) { p.Notes[0].Hint = "" }, []Difference{{"plan", "notes 0 hint", "give it a name: mounts = [...]", "", false}}},
		{"only counted", func(p *plan.Plan, _ *Origin) { p.Same = 10 }, []Difference{{"plan", "same", "9", "10", false}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := encoded(t, mixed(t), made)
			p, from := mixed(t), made
			c.change(p, &from)
			got, err := Differ(before, encoded(t, p, from))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("differences (-want +got):\n%s", d)
			}
		})
	}
}

func TestDifferReads(t *testing.T) {
	if _, err := Differ([]byte("{"), []byte("{}")); err == nil {
		t.Error("no error for half a document")
	}
	same, err := Differ([]byte("{\"b\": 1,\n\"a\": 2}"), []byte(`{"a":2,"b":1}`))
	if err != nil || len(same) > 0 {
		t.Errorf("space and order made a difference: %v, %v", same, err)
	}
}
