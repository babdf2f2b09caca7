package engine

import (
	"cmp"
	"slices"

	"tiebreak/backend"
)

// request is a prompt to be run, once for all who asked for it.
type request struct {
	ids      []int32
	suffixes [][]int32 // what may follow it, each by itself; an empty one stands for the prompt alone
	answer   func(suffix int, logits []float32, err error)

	shared   int  // tokens at the front, in whole blocks, that another request begins with as well
	next     int  // suffix to be begun
	computed bool // the prompt was, once
}

// tokens is what has to be computed for the request: its prompt once, and its suffixes.
func (r *request) tokens() int {
	n := len(r.ids)
	for _, s := range r.suffixes {
		n += len(s)
	}
	return n
}

// longest is the length of the prompt with its longest suffix.
func (r *request) longest() (n int) {
	for _, s := range r.suffixes {
		n = max(n, len(r.ids)+len(s))
	}
	return n
}

// group is requests that begin alike, beyond what all begin with, so that they should be run by one device and soon after
// one another.
type group struct {
	requests []*request
	longest  int
	tokens   int // to be computed
}

// groups finds out what requests have in common: it sets their shared tokens, and gives them in groups, the longest first.
// No group has more than a given number of tokens unless it is a single request.
//
// Sorted by their tokens, requests that begin alike are neighbours, and what a request shares with any other it shares
// with one of its neighbours.
func groups(requests []*request, most int) []group {
	if len(requests) == 0 {
		return nil
	}
	slices.SortStableFunc(requests, func(a, b *request) int { return slices.Compare(a.ids, b.ids) })
	everywhere := blocks(requests[0].ids, requests[len(requests)-1].ids)
	var out []group
	for i, r := range requests {
		before := 0 // tokens shared with the request before it
		if i > 0 {
			before = blocks(requests[i-1].ids, r.ids)
			requests[i-1].shared, r.shared = max(requests[i-1].shared, before), before
		}
		cost := r.tokens() - before
		if i == 0 || before == everywhere || out[len(out)-1].tokens+cost > most {
			out = append(out, group{})
		}
		g := &out[len(out)-1]
		g.requests, g.longest, g.tokens = append(g.requests, r), max(g.longest, r.longest()), g.tokens+cost
	}
	byLength(out)
	return out
}

// apart puts every request in a group of its own, the longest first, that shares nothing with others.
func apart(requests []*request) []group {
	var out []group
	for _, r := range requests {
		out = append(out, group{[]*request{r}, r.longest(), r.tokens()})
	}
	byLength(out)
	return out
}

func byLength(all []group) {
	slices.SortStableFunc(all, func(a, b group) int { return cmp.Compare(b.longest, a.longest) })
}

// blocks is the number of tokens that a and b both begin with, in whole blocks.
func blocks(a, b []int32) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n / backend.PageSize * backend.PageSize
}
