package emu

import (
	"slices"

	"tiebreak/cuda/ptx"
)

const (
	sectorBits = 5 // a sector of global memory has 32 bytes
	banks      = 32
	bankBytes  = 4
)

// count notes what one warp access costs in sectors or passes.
func (w *warp) count(o *op, a *access, mask uint32) {
	space := a.space
	if space == ptx.Generic {
		space, _ = window(w.addr[firstLane(mask)])
	}
	s := &w.block.stats
	switch space {
	case ptx.Global:
		n, bytes := sectors(&w.addr, mask, a.size), int64(count(mask)*a.size)
		if !a.write || a.atomic {
			s.read.sectors += n
			s.read.bytes += bytes
		}
		if a.write {
			s.written.sectors += n
			s.written.bytes += bytes
		}
	case ptx.Shared:
		ideal, passes := passes(&w.addr, mask, a.size)
		s.shared += ideal
		s.conflicts += passes - ideal
	}
}

// sectors counts the distinct sectors that the lanes in the mask touch.
func sectors(addr *addresses, mask uint32, size int) int64 {
	var touched [2 * warpSize]uint64
	list := touched[:0]
	sorted := true
	for m := mask; m != 0; m &= m - 1 {
		s := addr[firstLane(m)] >> sectorBits // an aligned access of up to 16 bytes lies in one sector
		if n := len(list); n > 0 {
			if list[n-1] == s {
				continue
			}
			sorted = sorted && list[n-1] < s
		}
		list = append(list, s)
	}
	if !sorted {
		slices.Sort(list)
		list = slices.Compact(list)
	}
	return int64(len(list))
}

// passes counts how often shared memory must be read or written for a warp access. Lanes are served in groups that touch at
// most 128 bytes: all 32 for up to 4 bytes each, half as many for 8 bytes, a quarter for 16, each group in at least one
// pass. Within a group each bank gives one word a pass; lanes that want the same word share it.
func passes(addr *addresses, mask uint32, size int) (ideal, actual int64) {
	group := min(warpSize, banks*bankBytes/max(size, bankBytes))
	for first := 0; first < warpSize; first += group {
		m := mask >> first & (everyLane >> (warpSize - group))
		if m == 0 {
			continue
		}
		ideal++
		actual += groupPasses(addr[first:first+group], m, size)
	}
	return ideal, actual
}

// groupPasses is the largest number of different words that a group wants from one bank. An access is aligned to its size,
// so that it fills one of the places of its size side by side in the banks: places stand for banks here.
func groupPasses(addr []uint64, mask uint32, size int) int64 {
	unit := uint64(max(size, bankBytes))
	places := banks * bankBytes / unit
	var first [banks]uint64 // the unit wanted from each place, plus 1
	for m := mask; m != 0; m &= m - 1 {
		u := addr[firstLane(m)] / unit
		if v := first[u%places]; v != 0 && v != u+1 {
			return crowded(addr, mask, unit, places)
		}
		first[u%places] = u + 1
	}
	return 1
}

// crowded counts where lanes do meet in a bank.
func crowded(addr []uint64, mask uint32, unit, places uint64) int64 {
	var units [banks][]uint64
	most := 1
	for m := mask; m != 0; m &= m - 1 {
		u := addr[firstLane(m)] / unit
		at := &units[u%places]
		if !slices.Contains(*at, u) {
			*at = append(*at, u)
			most = max(most, len(*at))
		}
	}
	return int64(most)
}
