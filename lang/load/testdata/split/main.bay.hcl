stack { name = "shop" }

variable "replicas" {
  type        = number
  default     = 3
  description = "Web replicas behind the proxy."
}
variable "db_password" {
  type      = string
  sensitive = true
}

network "back" { internal = true }
network "front" {}

module "db" {
  source = "./modules/postgres"
  inputs = { database = "shop", network = network.back, password = var.db_password }
}
module "site" {
  source = "./modules/site"
  inputs = {
    replicas     = var.replicas
    database     = module.db.container
    database_url = module.db.url
    networks     = { front = network.front, back = network.back }
  }
  depends_on = [healthy(module.db.container, "60s")]
}
output "url" { value = module.site.url }
output "db_ip" { value = module.db.container.ip }
output "webs" { value = [for w in module.site.webs : w.name] }
output "password" { value = module.db.password }
