package plan

import (
	"strings"

	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Near returns what a plan of what runs once after a resource is about: the
// resource, and what it names.
func Near(prog *ir.Program, a ir.Addr) func(ir.Addr) bool {
	near := map[ir.Addr]bool{a: true}
	if r := prog.Resource(a); r != nil {
		for _, d := range r.Deps {
			near[d.To] = true
		}
	}
	return func(a ir.Addr) bool { return near[a] }
}

// once plans what runs once after a resource. It makes nothing else: what the
// resource stands on has to be there as the program says, and of what it talks to
// it is said if that does not run.
func (m *maker) once() {
	near := Near(m.prog, m.o.Of)
	for _, r := range m.inOrder() {
		if !near(r.Addr) || r.Addr == m.o.Of {
			continue
		}
		k := m.kinds[r.Addr.Kind]
		var said diag.List
		job := m.jobOf(k, r, &said)
		out := k.Outcome(job, kind.Same, nil)
		m.outcomes[r.Addr] = &out
		m.note(said)
		if !said.HasErrors() {
			m.lacks(k, job, &out)
		}
	}
	if m.diags.HasErrors() {
		return
	}
	r := m.prog.Resource(m.o.Of)
	k := m.kinds[r.Addr.Kind]
	var said diag.List
	job := m.jobOf(k, r, &said)
	job.Live = nil
	k.Adjust(job, nil) // what this engine cannot do
	s := &Step{Verb: kind.Create, Addr: r.Addr, Name: m.o.OneOff.Name, Pos: r.Pos, Work: k.OneOff(job, m.o.OneOff)}
	m.all = append(m.all, s)
	m.note(said)
}

func (m *maker) jobOf(k kind.Kind, r *ir.Resource, said *diag.List) *kind.Job {
	return &kind.Job{
		Want: m.want(k, r), Live: m.live[r.Addr], Known: m.w.Found[r.Addr.Kind].Known[r.Addr], Env: m.env, Diags: said,
	}
}

// lacks reports what is not there, or does not run.
func (m *maker) lacks(k kind.Kind, job *kind.Job, out *kind.Outcome) {
	r, live := job.Want.Res, job.Live
	switch {
	case k.Lasts() && out.ID != "":
	case k.Lasts():
		d := m.diags.Addf(r.Pos, "%s is not on the engine as the program has it now", r.Addr)
		if out.Why != "" {
			d.Msg += ": " + out.Why
		}
		d.Hintf("%s", m.brings(k, r.Addr))
	case !k.Restarts() && live == nil:
		m.diags.Addf(r.Pos, "%s is not on the engine", r.Addr).Hintf("`bay apply` makes it; `bay run` makes nothing but what it runs")
	case !k.Restarts():
	case live == nil:
		m.plan.Notes.Warnf(r.Pos, "%s is not there", r.Addr).Hintf("`bay apply` makes it; `bay run` makes nothing but what it runs")
	case !m.serves(k, job):
		m.plan.Notes.Warnf(r.Pos, "%s is %s", r.Addr, live.Status).Hintf("`bay start %s` starts it; `bay run` starts nothing but what it runs", r.Addr)
	}
}

// serves reports whether something runs, or has done what it is there for.
func (m *maker) serves(k kind.Kind, job *kind.Job) bool {
	asked := *job
	asked.Diags = new(diag.List)
	wait := k.Gate(&asked, ir.Dep{To: job.Want.Res.Addr, Cond: ir.Started, In: job.Want.Res.Addr}) // as of a module, in which jobs complete
	done := wait != nil && wait.Until == ir.Completed && strings.HasPrefix(job.Live.Status, "exited (0)")
	return done || strings.HasPrefix(job.Live.Status, "running") && job.Live.Status != "running (unhealthy)"
}

// brings says which command brings what a cache lacks.
func (m *maker) brings(k kind.Kind, a ir.Addr) string {
	for task, does := range map[kind.Task]string{kind.Build: "`bay build` builds it, and `bay run --build` too", kind.Pull: "`bay pull` brings it"} {
		if k.Does(m.w.Wants[a].Spec, task, "") {
			return does
		}
	}
	return "`bay apply` makes it"
}
