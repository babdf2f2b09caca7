package tokenizer

import "sync"

// wordState is the working memory of one word being merged: a doubly linked list of its symbols, and a heap of the pairs
// that merge. A word of n symbols takes O(n log n) steps, so a megabyte of one letter is no worse than text.
//
// A worked example, with merges "l o"→lo (rank 0), "lo w"→low (1), "e r"→er (2):
//
//	symbols  l o w e r     heap (0,l o) (2,e r)
//	symbols  lo · w e r    heap (1,lo w) (2,e r)      "·": unlinked
//	symbols  low · · e r   heap (2,e r)
//	symbols  low · · er ·  heap empty                 tokens low er
type wordState struct {
	ids        []int32  // of the symbols; those unlinked stay in place
	prev, next []int32  // positions of the neighbours, -1 at the ends
	ranks      []uint32 // of the pair that begins at each symbol, as it is now
	heap       []uint64 // rank << 32 | position; stale where ranks says otherwise
}

var wordPool = sync.Pool{New: func() any { return new(wordState) }}

// merge merges the symbols in w.ids until no pair of them merges.
func (w *wordState) merge(m *model, guard bool) {
	w.link()
	for i := range len(w.ids) - 1 {
		if w.ranks[i] = m.pairRank(w.ids[i], w.ids[i+1], guard); w.ranks[i] != noRank {
			w.heap = append(w.heap, uint64(w.ranks[i])<<32|uint64(i))
		}
	}
	for i := len(w.heap)/2 - 1; i >= 0; i-- {
		w.siftDown(i)
	}
	for len(w.heap) > 0 {
		top := w.pop()
		rank, at := uint32(top>>32), int32(uint32(top))
		if w.ranks[at] != rank {
			continue // the pair has since become another
		}
		w.ids[at] = m.merges.result[rank]
		w.unlink(w.next[at])
		w.rankPair(m, at, guard)
		if before := w.prev[at]; before >= 0 {
			w.rankPair(m, before, guard)
		}
	}
}

// pairRank is merges.rank, but with guard no pair merges into a reserved token.
func (m *model) pairRank(left, right int32, guard bool) uint32 {
	rank := m.merges.rank(left, right)
	if guard && rank != noRank && m.reserved[m.merges.result[rank]] {
		return noRank
	}
	return rank
}

// link sets up the list over w.ids, with no pair ranked.
func (w *wordState) link() {
	n := len(w.ids)
	w.prev, w.next, w.ranks, w.heap = w.prev[:0], w.next[:0], w.ranks[:0], w.heap[:0]
	for i := range n {
		w.prev = append(w.prev, int32(i-1))
		w.next = append(w.next, int32(i+1))
		w.ranks = append(w.ranks, noRank)
	}
	if n > 0 {
		w.next[n-1] = -1
	}
}

// unlink takes the symbol at a position, which is not the first, out of the list.
func (w *wordState) unlink(at int32) {
	before, after := w.prev[at], w.next[at]
	w.next[before] = after
	if after >= 0 {
		w.prev[after] = before
	}
	w.ranks[at] = noRank
}

// rankPair ranks the pair that begins at a position anew.
func (w *wordState) rankPair(m *model, at int32, guard bool) {
	w.ranks[at] = noRank
	if after := w.next[at]; after >= 0 {
		w.ranks[at] = m.pairRank(w.ids[at], w.ids[after], guard)
	}
	if rank := w.ranks[at]; rank != noRank {
		w.push(uint64(rank)<<32 | uint64(at))
	}
}

// appendTokens appends the symbols left in the list.
func (w *wordState) appendTokens(ids []int32) []int32 {
	if len(w.ids) == 0 {
		return ids
	}
	for at := int32(0); at >= 0; at = w.next[at] {
		ids = append(ids, w.ids[at])
	}
	return ids
}

// The heap is container/heap's, without the interface calls.

func (w *wordState) push(x uint64) {
	w.heap = append(w.heap, x)
	i := len(w.heap) - 1
	for i > 0 && w.heap[(i-1)/2] > x {
		w.heap[i] = w.heap[(i-1)/2]
		i = (i - 1) / 2
	}
	w.heap[i] = x
}

func (w *wordState) pop() uint64 {
	top := w.heap[0]
	last := len(w.heap) - 1
	w.heap[0] = w.heap[last]
	w.heap = w.heap[:last]
	if last > 0 {
		w.siftDown(0)
	}
	return top
}

func (w *wordState) siftDown(i int) {
	h, x := w.heap, w.heap[i]
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if right := child + 1; right < len(h) && h[right] < h[child] {
			child = right
		}
		if h[child] >= x {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = x
}
