package kvcache

import (
	"fmt"
	"slices"

	"tiebreak/backend"
)

// Sequence is a run of tokens and the pages that have room for their keys and values. It holds its pages until Free.
type Sequence struct {
	cache  *Cache
	ids    []int32
	pages  []int32
	listed int // pages at the front that the tree has
}

// Copy says that the first tokens of a page have to be copied to another one, in all layers.
type Copy struct {
	From, To int32
	Tokens   int // 0: nothing is to be copied
}

// Start makes a sequence of the longest prefix of ids whose pages the tree has, in whole blocks; it may be empty. To have at
// least one token left to compute, give all ids but the last.
func (c *Cache) Start(ids []int32) *Sequence {
	s := &Sequence{cache: c, pages: c.match(ids)}
	for _, p := range s.pages {
		c.hold(p)
	}
	s.listed = len(s.pages)
	s.ids = slices.Clone(ids[:s.listed*backend.PageSize])
	c.stats.Matched += int64(len(s.ids))
	return s
}

// Len is the number of tokens.
func (s *Sequence) Len() int { return len(s.ids) }

// Pages are the pages of the tokens, in order. The slice is valid, and must not be changed, until the next call of Extend,
// Publish or Free.
func (s *Sequence) Pages() []int32 { return s.pages }

// Extend appends tokens and takes pages for them, evicting idle ones if it must. If too few pages are left it changes
// nothing and returns false.
//
// Where the copy is not empty, Memory.Copy must carry it out before anything is stored in these pages or other sequences
// are freed.
func (s *Sequence) Extend(ids []int32) (Copy, bool) {
	s.mustBeOpen()
	c, shared := s.cache, s.sharesTail()
	need := PagesFor(len(s.ids)+len(ids)) - len(s.pages)
	if shared && len(ids) > 0 {
		need++
	}
	if need > c.Room() {
		return Copy{}, false
	}
	var tail Copy
	if shared && len(ids) > 0 {
		tail = s.ownTail()
		need--
	}
	for range need {
		s.pages = append(s.pages, c.take())
	}
	s.ids = append(s.ids, ids...)
	c.stats.Extended += int64(len(ids))
	return tail, true
}

// sharesTail reports whether the last page is partly full and other sequences hold it.
func (s *Sequence) sharesTail() bool {
	return len(s.ids)%backend.PageSize > 0 && s.cache.pages[s.pages[len(s.pages)-1]].refs > 1
}

// ownTail replaces the last page by one that this sequence alone holds.
func (s *Sequence) ownTail() Copy {
	last := len(s.pages) - 1
	from := s.pages[last]
	s.pages[last] = s.cache.take()
	s.cache.release(from)
	s.cache.stats.Copied++
	return Copy{From: from, To: s.pages[last], Tokens: len(s.ids) % backend.PageSize}
}

// Fork makes a second sequence of the same tokens in the same pages. Either can be extended and freed.
func (s *Sequence) Fork() *Sequence {
	s.mustBeOpen()
	for _, p := range s.pages {
		s.cache.hold(p)
	}
	return &Sequence{cache: s.cache, ids: slices.Clone(s.ids), pages: slices.Clone(s.pages), listed: s.listed}
}

// Publish puts the whole blocks within the first tokens of the sequence into the tree, for Start to find. The keys and values
// of these tokens must have been stored. Where the tree has a block already, the sequence changes over to that page, which holds the same bits,
// and gives back its own; if forks hold that one as well, it and the blocks after it stay unpublished.
func (s *Sequence) Publish(tokens int) {
	s.mustBeOpen()
	c := s.cache
	for ; s.listed < min(tokens, len(s.ids))/backend.PageSize; s.listed++ {
		own, k := s.pages[s.listed], blockKey(s.ids, s.pages, s.listed)
		known, ok := c.tree[k]
		switch {
		case !ok:
			c.list(own, k)
		case known == own: // published through a fork
		case c.pages[own].refs > 1:
			// A fork would hold the blocks after this one without holding the page that the tree has before them.
			return
		default:
			c.hold(known)
			c.release(own)
			s.pages[s.listed] = known
		}
	}
}

// Free gives all pages up. Those that are published stay known until others need the room; the rest is free at once,
// unless a fork holds it. The sequence must not be used afterwards.
func (s *Sequence) Free() {
	s.mustBeOpen()
	for _, p := range slices.Backward(s.pages) { // see idle for why the last goes first
		s.cache.release(p)
	}
	*s = Sequence{}
}

func (s *Sequence) mustBeOpen() {
	if s.cache == nil {
		panic(fmt.Sprintf("kvcache: sequence %p is used after Free", s))
	}
}
