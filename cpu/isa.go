package cpu

import (
	"fmt"
	"slices"
	"strings"

	"tiebreak/tensor"
)

// isa is an instruction set: the functions that New chose for this machine. All of them have a plain Go version in
// reference.go, which the set "go" consists of.
type isa struct {
	name    string
	compute []tensor.DType // types that pay as compute types, the fastest first
	simd    *simd          // nil: the reference runs
}

// plain is the instruction set of every machine.
var plain = &isa{
	name:    "go",
	compute: []tensor.DType{tensor.F32, tensor.BF16, tensor.F16},
}

// known lists the instruction sets by name, the fastest first, whether they run here or not.
var known = []string{"avx512bf16", "avx512", "avx2", "go"}

// ISAs lists the instruction sets that run on this machine, the fastest first.
func ISAs() []string {
	var names []string
	for _, set := range runnable() {
		names = append(names, set.name)
	}
	return names
}

// chooseISA finds an instruction set by name; "" is the fastest.
func chooseISA(name string) (*isa, error) {
	sets := runnable()
	if name == "" {
		return sets[0], nil
	}
	for _, set := range sets {
		if set.name == name {
			return set, nil
		}
	}
	why := "unknown"
	if slices.Contains(known, name) {
		why = "not supported by this processor"
	}
	return nil, fmt.Errorf("cpu: instruction set %q: %s; want one of %s", name, why, strings.Join(ISAs(), ", "))
}
