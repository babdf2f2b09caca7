package emu_test

import (
	"strings"
	"testing"

	"tiebreak/cuda/driver"
	"tiebreak/cuda/emu"
)

// FuzzLaunch runs whatever kernels the parser accepts: bad ones end in errors, never in a panic of the emulator.
func FuzzLaunch(f *testing.F) {
	for _, b := range plantedBugs {
		f.Add(strings.Replace(plantedHead, "%", "80", 1) + b.body + plantedTail)
	}
	d := emu.New(emu.Options{ComputeCapability: 80, LoopLimit: 50, Memory: 1 << 20, Counters: true})
	f.Fuzz(func(t *testing.T, text string) {
		c, err := d.Open(0)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		m, err := c.LoadModule("fuzz.ptx", []byte(text))
		if err != nil {
			return
		}
		fn, err := m.Function("bug")
		if err != nil {
			return
		}
		s, err := c.NewStream()
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.Alloc(256)
		if err != nil {
			return
		}
		var params driver.Params
		params.Pointer(p).Pointer(p)
		_ = s.Launch(fn, driver.Launch{Grid: driver.Dim{X: 2}, Block: driver.Dim{X: 48}, Params: params.Bytes()})
	})
}
