package schema

// Forms returns what can be written beside kinds and functions: the stack, what
// every resource can say about itself, and declarations about resources. Their tables
// are those that decode them.
func Forms() []*Kind {
	return []*Kind{
		{
			Name: "stack", New: func() Binder { return &stackSpec{} },
			Doc: "The stack itself. It stands in the root module alone.",
		},
		{
			Name: "lifecycle", New: func() Binder { return &lifecycleSpec{} },
			Doc: "In a resource: what a plan may do to its object, and how a new one takes its place.",
		},
		{
			Name: "depends_on", New: func() Binder { return &depSpec{} },
			Doc: "In a resource: a list of resources that come before it, each alone or in started(…), healthy(…) or completed(…), which yield these attributes.",
		},
		{
			Name: "module", New: func() Binder { return &moduleSpec{} },
			Doc: "What another directory declares, as part of this stack; what the module has as outputs are the attributes of its handle. It takes for_each, enabled and depends_on as resources do.",
		},
		{
			Name: "library", New: func() Binder { return &librarySpec{} },
			Doc: "In HCL: functions of a Starlark file, called as NAME::FUNCTION(…). Starlark has load for that.",
		},
		{
			Name: "assert", New: func() Binder { return &ruleSpec{} },
			Doc: "A rule on the program, written check(label, condition, message) in Starlark. Where it does not hold, there is no plan.",
		},
		{
			Name: "registry", New: func() Binder { return &loginSpec{} },
			Doc: "An account at a registry, by its host: registry \"ghcr.io\" { … }, and registry(\"ghcr.io\", …) in Starlark. It is no resource and has no address, and stands in the root module alone. Without one, whom `docker login` has stored is asked as.",
		},
		{
			Name: "moved", New: func() Binder { return &movedSpec{} },
			Doc: "The declaration has another address now, and its object stays.",
		},
		{
			Name: "adopt", New: func() Binder { return &adoptSpec{} },
			Doc: "An object that bay did not make becomes a resource's.",
		},
		{
			Name: "forget", New: func() Binder { return &forgetSpec{} },
			Doc: "The declaration is gone, and its object stays on the engine, as nobody's.",
		},
	}
}
