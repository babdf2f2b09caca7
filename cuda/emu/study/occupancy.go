package study

import (
	"fmt"
	"slices"

	"tiebreak/cuda/kernels"
)

const warpSize = 32

// Occupancy is how many blocks of a kernel fit on a multiprocessor at a time.
type Occupancy struct {
	Blocks int    `json:"blocks"`
	Warps  int    `json:"warps"`
	Of     int    `json:"of_warps"` // that a multiprocessor can hold
	Limit  string `json:"limit"`    // what there is no more of: registers, shared memory, threads or blocks
}

// String says it in a few words.
func (o Occupancy) String() string {
	return fmt.Sprintf("%d blocks, %d of %d warps (%s)", o.Blocks, o.Warps, o.Of, o.Limit)
}

// Occupancy computes it for blocks of so many threads with so many bytes of dynamic shared memory.
func (g *GPU) Occupancy(r kernels.Resources, threads, dynamic int) Occupancy {
	warps := ceil(threads, warpSize)
	// Registers are given out to a warp in units of 256, and shared memory to a block in units of 128 bytes.
	registers := ceil(r.Registers*warpSize, 256) * 256 * warps
	shared := ceil(r.Shared+dynamic+g.BlockShared, 128) * 128
	limits := []struct {
		blocks int
		name   string
	}{
		{g.Threads / (warps * warpSize), "threads"}, {g.Blocks, "blocks"}, {g.Registers / max(registers, 1), "registers"},
		{g.Shared / max(shared, 1), "shared memory"},
	}
	least := limits[0]
	for _, l := range limits[1:] {
		if l.blocks < least.blocks {
			least = l
		}
	}
	return Occupancy{least.blocks, least.blocks * warps, g.Threads / warpSize, least.name}
}

// Resources is what a kernel needs on an architecture, "75" or "90a"; ok is false if it has no machine code for that.
func Resources(k kernels.Kernel, arch string) (r kernels.Resources, ok bool) {
	for _, m := range kernels.Load().Modules {
		at := slices.IndexFunc(m.Binaries, func(b kernels.Binary) bool { return b.Arch == arch })
		if m.Name == k.Module && at >= 0 {
			r, ok = m.Binaries[at].Kernels[k.Name]
		}
	}
	return r, ok
}

func ceil(n, step int) int { return (n + step - 1) / step }
