# The same shape as a shop of one's own, with images that everybody has: a
# database, which is a module that comes with bay, and a web server in front of
# a page.
stack { name = "web-postgres" }

variable "db_password" {
  type      = string
  sensitive = true
}
variable "port" {
  type        = number
  default     = 8080
  description = "Port of this machine that the page is served on."
}

network "back" { internal = true }
network "front" {}

module "db" {
  source = "std/postgres"
  inputs = {
    password = var.db_password
    database = "app"
    network  = network.back
    protect  = true
  }
}

container "web" {
  image    = "caddy:2.9-alpine"
  networks = [network.front, network.back]
  ports    = [{ container = 80, host = var.port, host_ip = "127.0.0.1" }]
  files = {
    "/etc/caddy/Caddyfile" = <<-EOT
      :80
      respond "The database is ${module.db.host}."
    EOT
  }
  env        = { DATABASE_URL = module.db.url }
  restart    = "unless-stopped"
  depends_on = [healthy(module.db.container, "60s")]
}

output "url" { value = "http://127.0.0.1:${container.web.ports[0].host}" }
output "db_ip" { value = module.db.container.ip } # the engine picks it
