package emu_test

import (
	"testing"

	"tiebreak/cuda/driver/drivertest"
	"tiebreak/cuda/emu"
)

func TestDriver(t *testing.T) {
	for _, cc := range []int{75, 80} {
		t.Run(map[int]string{75: "sm_75", 80: "sm_80"}[cc], func(t *testing.T) {
			drivertest.Run(t, emu.New(emu.Options{Devices: 2, ComputeCapability: cc, Counters: true, AllowNaN: true}))
		})
	}
}
