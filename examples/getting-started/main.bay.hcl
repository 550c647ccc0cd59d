# A page that counts its visitors: from a Dockerfile to a published port.
stack { name = "getting-started" }

variable "port" {
  type        = number
  default     = 8080
  description = "Port of this machine that the page is served on."
}

image "visits" {
  build = { context = "./visits" }
  tags  = ["getting-started/visits:1.0.0", "getting-started/visits:latest"]
}

# What must outlive the container lies in a volume.
volume "counter" {}

container "visits" {
  image   = image.visits
  ports   = [{ container = 80, host = var.port, host_ip = "127.0.0.1" }]
  mounts  = [{ volume = volume.counter, target = "/data" }]
  env     = { GREETING = "Welcome aboard" }
  memory  = "64m"
  restart = "unless-stopped"
}

output "url" { value = "http://127.0.0.1:${container.visits.ports[0].host}" }
