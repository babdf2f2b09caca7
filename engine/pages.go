package engine

import (
	"tiebreak/backend"
	"tiebreak/kvcache"
)

// limits bound one pass.
type limits struct {
	tokens int // computed in one pass
	rows   int // sequences in one pass
}

// passPages is how many pages let a pass be full, whatever the prompts: one of the greatest length, of which most may have
// been computed before, with one page more if it is forked, and a pass full of others, each with a last page that is not
// full.
func passPages(longest int, lim limits) int {
	return kvcache.PagesFor(longest) + 1 + lim.tokens/backend.PageSize + lim.rows
}

// cachePages is how many pages beyond those are kept by default, for what prompts have in common: as many as two passes
// fill. Two orders of one pair, or other prompts of a group, follow each other closely.
func cachePages(lim limits) int { return 2 * kvcache.PagesFor(lim.tokens) }
