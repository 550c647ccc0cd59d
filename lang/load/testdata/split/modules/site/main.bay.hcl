variable "replicas" {
  type = number
  validation {
    condition     = var.replicas >= 1
    error_message = "a site without a replica serves nothing"
  }
}
variable "image" { type = image }
variable "database" { type = container }
variable "database_url" { type = string }
variable "networks" { type = object({ front = network, back = network }) }

container "web" {
  for_each   = range(var.replicas)
  image      = var.image
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
