package emu

import (
	"fmt"
	"sync"
	"sync/atomic"

	"tiebreak/cuda/driver"
)

// Device memory is a table of slots of slotSize bytes of address space each. An allocation takes as many slots as it needs
// and one more, so that running over its end never reaches the next one, and finding the allocation of an address is one
// look at a table. Freed slots stay empty until recycleAfter slots have been used, so that use after free is noticed.
const (
	slotBits     = 25
	slotSize     = 1 << slotBits
	deviceBits   = 40 // address space of one device
	slots        = 1 << (deviceBits - slotBits)
	recycleAfter = slots / 2
	alignment    = 256
)

// memory is the global memory of one device.
type memory struct {
	base   uint64 // address of slot 0
	total  int64
	mu     sync.Mutex // guards free space and the making of allocations; never held while a kernel runs
	used   int64
	end    int        // first slot that was never used
	freed  []int      // single slots that can be used again, oldest first
	atomic sync.Mutex // held by atomic instructions

	table [slots]atomic.Pointer[allocation] // another device's goroutine may look here too, for CopyPeer
}

// allocation is one piece of global memory.
type allocation struct {
	base  uint64
	data  []byte
	name  string // a variable's name, or what it was allocated as
	valid *validity
	freed bool
}

// contains reports whether size bytes at an address lie in the allocation.
func (a *allocation) contains(addr uint64, size int) bool {
	return addr-a.base <= uint64(len(a.data)) && addr-a.base+uint64(size) <= uint64(len(a.data))
}

// describe names the allocation for a report.
func (a *allocation) describe() string {
	return fmt.Sprintf("%s of %d bytes at %#x", a.name, len(a.data), a.base)
}

func newMemory(ordinal int, total int64) *memory {
	return &memory{base: uint64(ordinal+1) << deviceBits, total: total}
}

// alloc reserves n bytes; nil where memory does not suffice.
func (m *memory) alloc(n int64, name string) *allocation {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n > m.total-m.used {
		return nil
	}
	wide := int((n + slotSize - 1) >> slotBits)
	first, ok := m.place(wide)
	if !ok {
		return nil
	}
	a := &allocation{base: m.base + uint64(first)<<slotBits, data: make([]byte, n), name: name, valid: newValidity(int(n))}
	m.used += rounded(n)
	for i := range wide {
		m.table[first+i].Store(a)
	}
	return a
}

// place finds slots for an allocation, with an empty one before it.
func (m *memory) place(wide int) (first int, ok bool) {
	if wide == 1 && len(m.freed) > 0 && m.end > recycleAfter {
		first = m.freed[0]
		m.freed = m.freed[1:]
		return first, true
	}
	first = m.end + 1
	if first+wide > slots {
		return 0, false
	}
	m.end = first + wide
	return first, true
}

// rounded is the memory that an allocation uses up.
func rounded(n int64) int64 { return (n + alignment - 1) &^ (alignment - 1) }

// free gives an allocation back; what is wrong with the pointer, or "".
func (m *memory) free(p driver.Pointer) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.find(uint64(p))
	switch {
	case a == nil:
		return fmt.Sprintf("%#x is no pointer of this device", uint64(p))
	case a.freed:
		return fmt.Sprintf("%#x was freed before", uint64(p))
	case a.base != uint64(p):
		return fmt.Sprintf("%#x lies in %s; want its first address", uint64(p), a.describe())
	}
	a.freed = true
	m.used -= rounded(int64(len(a.data)))
	if len(a.data) <= slotSize {
		m.freed = append(m.freed, int((a.base-m.base)>>slotBits))
	}
	a.data = a.data[:0:0]
	return ""
}

// find looks up the allocation, live or freed, whose slots an address lies in; nil if there is none.
func (m *memory) find(addr uint64) *allocation {
	slot := (addr - m.base) >> slotBits
	if slot >= slots {
		return nil
	}
	return m.table[slot].Load()
}

// view is the memory of n bytes at an address, and its allocation; or what is wrong.
func (m *memory) view(addr driver.Pointer, n int64) ([]byte, *allocation, string) {
	a := m.find(uint64(addr))
	if a == nil || a.freed || n < 0 || n > int64(len(a.data)) || !a.contains(uint64(addr), int(n)) {
		return nil, nil, m.outside(uint64(addr), int(n))
	}
	off := uint64(addr) - a.base
	return a.data[off : off+uint64(n)], a, ""
}

// outside says why size bytes at an address are not to be had.
func (m *memory) outside(addr uint64, size int) string {
	a := m.find(addr)
	switch {
	case a == nil && (addr < m.base || addr-m.base >= 1<<deviceBits) && addr >= 1<<deviceBits:
		return fmt.Sprintf("%d bytes at %#x: the address belongs to another device or to no memory", size, addr)
	case a == nil:
		return fmt.Sprintf("%d bytes at %#x: no allocation there", size, addr)
	case a.freed:
		return fmt.Sprintf("%d bytes at %#x: use after free of the allocation at %#x", size, addr, a.base)
	}
	return fmt.Sprintf("%d bytes at %#x: %d bytes past the start of the %s", size, addr, addr-a.base, a.describe())
}
