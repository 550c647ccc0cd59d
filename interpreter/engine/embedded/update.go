package embedded

import (
	"time"

	"github.com/docker/docker/api/types/container"
)

// Update changes limits and the restart policy. Zero leaves a limit alone.
func (s *State) Update(now time.Time, ref string, u container.UpdateConfig) ([]string, error) {
	s.at(now)
	c, err := s.Container(ref)
	if err != nil {
		return nil, err
	}
	warnings, err := s.validateResources(&u.Resources, nil)
	if err != nil {
		return nil, err
	}
	if err := s.validateRestart(u.RestartPolicy); err != nil {
		return nil, err
	}
	if err := updatable(c, &u); err != nil {
		return nil, conflict("Cannot update container %s: %s", c.ID, err)
	}
	change(c.Host, &u)
	s.containerEvent(c, "update")
	return warnings, nil
}

func updatable(c *Container, u *container.UpdateConfig) error {
	h := c.Host
	switch {
	case u.NanoCPUs > 0 && h.CPUPeriod > 0:
		return bad("Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set")
	case u.NanoCPUs > 0 && h.CPUQuota > 0:
		return bad("Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set")
	case u.CPUPeriod > 0 && h.NanoCPUs > 0:
		return bad("Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set")
	case u.CPUQuota > 0 && h.NanoCPUs > 0:
		return bad("Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set")
	case u.Memory != 0 && u.MemorySwap == 0 && h.MemorySwap != -1 && u.Memory > h.MemorySwap:
		return bad("Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time")
	case h.AutoRemove && u.RestartPolicy.Name != "" && !u.RestartPolicy.IsNone():
		return bad("Restart policy cannot be updated because AutoRemove is enabled for the container")
	}
	return nil
}

// change writes what an update names; every other field is accepted and ignored.
func change(h *container.HostConfig, u *container.UpdateConfig) {
	set(&h.BlkioWeight, u.BlkioWeight)
	set(&h.CPUShares, u.CPUShares)
	set(&h.NanoCPUs, u.NanoCPUs)
	set(&h.CPUPeriod, u.CPUPeriod)
	set(&h.CPUQuota, u.CPUQuota)
	set(&h.CpusetCpus, u.CpusetCpus)
	set(&h.CpusetMems, u.CpusetMems)
	set(&h.Memory, u.Memory)
	set(&h.MemorySwap, u.MemorySwap)
	set(&h.MemoryReservation, u.MemoryReservation)
	set(&h.CPURealtimePeriod, u.CPURealtimePeriod)
	set(&h.CPURealtimeRuntime, u.CPURealtimeRuntime)
	if u.PidsLimit != nil {
		n := max(*u.PidsLimit, 0) // an update with less than 1 is kept as 0: no limit
		h.PidsLimit = &n
	}
	if u.RestartPolicy.Name != "" {
		h.RestartPolicy = u.RestartPolicy
	}
}

func set[T comparable](field *T, v T) {
	var zero T
	if v != zero {
		*field = v
	}
}
