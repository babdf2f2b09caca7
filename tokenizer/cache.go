package tokenizer

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// Text repeats its words, so most words of a text need no merging, only looking up. The cache is a fixed array of slots,
// each holding the last word that fell there: bounded in memory (about 3 MB when full), and safe for concurrent use
// without a lock, since a slot is one pointer to a value that never changes.
const (
	cacheSlots    = 1 << 15
	maxCachedWord = 32 // bytes
)

type wordSlot = atomic.Pointer[cachedWord]

type wordCache struct {
	seed  maphash.Seed
	slots []wordSlot
}

type cachedWord struct {
	word string
	ids  []int32
}

func newWordCache() wordCache {
	return wordCache{seed: maphash.MakeSeed(), slots: make([]wordSlot, cacheSlots)}
}

func (c *wordCache) slot(word string) *wordSlot {
	return &c.slots[maphash.String(c.seed, word)%cacheSlots]
}

func newCachedWord(word string, ids []int32) *cachedWord {
	return &cachedWord{word: strings.Clone(word), ids: append([]int32(nil), ids...)}
}
