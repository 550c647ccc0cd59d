# A program of your own, in an image that holds nothing else.
stack { name = "my-stack" }

variable "port" {
  type        = number
  default     = 8080
  description = "Port of this machine that the program serves on."
}

image "app" {
  build = "./app"
  tags  = ["my-stack/app:latest"]
}

network "front" {}

# What must outlive the container lies in a volume.
volume "data" {}

container "app" {
  image     = image.app
  networks  = [network.front]
  ports     = ["127.0.0.1:${var.port}:8000"]
  mounts    = [{ volume = volume.data, target = "/data" }]
  read_only = true # but for the volume
  memory    = "64m"
  restart   = "unless-stopped"
}

output "url" { value = "http://127.0.0.1:${container.app.ports[0].host}" }
