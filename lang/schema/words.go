package schema

// Word is what a program says beside the attributes of kinds and forms: it has no
// table that decodes it, since the readers do.
type Word struct {
	Name     string
	Doc      string
	HCL      string // how it is written; "" where the language has it not
	Starlark string
}

// Words returns the words of the language, in order of their names.
func Words() []Word {
	return []Word{
		{
			Name: "check", Doc: "A rule on the program in Starlark: a label, a condition, and what is said where it does not hold. HCL has the block assert.",
			Starlark: `check("odd", replicas % 2 == 1, "replicas has to be odd, got %d" % replicas)`,
		},
		{
			Name: "completed", Doc: "In depends_on: wait until a job has exited with 0, at most for the time given.",
			HCL:      `container "web" { depends_on = [completed(container.migrate, "5m")] }`,
			Starlark: `container("web", depends_on = [completed(migrate, "5m")])`,
		},
		{
			Name: "each", Doc: "Beside for_each in HCL: each.key is the key of this one as text, each.value what stands there in the map; of a set, a list or range it is the element. In Starlark the loop has names of its own.",
			HCL: `container "web" {
  for_each = { a = 8001, b = 8002 }
  ports    = ["${each.value}:80"]
}`,
			Starlark: `[container("web", key = k, ports = ["%d:80" % port]) for k, port in {"a": 8001, "b": 8002}.items()]`,
		},
		{
			Name: "enabled", Doc: "On every resource and module: false makes none. What lists it under networks, mounts or depends_on passes it over; anything else that needs it is an error.",
			HCL:      `container "debug" { enabled = var.debug }`,
			Starlark: `container("debug", enabled = debug)`,
		},
		{
			Name: "fn", Doc: "In Starlark: all functions by their names, also those whose name Starlark has itself.",
			Starlark: `n = fn.max([1, 2])`,
		},
		{
			Name: "for_each", Doc: "On every resource and module in HCL: one for each element of a map, a set, a list of distinct texts or range(n), whose addresses have the keys. In Starlark a loop makes them, and gives each a key.",
			HCL: `container "web" {
  for_each = range(3)
  env      = { INSTANCE = each.key }
}`,
			Starlark: `web = [container("web", key = str(i), env = {"INSTANCE": str(i)}) for i in range(3)]`,
		},
		{
			Name: "healthy", Doc: "In depends_on: wait until the healthcheck of a container says that it is well, at most for the time given. Of a module, all containers in it.",
			HCL:      `container "web" { depends_on = [healthy(container.db, "60s")] }`,
			Starlark: `container("web", depends_on = [healthy(db, "60s")])`,
		},
		{
			Name: "key", Doc: "On every resource and module in Starlark: what tells this one from others of its label, as text. HCL has for_each.",
			Starlark: `[volume("data", key = name) for name in ["a", "b"]]`,
		},
		{
			Name: "load", Doc: "In Starlark: functions of another .star file of the stack. HCL has library.",
			Starlark: `load("./lib/text.star", "upstreams")`,
		},
		{
			Name: "locals", Doc: "In HCL: names for values, which are local.NAME elsewhere. In Starlark a name is assigned.",
			HCL:      `locals { greeting = "hello" }`,
			Starlark: `greeting = "hello"`,
		},
		{
			Name: "optional", Doc: "In the type of a variable, at an attribute of an object: it may be left out, and then is what stands second, or null.",
			HCL: `variable "app" {
  type = object({ image = string, port = optional(number, 8080) })
}`,
			Starlark: `app = variable("app", type = "object({ image = string, port = optional(number, 8080) })")`,
		},
		{
			Name: "output", Doc: "A value to show after apply and with bay output, and of a module what its caller can use. It has value, description and sensitive. In the root module it is no resource, but what is to be shown of one.",
			HCL: `output "url" {
  value       = "http://127.0.0.1:8080"
  description = "Where the shop is."
}`,
			Starlark: `output("url", "http://127.0.0.1:8080", description = "Where the shop is.")`,
		},
		{
			Name: "postcondition", Doc: "In lifecycle: a rule about the resource as it comes out, which is self in it. It may ask for what only the engine knows of it.",
			HCL: `container "web" {
  lifecycle {
    postcondition {
      condition     = self.ports[0].host >= 32768
      error_message = "got the port ${self.ports[0].host}"
    }
  }
}`,
			Starlark: `container("web", lifecycle = lifecycle(postcondition = [
    rule(lambda self: self.ports[0].host >= 32768, lambda self: "got the port %d" % self.ports[0].host),
]))`,
		},
		{
			Name: "precondition", Doc: "In lifecycle: a rule that has to hold before anything is planned. It is decided on variables and on other resources; only a postcondition has self.",
			HCL: `container "db" {
  lifecycle {
    precondition {
      condition     = var.replicas > 0
      error_message = "a database without replicas"
    }
  }
}`,
			Starlark: `container("db", lifecycle = lifecycle(precondition = [rule(replicas > 0, "a database without replicas")]))`,
		},
		{
			Name: "rule", Doc: "In Starlark: a condition, and what is said where it does not hold. In a validation and a postcondition the condition is a function of the value or the resource, and the text may name it as {value} or {self.name}; in a precondition it is True or False.",
			Starlark: `n = variable("n", type = "number", validation = [rule(lambda v: v > 0, "want more than 0, got {value}")])`,
		},
		{
			Name: "self", Doc: "In a postcondition: the resource, with what the engine has told of it.",
			HCL: `network "back" {
  lifecycle {
    postcondition {
      condition     = self.name != ""
      error_message = "no name"
    }
  }
}`,
			Starlark: `network("back", lifecycle = lifecycle(postcondition = [rule(lambda self: self.name != "", "no name")]))`,
		},
		{
			Name: "started", Doc: "In depends_on: wait until a container runs, at most for the time given. Of a module, all containers in it.",
			HCL:      `container "web" { depends_on = [started(container.cache)] }`,
			Starlark: `container("web", depends_on = [started(cache)])`,
		},
		{
			Name: "validation", Doc: "In a variable: a rule about its value, which sees the plain value also of a sensitive one. It may read other variables; in Starlark those that stand above it.",
			HCL: `variable "n" {
  type = number
  validation {
    condition     = var.n > 0
    error_message = "want more than 0, got ${var.n}"
  }
}`,
			Starlark: `n = variable("n", type = "number", validation = [rule(lambda v: v > 0, "want more than 0, got {value}")])`,
		},
		{
			Name: "variable", Doc: "An input. type is what it takes: string, number, bool, any, list(…), set(…), map(…), tuple([…]), object({…}), and in a module a kind of resources. default is its value where none is given; without one, it has to be. description says what it is for. sensitive = true keeps it, and what is made of it, from being shown. nullable = false lets null stand for the default; without that, null is a value like any other. validation has rules about it.",
			HCL: `variable "replicas" {
  type        = number
  default     = 2
  description = "How many run."
  nullable    = false
}`,
			Starlark: `replicas = variable("replicas", type = "number", default = 2, description = "How many run.", nullable = False)`,
		},
	}
}
