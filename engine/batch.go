package engine

import (
	"cmp"
	"slices"
)

// limits bound one pass.
type limits struct {
	tokens int // computed in one pass
	rows   int // prompts in one pass
}

// batch is a set of prompts whose last tokens are computed in one pass.
type batch struct {
	prompts []int // indices, the longest first
	// ahead is the number of tokens of the first prompt that are computed before, in passes of their own, because the
	// prompt is longer than a pass. It is a multiple of limits.tokens and 0 for all prompts but the first.
	ahead int
}

// batches groups prompts of the given lengths, each 1 or more. The longest come first, so that memory that does not
// suffice shows at once and the last batches are cheap; each batch is then filled up with the longest that still fit.
// Prompts of equal length stay in order.
func batches(lengths []int, lim limits) []batch {
	order := make([]int, len(lengths))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lengths[b], lengths[a]) })
	var out []batch
	for len(order) > 0 {
		b := batch{ahead: (lengths[order[0]] - 1) / lim.tokens * lim.tokens}
		room := lim.tokens + b.ahead
		rest := order[:0]
		for _, i := range order {
			if lengths[i] <= room && len(b.prompts) < lim.rows {
				b.prompts = append(b.prompts, i)
				room -= lengths[i]
			} else {
				rest = append(rest, i)
			}
		}
		order = rest
		out = append(out, b)
	}
	return out
}
