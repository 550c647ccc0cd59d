variable "upstreams" { type = list(container) }
variable "networks" { type = list(network) }
variable "port" { type = number }

container "this" {
  image      = "caddy:2.9-alpine"
  networks   = var.networks
  ports      = ["127.0.0.1:${var.port}:80"]
  files      = { "/etc/caddy/Caddyfile" = templatefile("Caddyfile.tmpl", { upstreams = [for w in var.upstreams : w.name] }) }
  depends_on = [started(var.upstreams)]
}
output "url" { value = "http://127.0.0.1:${container.this.ports[0].host}" }
