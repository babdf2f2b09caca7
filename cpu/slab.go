package cpu

// slab is a stretch of memory from the system that the panels of several weights share, one after the other. The matrices
// of a small model are too short for huge pages of their own: of SmolLM2-135M two thirds lay on small ones, and a token,
// which reads them all, took 13.0 ms of processor time instead of 11.7 (one thread, means of four paired runs, Zen 4).
type slab struct {
	pages []byte
	used  int
	live  int // blocks handed out and not given back
}

// slabBytes is the size of a slab: many huge pages, so that little is lost at its end. Pages that nothing is written to take
// no memory.
const slabBytes = 64 << 20

// reserveWeight is reserve for panels.
func (b *Backend) reserveWeight(n int64, what string) (*memory, error) {
	size := roundUp(int(n), cacheLine)
	if size > slabBytes/4 {
		return b.reserve(n, what)
	}
	if err := checkFree(n, what); err != nil {
		return nil, err
	}
	if b.slab == nil || b.slab.used+size > len(b.slab.pages) {
		pages := mapPages(slabBytes)
		if pages == nil {
			return b.reserve(n, what)
		}
		b.slab = &slab{pages: pages}
	}
	s := b.slab
	m := viewAll(s.pages[s.used : s.used+size : s.used+size])
	m.slab = s
	s.used += size
	s.live++
	b.blocks[m] = true
	return m, nil
}

// leave gives one block of a slab back, and the slab with the last one.
func (b *Backend) leave(s *slab) {
	if s.live--; s.live > 0 {
		return
	}
	unmapPages(s.pages)
	if b.slab == s {
		b.slab = nil
	}
}
