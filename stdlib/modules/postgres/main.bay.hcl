# std/postgres: a PostgreSQL server with a volume of its own. The default tag
# is one of library/postgres in docker-library/official-images.

variable "password" {
  type        = string
  sensitive   = true
  nullable    = false
  description = "Password of the user. The server takes it when it makes its data, and not again."
  validation {
    condition     = length(var.password) >= 8
    error_message = "the password has fewer than 8 characters"
  }
}
variable "database" {
  type        = string
  default     = "postgres"
  nullable    = false
  description = "Name of the database that is made with the data."
  validation {
    condition     = length(regexall("^[A-Za-z_][A-Za-z0-9_]{0,62}$", var.database)) > 0
    error_message = "want a name of letters, digits and _, not a digit first and at most 63, got \"${var.database}\""
  }
}
variable "user" {
  type        = string
  default     = "postgres"
  nullable    = false
  description = "Name of the user, who may do anything."
  validation {
    condition     = length(regexall("^[A-Za-z_][A-Za-z0-9_]{0,62}$", var.user)) > 0
    error_message = "want a name of letters, digits and _, not a digit first and at most 63, got \"${var.user}\""
  }
}
variable "version" {
  type        = string
  default     = "17.2-alpine"
  nullable    = false
  description = "Tag of the image postgres. Data of one major version are not read by another."
  validation {
    condition     = length(regexall("^1[3-7]([.-]|$)", var.version)) > 0
    error_message = "want a tag of version 13 to 17, such as 17.2-alpine, got \"${var.version}\""
  }
}
variable "image" {
  type        = image
  default     = null
  description = "An image made from postgres, instead of version."
}
variable "network" {
  type        = network
  default     = null
  description = "The network to be on; the stack's network default if it is left out."
}
variable "aliases" {
  type        = list(string)
  default     = null
  description = "More names on that network."
}
variable "port" {
  type        = number
  default     = null
  description = "Port of this machine alone (127.0.0.1) that leads to the server; none if it is left out."
  validation {
    condition     = var.port == null ? true : var.port >= 1 && var.port <= 65535
    error_message = "want a port from 1 to 65535, got ${var.port}"
  }
}
variable "settings" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Settings of the server, such as { max_connections = 200 }."
}
variable "init" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Scripts that run once, when the data are made: the text of each by its name, such as { \"1-tables.sql\" = file(\"tables.sql\") }."
  validation {
    condition     = alltrue([for name in keys(var.init) : length(regexall("^[A-Za-z0-9._-]+[.](sql|sh)$", name)) > 0])
    error_message = "the name of a script ends in .sql or .sh: got ${join(", ", keys(var.init))}"
  }
}
variable "protect" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether a plan that removes the data is an error, even if it is asked for."
}
variable "memory" {
  type        = string
  default     = "512m"
  nullable    = false
  description = "Memory limit."
  validation {
    condition     = length(regexall("(?i)^[0-9]+([.][0-9]+)?[bkmgt]?b?$", var.memory)) > 0
    error_message = "want a size such as 512m, got \"${var.memory}\""
  }
}
variable "cpus" {
  type        = number
  default     = null
  description = "CPU limit, such as 1.5; none if it is left out."
  validation {
    condition     = var.cpus == null ? true : var.cpus > 0
    error_message = "want a number of CPUs such as 1.5, got ${var.cpus}"
  }
}
variable "shm_size" {
  type        = string
  default     = "128m"
  nullable    = false
  description = "Shared memory, which queries that run side by side use."
  validation {
    condition     = length(regexall("(?i)^[0-9]+([.][0-9]+)?[bkmgt]?b?$", var.shm_size)) > 0
    error_message = "want a size such as 512m, got \"${var.shm_size}\""
  }
}

locals {
  image   = var.image == null ? "postgres:${var.version}" : var.image
  options = flatten([for name, value in var.settings : ["-c", "${name}=${value}"]])
  scripts = { for name, text in var.init : "/docker-entrypoint-initdb.d/${name}" => { content = text, on_change = "none" } }
  # What is left out has no place in a plan. Names are counted, and not values, which may be sensitive.
  has_options = length([for name, value in var.settings : name]) > 0
  has_scripts = length([for name, text in var.init : name]) > 0
}

volume "data" {
  lifecycle { prevent_destroy = var.protect }
}

container "this" {
  image    = local.image
  command  = local.has_options ? concat(["postgres"], local.options) : null
  networks = var.network == null ? null : [{ network = var.network, aliases = var.aliases }]
  ports    = var.port == null ? null : [{ container = 5432, host = var.port, host_ip = "127.0.0.1" }]
  mounts   = [{ volume = volume.data, target = "/var/lib/postgresql/data" }]
  env      = { POSTGRES_DB = var.database, POSTGRES_USER = var.user, POSTGRES_PASSWORD = var.password }
  files    = local.has_scripts ? local.scripts : null
  # While the data are made, a server runs that listens on no address: -h asks for the one that does.
  healthcheck = {
    test         = ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", var.user, "-d", var.database]
    interval     = "5s"
    timeout      = "5s"
    retries      = 10
    start_period = "30s"
  }
  memory       = var.memory
  cpus         = var.cpus
  shm_size     = var.shm_size
  pids_limit   = 1000
  restart      = "unless-stopped"
  stop_signal  = "SIGINT"
  stop_timeout = "60s"
}

output "container" {
  value       = container.this
  description = "The server."
}
output "volume" {
  value       = volume.data
  description = "Its data."
}
output "host" {
  value       = container.this.name
  description = "Name of the server on its network."
}
output "port" {
  value       = 5432
  description = "Its port there."
}
output "url" {
  value       = "postgres://${var.user}:${replace(urlencode(var.password), "+", "%20")}@${container.this.name}:5432/${var.database}"
  description = "How others on the network reach the database."
  sensitive   = true
}
