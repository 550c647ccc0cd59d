# std/nginx: an nginx server, for files or in front of another server. The
# default tag is one of library/nginx in docker-library/official-images, as a
# release of the stable series.

variable "config" {
  type        = string
  default     = null
  description = "The servers, as they stand in conf.d, instead of the one that serves pages or leads to proxy_to."
}
variable "proxy_to" {
  type        = string
  default     = null
  description = "Server that gets the requests, such as http://web:8000. Its name is looked up again every 10 seconds."
  validation {
    condition     = var.proxy_to == null ? true : length(regexall("^https?://[A-Za-z0-9._-]+(:[0-9]+)?$", var.proxy_to)) > 0
    error_message = "want http:// or https://, a name and at most a port, such as http://web:8000, got \"${var.proxy_to}\""
  }
}
variable "pages" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Files that are served: the text of each by its path, such as { \"index.html\" = file(\"index.html\") }."
  validation {
    condition     = alltrue([for path in keys(var.pages) : length(regexall("^[^/]", path)) > 0 && length(regexall("(^|/)[.][.](/|$)", path)) == 0])
    error_message = "want paths such as img/logo.svg, without / in front and without ..: got ${join(", ", keys(var.pages))}"
  }
}
variable "volume" {
  type        = volume
  default     = null
  description = "A volume of files that are served, instead of pages. The server only reads it."
}
variable "version" {
  type        = string
  default     = "1.30.4-alpine"
  nullable    = false
  description = "Tag of the image nginx, of those with Alpine Linux."
  validation {
    condition     = length(regexall("^1[.][0-9.]+-alpine", var.version)) > 0
    error_message = "want a tag of version 1 with alpine, such as 1.30.4-alpine, got \"${var.version}\""
  }
}
variable "image" {
  type        = image
  default     = null
  description = "An image made from nginx, instead of version. It has to hold wget."
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
  description = "Port of this machine that leads to port 80 of the server; none if it is left out."
  validation {
    condition     = var.port == null ? true : var.port >= 1 && var.port <= 65535
    error_message = "want a port from 1 to 65535, got ${var.port}"
  }
}
variable "public" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether other machines reach that port; else it is this machine's alone (127.0.0.1)."
}
variable "memory" {
  type        = string
  default     = "128m"
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
  description = "CPU limit, such as 0.5; none if it is left out."
  validation {
    condition     = var.cpus == null ? true : var.cpus > 0
    error_message = "want a number of CPUs such as 1.5, got ${var.cpus}"
  }
}

locals {
  root  = "/usr/share/nginx/html"
  serve = <<-EOT
    server {
      listen 80;
      root ${local.root};
    }
  EOT
  # A name in a variable is looked up when it is used: the server starts before
  # what is behind it, and finds it at another address after a replacement.
  proxy   = <<-EOT
    server {
      listen 80;
      resolver 127.0.0.11 valid=10s;
      location / {
        set $upstream ${var.proxy_to == null ? "" : var.proxy_to};
        proxy_pass $upstream;
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }
  EOT
  default = var.proxy_to == null ? local.serve : local.proxy
  # What the healthcheck asks is a server of its own: the others may ask for
  # names, passwords or what is behind them.
  health = "server { listen 127.0.0.1:8099; access_log off; location / { return 200; } }\n"
  conf = {
    "/etc/nginx/conf.d/default.conf" = coalesce(var.config, local.default)
    "/etc/nginx/conf.d/health.conf"  = local.health
  }
  pages = { for path, text in var.pages : "${local.root}/${path}" => text }
  cache = { type = "tmpfs", target = "/var/cache/nginx" }
}

assert "pages" {
  condition     = var.volume == null || length([for path, text in var.pages : path]) == 0
  error_message = "it is either pages or a volume that is served: pages would be written over the volume's files"
}

container "this" {
  image    = var.image == null ? "nginx:${var.version}" : var.image
  networks = var.network == null ? null : [{ network = var.network, aliases = var.aliases }]
  ports    = var.port == null ? null : [{ container = 80, host = var.port, host_ip = var.public ? null : "127.0.0.1" }]
  mounts   = var.volume == null ? [local.cache] : [local.cache, { volume = var.volume, target = local.root, read_only = true }]
  # The server reads its pages at any time, and what is in conf once.
  files = { for path in concat([for path, text in local.conf : path], [for path, text in local.pages : path]) : path => {
    content   = startswith(path, local.root) ? local.pages[path] : local.conf[path]
    on_change = startswith(path, local.root) ? "none" : "restart"
  } }
  healthcheck = {
    test     = ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8099/"]
    interval = "5s"
    timeout  = "3s"
    retries  = 5
  }
  memory     = var.memory
  cpus       = var.cpus
  pids_limit = 200
  restart    = "unless-stopped"
}

output "container" {
  value       = container.this
  description = "The server."
}
output "host" {
  value       = container.this.name
  description = "Name of the server on its network."
}
output "port" {
  value       = 80
  description = "Its port there."
}
output "url" {
  value       = "http://${container.this.name}"
  description = "How others on the network reach the server."
}
