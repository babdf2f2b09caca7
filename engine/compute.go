package engine

import (
	"slices"

	"tiebreak/tensor"
)

// ChooseCompute picks the type of activations for weights stored in a type, from those a device has, the fastest first:
// the stored type if it is no slower than F32; else F16 for BF16 weights (their range is checked at load), where that is
// faster than F32; else F32, which loses nothing; else the fastest.
func ChooseCompute(stored tensor.DType, device []tensor.DType) tensor.DType {
	fast := device
	if i := slices.Index(device, tensor.F32); i >= 0 {
		fast = device[:i+1]
	}
	switch {
	case slices.Contains(fast, stored):
		return stored
	case stored == tensor.BF16 && slices.Contains(fast, tensor.F16):
		return tensor.F16
	case slices.Contains(fast, tensor.F32):
		return tensor.F32
	}
	return device[0]
}
