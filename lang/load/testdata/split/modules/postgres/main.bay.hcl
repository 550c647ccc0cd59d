variable "database" {
  type    = string
  default = "postgres"
}
variable "password" {
  type      = string
  sensitive = true
  validation {
    condition     = var.password != ""
    error_message = "want a password"
  }
}
variable "network" { type = network }
variable "limits" {
  type    = object({ memory = optional(string, "512m"), retries = optional(number, 10) })
  default = {}
}

image "this" { pull = "postgres:17.2-alpine" }
volume "data" {
  lifecycle { prevent_destroy = true }
}
container "this" {
  image       = image.this
  networks    = [{ network = var.network, aliases = ["postgres"] }]
  mounts      = [{ volume = volume.data, target = "/var/lib/postgresql/data" }]
  env         = { POSTGRES_DB = var.database, POSTGRES_PASSWORD = var.password }
  healthcheck = { test = ["CMD-SHELL", "pg_isready -U postgres"], interval = "5s", retries = var.limits.retries }
  memory      = var.limits.memory
}
output "container" { value = container.this }
output "url" { value = "postgres://postgres:${var.password}@${container.this.ip}/${var.database}" }
output "password" { value = var.password }
