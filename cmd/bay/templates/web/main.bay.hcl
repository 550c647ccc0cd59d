# A page on a port of this machine, served from an image of its own.
stack { name = "my-stack" }

variable "port" {
  type        = number
  default     = 8080
  description = "Port of this machine that the page is served on."
}

image "web" {
  build = "./web" # a folder with a Dockerfile; an edit in it builds anew
  tags  = ["my-stack/web:latest"]
}

network "front" {}

# What must outlive the container lies in a volume.
volume "data" {}

container "web" {
  image       = image.web
  networks    = [network.front]
  ports       = ["127.0.0.1:${var.port}:80"] # without 127.0.0.1 others reach it, too
  mounts      = [{ volume = volume.data, target = "/data" }]
  healthcheck = { test = ["CMD", "wget", "-q", "--spider", "http://127.0.0.1/"], interval = "5s" }
  memory      = "128m"
  restart     = "unless-stopped"
}

output "url" { value = "http://127.0.0.1:${container.web.ports[0].host}" }
