package kvcache_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/kvcache"
)

// run gives tokens first, first+1, …
func run(first int32, n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = first + int32(i)
	}
	return out
}

// begin starts and extends a sequence to all of ids.
func begin(t *testing.T, c *kvcache.Cache, ids []int32) *kvcache.Sequence {
	t.Helper()
	s := c.Start(ids)
	tail, ok := s.Extend(ids[s.Len():])
	require.True(t, ok)
	require.Zero(t, tail)
	require.Equal(t, len(ids), s.Len())
	return s
}

func TestPagesFor(t *testing.T) {
	for tokens, pages := range map[int]int{0: 0, 1: 1, 15: 1, 16: 1, 17: 2, 32: 2, 33: 3} {
		require.Equal(t, pages, kvcache.PagesFor(tokens), "%d tokens", tokens)
	}
}

// TestSharedPrefix starts prompts that begin alike: whole blocks are shared, and nothing else.
func TestSharedPrefix(t *testing.T) {
	c := kvcache.New(10)
	first := begin(t, c, run(0, 40))
	require.Zero(t, c.Start(run(0, 40)).Len(), "nothing is known before it is published")
	first.Publish(first.Len())
	for _, n := range []int{0, 15, 16, 31, 32, 40, 100} {
		s := c.Start(run(0, n))
		require.Equal(t, min(n, 40)/16*16, s.Len(), "%d tokens", n)
		require.Equal(t, first.Pages()[:s.Len()/16], append([]int32{}, s.Pages()...))
		s.Free()
	}
	other := run(0, 40)
	other[20]++
	require.Equal(t, 16, c.Start(other).Len(), "one token of the second block differs")
	other[0]++
	require.Zero(t, c.Start(other).Len())
	require.Zero(t, c.Start(run(16, 24)).Len(), "the second block of a prompt is not the first of another")
}

// TestPrivateTail frees at once what is not published, and keeps what is.
func TestPrivateTail(t *testing.T) {
	c := kvcache.New(4)
	s := begin(t, c, run(0, 50))
	require.Equal(t, kvcache.Stats{Pages: 4, Held: 4, MostHeld: 4, Extended: 50}, c.Stats())
	s.Free()
	require.Equal(t, 4, c.Stats().Free)
	s = begin(t, c, run(0, 32))
	s.Publish(s.Len())
	_, ok := s.Extend(run(32, 18))
	require.True(t, ok)
	s.Free()
	require.Equal(t, kvcache.Stats{Pages: 4, Idle: 2, Free: 2, MostHeld: 4, Extended: 100}, c.Stats())
}

// TestEvictLongestUnused fills the pages and needs room: what was used last stays.
func TestEvictLongestUnused(t *testing.T) {
	c := kvcache.New(4)
	for i := range int32(4) {
		s := begin(t, c, run(1000*i, 16))
		s.Publish(s.Len())
		s.Free()
	}
	c.Start(run(0, 16)).Free() // the oldest is used again
	big := begin(t, c, run(5000, 40))
	require.Equal(t, int64(3), c.Stats().Evicted)
	require.Equal(t, 16, c.Start(run(0, 16)).Len())
	require.Zero(t, c.Start(run(3000, 16)).Len())
	_, ok := big.Extend(run(5040, 9))
	require.False(t, ok, "every page is held")
	require.Equal(t, 40, big.Len())
	_, ok = big.Extend(run(5040, 8))
	require.True(t, ok, "the last page had room")
}

// TestPrefixOutlivesItsTail evicts the end of an idle prefix before its start.
func TestPrefixOutlivesItsTail(t *testing.T) {
	c := kvcache.New(3)
	s := begin(t, c, run(0, 48))
	s.Publish(s.Len())
	s.Free()
	require.Equal(t, 1, c.Evict(1))
	s = c.Start(run(0, 48))
	require.Equal(t, 32, s.Len())
	require.Zero(t, c.Evict(3), "what is held stays")
	s.Free()
	require.Equal(t, 2, c.Evict(3))
}

// TestForks share all pages until they go on; then each copies the page that is partly full, and the last one keeps it.
func TestForks(t *testing.T) {
	c := kvcache.New(8)
	s := begin(t, c, run(0, 20))
	a, b := s.Fork(), s.Fork()
	require.Equal(t, 2, c.Stats().Held)
	tail := s.Pages()[1]
	s.Free()
	copied, ok := a.Extend([]int32{7, 8})
	require.True(t, ok)
	require.Equal(t, kvcache.Copy{From: tail, To: a.Pages()[1], Tokens: 4}, copied)
	require.NotEqual(t, tail, a.Pages()[1])
	copied, ok = b.Extend([]int32{9})
	require.True(t, ok)
	require.Zero(t, copied, "nobody else holds the page any more")
	require.Equal(t, tail, b.Pages()[1])
	require.Equal(t, a.Pages()[0], b.Pages()[0])
	require.Equal(t, int64(1), c.Stats().Copied)
	a.Free()
	b.Free()
	require.Equal(t, 8, c.Stats().Free)
}

// TestForkWithoutRoom has no page for the copy: nothing changes.
func TestForkWithoutRoom(t *testing.T) {
	c := kvcache.New(2)
	s := begin(t, c, run(0, 20))
	f := s.Fork()
	_, ok := f.Extend([]int32{1})
	require.False(t, ok)
	require.Equal(t, s.Pages(), f.Pages())
	_, ok = f.Extend(nil)
	require.True(t, ok, "nothing to append needs no page")
	s.Free()
	_, ok = f.Extend([]int32{1})
	require.True(t, ok)
}

// TestPublishPart puts only the blocks that are named into the tree.
func TestPublishPart(t *testing.T) {
	c := kvcache.New(4)
	s := begin(t, c, run(0, 64))
	s.Publish(15)
	require.Zero(t, c.Start(run(0, 64)).Len())
	s.Publish(47)
	require.Equal(t, 32, c.Start(run(0, 64)).Len())
	s.Publish(1000)
	require.Equal(t, 64, c.Start(run(0, 64)).Len())
}

// TestPublishTwice computes one prompt twice and keeps one copy.
func TestPublishTwice(t *testing.T) {
	c := kvcache.New(8)
	a, b := begin(t, c, run(0, 33)), begin(t, c, run(0, 33))
	require.NotEqual(t, a.Pages()[0], b.Pages()[0])
	a.Publish(a.Len())
	b.Publish(b.Len())
	require.Equal(t, a.Pages()[:2], b.Pages()[:2])
	require.NotEqual(t, a.Pages()[2], b.Pages()[2])
	require.Equal(t, 4, c.Stats().Held)
}

// TestPublishBesideFork would leave a page in the tree after one that nobody holds, if a sequence whose fork holds a page
// could change over to another page.
func TestPublishBesideFork(t *testing.T) {
	c := kvcache.New(8)
	known := begin(t, c, run(0, 16))
	twin := begin(t, c, run(0, 32))
	fork := twin.Fork()
	known.Publish(known.Len())
	twin.Publish(twin.Len())
	twin.Free()
	known.Free()
	require.Equal(t, 1, c.Evict(8), "the published block is idle and nothing follows it")
	require.Zero(t, c.Start(run(0, 32)).Len())
	fork.Publish(fork.Len())
	require.Equal(t, 32, c.Start(run(0, 32)).Len())
}

func TestUseAfterFree(t *testing.T) {
	s := begin(t, kvcache.New(1), run(0, 3))
	s.Free()
	require.Panics(t, s.Free)
	require.Panics(t, func() { s.Publish(1) })
	require.Panics(t, func() { s.Fork() })
	require.Panics(t, func() { s.Extend(nil) })
}

func BenchmarkPrompt(b *testing.B) {
	c := kvcache.New(256)
	ids := run(0, 512)
	b.ReportAllocs()
	for b.Loop() {
		s := c.Start(ids[:len(ids)-1])
		s.Extend(ids[s.Len():])
		s.Publish(s.Len())
		s.Free()
	}
}
