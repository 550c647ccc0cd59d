stack { name = "shop" }

variable "replicas" {
  type        = number
  default     = 3
  description = "Web replicas behind the proxy."
  validation {
    condition     = var.replicas >= 1 && var.replicas <= 9
    error_message = "replicas must be from 1 to 9, got ${var.replicas}"
  }
}
variable "db_password" {
  type      = string
  sensitive = true
}
locals { db_name = "shop" }

network "back" { internal = true }
network "front" {}
image "web" {
  build = { context = "./web", target = "runtime" }
  tags  = ["shop/web:1.4.0", "shop/web:latest"]
}

module "db" {
  source = "./modules/postgres"
  inputs = { database = local.db_name, network = network.back, password = var.db_password }
}
module "site" {
  source = "./modules/site"
  inputs = {
    image        = image.web
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
