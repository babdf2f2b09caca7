//go:build cuda && cgo && linux && amd64

package libcuda

import (
	"fmt"
	"slices"
	"sync"

	"tiebreak/cuda/driver"
)

// regions is the device memory of a context. The driver itself checks an address only to the page, so a copy that runs
// past its allocation would pass there. It may be read by another context's goroutine (CopyPeer), hence the lock.
type regions struct {
	mu   sync.Mutex
	list []region // by address
}

type region struct {
	base  driver.Pointer
	bytes int64
}

// search finds where a region with that base is or would be.
func (r *regions) search(p driver.Pointer) (int, bool) {
	return slices.BinarySearchFunc(r.list, p, func(g region, p driver.Pointer) int {
		switch {
		case g.base < p:
			return -1
		case g.base > p:
			return 1
		}
		return 0
	})
}

// add notes an allocation.
func (r *regions) add(p driver.Pointer, bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, _ := r.search(p)
	r.list = slices.Insert(r.list, i, region{p, bytes})
}

// remove forgets an allocation; false if none begins at p.
func (r *regions) remove(p driver.Pointer) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, found := r.search(p)
	if found {
		r.list = slices.Delete(r.list, i, i+1)
	}
	return found
}

// begins says whether an allocation begins at p.
func (r *regions) begins(p driver.Pointer) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, found := r.search(p)
	return found
}

// check returns what is wrong with a range, "" if it lies in one allocation.
func (r *regions) check(p driver.Pointer, bytes int64) string {
	if bytes < 0 {
		return fmt.Sprintf("got %d bytes, want at least 0", bytes)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i, found := r.search(p)
	if !found {
		i-- // the region that begins below p
	}
	if i < 0 || p-r.list[i].base >= driver.Pointer(r.list[i].bytes) {
		return fmt.Sprintf("got %d bytes at %#x, which is not in an allocation of this context", bytes, p)
	}
	g := r.list[i]
	if off := int64(p - g.base); bytes > g.bytes-off {
		return fmt.Sprintf("got %d bytes at %#x, byte %d of an allocation of %d bytes", bytes, p, off, g.bytes)
	}
	return ""
}

// take empties the list and returns what was in it.
func (r *regions) take() []region {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.list
	r.list = nil
	return all
}
