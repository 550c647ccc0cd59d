# std/registry: a registry of images (CNCF Distribution), with its images in a
# volume. It speaks HTTP: a proxy in front of it has the certificate. The default
# tag is one of library/registry in docker-library/official-images.

variable "auth" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether clients have to log in, as one of htpasswd; nobody can where that is empty."
}
variable "htpasswd" {
  type        = string
  default     = ""
  nullable    = false
  sensitive   = true
  description = "Who may log in: lines of NAME:HASH with bcrypt hashes, as `htpasswd -nB NAME` prints them."
  validation {
    condition     = length(regexall("^([^:\\s]+:[$]2[aby][$][^\\s]+\\s*(\\n|$))*$", var.htpasswd)) > 0
    error_message = "want lines of NAME:HASH with bcrypt hashes, as `htpasswd -nB NAME` prints them"
  }
}
variable "mirror_of" {
  type        = string
  default     = null
  description = "A registry whose images this one fetches and keeps, such as https://registry-1.docker.io. It takes no pushes then."
  validation {
    condition     = var.mirror_of == null ? true : length(regexall("^https?://[^\\s/]+$", var.mirror_of)) > 0
    error_message = "want a URL such as https://registry-1.docker.io, got \"${var.mirror_of}\""
  }
}
variable "deletes" {
  type        = bool
  default     = true
  nullable    = false
  description = "Whether clients may delete images."
}
variable "version" {
  type        = string
  default     = "3.1.1"
  nullable    = false
  description = "Tag of the image registry."
  validation {
    condition     = length(regexall("^3([.]|$)", var.version)) > 0
    error_message = "want a tag of version 3, such as 3.1.1, got \"${var.version}\""
  }
}
variable "image" {
  type        = image
  default     = null
  description = "An image made from registry, instead of version."
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
  description = "Port of this machine alone (127.0.0.1) that leads to the registry; none if it is left out."
  validation {
    condition     = var.port == null ? true : var.port >= 1 && var.port <= 65535
    error_message = "want a port from 1 to 65535, got ${var.port}"
  }
}
variable "protect" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether a plan that removes the images is an error, even if it is asked for."
}
variable "memory" {
  type        = string
  default     = "256m"
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
  base = {
    version = 0.1
    log     = { level = "info" }
    storage = {
      filesystem = { rootdirectory = "/var/lib/registry" }
      delete     = { enabled = var.deletes }
      cache      = { blobdescriptor = "inmemory" }
    }
    http   = { addr = ":5000", headers = { X-Content-Type-Options = ["nosniff"] } }
    health = { storagedriver = { enabled = true, interval = "10s", threshold = 3 } }
  }
  login  = { auth = { htpasswd = { realm = "registry", path = local.users } } }
  mirror = { proxy = { remoteurl = var.mirror_of } }
  parts  = concat([local.base], [for part in [local.login] : part if var.auth], [for part in [local.mirror] : part if var.mirror_of != null])
  conf   = "/etc/distribution/config.yml"
  users  = "/etc/distribution/htpasswd"
  files = {
    (local.conf)  = { content = yamlencode(merge(local.parts...)), mode = "0644" }
    (local.users) = { content = var.htpasswd, mode = "0400" }
  }
}

volume "data" {
  lifecycle { prevent_destroy = var.protect }
}

container "this" {
  image    = var.image == null ? "registry:${var.version}" : var.image
  networks = var.network == null ? null : [{ network = var.network, aliases = var.aliases }]
  ports    = var.port == null ? null : [{ container = 5000, host = var.port, host_ip = "127.0.0.1" }]
  mounts   = [{ volume = volume.data, target = "/var/lib/registry" }]
  files    = { for path, file in local.files : path => file if var.auth || path != local.users }
  # "/" asks for no login, and fails where the storage does.
  healthcheck = {
    test     = ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:5000/"]
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
  description = "The registry."
}
output "volume" {
  value       = volume.data
  description = "Its images."
}
output "host" {
  value       = container.this.name
  description = "Name of the registry on its network."
}
output "port" {
  value       = 5000
  description = "Its port there."
}
output "url" {
  value       = "http://${container.this.name}:5000"
  description = "How others on the network reach the registry."
}
