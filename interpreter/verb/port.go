package verb

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"

	"github.com/docker/go-connections/nat"
)

// Port is a port of a container that its host listens on.
type Port struct {
	Address  ir.Addr `json:"address"`
	Port     int     `json:"port"` // within the container
	Protocol string  `json:"protocol"`
	HostIP   string  `json:"host_ip"`
	HostPort int     `json:"host_port"`
}

// Host returns where to connect to, such as "127.0.0.1:8080".
func (p Port) Host() string { return net.JoinHostPort(p.HostIP, strconv.Itoa(p.HostPort)) }

// Ports returns the ports that a running container publishes, in order.
func Ports(ctx context.Context, r engine.Reader, o Object) ([]Port, error) {
	got, err := r.ContainerInspect(ctx, o.ID)
	if err != nil {
		return nil, fmt.Errorf("inspecting %s: %w", o.Addr, err)
	}
	if got.NetworkSettings == nil {
		return nil, nil
	}
	return portsOf(o, got.NetworkSettings.Ports), nil
}

func portsOf(o Object, bound nat.PortMap) []Port {
	out := []Port{}
	for port, bindings := range bound {
		for _, b := range bindings {
			host, err := strconv.Atoi(b.HostPort)
			if err != nil {
				continue // it is not bound now
			}
			out = append(out, Port{o.Addr, port.Int(), port.Proto(), b.HostIP, host})
		}
	}
	slices.SortFunc(out, func(a, b Port) int {
		return cmp.Or(a.Port-b.Port, strings.Compare(a.Protocol, b.Protocol), strings.Compare(a.HostIP, b.HostIP), a.HostPort-b.HostPort)
	})
	return out
}
