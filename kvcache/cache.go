package kvcache

import (
	"fmt"

	"tiebreak/backend"
)

// Cache is the bookkeeping of a fixed number of pages. It is used by one goroutine at a time.
//
// Each page is in one of three states: free; held by one or more sequences; or idle, that is in the tree and held by none.
type Cache struct {
	pages []page
	free  []int32
	tree  map[key]int32 // pages by what they hold
	idle  idle
	stats Stats // the counters; the numbers of pages are filled in when asked for
}

// page is what is known of one page.
type page struct {
	refs int32 // sequences that hold it
	prev int32 // neighbours among the idle pages
	next int32
	key  key // under which the tree has it; the zero key where it does not
}

// Stats counts pages and tokens.
type Stats struct {
	Pages    int // in all: Held + Idle + Free
	Held     int // by sequences
	Idle     int // held by none, kept for prompts that begin alike
	Free     int
	MostHeld int // the most that were held at one time

	Matched  int64 // tokens that Start found, for sequences that came to nothing too
	Extended int64 // tokens that Extend made room for
	Evicted  int64 // pages that were idle when others needed them
	Copied   int64 // pages that forks had to copy
}

// Plus adds the numbers of two caches.
func (s Stats) Plus(t Stats) Stats {
	return Stats{
		Pages: s.Pages + t.Pages, Held: s.Held + t.Held, Idle: s.Idle + t.Idle, Free: s.Free + t.Free, MostHeld: s.MostHeld + t.MostHeld,
		Matched: s.Matched + t.Matched, Extended: s.Extended + t.Extended, Evicted: s.Evicted + t.Evicted, Copied: s.Copied + t.Copied,
	}
}

// New makes a Cache of pages 0 to pages-1, all free.
func New(pages int) *Cache {
	c := &Cache{pages: make([]page, pages), free: make([]int32, pages), tree: map[key]int32{}, idle: idle{first: none, last: none}}
	for i := range c.free {
		c.free[i] = int32(pages - 1 - i) // page 0 is taken first
	}
	return c
}

// Stats gives the numbers as they are now.
func (c *Cache) Stats() Stats {
	s := c.stats
	s.Pages, s.Free, s.Idle, s.Held = len(c.pages), len(c.free), c.idle.n, c.held()
	return s
}

// Room is the number of pages that sequences can still take: those that are free, and those that are idle.
func (c *Cache) Room() int { return len(c.free) + c.idle.n }

// Evict makes idle pages free, the longest unused first, until n are or none is left, and returns how many it was. There
// is no need to call it before Extend.
func (c *Cache) Evict(n int) int {
	n = min(n, c.idle.n)
	for range n {
		c.evict()
	}
	return n
}

// PagesFor is the number of pages that hold a number of tokens.
func PagesFor(tokens int) int { return (tokens + backend.PageSize - 1) / backend.PageSize }

func (c *Cache) held() int { return len(c.pages) - c.Room() }

// take gives a page that no other sequence holds. There must be room.
func (c *Cache) take() int32 {
	if len(c.free) == 0 {
		c.evict()
	}
	last := len(c.free) - 1
	p := c.free[last]
	c.free = c.free[:last]
	c.pages[p].refs = 1
	c.stats.MostHeld = max(c.stats.MostHeld, c.held())
	return p
}

// hold counts one more sequence that holds a page.
func (c *Cache) hold(p int32) {
	if c.pages[p].refs == 0 {
		c.unlinkIdle(p)
	}
	c.pages[p].refs++
	c.stats.MostHeld = max(c.stats.MostHeld, c.held())
}

// release counts one sequence less. A page that nobody holds becomes idle if the tree has it, else free.
func (c *Cache) release(p int32) {
	e := &c.pages[p]
	if e.refs < 1 {
		panic(fmt.Sprintf("kvcache: page %d is released and held by none", p))
	}
	if e.refs--; e.refs > 0 {
		return
	}
	if e.key.listed() {
		c.pushIdle(p)
	} else {
		c.free = append(c.free, p)
	}
}

// evict makes the page that was idle for longest free.
func (c *Cache) evict() {
	p := c.idle.first
	if p == none {
		panic(fmt.Sprintf("kvcache: no page of %d can be evicted", len(c.pages)))
	}
	c.unlinkIdle(p)
	c.unlist(p)
	c.free = append(c.free, p)
	c.stats.Evicted++
}
