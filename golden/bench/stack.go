package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// stack is the workload on an engine: k containers with environment, labels, a
// limit of memory and a restart policy, each ten of which share a network and a
// volume. floor.go says the same in calls.
type stack struct {
	name, image string
	k           int
	net         int // networks are 10.NET.0.0/24, 10.NET.1.0/24, …
}

const each = 10 // containers of one network and one volume

func (s stack) groups() int { return (s.k + each - 1) / each }

// turn is 2 for the tenth of the containers that is changed.
func (s stack) turn(i int, changed bool) int {
	if changed && i%10 == 0 {
		return 2
	}
	return 1
}

// hcl is the stack as a program of bay. Its containers need no time to settle:
// the floor gives none.
func (s stack) hcl(changed bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "stack { name = %q }\n", s.name)
	for g := range s.groups() {
		fmt.Fprintf(&b, "network \"back%d\" { ipam = \"10.%d.%d.0/24\" }\nvolume \"data%d\" {}\n", g, s.net, g, g)
	}
	for i := range s.k {
		fmt.Fprintf(&b, `container "c%[1]d" {
  image       = %[2]q
  networks    = [network.back%[3]d]
  mounts      = [{ volume = volume.data%[3]d, target = "/data" }]
  env         = { INDEX = "%[1]d", TURN = "%[4]d" }
  labels      = { "bench.index" = "%[1]d" }
  memory      = "32m"
  restart     = "unless-stopped"
  stop_signal = "SIGKILL"
  lifecycle { settle = "0s" }
}
`, i, s.image, i/each, s.turn(i, changed))
	}
	return b.String()
}

// compose is the stack as a file of Compose.
func (s stack) compose(changed bool) string {
	var b strings.Builder
	b.WriteString("services:\n")
	for i := range s.k {
		fmt.Fprintf(&b, `  c%[1]d:
    image: %[2]s
    pull_policy: never
    networks: [back%[3]d]
    volumes: ["data%[3]d:/data"]
    environment: { INDEX: "%[1]d", TURN: "%[4]d" }
    labels: { bench.index: "%[1]d", bayplan.bench: %[5]s }
    mem_limit: 32m
    restart: unless-stopped
    stop_signal: SIGKILL
`, i, s.image, i/each, s.turn(i, changed), s.name)
	}
	b.WriteString("networks:\n")
	for g := range s.groups() {
		fmt.Fprintf(&b, "  back%d: { ipam: { config: [{ subnet: 10.%d.%d.0/24 }] } }\n", g, s.net, g)
	}
	b.WriteString("volumes:\n")
	for g := range s.groups() {
		fmt.Fprintf(&b, "  data%d: {}\n", g)
	}
	return b.String()
}

// terraform is the stack for the docker provider.
func (s stack) terraform(changed bool) string {
	var b strings.Builder
	b.WriteString("terraform {\n  required_providers {\n    docker = { source = \"kreuzwerker/docker\" }\n  }\n}\n")
	for g := range s.groups() {
		fmt.Fprintf(&b, `resource "docker_network" "back%[1]d" {
  name = "%[2]s-back%[1]d"
  ipam_config { subnet = "10.%[3]d.%[1]d.0/24" }
}
resource "docker_volume" "data%[1]d" { name = "%[2]s-data%[1]d" }
`, g, s.name, s.net)
	}
	for i := range s.k {
		fmt.Fprintf(&b, `resource "docker_container" "c%[1]d" {
  name        = "%[5]s-c%[1]d"
  image       = %[2]q
  env         = ["INDEX=%[1]d", "TURN=%[4]d"]
  memory      = 32
  restart     = "unless-stopped"
  stop_signal = "SIGKILL"
  networks_advanced { name = docker_network.back%[3]d.name }
  volumes {
    volume_name    = docker_volume.data%[3]d.name
    container_path = "/data"
  }
  labels {
    label = "bench.index"
    value = "%[1]d"
  }
}
`, i, s.image, i/each, s.turn(i, changed), s.name)
	}
	return b.String()
}

// form is a way to write n containers down for evaluation alone.
type form struct {
	name  string
	write func(dir string, n int) error
}

// instances is how many instances the containers of a form are spread over.
const instances = 500

// mostInFile is how many spelled-out containers a file holds: one has 1 MiB at most.
const mostInFile = 3000

// mostInLoop is how many numbers a range has at most.
const mostInLoop = 10_000

var forms = []form{
	{"HCL, spelled out", spelledHCL}, {"HCL, a loop", loopHCL}, {"HCL, 500 modules", modulesHCL},
	{"Starlark, spelled out", spelledStar}, {"Starlark, a loop", loopStar}, {"Starlark, 500 modules", modulesStar},
}

const (
	hclContainer = `container %[1]q {
%[2]s  image       = "bench:1"
  env         = { INDEX = %[3]s, MODE = "bench" }
  labels      = { "bench.index" = %[3]s }
  memory      = "32m"
  restart     = "unless-stopped"
  stop_signal = "SIGKILL"
%[4]s}
`
	starContainer = `container(%[1]q, %[2]simage = "bench:1", env = {"INDEX": %[3]s, "MODE": "bench"}, labels = {"bench.index": %[3]s}, memory = "32m", restart = "unless-stopped", stop_signal = "SIGKILL"%[4]s)`
)

func put(dir, name, text string) error {
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o666)
}

func spelledHCL(dir string, n int) error {
	for at := 0; at < n; at += mostInFile {
		var b strings.Builder
		if at == 0 {
			b.WriteString("stack { name = \"bench\" }\nnetwork \"back\" {}\n")
		}
		for i := at; i < min(n, at+mostInFile); i++ {
			fmt.Fprintf(&b, hclContainer, fmt.Sprintf("c%d", i), "", fmt.Sprintf("\"%d\"", i), "  networks    = [network.back]\n")
		}
		if err := put(dir, fmt.Sprintf("part%d.bay.hcl", at/mostInFile), b.String()); err != nil {
			return err
		}
	}
	return nil
}

func loopHCL(dir string, n int) error {
	text := "stack { name = \"bench\" }\nnetwork \"back\" {}\n"
	for at := 0; at < n; at += mostInLoop {
		text += fmt.Sprintf(hclContainer, fmt.Sprintf("c%d", at), fmt.Sprintf("  for_each    = range(%d)\n", min(n-at, mostInLoop)), "each.key", "  networks    = [network.back]\n")
	}
	return put(dir, "main.bay.hcl", text)
}

func modulesHCL(dir string, n int) error {
	root := fmt.Sprintf("stack { name = \"bench\" }\nmodule \"m\" {\n  for_each = range(%d)\n  source   = \"./part\"\n  inputs   = { mode = each.key }\n}\n", instances)
	if err := put(dir, "main.bay.hcl", root); err != nil {
		return err
	}
	part := "variable \"mode\" { type = string }\n" + fmt.Sprintf(hclContainer, "c", fmt.Sprintf("  for_each    = range(%d)\n", n/instances), "each.key", "  hostname    = \"m${var.mode}\"\n")
	return put(dir, "part/main.bay.hcl", part)
}

func spelledStar(dir string, n int) error {
	var b strings.Builder
	b.WriteString("stack(name = \"bench\")\nback = network(\"back\")\n")
	for i := range n {
		fmt.Fprintf(&b, starContainer+"\n", fmt.Sprintf("c%d", i), "", fmt.Sprintf("\"%d\"", i), ", networks = [back]")
	}
	return put(dir, "main.bay.star", b.String())
}

func loopStar(dir string, n int) error {
	text := "stack(name = \"bench\")\nback = network(\"back\")\n[" + fmt.Sprintf(starContainer, "c", "key = str(i), ", "str(i)", ", networks = [back]")
	return put(dir, "main.bay.star", text+fmt.Sprintf(" for i in range(%d)]\n", n))
}

func modulesStar(dir string, n int) error {
	root := fmt.Sprintf("stack(name = \"bench\")\n[module(\"m\", key = str(i), source = \"./part\", inputs = {\"mode\": str(i)}) for i in range(%d)]\n", instances)
	if err := put(dir, "main.bay.star", root); err != nil {
		return err
	}
	part := "mode = variable(\"mode\", type = \"string\")\n[" + fmt.Sprintf(starContainer, "c", "key = str(i), ", "str(i)", ", hostname = \"m\" + mode")
	return put(dir, "part/main.bay.star", part+fmt.Sprintf(" for i in range(%d)]\n", n/instances))
}
