package kind

import "bayplan/interpreter/engine"

// OneOff says what an object that runs once has otherwise than the resource that
// it is made after.
type OneOff struct {
	Name   string        // the engine's
	Holder engine.Holder // who waits for it; zero where nobody does
	Kept   bool          // it stays when it has ended

	Words    []string // the command; nil is the resource's
	Entry    *string  // what runs the command, "" is nothing; nil is the resource's
	User     string   // "" is the resource's
	Dir      string   // "" is the resource's
	Env      []string // NAME=VALUE, over the resource's
	Volumes  []string // as docker run -v takes them, over the resource's
	Base     string   // where their relative paths begin
	Ports    []string // as docker run -p takes them
	AllPorts bool     // the resource's own too
	TTY      bool     // it has a terminal
	Listens  bool     // it has an input, which ends with whoever has attached
}
