# The same shape as a shop of one's own, with images that everybody has: a
# database, and a web server in front of a page.
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
locals { db_name = "app" }

network "back" { internal = true }
network "front" {}

volume "pgdata" {
  lifecycle = { prevent_destroy = true }
}

container "db" {
  image       = "postgres:17.2-alpine"
  networks    = [{ network = network.back, aliases = ["db"] }]
  mounts      = [{ volume = volume.pgdata, target = "/var/lib/postgresql/data" }]
  env         = { POSTGRES_DB = local.db_name, POSTGRES_PASSWORD = var.db_password }
  healthcheck = { test = ["CMD-SHELL", "pg_isready -U postgres"], interval = "5s", retries = 10 }
  memory      = "512m"
  restart     = "unless-stopped"
}

container "web" {
  image    = "caddy:2.9-alpine"
  networks = [network.front, network.back]
  ports    = [{ container = 80, host = var.port, host_ip = "127.0.0.1" }]
  files = {
    "/etc/caddy/Caddyfile" = <<-EOT
      :80
      respond "The database is ${container.db.name}."
    EOT
  }
  env        = { DATABASE_URL = "postgres://postgres:${var.db_password}@db/${local.db_name}" }
  restart    = "unless-stopped"
  depends_on = [healthy(container.db, "60s")]
}

output "url" { value = "http://127.0.0.1:${container.web.ports[0].host}" }
output "db_ip" { value = container.db.ip } # the engine picks it
