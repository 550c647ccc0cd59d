# std/prometheus: Prometheus, which collects figures, and Grafana, which draws
# them, each with a volume of its own. The default tags are those of the releases
# of prometheus/prometheus and grafana/grafana, on Docker Hub as prom/prometheus
# and grafana/grafana.

variable "grafana_password" {
  type        = string
  sensitive   = true
  nullable    = false
  description = "Password of Grafana's user admin. Grafana takes it when it makes its data, and not again."
  validation {
    condition     = length(var.grafana_password) >= 8 && trimspace(var.grafana_password) == var.grafana_password
    error_message = "the password has fewer than 8 characters, or spaces around it"
  }
}
variable "targets" {
  type        = map(list(string))
  default     = {}
  nullable    = false
  description = "What is asked for figures at /metrics: names with ports by job, such as { web = [\"web:8000\"] }. Prometheus asks itself too."
  validation {
    condition     = !contains(keys(var.targets), "prometheus")
    error_message = "the job prometheus is there already"
  }
  validation {
    condition     = alltrue([for target in flatten(values(var.targets)) : length(regexall("^[^\\s/]+:[0-9]+$", target)) > 0])
    error_message = "want names with ports, such as web:8000, got ${join(", ", flatten(values(var.targets)))}"
  }
}
variable "interval" {
  type        = string
  default     = "15s"
  nullable    = false
  description = "How often they are asked."
  validation {
    condition     = length(regexall("^[0-9]+(ms|s|m|h)$", var.interval)) > 0
    error_message = "want a time such as 15s, got \"${var.interval}\""
  }
}
variable "config" {
  type        = string
  default     = null
  description = "The whole prometheus.yml, instead of targets and interval."
}
variable "rules" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Rules for alerts and recordings: the text of each file by its name, such as { \"web.yml\" = file(\"web.yml\") }."
  validation {
    condition     = alltrue([for name in keys(var.rules) : length(regexall("^[A-Za-z0-9._-]+[.]ya?ml$", name)) > 0])
    error_message = "the name of a file of rules ends in .yml: got ${join(", ", keys(var.rules))}"
  }
}
variable "dashboards" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Dashboards of Grafana: the JSON of each by its name, such as { web = file(\"web.json\") }."
  validation {
    condition     = alltrue([for name in keys(var.dashboards) : length(regexall("^[A-Za-z0-9_-]+$", name)) > 0])
    error_message = "the name of a dashboard is of letters, digits, _ and -: got ${join(", ", keys(var.dashboards))}"
  }
}
variable "retention" {
  type        = string
  default     = "15d"
  nullable    = false
  description = "How long figures are kept."
  validation {
    condition     = length(regexall("^[0-9]+(h|d|w|y)$", var.retention)) > 0
    error_message = "want a time such as 15d, got \"${var.retention}\""
  }
}
variable "version" {
  type        = string
  default     = "v3.14.0"
  nullable    = false
  description = "Tag of the image prom/prometheus, of those with wget."
  validation {
    condition     = length(regexall("^v3[.][0-9]+[.][0-9]+$", var.version)) > 0
    error_message = "want a tag of version 3, such as v3.14.0, got \"${var.version}\""
  }
}
variable "grafana_version" {
  type        = string
  default     = "12.4.5"
  nullable    = false
  description = "Tag of the image grafana/grafana, of those with Alpine Linux."
  validation {
    condition     = length(regexall("^1[1-9][.][0-9]+[.][0-9]+$", var.grafana_version)) > 0
    error_message = "want a tag of version 11 or later, such as 12.4.5, got \"${var.grafana_version}\""
  }
}
variable "image" {
  type        = image
  default     = null
  description = "An image made from prom/prometheus, instead of version."
}
variable "grafana_image" {
  type        = image
  default     = null
  description = "An image made from grafana/grafana, instead of grafana_version."
}
variable "network" {
  type        = network
  default     = null
  description = "The network to be on; the stack's network default if it is left out."
}
variable "aliases" {
  type        = list(string)
  default     = null
  description = "More names of Prometheus on that network."
}
variable "port" {
  type        = number
  default     = null
  description = "Port of this machine alone (127.0.0.1) that leads to Prometheus; none if it is left out."
  validation {
    condition     = var.port == null ? true : var.port >= 1 && var.port <= 65535
    error_message = "want a port from 1 to 65535, got ${var.port}"
  }
}
variable "grafana_port" {
  type        = number
  default     = null
  description = "Port of this machine alone (127.0.0.1) that leads to Grafana; none if it is left out."
  validation {
    condition     = var.grafana_port == null ? true : var.grafana_port >= 1 && var.grafana_port <= 65535
    error_message = "want a port from 1 to 65535, got ${var.grafana_port}"
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
  description = "Memory limit of Prometheus."
  validation {
    condition     = length(regexall("(?i)^[0-9]+([.][0-9]+)?[bkmgt]?b?$", var.memory)) > 0
    error_message = "want a size such as 512m, got \"${var.memory}\""
  }
}
variable "grafana_memory" {
  type        = string
  default     = "512m"
  nullable    = false
  description = "Memory limit of Grafana."
  validation {
    condition     = length(regexall("(?i)^[0-9]+([.][0-9]+)?[bkmgt]?b?$", var.grafana_memory)) > 0
    error_message = "want a size such as 512m, got \"${var.grafana_memory}\""
  }
}
variable "cpus" {
  type        = number
  default     = null
  description = "CPU limit of each, such as 0.5; none if it is left out."
  validation {
    condition     = var.cpus == null ? true : var.cpus > 0
    error_message = "want a number of CPUs such as 1.5, got ${var.cpus}"
  }
}

locals {
  jobs = merge({ prometheus = ["127.0.0.1:9090"] }, var.targets)
  settings = yamlencode({
    global         = { scrape_interval = var.interval, evaluation_interval = var.interval }
    rule_files     = ["/etc/prometheus/rules/*"]
    scrape_configs = [for job, targets in local.jobs : { job_name = job, static_configs = [{ targets = targets }] }]
  })
  conf  = "/etc/prometheus/prometheus.yml"
  rules = { for name, text in var.rules : "/etc/prometheus/rules/${name}" => text }

  provisioning = "/etc/grafana/provisioning"
  drawn        = "/etc/grafana/dashboards"
  secret       = "/etc/grafana/admin_password"
  source       = "${local.provisioning}/datasources/prometheus.yaml"
  folder       = "${local.provisioning}/dashboards/bay.yaml"
  boards       = { for name, text in var.dashboards : "${local.drawn}/${name}.json" => text }
  texts = {
    (local.secret) = var.grafana_password
    (local.source) = yamlencode({
      apiVersion = 1
      datasources = [{
        name = "Prometheus", uid = "prometheus", type = "prometheus", access = "proxy", isDefault = true
        url  = "http://${container.this.name}:9090"
      }]
    })
    (local.folder) = yamlencode({
      apiVersion = 1
      providers  = [{ name = "bay", type = "file", options = { path = local.drawn } }]
    })
  }
  # Grafana complains of a folder of dashboards that is not there.
  drawings = [for path, text in local.boards : path]
  paths    = concat([local.secret, local.source], [for path in [local.folder] : path if length(local.drawings) > 0], local.drawings)
}

volume "data" {
  lifecycle { prevent_destroy = var.protect }
}
volume "grafana" {
  lifecycle { prevent_destroy = var.protect }
}

container "this" {
  image    = var.image == null ? "prom/prometheus:${var.version}" : var.image
  command  = ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus", "--storage.tsdb.retention.time=${var.retention}"]
  networks = var.network == null ? null : [{ network = var.network, aliases = var.aliases }]
  ports    = var.port == null ? null : [{ container = 9090, host = var.port, host_ip = "127.0.0.1" }]
  mounts   = [{ volume = volume.data, target = "/prometheus" }]
  files = { for path in concat([local.conf], [for path, text in local.rules : path]) : path =>
    path == local.conf ? coalesce(var.config, local.settings) : local.rules[path]
  }
  healthcheck = {
    test         = ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9090/-/ready"]
    interval     = "5s"
    timeout      = "3s"
    retries      = 10
    start_period = "30s"
  }
  memory       = var.memory
  cpus         = var.cpus
  pids_limit   = 500
  restart      = "unless-stopped"
  stop_timeout = "60s"
}

container "grafana" {
  image    = var.grafana_image == null ? "grafana/grafana:${var.grafana_version}" : var.grafana_image
  networks = var.network == null ? null : [var.network]
  ports    = var.grafana_port == null ? null : [{ container = 3000, host = var.grafana_port, host_ip = "127.0.0.1" }]
  mounts   = [{ volume = volume.grafana, target = "/var/lib/grafana" }]
  env = {
    GF_SECURITY_ADMIN_PASSWORD__FILE = local.secret
    GF_USERS_ALLOW_SIGN_UP           = "false"
    GF_ANALYTICS_REPORTING_ENABLED   = "false"
    GF_ANALYTICS_CHECK_FOR_UPDATES   = "false"
  }
  # 472 is the image's user. What lies in provisioning is read at the start,
  # dashboards at any time, and the password when the data are made.
  files = { for path in local.paths : path => {
    content   = startswith(path, local.drawn) ? local.boards[path] : local.texts[path]
    mode      = path == local.secret ? "0400" : "0644"
    uid       = path == local.secret ? 472 : 0
    on_change = startswith(path, local.provisioning) ? "restart" : "none"
  } }
  healthcheck = {
    test         = ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3000/api/health"]
    interval     = "5s"
    timeout      = "3s"
    retries      = 10
    start_period = "30s"
  }
  memory     = var.grafana_memory
  cpus       = var.cpus
  pids_limit = 500
  restart    = "unless-stopped"
}

output "container" {
  value       = container.this
  description = "Prometheus."
}
output "grafana" {
  value       = container.grafana
  description = "Grafana."
}
output "volume" {
  value       = volume.data
  description = "The figures."
}
output "grafana_volume" {
  value       = volume.grafana
  description = "What Grafana keeps."
}
output "host" {
  value       = container.this.name
  description = "Name of Prometheus on its network."
}
output "port" {
  value       = 9090
  description = "Its port there."
}
output "url" {
  value       = "http://${container.this.name}:9090"
  description = "How others on the network reach Prometheus."
}
output "grafana_url" {
  value       = "http://${container.grafana.name}:3000"
  description = "How others on the network reach Grafana, as admin."
}
