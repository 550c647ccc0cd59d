# 1: unknown attribute
stack { name = "t" }
container "web" {
  memroy      = "5m"           ### 3: container.web: unknown attribute "memroy" ~ did you mean "memory"?
  environment = { A = "x" }    ### 3: container.web: unknown attribute "environment" ~ `environment` is `env` here
  count       = 2              ### 3: there is no count ~ for_each = range(n)
  ports {                      ### 3: ports is written as an attribute, not as a block ~ ports = [{ … }]
    container = 80
  }
  dynamic "ports" {}           ### 3: there are no dynamic blocks ~ ports = [for x in … : { … }]
  prots {}                     ### 3: container.web: unknown attribute "prots" ~ did you mean "ports"?
}
---
# 2: wrong type; 3: bad size; 4: bad port
stack { name = "t" }
container "web" {
  env    = ["A=x"]             ### 12: container.web.env: got a list, want a map of texts ~ env = { KEY = "value" }
  init   = "yes"               ### 12: container.web.init: got "yes", want true or false
  memory = "lots"              ### 12: container.web.memory: got "lots", want a size such as "512m" ~ units are
  state  = "runing"            ### 12: container.web.state: got "runing", want one of running, completed ~ did you mean "running"?
  ports = [
    "80:99999",                ### 5: container.web.ports[0]: got "80:99999", want a port such as "8080:80"
    { host = 8080 },           ### 5: container.web.ports[1]: "container" is missing
    { container = "x" },       ### 19: container.web.ports[2].container: got "x", want a whole number from 1 to 65535
    { prot = 1, container = 1 }, ### 14: container.web.ports[3]: unknown attribute "prot" ~ the attributes here are container, host
  ]
  networks = [image.web]       ### 15: container.web.networks[0].network: got image.web, want a network
  user   = "a${network.n}"     ### 16: network.n is a resource and cannot stand in text ~ write network.n.name
}
image "web" {}
network "n" {}
---
# 5: missing reference; 8: unknown variable
stack { name = "t" }
network "back" {}
container "web" {
  image    = image.web          ### 14: there is no image "web" ~ no image is declared: write image "NAME" {}
  networks = [network.bck]      ### 15: there is no network "bck" ~ did you mean "back"?
  env = {
    A = var.nope                ### 9: there is no variable "nope" ~ no variable is declared
    B = local.x                 ### 9: there is no local value "x" ~ no local value is declared
    C = back                    ### 9: unknown name "back" ~ write network.back for the resource, or "back" for text
    D = container.db.ip         ### 9: there is no container "db" ~ there is container.web
    E = volume.data             ### 9: unknown name "volume" ~ text needs quotes
    F = each.key                ### 9: each.key has a meaning only beside for_each
    G = network                 ### 9: network alone is no value ~ there is network.back
    H = upcase("x")             ### 9: there is no function "upcase"
    I = uppr("x")               ### 9: there is no function "uppr" ~ did you mean "upper"?
    J = timestamp()             ### 9: there is no function "timestamp" ~ evaluation is pure
    K = True                    ### 9: unknown name "True" ~ write true
    L = network.back.nam        ### 21: network.back has no attribute "nam" ~ did you mean "name"?
    M = network.back.id         ### 21: network.back has no attribute "id" ~ its name on the engine is network.back.name
  }
}
---
# 6: cycles
stack { name = "t" }
locals {
  a = local.b
  b = "x${local.c}"
  c = [local.a]                 ### 8: declarations refer to each other in a cycle: local.a → local.b → local.c → local.a ~ one of them
}
container "x" {
  env = { A = container.y.name }
}
container "y" {
  env = { A = container.x.name, B = local.a } ### 15: declarations refer to each other in a cycle: container.x → container.y → container.x
}
container "z" { user = container.z.name } ### 24: container.z refers to itself
---
# 7: duplicate address
stack { name = "t" }
container "web" {}
container "web" { for_each = range(2) } ### 1: container.web is declared twice ~ it was declared at f:73:1
locals { a = 1 }
locals { a = 2 }                ### 10: local.a is declared twice ~ f:75:10
variable "v" { default = 1 }
variable "v" { default = 2 }    ### 1: var.v is declared twice ~ f:77:1
output "o" { value = 1 }
output "o" { value = 1 }        ### 1: output.o is declared twice ~ f:79:1
stack { name = "u" }            ### 1: stack is declared twice ~ f:72:1
network "a" { name = "xx" }
network "b" { name = "xx" }     ### 15: network.a and network.b have one name on the engine: xx ~ network.a was declared at f:82:1
---
# 9: syntax error
stack { name = "t" }
container "web" {
  memory = 5m                  ### 13: got 'm', want the end of the line ~ if it is meant as text, write "5m"
  env    = { A = }
}
---
network "n" {
  name = "x                    ### 10: the text that begins here does not end on this line
}
---
services:                      ### 1: got ':' behind 'services', want = or { ~ Compose
  web:
    image: x
---
stack { name = "t" }
container "web" {
  memory: "5m"                 ### 3: got ':' behind 'memory', want = or { ~ NAME = VALUE
---
# What only an engine knows, and what is sensitive.
stack { name = "t" }
variable "pw" {
  default   = "s3cret"
  sensitive = true
}
variable "many" {
  default   = ["s3cret"]
  sensitive = true
}
network "n" {}
container "db" {
  networks = [network.n]
  labels   = { a = var.pw }               ### 20: container.db.labels["a"]: a sensitive value cannot be used here, since this attribute is shown in plans
}
container "web" {
  for_each = range(2)
}
container "off" { enabled = false }
locals {
  ip = container.db.ip
  a  = local.ip == "x" ? 1 : 2            ### 8: container.db.ip is known only to a running engine, so a comparison cannot depend on it ~ it can be passed on
  b  = container.db.ips["t-n"] != "" && true ### 8: container.db.ips["t-n"] is known only to a running engine, so a comparison cannot depend on it
  c  = [for x in container.db.ip : x]     ### 18: container.db.ip is known only to a running engine, so a for cannot depend on it
  d  = { (local.ip) = 1 }                 ### 11: container.db.ip is known only to a running engine, so a key cannot depend on it
  e  = [1, 2][local.ip]                   ### 15: container.db.ip is known only to a running engine, so an index cannot depend on it
  f  = local.ip + 1                       ### 8: container.db.ip is known only to a running engine, so arithmetic cannot depend on it
  g  = upper(local.ip)                    ### 14: upper: container.db.ip is known only to a running engine, and the function would have to look into it ~ put it into text
  h  = upper(container.db)                ### 14: upper: container.db is a resource, and the function takes values ~ write container.db.name
  i  = "${container.db}"                  ### 11: container.db is a resource and cannot stand in text ~ write container.db.name
  j  = "a${container.web}"                ### 12: a list cannot stand in text
  k  = container.web.name                 ### 21: a list has no attribute "name" ~ choose one by its place or key, such as [0] or ["0"]
  l  = container.web[2]                   ### 21: the list has no element 2 ~ it has 2, counted from 0
  m  = container.web["2"]                 ### 21: container.web has no element "2"
  n  = container.off.name                 ### 21: container.off does not exist, since its `enabled` is off ~ leave it out in that case, or enable container.off
  o  = var.pw == "x"                      ### 8: a comparison cannot depend on a sensitive value ~ it would show something of the value
  p  = var.pw ? 1 : 2                     ### 8: a condition cannot depend on a sensitive value
  q  = [for x in var.many : x]            ### 18: a for cannot walk over a sensitive value
  r  = { (var.pw) = 1 }                   ### 11: a key cannot depend on a sensitive value
  s  = !var.pw                            ### 9: a condition cannot depend on a sensitive value
  t  = var.pw < 3                         ### 8: a comparison cannot depend on a sensitive value
  u  = jsondecode(var.pw)                 ### 8: jsondecode fails on a sensitive value
  v  = var.many[*]                        ### 8: a for cannot walk over a sensitive value
  w  = var.many[7]                        ### 16: the sensitive list has no element 7
  x  = [for w in container.web : w.name if w.ip != ""] ### 44: container.web["0"].ip is known only to a running engine, so a comparison cannot depend on it
  y  = container.web[*].nam               ### 24: container.web["0"] has no attribute "nam" ~ did you mean "name"?
}
container "each" {
  for_each = toset([var.pw])              ### 14: for_each cannot depend on a sensitive value
}
container "each2" {
  for_each = [container.db.ip]            ### 14: container.db.ip is known only to a running engine, so for_each cannot depend on it
}
container "maybe" {
  enabled = container.db.ip != ""         ### 13: container.db.ip is known only to a running engine, so a comparison cannot depend on it
}
---
# for_each, conditions, values
stack { name = "t" }
network "n" {}
container "a" { for_each = 3 }            ### 28: for_each takes a map, a list of texts, or range(n), got a number ~ write for_each = range(3)
container "b" { for_each = [{ x = 1 }] }  ### 28: an element of for_each's list is a map, and keys are text ~ make a map
container "c" { for_each = ["x", "x"] }   ### 28: two elements of for_each's list are "x" ~ toset
container "d" { for_each = null }         ### 28: for_each takes a map, a list of texts, or range(n), got nothing
container "e" { enabled = 1 }             ### 27: enabled has to be true or false, got a number
container "f" {
  for_each   = range(3)
  memory     = "x${each.key}"             ### 16: container.f["0"].memory: got "x0", want a size such as "512m"
  depends_on = [healthy(network.n, "x")]  ### 36: container.f["0"].depends_on.limit: got "x", want a duration such as "5s"
}
container "g" {
  depends_on = [healthy(), "x"]           ### 17: healthy: got 0 arguments ~ healthy(container.db, "60s")
  lifecycle { prevent_destory = true }    ### 15: container.g.lifecycle: unknown attribute "prevent_destory" ~ did you mean "prevent_destroy"?
}
container "h" { depends_on = ["x"] }      ### 31: container.h.depends_on: got "x", want a resource, or started, healthy or completed of one
locals {
  a = 1 / 0                               ### 11: division by zero
  b = "a" + 1                             ### 8: want a number here, got a string ~ text is put together
  c = { x = 1, x = 2 }                    ### 16: the key "x" stands here twice
  d = { a.b = 1 }                         ### 9: it is not clear whether this key is a name or a reference ### 9: unknown name "a"
  e = "x" ? 1 : 2                         ### 8: a condition has to be true or false, got a string
  f = [1][-1]                             ### 11: the list has no element -1 ~ the last is 0
  g = {}.x                                ### 9: the map has no element "x" ~ it is empty
  h = null.x                              ### 11: this is null, which has no elements ~ x == null
  i = "a${null}"                          ### 11: nothing (null) cannot stand in text
  j = { for x in [1, 1] : x => x }        ### 27: two elements have the key "1" ~ make the keys distinct
  k = upper()                             ### 7: upper: argument "str" is missing ~ it is called as upper(str)
  l = upper("a", "b")                     ### 18: upper: got 2 arguments, want 1
  m = 1e999                               ### 7: the number is too large
  n = file("../x")                        ### 7: file: there is no file "../x"
  o = "abc".x                             ### 12: a string has no attribute "x"
  p = join("-", ["a", "b"]...)            ### 17: join: argument "lists": list of string required, but have string
}
---
# Blocks that are none here
services = {}                             ### 1: services = … stands outside of any block ~ locals { services = … }
stack "x" { name = "t" }                  ### 7: stack takes no label
resource "docker_container" "web" {}      ### 1: there is no block "resource" ~ container "web" { … }
data "docker_image" "x" {}                ### 1: there is no block "data" ~ by its name
provider "docker" {}                      ### 1: there is no block "provider" ~ --engine
terraform {}                              ### 1: there is no block "terraform" ~ nothing has to be configured
module "x" {}                             ### 1: module.x: "source" is missing
contaner "x" {}                           ### 1: there is no block "contaner" ~ did you mean "container"?
container {}                              ### 1: container has 0 labels, want one ~ write container "NAME" { … }
container "a" "b" {}                      ### 1: container has 2 labels, want one
container "1a" {}                         ### 11: "1a" is no label: want letters, digits, _ and -, not a digit or - first
output "o" {}                             ### 1: output: "value" is missing
output "p" {
  valu = 1                                ### 3: output: unknown attribute "valu" ~ did you mean "value"?
  value = network.x                       ### 11: there is no network "x"
}
---
stack { name = network.n.name }           ### 16: network.n.name cannot be used here ~ follow from the stack
network "n" {}
---
# Variables
stack { name = "T" }                      ### 16: stack.name: "T" is no name for a stack: want a-z, 0-9 and dashes, at most 31, a dash neither first nor last
variable "a" {
  type    = strng                         ### 13: variable "a": there is no type "strng" (did you mean string?)
  default = local.x                       ### 13: local.x cannot be used here ~ plain values
}
variable "b" {
  type    = number
  default = "x"                           ### 13: variable "b": the default is not of its type: got "x", want a number ~ the type that stands beside it is number
}
variable "i" {}                           ### 1: no value for the variable i ~ give --var i=…, or set BAY_VAR_i
variable "c" {
  validation {
    condition     = local.b == 1          ### 21: local.b cannot be used here ~ a validation is about variables: its own, var.c, and others
    error_message = "x"
  }
  validation {
    condition     = var.bb == 1           ### 21: there is no variable "bb" ~ did you mean "b"?
    error_message = "x"
  }
}
variable "d" {
  type = string
  defalt = 1                              ### 3: variable: unknown attribute "defalt" ~ did you mean "default"?
}
variable "e" {
  default = 12
  validation {
    condition     = var.e < 9             ### 21: variable "e": too much: 12 ~ the value comes from the default
    error_message = "too much: ${var.e}"
  }
}
variable "f" {
  default   = "s3cret"
  sensitive = true
  validation {
    condition     = var.f == "x"          ### 21: variable "f": the value does not pass the validation, and its message would show a sensitive value
    error_message = "got ${var.f}"
  }
}
variable "g" {
  validation {}                           ### 3: a validation needs condition and error_message
}
variable "h" { type = "string" }          ### 23: variable "h": a type is a word such as string, number, bool or any, or one with others in it, such as list(string) ~ without quotes
output "silent" { value = [var.a, var.b, var.c, var.d, var.e, upper(var.f)] }
---
# where objects come from
stack { name = "shop" }
container "a" { for_each = ["x", "y"] }
adopt {                                   ### 1: adopt: container.a are many, and one object becomes one of them ~ say which: resource = container.a["x"]
  resource = container.a
  name     = "theirs"
}
moved {
  old = "container.b"
  new = "container.a"                     ### 9: moved.new: got "container.a", want a resource ~ text is for what is in a module
}
moved {
  old = "container.b"
  new = container.c                       ### 9: there is no container "c" ~ there is container.a
}
moved {
  old = container.a["x"].name             ### 9: container.a["x"].name cannot be used here ~ names of resources follow from the stack, not the other way round
  new = container.a["y"]
}
moved {
  old = "container.b"
  new = container.a.name                  ### 9: moved.new: container.a.name is no resource, but something of one ~ write container.a
}
forget "x" {                              ### 8: forget takes no label
  address = "container.z"
}
import {}                                 ### 1: there is no block "import" ~ adopt { resource = volume.NAME
---
# modules
stack { name = "shop" }
module "a" {                              ### 1: module.a.inputs: "size" is missing ~ the variable is declared at box/box.bay.hcl:1:1 with type string
  source = "./box"
}
module "b" {
  source = "./box"
  inputs = { size = [1] }                 ### 21: module.b.inputs.size: got a list, want text
}
module "c" {
  source = "./box"
  inputs = { size = "1m", net = container.x, siez = 1 } ### 33: module.c.inputs.net: got container.x, want a network ### 53: module.c.inputs: the module has no variable "siez" ~ did you mean "size"?
}
container "x" {}
module "d" {
  source = "./bx"                         ### 12: module.d.source: there is no module "./bx"
}
module "f" {
  source  = "./box"
  size    = "1m"                          ### 3: module.f: unknown attribute "size" ~ inputs = { size = … }
  version = "1.0"                         ### 3: module.f: unknown attribute "version" ~ it has no version
}
module "g" {
  source = 5                              ### 12: module.g.source: got 5, want text
  count  = 2                              ### 3: there is no count ~ for_each = range(n)
  inputs {}                               ### 3: module.g: there is no block "inputs" here ~ write inputs = { … }
  lifecycle {}                            ### 3: module.g: there is no block "lifecycle" here ~ write it in the module, at the resource that is meant
}
module "h" {
  source = "./box"
  inputs = ["1m"]                         ### 12: module.h.inputs: got a list, want a map with the values of the module's variables
}
module {}                                 ### 1: module has 0 labels, want one
module "1x" {}                            ### 8: "1x" is no label: want letters, digits, _ and -, not a digit or - first
module "j" {
  source = "./box"
  inputs = { size = module.j.size }       ### 21: module.j refers to itself
}
module "k" {
  source   = "./box"
  for_each = ["x", "y"]
  inputs   = { size = "1m" }
}
output "k" { value = module.k.size }      ### 30: a list has no attribute "size" ~ choose one by its place or key, such as [0] or ["x"]
output "l" { value = module.k["z"].size } ### 30: module.k has no element "z" ~ it has x, y, as in module.k["x"]
output "m" { value = module.k[0].seize }  ### 33: module.k["x"] has no output "seize" ~ did you mean "size"?
output "o" { value = "${module.k[1]}" }   ### 25: module.k["y"] is a module and cannot stand in text ~ choose one of its outputs
output "p" { value = module.k[0] == 1 ? 1 : module.k[0].container } ### 45: output "p" is a resource
---
# libraries
stack { name = "shop" }
library "text" { source = "./text.star" }
library "more" { source = "./more.star" } ### 27: library.more.source: there is no file "./more.star" ~ source = "./lib/more.star"
library "src" { sourc = "./text.star" }   ### 17: library.src: unknown attribute "sourc" ~ did you mean "source"?
library "ref" { source = var.x }          ### 26: var.x cannot be used here ~ a library comes before all else
variable "x" { default = "" }
locals {
  a = text::greet()                       ### 7: text::greet: it takes a name
  b = text::gret("x")                     ### 7: the library text has no function "gret" ~ did you mean "greet"?
  c = txt::greet("x")                     ### 7: there is no library "txt" ~ did you mean "text"?
  d = more::greet("x")
  e = nothing::greet("x")                 ### 7: there is no library "nothing" ~ library "nothing" { source = "./lib/nothing.star" }
}
---
# types
stack { name = "shop" }
variable "a" {
  type    = netwrok                       ### 13: variable "a": there is no type "netwrok" (did you mean network?)
  default = null
}
variable "b" {
  type    = list(optional(string))        ### 18: variable "b": optional stands only at an attribute of an object
  default = []
}
variable "c" {
  type    = object({ a = number })
  default = { a = 1, b = 2 }              ### 26: variable "c": the default is not of its type: there is no attribute "b"
}
variable "d" {
  type    = network
  default = "back"                        ### 13: variable "d": the default is not of its type: got "back", want a network
}
---
# rules
stack { name = "shop" }
variable "n" { default = 2 }
variable "pass" {
  default   = "hunter2"
  sensitive = true
}
container "db" {}
assert "odd" {
  condition     = var.n % 2 == 1          ### 19: assert.odd: n has to be odd, got 2
  error_message = "n has to be odd, got ${var.n}"
}
assert "engine" {
  condition     = container.db.ip != ""   ### 19: container.db.ip is known only to a running engine, so a comparison cannot depend on it ~ decide on a variable
  error_message = "no address"
}
assert "passed" {
  condition     = container.db.ip         ### 19: container.db.ip is known only to a running engine, so a condition cannot depend on it ~ decide on a variable
  error_message = "no address"
}
assert "secret" {
  condition     = length(var.pass) > 8    ### 19: a comparison cannot depend on a sensitive value ~ decide on another variable
  error_message = "too short"
}
assert "told" {
  condition     = var.n > 2               ### 19: assert.told: the condition does not hold, and its message would show a sensitive value ~ write the message without the value
  error_message = "it is ${var.pass}"
}
assert "kind" {
  condition     = [var.n]                 ### 19: assert.kind.condition: got a list, want true or false
  error_message = "no"
}
assert "text" {
  condition     = false
  error_message = [1]                     ### 19: assert.text.error_message: got a list, want text
}
assert "address" {
  condition     = var.n > 2               ### 19: assert.address: it is at ${container.db.ip}
  error_message = "it is at ${container.db.ip}"
}
assert "empty" {}                         ### 1: assert.empty: "condition" is missing ~ Has to be true ### 1: assert.empty: "error_message" is missing ~ What is said
assert "misspelt" {
  condition = true
  eror_message = "x"                      ### 3: assert.misspelt: unknown attribute "eror_message" ~ did you mean "error_message"?
}
assert "elsewhere" {
  condition     = var.m                   ### 19: there is no variable "m" ~ there is var.n
  error_message = "x"
  rule {}                                 ### 3: assert: there is no block "rule" here
}
assert "odd" {                            ### 1: assert.odd is declared twice ~ it was declared at f:
  condition     = true
  error_message = "x"
}
assert {}                                 ### 1: assert has 0 labels, want one
check "x" {}                              ### 1: there is no block "check" ~ write assert "NAME" { condition = …, error_message = … }
---
stack { name = "shop" }
variable "pass" {
  default   = "hunter2"
  sensitive = true
}
container "web" {
  for_each = range(3)
  lifecycle {
    precondition {
      condition     = each.value < 1      ### 23: container.web["1"]: no web 1
      error_message = "no web ${each.key}"
    }
  }
}
container "db" {
  lifecycle {
    precondition {
      condition     = container.five.ip == ""      ### 23: container.five.ip is known only to a running engine, so a comparison cannot depend on it
      error_message = "x"
    }
  }
}
container "self" {
  lifecycle {
    precondition {
      condition     = container.self.memory == null ### 23: container.self refers to itself
      error_message = "x"
    }
  }
}
container "off" {
  enabled = false
  lifecycle {
    precondition {
      condition     = false
      error_message = "not asked"
    }
  }
}
container "secret" {
  lifecycle {
    precondition {
      condition     = false               ### 23: container.secret: the condition does not hold, and its message would show a sensitive value
      error_message = var.pass
    }
    precondition {                        ### 5: container.secret.lifecycle.precondition[1]: "error_message" is missing
      condition = true
      message   = "x"                     ### 7: container.secret.lifecycle.precondition[1]: unknown attribute "message" ~ `message` is `error_message` here
    }
    precondition {}                       ### 5: container.secret.lifecycle.precondition[2]: "condition" is missing ### 5: container.secret.lifecycle.precondition[2]: "error_message" is missing
  }
}
container "attr" {
  lifecycle = {
    precondition = [
      { condition = 1 > 2, error_message = "one is less" }, ### 21: container.attr: one is less
      "x",                                ### 7: container.attr.lifecycle.precondition[1]: got "x", want an object
    ]
  }
}
container "five" {}
container "six" { lifecycle = { precondition = 5 } }  ### 48: container.six.lifecycle.precondition: got 5, want a list of rules ~ a rule has condition and error_message
container "block" {
  lifecycle {
    preconditio {}                        ### 5: lifecycle: there is no block "preconditio" here ~ did you mean "precondition"?
    postcondition {}                      ### 5: a postcondition needs condition and error_message
    precondition "x" {                    ### 18: precondition takes no label
      condition     = true
      error_message = "x"
      nested {}                           ### 7: precondition: there is no block "nested" here
    }
  }
}
---
# lifecycle
stack { name = "shop" }
variable "pass" {
  default   = "memory"
  sensitive = true
}
container "a" {
  lifecycle {
    keep           = "yes"                ### 5: container.a.lifecycle.keep: got "yes", want true or false
    ignore_changes = ["memry", "environment", "name", 5, var.pass] ### 23: container.a.lifecycle.ignore_changes: unknown attribute "memry" ~ did you mean "memory"? ### 32: container.a.lifecycle.ignore_changes: unknown attribute "environment" ~ `environment` is `env` here ### 47: container.a.lifecycle.ignore_changes: the name says which object is meant, and cannot be ignored ### 55: container.a.lifecycle.ignore_changes[3]: got 5, want a string ### 58: container.a.lifecycle.ignore_changes[4]: a sensitive value cannot be used here, since this attribute is shown in plans
  }
}
container "b" { lifecycle = { ignore_changes = 5 } } ### 48: container.b.lifecycle.ignore_changes: got 5, want a list of strings
container "c" { lifecycle = { ignore_changes = [memory] } } ### 49: unknown name "memory" ~ text needs quotes: "memory"
---
# validations that read other variables
stack { name = "t" }
variable "most" {
  default = 3
  validation {
    condition     = var.most >= var.least ### 21: variable "most": most is 3, less than 5 ~ the value comes from the default
    error_message = "most is ${var.most}, less than ${var.least}"
  }
}
variable "least" { default = 5 }
variable "key" {
  default   = "s3cret"
  sensitive = true
}
variable "user" {
  default = "me"
  validation {
    condition     = var.user != var.key   ### 33: a comparison cannot depend on a sensitive value
    error_message = "x"
  }
  validation {
    condition     = var.user == "you"     ### 21: variable "user": the value does not pass the validation, and its message would show a sensitive value ~ write the message without the value
    error_message = "got ${var.user}, and the key is ${var.key}"
  }
}
variable "pass" {
  default   = "me"
  sensitive = true
  validation {
    condition     = var.pass != var.who   ### 21: variable "pass": the same as who ~ the value comes from the default
    error_message = "the same as who"
  }
}
variable "who" { default = "me" }
variable "none" {}                        ### 1: no value for the variable none
variable "quiet" {
  default = 1
  validation {
    condition     = var.quiet > var.none
    error_message = "more than ${var.none}"
  }
}
---
stack { name = "t" }
variable "a" {
  default = 1
  validation {
    condition     = var.a < var.b
    error_message = "x"
  }
}
variable "b" {
  default = 2
  validation {
    condition     = var.b > var.a         ### 29: declarations refer to each other in a cycle: var.a → var.b → var.a ~ one of them has to come first
    error_message = "x"
  }
}
---
# postconditions
stack { name = "shop" }
variable "pass" {
  default   = "hunter2"
  sensitive = true
}
container "db" {}
container "web" {
  for_each = range(2)
  memory   = "1g"
  env      = { PASS = var.pass, DB = container.db.ip }
  lifecycle {
    postcondition {
      condition     = self.memory == "2g" ### 23: container.web["0"]: web 0 has 1g on shop-web-0 ### 23: container.web["1"]: web 1 has 1g on shop-web-1
      error_message = "web ${each.key} has ${self.memory} on ${self.name}"
    }
    postcondition {
      condition     = self.ip != ""
      error_message = "no address"
    }
    postcondition {
      condition     = self.memory         ### 23: container.web["0"]: got "1g", want true or false ### 23: container.web["1"]: got "1g", want true or false
      error_message = "x"
    }
    postcondition {
      condition     = self.env.PASS != "" ### 23: a comparison cannot depend on a sensitive value
      error_message = "x"
    }
    postcondition {
      condition     = self.env.DB != ""   ### 23: container.db.ip is known only to a running engine, so a comparison cannot depend on it ~ a postcondition knows what the engine has made of its own resource
      error_message = "x"
    }
    postcondition {
      condition     = self.memroy == null ### 27: container.web["0"] has no attribute "memroy" ~ did you mean "memory"? ### 27: container.web["1"] has no attribute "memroy"
      error_message = "x"
    }
    postcondition {
      condition     = self.memory == null ### 23: container.web["0"]: the condition does not hold, and its message would show a sensitive value ### 23: container.web["1"]: the condition does not hold, and its message would show a sensitive value
      error_message = self.env.PASS
    }
    precondition {
      condition     = self.memory == null ### 23: unknown name "self"
      error_message = "x"
    }
  }
}
container "list" {
  lifecycle = {
    postcondition = [
      { condition = self.user == null, error_message = "x" },
      { condition = self.user == "me", error_message = "not me" }, ### 21: container.list: not me
      { condition = true, message = "x" },                         ### 7: a postcondition needs condition and error_message ### 27: a postcondition has condition and error_message
      local.rule,                                                  ### 7: a postcondition is asked when the resource is known, so that it is written out here ~ write a block for each
    ]
  }
}
locals { rule = { condition = true, error_message = "x" } }
container "two" {
  lifecycle {
    postcondition = [{ condition = self.init == true, error_message = "no init" }] ### 36: container.two: no init
    postcondition {                       ### 5: lifecycle: postcondition stands here as an attribute already
      condition     = true
      error_message = "x"
    }
    postcondition "x" {                   ### 5: lifecycle: postcondition stands here as an attribute already
      condition     = true
      error_message = "x"
    }
  }
}
---
# reasons
stack { name = "shop" }
variable "pass" {
  default   = "hunter2"
  sensitive = true
}
container "db" {}
container "many" { for_each = range(2) }
module "box" {
  source = "./box"
  inputs = { size = "1m" }
}
container "good" {
  lifecycle {
    replace_on = [container.db, container.many, module.box, module.box.container, null, "x", 5, { a = [1] }, []]
    restart_on = container.many
  }
}
container "a" {
  lifecycle {
    replace_on = [var.pass, container.db.ip, { db = container.db, n = 1 }, healthy(container.db)] ### 19: container.a.lifecycle.replace_on[0]: the value is sensitive, so that the object cannot remember it ~ put the value into an attribute that takes it ### 29: container.a.lifecycle.replace_on[1]: ${container.db.ip} is known only to a running engine, so that nothing is remembered of it ~ name the resource ### 46: container.a.lifecycle.replace_on[2]: this holds a resource beside something else ~ name each resource by itself ### 76: container.a.lifecycle.replace_on[3]: this holds a resource beside something else
    restart_on = ["x", container.db, 5]                                ### 19: container.a.lifecycle.restart_on[0]: got a string, want a resource: a restarted container keeps its labels, so that it could not remember the value ~ replace_on takes values, and `files` are compared ### 38: container.a.lifecycle.restart_on[2]: got a number, want a resource: a restarted container keeps its labels, so that it could not remember the value
  }
}
container "b" {
  lifecycle { replace_on = container.b }  ### 28: container.b refers to itself
}
output "n" { value = module.nn.size }     ### 22: there is no module "nn"
container "c" {
  lifecycle { replace_triggered_by = [container.db] } ### 15: container.c.lifecycle: unknown attribute "replace_triggered_by" ~ `replace_triggered_by` is `replace_on` here
}
---
stack { name = "shop" }
container "a" {
  lifecycle { restart_on = [container.b] }
}
container "b" {
  lifecycle { replace_on = [container.a] } ### 29: declarations refer to each other in a cycle: container.a → container.b → container.a
}
---
# a block without its label may be what is referred to
stack { name = "shop" }
container "a" { depends_on = [container.b] }
container { memory = "1g" }               ### 1: container has 0 labels, want one
variable { default = 1 }                  ### 1: variable has 0 labels, want one
output "o" { value = var.other }
---
stack { name = "shop" }
variable "v" {
  tye = number ### 3: variable: unknown attribute "tye" ~ did you mean "type"?
}
container "web" {
  for_ech = range(2) ### 3: container.web: unknown attribute "for_ech" ~ did you mean "for_each"?
  memory  = "${each.key}m"
  lifecycle {
    postcondition {
      condtion      = self.memory == "1m" ### 7: postcondition: unknown attribute "condtion" ~ did you mean "condition"?
      error_message = "no"
    }
  }
}
---
stack { name = "shop" }
output "a" { value = "${1}" }
output "b { value = "${1} ${2}" } ### 31: the text that begins here does not end on this line
---
stack { name = "shop-" }                  ### 16: stack.name: "shop-" is no name for a stack: want a-z, 0-9 and dashes, at most 31, a dash neither first nor last
---
# a label is there
stack { name = "t" }
network "" {}                             ### 9: "" is no label: want letters, digits, _ and -, not a digit or - first
---
# what is left of a list that was not understood is not taken for all of it
stack { name = "t" }
container "web" { ports = ["80:80x"] }    ### 28: container.web.ports[0]: got "80:80x", want a port such as "8080:80"
output "port" { value = container.web.ports[0].host }
output "many" { value = [for p in container.web.ports : p.container] }
---
stack { name = "t" }
variable "net" { type = network }         ### 1: no value for the variables net, n ~ net takes a resource, which only one who uses this as a module can give
variable "n" { type = list(string) }
---
# how many there are is not known, so that no more is said of them
stack { name = "s" }
container "web" { for_ech = range(2) } ### 19: container.web: unknown attribute "for_ech" ~ did you mean "for_each"?
output "o" { value = [for w in container.web : w.name] }
---
output "a" { value = [1 2] } ### 25: got '2', want a comma or ] ~ an operator
---
output "b" { value = [1, , 2] } ### 26: got ',', want a value
---
output "a" { value = max(1 2) } ### 28: got '2', want a comma or )
---
output "b" { value = (1 2) } ### 25: got '2', want )
---
output "c" { value = true ? 1 } ### 31: got '}', want : ~ CONDITION ? VALUE : OTHER
---
output "d" {
  value = { a 1 } ### 15: got '1', want = and a value
}
---
network "n" { internal = true driver = "x" } ### 31: got 'driver', want } ~ lines of their own
