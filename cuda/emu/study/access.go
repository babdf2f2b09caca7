package study

import (
	"math/bits"
	"slices"

	"tiebreak/cuda/emu"
	"tiebreak/cuda/ptx"
)

const (
	sectorBytes = 32
	banks       = 32
	bankBytes   = 4
)

// Traffic is one access of a warp to memory, as a memory system sees it.
type Traffic struct {
	Space     string           `json:"space"` // "global" or "shared"
	Write     bool             `json:"write"`
	Lanes     int              `json:"lanes"`
	Size      int              `json:"bytes_per_lane"`
	Sectors   int              `json:"sectors,omitempty"`   // of global memory: different blocks of 32 bytes that lanes touch
	Passes    int              `json:"passes,omitempty"`    // over shared memory
	Conflicts int              `json:"conflicts,omitempty"` // passes that would not be needed if no two lanes met in a bank
	Touched   []string         `json:"touched,omitempty"`   // parts of operands, such as "W[0..15, 32..63]"
	Addresses [warpSize]uint64 `json:"-"`                   // of the lanes in Mask
	Mask      uint32           `json:"-"`
}

// trafficOf looks at an access; ok is false for memory other than global and shared.
func trafficOf(a *emu.Access) (t Traffic, ok bool) {
	t = Traffic{Space: a.Space.String(), Write: a.Write, Size: a.Size, Addresses: a.Addresses, Mask: a.Executing}
	t.Lanes = bits.OnesCount32(t.Mask)
	switch a.Space {
	case ptx.Global:
		t.Sectors = sectors(&t)
	case ptx.Shared:
		ideal := 0
		ideal, t.Passes = passes(&t)
		t.Conflicts = t.Passes - ideal
	default:
		return t, false
	}
	return t, t.Lanes > 0
}

// sectors counts the different 32-byte blocks.
func sectors(t *Traffic) int {
	var touched []uint64
	for m := t.Mask; m != 0; m &= m - 1 {
		touched = append(touched, t.Addresses[bits.TrailingZeros32(m)]/sectorBytes)
	}
	slices.Sort(touched)
	return len(slices.Compact(touched))
}

// passes counts how often shared memory works for an access, and how often it would without conflicts. Lanes are served in
// groups of at most 128 bytes; in a pass each bank gives one word of 4 bytes, to all lanes of the group that want it.
func passes(t *Traffic) (ideal, actual int) {
	group := min(warpSize, banks*bankBytes/max(t.Size, bankBytes))
	for first := 0; first < warpSize; first += group {
		var words [banks]map[uint64]bool
		most := 0
		for lane := first; lane < first+group; lane++ {
			if t.Mask>>lane&1 == 0 {
				continue
			}
			for word := t.Addresses[lane] / bankBytes; word*bankBytes < t.Addresses[lane]+uint64(t.Size); word++ {
				bank := word % banks
				if words[bank] == nil {
					words[bank] = map[uint64]bool{}
				}
				words[bank][word] = true
				most = max(most, len(words[bank]))
			}
		}
		if most > 0 {
			ideal++
		}
		actual += most
	}
	return ideal, actual
}
