# habits of Compose
stack { name = "t" }
container "db" {
  image          = "postgres:17"
  container_name = "db" ### 3: container.db: unknown attribute "container_name" ~ `container_name` is `name` here
  environment    = { POSTGRES_PASSWORD = "x" } ### 3: container.db: unknown attribute "environment" ~ `environment` is `env` here
  volumes        = ["pgdata:/var/lib/postgresql/data"] ### 3: container.db: unknown attribute "volumes" ~ `volumes` is `mounts` here
  mem_limit      = "512m" ### 3: container.db: unknown attribute "mem_limit" ~ `mem_limit` is `memory` here
  expose         = ["5432"]
}
---
stack { name = "t" }
container "web" {
  image = "nginx:1.27"
  build = "./web" ### 3: container.web: unknown attribute "build" ~ declare an image with `build`, and name it: image = image.NAME
  links = ["db"]
  env_file = ".env" ### 3: container.web: unknown attribute "env_file" ~ read the file into env: env = dotenvdecode(file(".env"))
  deploy = { replicas = 3 } ### 3: container.web: unknown attribute "deploy" ~ limits are `memory` and `cpus` here; several of one container are for_each
  logging = { driver = "json-file" }
  networks = { back = {} } ### 14: container.web.networks: got a map, want a list
}
---
stack { name = "t" }
container "web" {
  image   = "nginx:1.27"
  restart = always ### 13: unknown name "always" ~ text needs quotes: "always"
  ports   = ["8080:80/tpc"] ### 14: container.web.ports[0]: got "8080:80/tpc", want "8080:80", "127.0.0.1:53:53/udp", "8000-8010:8000-8010" or "80": invalid proto: tpc
}
---
stack { name = "t" }
container "web" {
  image   = "nginx:1.27"
  restart = "unless_stopped"
  ports   = [8080:80] ### 18: got ':', want a comma or ]
}
---
stack { name = "t" }
container "web" {
  image       = "nginx:1.27"
  healthcheck = { test = ["curl -f http://localhost"], interval = 30, retires = 3 } ### 67: container.web.healthcheck.interval: got 30, want a duration such as "5s" ~ a number says no unit: write "30s" for seconds ### 81: container.web.healthcheck: unknown attribute "retires" ~ did you mean "retries"?
}
---
stack { name = "t" }
container "web" {
  image       = "nginx:1.27"
  healthcheck = { cmd = "curl -f http://localhost", interval = "30sec" } ### 25: container.web.healthcheck: unknown attribute "cmd" ~ the attributes here are test, interval, timeout, start_period, start_interval, retries, ### 64: container.web.healthcheck.interval: got "30sec", want a duration such as "5s" ~ units are ms, s, m, h
}
---
stack { name = "t" }
volume "pgdata" {}
container "db" {
  image  = "postgres:17"
  mounts = [volume.pgdata] ### 13: container.db.mounts[0]: got volume.pgdata, want an object
}
---
stack { name = "t" }
volume "pgdata" {}
container "db" {
  image  = "postgres:17"
  mounts = [{ volume = volume.pgdata, path = "/data" }, { volume = volume.pgdta, target = "data" }] ### 68: there is no volume "pgdta" ~ did you mean "pgdata"?
}
---
stack { name = "t" }
container "db" {
  image  = "postgres:17"
  mounts = [{ type = "bind", source = "./data" }, "./conf:/etc/conf:rw+", "data"] ### 13: container.db.mounts[0]: "target" is missing ~ Path within the container. ### 51: container.db.mounts[1]: got "./conf:/etc/conf:rw+": "rw+" is no option of a bind mount here: want ro, rw, z, Z, nocopy (volume), or how a bind spreads (private, rprivate, shared, rshared, slave, rslave) ### 75: container.db.mounts[2]: got "data", want SOURCE:TARGET: a volume without a name would be lost with the container; declare one, and write { volume = volume.NAME, target = "data" }
}
---
# habits of Terraform
stack { name = "t" }
container "web" {
  image = docker_image.web.image_id ### 11: unknown name "docker_image" ~ write image.web
}
---
stack { name = "t" }
container "web" {
  image = "nginx:1.27"
  count = var.on ? 1 : 0 ### 3: there is no count ~ write for_each = range(n), or enabled = … for none or one; each.key is "0", "1", …
}
variable "on" { default = true }
---
stack { name = "t" }
variable "tag" { type = string, default = "1" } ### 31: got ',', want } ~ lines of their own
---
stack { name = "t" }
container "web" {
  image = "nginx:1.27"
  name  = "${var.prefix}-web" ### 14: there is no variable "prefix" ~ did you mean "prefx"?
}
variable "prefx" { default = "a" }
---
stack { name = "t" }
container "web" {
  image = "nginx:1.27"
  env   = { A = locals.x, B = count.index, C = self.name, D = path.module, E = terraform.workspace } ### 17: unknown name "locals" ~ write local.x ### 31: unknown name "count" ~ each.key and each.value are what differs beside for_each; another resource is named as it ### 48: unknown name "self" ~ self is the resource in its postcondition ### 63: unknown name "path" ~ relative paths start at the module's directory, and nothing has to be written for it ### 80: unknown name "terraform" ~ references are var.NAME, local.NAME, module.NAME.OUTPUT and KIND.LABEL, such as
}
---
stack { name = "t" }
container "web" {
  image = "nginx:1.27"
  lifecycle {
    prevent_destroy       = "yes" ### 5: container.web.lifecycle.prevent_destroy: got "yes", want true or false
    create_before_destroy = true ### 5: container.web.lifecycle: unknown attribute "create_before_destroy" ~ strategy = "start_first" insists on it
  }
}
---
stack { name = "t" }
container "web" {
  image      = "nginx:1.27"
  must_run   = true ### 3: container.web: unknown attribute "must_run" ~ write state = "running" (the default), "completed" for a job, or "created"
  networks_advanced { name = "back" } ### 3: container.web: unknown attribute "networks_advanced" ~ `networks_advanced` is `networks` here
  provisioner "local-exec" { command = "true" } ### 3: container.web: unknown attribute "provisioner" ~ what prepares a container is in its image, in `files`, or a job: state = "completed"
}
---
# habits of docker run
stack { name = "t" }
container "web" {
  image      = "nginx:1.27"
  publish    = ["80:80"] ### 3: container.web: unknown attribute "publish" ~ `publish` is `ports` here
  volume     = ["/a:/b"] ### 3: container.web: unknown attribute "volume" ~ `volume` is `mounts` here
  detach     = true ### 3: container.web: unknown attribute "detach" ~ apply never stays attached: nothing has to be written
  rm         = true ### 3: container.web: unknown attribute "rm" ~ a container that runs once is state = "completed"; it stays, so that its exit code and
  cap-add    = ["NET_ADMIN"] ### 3: container.web: unknown attribute "cap-add" ~ did you mean "cap_add"?
  gpus       = "all" ### 3: container.web: unknown attribute "gpus" ~ `gpus` is `device_requests` here: device_requests = ["all"], or [{ count = 1,
  memory     = "512MB"
  cpus       = "1.5 cores" ### 16: container.web.cpus: got "1.5 cores", want a number of CPUs such as 1.5
  command    = { run = "x" } ### 16: container.web.command: got a map, want a list of texts, or a text
}
---
# habits of Kubernetes
stack { name = "t" }
container "web" {
  image     = "nginx:1.27"
  replicas  = 3 ### 3: container.web: unknown attribute "replicas" ~ several of one container are for_each (HCL) or a loop (Starlark)
  args      = ["-v"] ### 3: container.web: unknown attribute "args" ~ `args` is `command` here
  resources = { limits = { memory = "512Mi", cpu = "500m" } } ### 3: container.web: unknown attribute "resources" ~ limits are `memory` and `cpus` here
  memory    = "512Mi" ### 15: container.web.memory: got "512Mi", want a size such as "512m" ~ units are b, k, m, g, t, in powers of 1024; a plain number is bytes
  livenessProbe = { httpGet = "/" } ### 3: container.web: unknown attribute "livenessProbe" ~ write healthcheck = { test = ["CMD", …], interval = "5s" }
}
---
# images
stack { name = "t" }
container "web" { image = "Nginx:1.27" } ### 19: container.web.image: "Nginx:1.27" is no image reference: invalid reference format: repository name (library/Nginx) must be lowercase ~ write one such as "caddy:2.9", or the handle of an image: image.NAME
container "db" { image = "postgres:" } ### 18: container.db.image: "postgres:" is no image reference: invalid reference format ~ write one such as "caddy:2.9", or the handle of an image: image.NAME
container "no" {} ### 1: container.no: "image" is missing ~ The image: a handle, or a reference such as caddy:2.9, which is pulled when missing.
image "web" {
  build = { contxt = "./web" } ### 22: image.web.build: unknown attribute "contxt" ~ did you mean "context"?
}
image "x" {} ### 1: image.x.pull: an image needs `pull` or `build` ~ write pull = "caddy:2.9", or build = { context = "./web" }
image "y" {
  pull  = "nginx:1.27"
  build = { context = "." } ### 3: image.y.build: an image is pulled or built, and this one has both `pull` and `build` ~ take one of them away; `tags` says what a built image is known by ### 3: image.y.build: there is no directory . ~ context is a path from the directory of this file on
}
---
# networks
stack { name = "t" }
network "back" {
  subnet = "10.0.0.0/8" ### 3: network.back: unknown attribute "subnet" ~ write ipam = "10.20.0.0/24"
  drivr  = "bridge" ### 3: network.back: unknown attribute "drivr" ~ did you mean "driver"?
  ipam   = { subnet = "10.0.0.0/33" } ### 23: network.back.ipam: unknown attribute "subnet" ~ write config = [{ subnet = "10.20.0.0/24" }]
}
container "web" {
  image        = "nginx:1.27"
  networks     = [network.back, network.back] ### 33: container.web.networks[1]: t-back stands here twice
  network_mode = "host"
}
---
stack { name = "t" }
container "a" {
  image    = "nginx:1.27"
  networks = [{ network = "back", ip = "10.0.0.5" }] ### 40: container.a.networks[0]: unknown attribute "ip" ~ `ip` is `ipv4_address` here
}
container "b" {
  image        = "nginx:1.27"
  network_mode = "container:a"
  ports        = ["80:80"] ### 3: container.b.ports: a container without a network of its own can publish no ports ~ take `ports` away: with host it is on the host's ports already, with container: the other
}
---
# files
stack { name = "t" }
container "a" {
  image = "nginx:1.27"
  files = { "etc/x" = "y", "/etc/y" = { contents = "z" }, "/etc/w" = { content = "x", mode = "888" } } ### 52: container.a.files["/etc/y"]: unknown attribute "contents" ~ did you mean "content"? ### 94: container.a.files["/etc/w"].mode: got "888", want an octal mode such as "0644"
}
---
# secrets and what only an engine knows
stack { name = "t" }
variable "pw" {
  default   = "hunter2"
  sensitive = true
}
container "db" {
  image = "postgres:17"
  name  = "db-${var.pw}" ### 11: container.db.name: a sensitive value cannot be used here, since this attribute is shown in plans
}
container "web" {
  image   = "nginx:1.27"
  env     = { A = container.db.ip == null ? "none" : container.db.ip } ### 19: container.db.ip is known only to a running engine, so a comparison cannot depend on it ~ it can be passed on and put into text; decide on a variable, or on what the program
  user    = var.pw == "x" ? "a" : "b" ### 13: a comparison cannot depend on a sensitive value ~ it would show something of the value; pass it on, put it into text, or decide on another
  ports   = ["${container.db.ip}:80:80"] ### 14: container.web.ports[0]: ${container.db.ip}:80:80 is known only to a running engine and cannot be used here ~ such a value may stand in env, command, entrypoint, extra_hosts, files and outputs
  memory  = container.db.exit_code ### 13: container.web.memory: ${container.db.exit_code} is known only to a running engine and cannot be used here ~ units are b, k, m, g, t, in powers of 1024; a plain number is bytes
}
output "pw" { value = var.pw == "x" } ### 23: a comparison cannot depend on a sensitive value ~ it would show something of the value; pass it on, put it into text, or decide on another
output "known" { value = [for c in [container.db] : c.ip if c.ip] } ### 61: container.db.ip is known only to a running engine, so the `if` of a for cannot depend on it ~ it can be passed on and put into text; decide on a variable, or on what the program
---
# functions
stack { name = "t" }
locals {
  a = cidrsubnet("10.0.0.0/8", 8) ### 7: cidrsubnet: argument "num" is missing ~ it is called as cidrsubnet(network, bits, num)
  b = templatefile("nope.tmpl", {}) ### 20: templatefile: there is no file "nope.tmpl"
  c = yamldecode("a: [") ### 7: yamldecode: on line 1, column 1: did not find expected node content
  d = env("HOME") ### 7: there is no function "env" ~ declare a variable and set BAY_VAR_name in the environment
  e = getenv("HOME") ### 7: there is no function "getenv" ~ declare a variable and set BAY_VAR_name in the environment
  f = uuid() ### 7: there is no function "uuid" ~ evaluation is pure, so that the same files always give the same plan: pass the value in
  g = lookup({ a = 1 }, "b") ### 7: lookup: argument "default" is missing ~ it is called as lookup(inputMap, key, default)
  h = element([], 0) ### 7: element: cannot use element function with an empty list
  i = tonumber("x") ### 16: tonumber: cannot convert "x" to number; given string must be a decimal representation of a number
  j = regex("(", "x") ### 13: regex: invalid regexp pattern: missing closing ) in (
  k = length(5) ### 14: length: want a list, map, set or text
  l = join(["a"], ",") ### 12: join: argument "separator": string required, but have tuple
  m = coalesce() ### 7: coalesce: all arguments must have one type
}
---
# modules
stack { name = "t" }
module "a" {
  source = "github.com/x/y" ### 12: module.a.source: there is no module "github.com/x/y"
  inputs = { size = "1m" }
}
module "b" {
  source    = "./box"
  inputs    = { size = null }
  providers = {} ### 3: module.b: unknown attribute "providers" ~ there are no providers; the engine is chosen on the command line
}
module "c" {
  source = "./box"
  inputs = { size = "1m", net = "back" } ### 33: module.c.inputs.net: got "back", want a network ~ the variable is declared at box/box.bay.hcl:2:1 with type network
}
module "d" {
  source = "./box"
  inputs = { size = module.e.size }
}
module "e" {
  source = "./box"
  inputs = { size = module.d.size } ### 21: declarations refer to each other in a cycle: module.d → module.e → module.d ~ one of them has to come first: take one of these references away
}
---
# variables
stack { name = "t" }
variable "a" {
  type    = list ### 13: variable "a": list is a type only with that of its elements: list(string)
  default = []
}
variable "b" {
  type    = map(str) ### 17: variable "b": there is no type "str"; the types are string, number, bool, any, list, set, map, object, tuple, container, image, network, volume
  default = {}
}
variable "c" {
  type    = object({ port = number })
  default = { prot = 80 } ### 22: variable "c": the default is not of its type: there is no attribute "prot" (did you mean "port"?) ~ want a value of type object({ port = number })
}
variable "d" {
  type    = number
  default = 5
  validation {
    condition     = d > 9 ### 21: d cannot be used here ~ write var.d for the variable
    error_message = "x"
  }
}
variable "e" {
  type      = bool
  default   = "on"
  sensitve  = true ### 3: variable: unknown attribute "sensitve" ~ did you mean "sensitive"?
}
---
# depends_on, as in Compose
stack { name = "t" }
container "a" {
  image      = "nginx:1.27"
  depends_on = ["b"] ### 17: container.a.depends_on: got "b", want a resource, or started, healthy or completed of one ~ a resource is named without quotes: container.b (HCL), or what container("b", …)
}
container "b" {
  image      = "nginx:1.27"
  depends_on = { a = { condition = "service_healthy" } } ### 22: container.b.depends_on: got a map, want a resource, or started, healthy or completed of one ~ write depends_on = [healthy(container.a)]; the others are started and completed
}
container "c" {
  image      = "nginx:1.27"
  depends_on = [container.a.name, healthy(container.b), completed(container.b)] ### 17: container.c.depends_on: got "t-a", want a resource, or started, healthy or completed of one ~ a resource is named without quotes: container.a (HCL), or what container("a", …)
}
---
# brackets and quotes
stack { name = "t" }
container "web" {
  image = "nginx:1.27"
  env   = { A = "x" B = "y" } ### 21: got 'B', want a comma, the end of the line or } ~ a comma or an operator is missing
}
---
stack { name = "t" }
container "web" {
  image = "nginx:1.27"
  ports = ["80:80" ### 11: the [ that opens here is not closed ~ comes first
}
---
stack { name = "t" }
container "web" {
  image = "nginx:1.27"
  ports = "80:80", "81:81"] ### 27: this ] closes nothing ~ is a [ missing before it?
}
---
stack { name = "t" }
container "web" {
  image  = "nginx:1.27"
  env    = { A = "b" ### 12: the { that opens here is not closed ~ stands further left
  memory = "64m"
}
---
stack { name = "t" }
container "web" {
  image = "nginx:1.27"
  image = "nginx:1.26" ### 3: image is set twice in this block ~ the first is in line
}
---
stack { name = "t" }
container "db" { image = "postgres:17" }
container "web" {
  image     = "nginx:1.27"
  depens_on = [container.db] ### 3: container.web: unknown attribute "depens_on" ~ did you mean "depends_on"?
}
---
stack { name = "t" }
container "web" {
  image = 'nginx:1.27' ### 11: single quotes are not valid ~ Use double quotes (") to enclose strings
}
---
stack { name = "t" }
container "web" {
  image = "nginx:1.27", ### 23: got ',', want the end of the line ~ attributes stand on lines of their own, without commas
  init  = true
}
---
stack { name = "t" }
container "web" { ### 17: the { that opens here is not closed ~ nothing closes it before the end of the file
  image = "nginx:1.27"
---
stack { name = "t" }
container web { ### 15: the { that opens here is not closed ~ nothing closes it before the end of the file
  image = "nginx:1.27"
---
stack { name = "t" }
container "web" = { ### 17: got '=', want { ~ a block is written without =
  image = "nginx:1.27"
}
---
stack { name = "t" }
container "web" {
  env = { A = "${local.x" } ### 25: the text that begins here does not end on this line ~ close it with a quote; text of many lines is written <<EOT … EOT
}
---
# lifecycles of Terraform
stack { name = "t" }
image "web" { pull = "nginx:1.27" }
container "web" {
  image = image.web
  ports = [8080]
  lifecycle {
    replace_triggered_by = [image.web] ### 5: container.web.lifecycle: unknown attribute "replace_triggered_by" ~ `replace_triggered_by` is `replace_on` here
    restart_on           = [file("motd.txt")] ### 29: container.web.lifecycle.restart_on[0]: got a string, want a resource: a restarted container keeps its labels, so that it could not remember the value ~ replace_on takes values
  }
}
container "api" {
  image = image.web
  ports = [8080]
  lifecycle {
    postcondition {
      condition     = self.ports[0].hots > 1024 ### 36: the map has no element "hots" ~ did you mean "host"?
      error_message = "a port of the system's"
    }
    postcondition {
      condition     = self.exit_code == 0
      error_message = "it has ended"
    }
  }
}
---
# one in place of a list, a word of Compose misspelt, what stands in lifecycle, and what a newcomer tries
stack { name = "t" }
network "a" {}
container "web" {
  image       = "x:1"
  enviroment  = { A = 1 } ### 3: container.web: unknown attribute "enviroment" ~ `environment` is `env` here
  networks    = network.a ### 17: container.web.networks: got network.a, want a list ~ a list of one stands in brackets too: networks = [ … ]
  dns         = "1.1.1.1" ### 17: container.web.dns: got "1.1.1.1", want a list of strings ~ a list of one stands in brackets too: dns = [ … ]
  ports       = ["8080:80:tcp", 80.5] ### 18: container.web.ports[0]: got "8080:80:tcp", want "8080:80/tcp": a protocol stands behind a / ### 33: container.web.ports[1]: got "80.5", want "8080:80", "127.0.0.1:53:53/udp", "8000-8010:8000-8010" or "80": invalid containerPort: 80.5
  memory_swap = "64q" ### 17: container.web.memory_swap: got "64q", want a size such as "1g" (units are b, k, m, g, t), or "unlimited"
  hostname    = try("a", "b") ### 17: there is no function "try" ~ nothing catches a mistake here
  user        = sensitive("a") ### 17: there is no function "sensitive" ~ a variable or an output says sensitive = true
  precondition { ### 3: container.web: unknown attribute "precondition" ~ it stands in lifecycle: lifecycle { precondition … }
    condition     = true
    error_message = "a"
  }
  lifecycle {
    precondition {
      condition     = self.name == "a" ### 23: unknown name "self" ~ self is the resource in its postcondition
      error_message = "a"
    }
  }
}
---
stack(name = "t") ### 1: got '(' behind 'stack', want = or { ~ this looks like Starlark
---
stack { name = "t" }
web = container("web", image = "x:1") ### 30: got '=', want a comma or ) ~ this looks like Starlark
---
stack { name = "t" }
container("web", image = "x:1") ### 1: got '(' behind 'container', want = or { ~ this looks like Starlark
---
stack { name = "t" }
container "web" {
  image = "x:1" if true else "y" ### 17: got 'if', want the end of the line ~ a choice is written CONDITION ? THIS : THAT
}
---
stack { name = "t" }
container "web" {
  image = text.tag(1) ### 19: got '(', want the end of the line ~ a function of a library is called with two colons: text::tag(…)
}
---
stack { name = "t" }
container "web" {
  image "x:1" ### 15: got the end of the line, want { ~ if it is an attribute, write image = "x:1"
}
---
stack { name = "t" }
container "web" {
  image = x:1 ### 12: got ':', want the end of the line ~ text needs quotes: image = "x:1"
}
---
stack { name = "t" }
container "a" { image = "x:1" }
container "b" {
  image      = "x:1"
  depends_on = ["t-a", "t-c"] ### 17: container.b.depends_on: got "t-a", want a resource, or started, healthy or completed of one ~ container.a (HCL) ### 24: container.b.depends_on: got "t-c", want a resource, or started, healthy or completed of one ~ container.c (HCL)
}
