package emu

import (
	"sync"
	"sync/atomic"
)

// validity remembers which bytes of an allocation have been written: one bit a byte. Blocks that run at the same time set
// bits of one word, so words are changed atomically. An allocation written as a whole, as weights are, is marked once and
// costs nothing after that.
type validity struct {
	all  atomic.Bool
	size int
	once sync.Once
	bits []uint64 // made when first needed
}

func newValidity(size int) *validity { return &validity{size: size} }

func (v *validity) prepare() {
	v.once.Do(func() { v.bits = make([]uint64, (v.size+63)/64) })
}

// set marks n bytes as written.
func (v *validity) set(off, n int) {
	if v.all.Load() {
		return
	}
	if n == v.size {
		v.all.Store(true)
		return
	}
	v.prepare()
	for end := off + n; off < end; {
		word, mask, k := bitsOf(off, end)
		if old := atomic.LoadUint64(&v.bits[word]); old&mask != mask {
			atomic.OrUint64(&v.bits[word], mask)
		}
		off += k
	}
}

// bitsOf is the part of off…end that lies in one word: the word, the bits in it and their number.
func bitsOf(off, end int) (word int, mask uint64, n int) {
	word, first := off/64, off%64
	n = min(64-first, end-off)
	return word, ^uint64(0) >> (64 - n) << first, n
}

// written reports whether all of n bytes have been written.
func (v *validity) written(off, n int) bool {
	if v.all.Load() {
		return true
	}
	v.prepare()
	for end := off + n; off < end; {
		word, mask, k := bitsOf(off, end)
		if atomic.LoadUint64(&v.bits[word])&mask != mask {
			return false
		}
		off += k
	}
	return true
}

// copy makes n bytes as valid as those of another allocation.
func (v *validity) copy(off int, from *validity, src, n int) {
	if from.written(src, n) {
		v.set(off, n)
		return
	}
	v.prepare()
	wasAll := v.all.Swap(false)
	if wasAll {
		for i := range v.bits {
			v.bits[i] = ^uint64(0)
		}
	}
	for i := range n {
		bit := uint64(1) << ((off + i) % 64)
		if from.written(src+i, 1) {
			v.bits[(off+i)/64] |= bit
		} else {
			v.bits[(off+i)/64] &^= bit
		}
	}
}
