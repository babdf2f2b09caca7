package kernels

import (
	"encoding/json"
	"sync"
)

// Manifest describes how the committed PTX and machine code were made, and of what. It is the content of resources.json.
type Manifest struct {
	Generated string            `json:"generated"` // how the file is made
	Compiler  string            `json:"compiler"`  // CUDA C++ to PTX
	Assembler string            `json:"assembler"` // PTX to machine code
	Options   []string          `json:"options"`   // of the compiler, target and headers aside
	Sources   map[string]string `json:"sources"`   // file name → SHA-256 of each .cu and .cuh
	Modules   []Module          `json:"modules"`   // by name
}

// Module is one .cu file and what was made of it.
type Module struct {
	Name     string   `json:"name"`     // file stem: gemm_f16_sm80
	Target   int      `json:"target"`   // architecture of the PTX: 75 or 80
	PTX      string   `json:"ptx"`      // SHA-256 of the .ptx file
	Binaries []Binary `json:"binaries"` // machine code, by architecture
}

// Binary is the machine code of a module for one architecture.
type Binary struct {
	Arch    string               `json:"arch"`    // 75, 80, 86, 89 or 90a
	File    string               `json:"file"`    // cubin/gemm_f16_sm80.sm90a.zst
	SHA256  string               `json:"sha256"`  // of the compressed file
	Bytes   int                  `json:"bytes"`   // uncompressed
	Kernels map[string]Resources `json:"kernels"` // by symbol
}

// Resources is what a kernel needs of a multiprocessor, as the assembler reports it. What is 0 is left out of the file.
type Resources struct {
	Registers   int `json:"registers"`              // per thread
	SpillStores int `json:"spill_stores,omitempty"` // bytes per thread written to local memory for want of registers
	SpillLoads  int `json:"spill_loads,omitempty"`  // bytes per thread read back
	Stack       int `json:"stack,omitempty"`        // bytes per thread
	Shared      int `json:"shared,omitempty"`       // bytes of static shared memory per block
	Barriers    int `json:"barriers,omitempty"`     // named barriers
}

// Load reads the embedded manifest. It panics if that is damaged, which a test excludes.
var Load = sync.OnceValue(func() *Manifest {
	var m Manifest
	text, err := files.ReadFile("resources.json")
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		panic("kernels: resources.json: " + err.Error())
	}
	return &m
})

// Target is the architecture for which the PTX of a module is made: the least that has what it uses.
func Target(module string) int {
	if len(module) > 5 && module[len(module)-5:] == "_sm80" {
		return 80
	}
	return 75
}

// Architectures lists the architectures for which machine code of a module is kept: all that are common, except that a
// module of the first tensor cores is of use to them alone.
func Architectures(module string) []string {
	switch {
	case Target(module) == 80:
		return []string{"80", "86", "89", "90a"}
	case len(module) > 5 && module[len(module)-5:] == "_sm75":
		return []string{"75"}
	}
	return []string{"75", "80", "86", "89", "90a"}
}
