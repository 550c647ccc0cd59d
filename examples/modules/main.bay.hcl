# What a shop needs around it, all of it from modules that come with bay.
stack { name = "modules" }

variable "db_password" {
  type      = string
  sensitive = true
}

network "back" {}

module "db" {
  source = "std/mysql"
  inputs = { password = var.db_password, database = "shop", network = network.back, protect = true }
}
module "cache" {
  source = "std/redis"
  inputs = { password = var.db_password, network = network.back, persist = false }
}
module "queue" {
  source = "std/rabbitmq"
  inputs = { password = var.db_password, network = network.back, management_port = 15672 }
}
module "objects" {
  source = "std/minio"
  inputs = { password = var.db_password, network = network.back, console_port = 9001 }
}
module "images" {
  source = "std/registry"
  inputs = { network = network.back, port = 5000 }
}
module "pages" {
  source = "std/nginx"
  inputs = { network = network.back, pages = { "index.html" = "Come in, the shop is open.\n" } }
}
module "site" {
  source     = "std/caddy"
  inputs     = { network = network.back, proxy_to = ["${module.pages.host}:80"], port = 8081 }
  depends_on = [healthy(module.pages.container, "60s")]
}
module "proxy" {
  source = "std/traefik"
  inputs = {
    network = network.back
    port    = 8080
    routes  = { shop = { rule = "PathPrefix(`/`)", urls = [module.pages.url] } }
  }
  depends_on = [healthy(module.pages.container, "60s")]
}
module "figures" {
  source = "std/prometheus"
  inputs = {
    grafana_password = var.db_password
    network          = network.back
    grafana_port     = 3000
    targets          = { queue = ["${module.queue.host}:15692"] }
  }
}

output "url" { value = "http://127.0.0.1:${module.proxy.container.ports[0].host}" }
output "db" {
  value     = module.db.url
  sensitive = true
}
output "queue" {
  value     = module.queue.url
  sensitive = true
}
output "objects" { value = module.objects.url }
output "images" { value = module.images.url }
output "figures" { value = module.figures.grafana_url }
