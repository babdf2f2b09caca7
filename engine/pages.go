package engine

import (
	"fmt"

	"tiebreak/backend"
)

// pool hands out a range of pages, in order. A batch takes what its prompts need and the whole pool is
// free again after it: nothing outlives a batch, so nothing has to be tracked.
type pool struct {
	first int // page
	pages int
	taken int
}

// take gives the pages for a number of tokens. It panics when none are left: the engine sizes the pool for its largest batch.
func (p *pool) take(tokens int) []int32 {
	out := make([]int32, pagesFor(tokens))
	for i := range out {
		out[i] = int32(p.first + p.taken)
		p.taken++
	}
	if p.taken > p.pages {
		panic(fmt.Sprintf("engine: pages: %d taken, the pool has %d", p.taken, p.pages))
	}
	return out
}

// reset makes all pages free.
func (p *pool) reset() { p.taken = 0 }

// pagesFor is the number of pages that hold the keys and values of some tokens.
func pagesFor(tokens int) int { return (tokens + backend.PageSize - 1) / backend.PageSize }

// poolPages is the size of a pool for any batch: one prompt of the greatest length, which may have been computed in
// several passes, and a pass full of others, each with a last page that is not full.
func poolPages(longest int, lim limits) int {
	return pagesFor(longest) + lim.tokens/backend.PageSize + lim.rows
}
