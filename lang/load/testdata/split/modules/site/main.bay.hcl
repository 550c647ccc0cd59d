variable "replicas" {
  type = number
  validation {
    condition     = var.replicas >= 1 && var.replicas <= 9
    error_message = "replicas must be from 1 to 9, got ${var.replicas}"
  }
}
variable "database" { type = container }
variable "database_url" { type = string }
variable "networks" { type = object({ front = network, back = network }) }

image "web" {
  build = { context = "./web", target = "runtime" }
  tags  = ["shop/web:1.4.0"]
}
container "web" {
  for_each   = range(var.replicas)
  image      = image.web
  networks   = [var.networks.back]
  env        = { DATABASE_URL = var.database_url, DATABASE = var.database.name, INSTANCE = each.key }
  depends_on = [healthy(var.database)]
}
module "proxy" {
  for_each = ["a", "b"]
  source   = "../proxy"
  inputs   = { upstreams = container.web, networks = [var.networks.back, var.networks.front], port = each.key == "a" ? 8080 : 8081 }
}
output "url" { value = module.proxy["a"].url }
output "webs" { value = container.web }
