package kvcache

import (
	"flag"
	"hash/fnv"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiebreak/backend"
)

// machine drives a Cache with random operations beside a model of the memory: what a slot holds is a hash of all tokens up
// to its own, as keys and values are, so that a page that is shared, kept or copied wrongly shows as a wrong number.
type machine struct {
	cache *Cache
	live  []*Sequence
	want  map[*Sequence][]int32 // tokens
	slots [][backend.PageSize]uint64
	ops   int
}

// TestMachine performs at least 100,000 random operations and looks at everything after each.
func TestMachine(t *testing.T) {
	setFlag(t, "rapid.checks", "100")
	setFlag(t, "rapid.steps", "1100")
	ops := 0
	var total Stats
	rapid.Check(t, func(t *rapid.T) {
		pages := rapid.IntRange(1, 14).Draw(t, "pages")
		m := &machine{cache: New(pages), want: map[*Sequence][]int32{}, slots: make([][backend.PageSize]uint64, pages)}
		t.Repeat(map[string]func(*rapid.T){
			"start":   m.start,
			"extend":  m.extend,
			"extend2": m.extend, // twice as often
			"fork":    m.fork,
			"publish": m.publish,
			"free":    m.free,
			"evict":   m.evict,
			"":        m.check,
		})
		m.drain(t)
		s := m.cache.Stats()
		total.Matched, total.Evicted, total.Copied = total.Matched+s.Matched, total.Evicted+s.Evicted, total.Copied+s.Copied
		ops += m.ops
	})
	require.GreaterOrEqual(t, ops, 100_000)
	require.True(t, min(total.Matched, total.Evicted, total.Copied) > 500, "the operations reach every path: %+v", total)
	t.Logf("%d operations: %+v", ops, total)
}

// setFlag sets a flag for the time of the test.
func setFlag(t *testing.T, name, value string) {
	before := flag.Lookup(name).Value.String()
	require.NoError(t, flag.Set(name, value))
	t.Cleanup(func() { require.NoError(t, flag.Set(name, before)) })
}

// words draws n tokens to follow a number of others. Tokens depend on a word and the place in its block alone, so that
// blocks of different sequences are often equal.
func words(t *rapid.T, after, n int) []int32 {
	ids := make([]int32, n)
	var word int32
	for i := range ids {
		place := int32((after + i) % backend.PageSize)
		if i == 0 || place == 0 {
			word = rapid.Int32Range(0, 1).Draw(t, "word")
		}
		ids[i] = 100*word + place
	}
	return ids
}

// draw chooses a live sequence; the step is skipped where there is none.
func (m *machine) draw(t *rapid.T) *Sequence {
	if len(m.live) == 0 {
		t.Skip("no sequence")
	}
	return m.live[rapid.IntRange(0, len(m.live)-1).Draw(t, "sequence")]
}

func (m *machine) add(s *Sequence, ids []int32) {
	m.live = append(m.live, s)
	m.want[s] = ids
	m.ops++
}

func (m *machine) start(t *rapid.T) {
	if len(m.live) == 8 {
		t.Skip("enough sequences")
	}
	ids := words(t, 0, rapid.IntRange(0, 80).Draw(t, "n"))
	s := m.cache.Start(ids)
	require.LessOrEqual(t, s.Len(), len(ids))
	m.add(s, ids[:s.Len()])
}

func (m *machine) extend(t *rapid.T) {
	s := m.draw(t)
	before, pages, room := s.Len(), slices.Clone(s.Pages()), m.cache.Room()
	ids := words(t, before, rapid.IntRange(0, 40).Draw(t, "n"))
	tail, ok := s.Extend(ids)
	m.ops++
	if !ok {
		require.Greater(t, PagesFor(before+len(ids))-len(pages)+1, room, "there was room")
		require.Equal(t, pages, s.Pages())
		require.Equal(t, before, s.Len())
		return
	}
	require.LessOrEqual(t, m.cache.Room(), room)
	m.want[s] = append(slices.Clone(m.want[s]), ids...)
	copy(m.slots[tail.To][:tail.Tokens], m.slots[tail.From][:tail.Tokens])
	for i, sum := range sums(m.want[s])[before:] {
		p := s.Pages()[(before+i)/backend.PageSize]
		require.Equal(t, int32(1), m.cache.pages[p].refs, "page %d is written and shared", p)
		require.False(t, m.cache.pages[p].key.listed(), "page %d is written and in the tree", p)
		m.slots[p][(before+i)%backend.PageSize] = sum
	}
}

func (m *machine) fork(t *rapid.T) {
	if len(m.live) == 8 {
		t.Skip("enough sequences")
	}
	s := m.draw(t)
	m.add(s.Fork(), m.want[s])
}

func (m *machine) publish(t *rapid.T) {
	s := m.draw(t)
	s.Publish(rapid.IntRange(0, s.Len()+20).Draw(t, "tokens"))
	m.ops++
}

func (m *machine) free(t *rapid.T) {
	s := m.draw(t)
	m.live = slices.DeleteFunc(m.live, func(l *Sequence) bool { return l == s })
	delete(m.want, s)
	s.Free()
	m.ops++
}

func (m *machine) evict(t *rapid.T) {
	n, before := rapid.IntRange(0, 2).Draw(t, "n"), m.cache.Stats()
	require.Equal(t, min(n, before.Idle), m.cache.Evict(n))
	m.ops++
}

// drain ends all sequences and then evicts everything: nothing has leaked.
func (m *machine) drain(t *rapid.T) {
	for _, s := range m.live {
		s.Free()
	}
	m.live = nil
	require.Zero(t, m.cache.Stats().Held)
	require.Equal(t, len(m.slots), m.cache.Room())
	m.cache.Evict(len(m.slots))
	m.check(t)
	require.Equal(t, len(m.slots), m.cache.Stats().Free)
	require.Empty(t, m.cache.tree)
}

// check holds the cache to its invariants.
func (m *machine) check(t *rapid.T) {
	c := m.cache
	holders := make([]int32, len(c.pages))
	for _, s := range m.live {
		must(t, slices.Equal(m.want[s], s.ids), "tokens %v, want %v", s.ids, m.want[s])
		must(t, len(s.pages) == PagesFor(len(s.ids)), "%d pages of %d tokens", len(s.pages), len(s.ids))
		for i, sum := range sums(s.ids) {
			p := s.pages[i/backend.PageSize]
			must(t, sum == m.slots[p][i%backend.PageSize], "what position %d reads of page %d", i, p)
		}
		for _, p := range s.pages {
			holders[p]++
		}
	}
	states := make([]int, len(c.pages)) // how often each page occurs as free, idle or held
	for _, p := range c.free {
		states[p]++
		must(t, !c.pages[p].key.listed(), "page %d is free and in the tree", p)
	}
	for p := c.idle.first; p != none; p = c.pages[p].next {
		states[p]++
		must(t, c.pages[p].key.listed(), "page %d is idle and not in the tree", p)
	}
	for p, e := range c.pages {
		must(t, holders[p] == e.refs, "page %d has %d references, and %d sequences hold it", p, e.refs, holders[p])
		if e.refs > 0 {
			states[p]++
		}
		must(t, states[p] == 1, "page %d is in %d states", p, states[p])
	}
	m.checkTree(t)
	s := c.Stats()
	must(t, s.Pages == s.Held+s.Idle+s.Free && s.MostHeld >= s.Held && s.MostHeld <= s.Pages, "%+v", s)
}

// checkTree finds every listed page under its key, and the block before it in the tree, held where the page is held, and
// idle after it where it is idle.
func (m *machine) checkTree(t *rapid.T) {
	c := m.cache
	var order []int32
	for p := c.idle.first; p != none; p = c.pages[p].next {
		order = append(order, p)
	}
	must(t, len(order) == c.idle.n, "%d idle pages, %d counted", len(order), c.idle.n)
	listed := 0
	for p, e := range c.pages {
		if !e.key.listed() {
			continue
		}
		listed++
		found, ok := c.tree[e.key]
		must(t, ok && found == int32(p), "page %d is not under its key", p)
		before := e.key.before
		if before == root {
			continue
		}
		must(t, c.pages[before].key.listed(), "page %d follows page %d, which is not in the tree", p, before)
		if e.refs > 0 {
			must(t, c.pages[before].refs > 0, "page %d is held, and page %d before it is not", p, before)
		} else if c.pages[before].refs == 0 {
			must(t, slices.Index(order, int32(p)) < slices.Index(order, before), "page %d would go before page %d, which follows it", before, p)
		}
	}
	must(t, len(c.tree) == listed, "%d pages are listed, the tree has %d", listed, len(c.tree))
}

// must ends a run whose invariant is broken. It is cheap where all is well: it is called a few hundred times an operation.
func must(t *rapid.T, ok bool, format string, args ...any) {
	if !ok {
		t.Helper()
		t.Fatalf(format, args...)
	}
}

// sums gives, for each token, a hash of all tokens up to it.
func sums(ids []int32) []uint64 {
	out := make([]uint64, len(ids))
	h := fnv.New64a()
	for i, id := range ids {
		h.Write([]byte{byte(id), byte(id >> 8), byte(id >> 16), byte(id >> 24)})
		out[i] = h.Sum64()
	}
	return out
}
