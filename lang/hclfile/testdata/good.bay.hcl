stack { name = "t" }
locals {
  a     = 1
  words = ["b", "a"]
  env   = { A = "x", "B C" = 2, (local.words[0]) = true }
  deep  = { list = [{ x = 1 }, { x = 2 }] }
  here  = <<-EOT
    one
    %{for w in local.words~}
    - ${w}
    %{endfor~}
    %{if local.a == 1}two%{else}three%{endif}
  EOT
}
output "int" { value = local.a + 1 }                                      ### = 2
output "float" { value = 0.1 + 0.2 }                                      ### = 0.30000000000000004
output "whole" { value = 4 / 2 }                                          ### = 2
output "half" { value = 7 / 2 }                                           ### = 3.5
output "mod" { value = 7 % 4 }                                            ### = 3
output "neg" { value = -local.a }                                         ### = -1
output "fromtext" { value = "2" * 3 }                                     ### = 6
output "most" { value = 9223372036854775807 }                             ### = 9223372036854775807
output "text" { value = "a${local.a}b${true}" }                           ### = a1btrue
output "here" { value = local.here }                                      ### = "one\n    - b\n    - a\n    two\n"
output "map" { value = local.env }                                        ### = {A: x, B C: 2, b: true}
output "index" { value = local.env["B C"] }                               ### = 2
output "neste" { value = local.deep.list[1].x }                           ### = 2
output "legacy" { value = local.deep.list.1.x }                           ### = 2
output "splat" { value = local.deep.list[*].x }                           ### = [1, 2]
output "splat2" { value = local.deep.list.*.x }                           ### = [1, 2]
output "splat1" { value = local.a[*] }                                    ### = [1]
output "splat0" { value = null[*] }                                       ### = []
output "for" { value = [for i, w in local.words : "${i}${w}"] }           ### = [0b, 1a]
output "formap" { value = { for k, v in local.env : upper(k) => v } }     ### = {A: x, B: true, B C: 2}
output "group" { value = { for x in [1, 2, 3] : x % 2 == 0 ? "e" : "o" => x... } } ### = {e: [2], o: [1, 3]}
output "if" { value = [for x in range(5) : x if x > 1 && x != 3] }        ### = [2, 4]
output "branches" { value = true ? "a" : [1] }                            ### = a
output "lazy" { value = false && local.env.none == 1 }                    ### = false
output "compare" { value = [1 == "1", null == null, [1] == [1], 1 == 1.0, 2 <= 2, "1" < 2] } ### = [false, true, true, true, true, true]
---
stack { name = "t" }
output "expand" { value = concat([[1], [2]]...) }                         ### = [1, 2]
output "file" { value = file("motd.txt") }                                ### = "hello\n"
output "unused" { value = upper("ä") }                                    ### = Ä
---
# What resources show.
stack { name = local.stack }
locals { stack = "shop" }
network "back" { internal = true }
network "off" { enabled = local.stack == "other" }
image "web" { pull = "web:1" }
container "db" {
  image    = image.web
  memory   = 536870912
  networks = [{ network = network.back, aliases = ["d"] }, network.off]
  ports    = ["8080:80", { container = 443 }]
  env      = { NAME = "x", N = 5 }
}
container "web" {
  for_each   = range(2)
  env        = { DB = "pg://${container.db.ip}:${container.db.ports[0].host}", KEY = each.key, N = each.value }
  depends_on = [started(container.db, "10s"), network.off]
}
container "job" {
  for_each = { a = "x", b = "y" }
  enabled  = each.value == "x"
  command  = "run ${each.key} ${each.value}"
}
container "word" {
  for_each = toset(["b", "a"])
  lifecycle {
    prevent_destroy = true
    precondition {
      condition     = each.key != "c" && container.db.memory == "512m"
      error_message = "no word c"
    }
    precondition {
      condition     = true
      error_message = null["where it holds, it is not asked what it says"]
    }
  }
}
assert "memory" {
  condition     = container.db.memory == "512m"
  error_message = "db has ${container.db.memory}"
}
output "name" { value = container.db.name }                               ### = shop-db
output "memory" { value = container.db.memory }                           ### = 512m
output "unset" { value = container.db.user == null }                      ### = true
output "ip" { value = container.db.ip }                                   ### = ${container.db.ip}
output "text" { value = "<${container.db.ip}>" }                          ### = <${container.db.ip}>
output "join" { value = join(",", [container.db.ip, "x"]) }               ### = ${container.db.ip},x
output "ips" { value = container.db.ips[network.back.name] }              ### = ${container.db.ips["shop-back"]}
output "port" { value = container.db.ports[1]["container"] }              ### = 443
output "names" { value = [for w in container.web : w.name] }              ### = [shop-web-0, shop-web-1]
output "splat" { value = container.web[*].env.KEY }                       ### = [0, 1]
output "place" { value = container.web[1].name }                          ### = shop-web-1
output "key" { value = container.web["1"].name }                          ### = shop-web-1
output "env" { value = container.web[0].env.DB }                          ### = pg://${container.db.ip}:8080
output "bykey" { value = container.job["a"].command }                     ### = [run, a, x]
output "sets" { value = [for k, w in container.word : "${k}${w.name}"] }  ### = [0shop-word-a, 1shop-word-b]
output "set" { value = container.word["b"].name }                         ### = shop-word-b
output "count" { value = length(container.web) + length(container.job) }  ### = 4
output "same" { value = container.web[0] == container.web["0"] }          ### = true
output "each" { value = "%{for w in container.web}${w.ip},%{endfor}%{if network.off == null}!%{endif}" } ### = ${container.web["0"].ip},${container.web["1"].ip},!
output "offs" { value = network.off == null }                             ### = true
output "pass" { value = concat([container.web[0]], values(container.job))[0].name } ### = shop-web-0
---
# Variables.
stack { name = "t" }
variable "n" {
  type    = number
  default = "3"
  validation {
    condition     = var.n >= 1 && var.n <= 9
    error_message = "n must be from 1 to 9, got ${var.n}"
  }
}
variable "ports" {
  type    = list(object({ port = number, proto = optional(string, "tcp") }))
  default = [{ port = 1 }]
}
variable "secret" {
  default   = "s3cret"
  sensitive = true
  validation {
    condition     = length(var.secret) > 3
    error_message = "too short"
  }
}
variable "none" {
  type    = string
  default = null
}
output "n" { value = var.n + 1 }                                          ### = 4
output "ports" { value = var.ports[0].proto }                             ### = tcp
output "secret" { value = "pw=${var.secret}" }                            ### = (sensitive)
output "iftext" { value = "%{if var.n > 2}${var.secret}%{endif}" }        ### = (sensitive)
output "upper" { value = upper(var.secret) }                              ### = (sensitive)
output "within" { value = { a = var.secret, b = 1 } }                     ### = {a: (sensitive), b: 1}
output "plus" { value = length(var.secret) + 1 }                          ### = (sensitive)
output "none" { value = var.none == null }                                ### = true
output "marked" {                                                         ### = (sensitive)
  sensitive = true
  value     = 1
}
---
# what is quoted is text
stack { name = "t" }
variable "n" {
  type    = number
  default = 2
}
output "same" { value = ["${var.n}" == "2", "${var.n}" == var.n, var.n == 2, "${true}" == "true"] } ### = [true, false, true, true]
output "list" { value = "${[1]}" }                                        ### = [1]
output "sum" { value = "${var.n}" + 1 }                                   ### = 3
