package study

import (
	"slices"

	"tiebreak/cuda/kernels"
)

// Listing is a kernel on one architecture: what the assembler said it needs, and how many blocks fit on a device of it.
type Listing struct {
	Kernel    string    `json:"kernel"`
	Module    string    `json:"module"`
	Arch      string    `json:"arch"`
	Registers int       `json:"registers"`        // of a thread
	Spills    int       `json:"spills"`           // bytes stored and loaded for want of registers, of a thread
	Stack     int       `json:"stack"`            // bytes of a thread
	Shared    int       `json:"shared"`           // bytes of static shared memory of a block
	Dynamic   int       `json:"dynamic"`          // bytes of dynamic shared memory of a block, for rows of DynamicColumns
	Threads   int       `json:"threads"`          // of a block
	Device    string    `json:"device,omitempty"` // a device of that architecture that occupancy is given for
	Occupancy Occupancy `json:"occupancy,omitzero"`
}

// DynamicColumns is the number of columns for which List gives the shared memory of kernels that keep a row there: the
// hidden size of LLaMA 3.1 8B.
const DynamicColumns = 4096

// List lists every kernel on every architecture that it is assembled for; sm 0 is all of them.
func List(sm int) (list []Listing) {
	for _, m := range kernels.Load().Modules {
		if sm != 0 && !slices.Contains(kernels.Modules(sm), m.Name) {
			continue
		}
		for _, k := range kernels.OfModule(m.Name) {
			for _, b := range m.Binaries {
				if sm == 0 || archNumber(b.Arch) == sm {
					list = append(list, listing(k, b))
				}
			}
		}
	}
	return list
}

func listing(k kernels.Kernel, b kernels.Binary) Listing {
	r := b.Kernels[k.Name]
	l := Listing{
		Kernel: k.Name, Module: k.Module, Arch: b.Arch, Registers: r.Registers, Spills: r.SpillStores + r.SpillLoads, Stack: r.Stack,
		Shared: r.Shared, Dynamic: dynamic(k, DynamicColumns), Threads: k.Block,
	}
	if at := slices.IndexFunc(GPUs, func(g GPU) bool { return g.Arch == b.Arch }); at >= 0 {
		l.Device, l.Occupancy = GPUs[at].Name, GPUs[at].Occupancy(r, k.Block, l.Dynamic)
	}
	return l
}

// dynamic is the dynamic shared memory of a kernel for rows of so many columns.
func dynamic(k kernels.Kernel, columns int) int {
	if _, ok := k.Params.(kernels.RMSNormParams); ok {
		return 4 * columns
	}
	return 0
}

// archNumber is the number of "90a".
func archNumber(arch string) (n int) {
	for _, c := range arch {
		if c >= '0' && c <= '9' {
			n = 10*n + int(c-'0')
		}
	}
	return n
}
