# std/mysql: a MySQL server with a volume of its own. The default tag is one of
# library/mysql in docker-library/official-images, as a release of the 8.4 LTS
# series.

variable "password" {
  type        = string
  sensitive   = true
  nullable    = false
  description = "Password of the user. The server takes it when it makes its data, and not again."
  validation {
    condition     = length(regexall("^[^'\\\\\\n]{8,}$", var.password)) > 0
    error_message = "the password has fewer than 8 characters, or one of ' and \\, which the image does not take"
  }
}
variable "root_password" {
  type        = string
  default     = null
  sensitive   = true
  description = "Password of root, taken when the data are made; that of the user if it is left out."
  validation {
    condition     = var.root_password == null ? true : length(regexall("^[^'\\\\\\n]{8,}$", var.root_password)) > 0
    error_message = "the password has fewer than 8 characters, or one of ' and \\, which the image does not take"
  }
}
variable "database" {
  type        = string
  default     = "app"
  nullable    = false
  description = "Name of the database that is made with the data."
  validation {
    condition     = length(regexall("^[A-Za-z_][A-Za-z0-9_]{0,63}$", var.database)) > 0
    error_message = "want a name of letters, digits and _, not a digit first and at most 64, got \"${var.database}\""
  }
}
variable "user" {
  type        = string
  default     = "app"
  nullable    = false
  description = "Name of the user, who may do anything in that database."
  validation {
    condition     = var.user != "root" && length(regexall("^[A-Za-z_][A-Za-z0-9_]{0,31}$", var.user)) > 0
    error_message = "want a name of letters, digits and _, not a digit first, at most 32 and not root, got \"${var.user}\""
  }
}
variable "version" {
  type        = string
  default     = "8.4.11"
  nullable    = false
  description = "Tag of the image mysql. Data are read by the next series, but not by one before."
  validation {
    condition     = length(regexall("^(8[.][04]|9[.][0-9])([.-]|$)", var.version)) > 0
    error_message = "want a tag of version 8.0, 8.4 or 9, such as 8.4.11, got \"${var.version}\""
  }
}
variable "image" {
  type        = image
  default     = null
  description = "An image made from mysql, instead of version."
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
  default     = "1g"
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

locals {
  options = [for name, value in var.settings : "--${replace(name, "_", "-")}=${value}"]
  scripts = { for name, text in var.init : "/docker-entrypoint-initdb.d/${name}" => text }
  # Root alone reads them: the image does so before it becomes mysql.
  secrets = ["/run/mysql/password", "/run/mysql/root_password"]
  texts = {
    (local.secrets[0]) = var.password
    (local.secrets[1]) = coalesce(var.root_password, var.password)
  }
  # Names are counted, and not values, which may be sensitive.
  has_options = length([for name, value in var.settings : name]) > 0
}

volume "data" {
  lifecycle { prevent_destroy = var.protect }
}

container "this" {
  image    = var.image == null ? "mysql:${var.version}" : var.image
  command  = local.has_options ? concat(["mysqld"], local.options) : null
  networks = var.network == null ? null : [{ network = var.network, aliases = var.aliases }]
  ports    = var.port == null ? null : [{ container = 3306, host = var.port, host_ip = "127.0.0.1" }]
  mounts   = [{ volume = volume.data, target = "/var/lib/mysql" }]
  env = {
    MYSQL_DATABASE           = var.database
    MYSQL_USER               = var.user
    MYSQL_PASSWORD_FILE      = local.secrets[0]
    MYSQL_ROOT_PASSWORD_FILE = local.secrets[1]
  }
  # The image takes them when the data are made, and not again.
  files = { for path in concat([for path, text in local.scripts : path], local.secrets) : path => {
    content   = contains(local.secrets, path) ? local.texts[path] : local.scripts[path]
    mode      = contains(local.secrets, path) ? "0400" : "0644"
    on_change = "none"
  } }
  # While the data are made, a server runs that listens on no address: -h asks
  # for the one that does. One that refuses the password answers too.
  healthcheck = {
    test         = ["CMD", "mysqladmin", "ping", "-h", "127.0.0.1", "--silent"]
    interval     = "5s"
    timeout      = "5s"
    retries      = 10
    start_period = "60s"
  }
  memory       = var.memory
  cpus         = var.cpus
  pids_limit   = 1000
  restart      = "unless-stopped"
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
  value       = 3306
  description = "Its port there."
}
output "url" {
  value       = "mysql://${var.user}:${replace(urlencode(var.password), "+", "%20")}@${container.this.name}:3306/${var.database}"
  description = "How others on the network reach the database."
  sensitive   = true
}
