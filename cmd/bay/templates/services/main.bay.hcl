# A web server, a database and a cache. The web server is on a port of this
# machine; the others are on a private network, which has no way out.
stack { name = "my-stack" }

variable "port" {
  type        = number
  default     = 8080
  description = "Port of this machine that the web server is on."
}
variable "db_password" {
  type        = string
  sensitive   = true # shown in no plan, label or message
  description = "Password of the database."
}

network "front" {}
network "back" { internal = true }

# Modules that come with bay; `bay doc std/postgres` shows all that one takes.
module "db" {
  source = "std/postgres"
  inputs = { password = var.db_password, database = "app", network = network.back }
}
module "cache" {
  source = "std/redis"
  inputs = { network = network.back, persist = false }
}

image "web" { build = "./web" }

container "web" {
  image    = image.web
  networks = [network.front, network.back]
  ports    = ["127.0.0.1:${var.port}:80"]
  env = {
    CACHE_HOST        = module.cache.host
    DATABASE_HOST     = module.db.host
    DATABASE_PASSWORD = var.db_password
  }
  memory     = "128m"
  restart    = "unless-stopped"
  depends_on = [healthy(module.db.container), healthy(module.cache.container)]
}

output "url" { value = "http://127.0.0.1:${container.web.ports[0].host}" }
