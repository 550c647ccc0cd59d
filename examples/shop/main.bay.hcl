# A small shop: a store that keeps the orders, three replicas of the shop
# itself on a private network, and a proxy in front of them.
stack { name = "shop" }

variable "port" {
  type        = number
  default     = 8081
  description = "Port of this machine that the shop is served on."
}
variable "replicas" {
  type        = number
  default     = 3
  description = "Replicas of the shop behind the proxy."
}

network "front" {}
network "back" { internal = true } # no way out
volume "orders" {}

image "stock" { build = { context = "./stock" } }
image "store" { build = { context = "./store" } }
image "web" {
  build = { context = "./web" }
  tags  = ["shop/web:1.4.0", "shop/web:latest"]
}
image "proxy" { build = { context = "./proxy" } }

# Runs once, before the store, and is done when it has exited with 0.
container "stock" {
  image        = image.stock
  state        = "completed"
  network_mode = "none"
  mounts       = [{ volume = volume.orders, target = "/data" }]
}

container "store" {
  image       = image.store
  networks    = [network.back]
  mounts      = [{ volume = volume.orders, target = "/data" }]
  healthcheck = { test = ["CMD", "/store", "check"], interval = "1s", timeout = "2s", retries = 5 }
  memory      = "64m"
  restart     = "unless-stopped"
  depends_on  = [completed(container.stock)]
}

container "web" {
  for_each   = range(var.replicas)
  image      = image.web
  networks   = [network.back]
  env        = { STORE = "http://store:7000", INSTANCE = each.key }
  memory     = "64m"
  restart    = "unless-stopped"
  depends_on = [healthy(container.store, "30s")]
}

container "proxy" {
  image      = image.proxy
  networks   = [network.front, network.back]
  ports      = ["127.0.0.1:${var.port}:80"]
  env        = { UPSTREAMS = join(",", [for w in container.web : "${w.name}:8000"]) }
  memory     = "64m"
  restart    = "unless-stopped"
  depends_on = [started(container.web)]
}

output "url" { value = "http://127.0.0.1:${container.proxy.ports[0].host}" }
