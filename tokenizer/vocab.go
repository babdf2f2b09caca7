package tokenizer

import (
	"fmt"
	"math/bits"
	"strings"
)

// vocab is the vocabulary of the model, without the added tokens.
type vocab struct {
	ids    map[string]int32
	tokens []string // by id
}

// readVocab reads {"token": id, …}. The ids are those from 0 to the number of entries, each once.
func readVocab(r *jsonReader, path string) (*vocab, error) {
	count := *r
	n := 0
	if err := count.object(path, func(string) error { n++; return count.skip(path) }); err != nil {
		return nil, err
	}
	v := &vocab{ids: make(map[string]int32, n)}
	err := r.object(path, func(token string) error {
		id, err := r.id(path)
		if err != nil {
			return err
		}
		if _, twice := v.ids[token]; twice {
			return r.fail(path, "token %q is there twice", token)
		}
		v.ids[token] = id
		return nil
	})
	if err != nil {
		return nil, err
	}
	return v, v.number(path)
}

// number fills tokens from ids.
func (v *vocab) number(path string) error {
	v.tokens = make([]string, len(v.ids))
	used := make([]bool, len(v.ids))
	for token, id := range v.ids {
		if int(id) >= len(v.tokens) {
			return fmt.Errorf("%s: token %q has id %d, want less than the number of tokens, %d", path, token, id, len(v.ids))
		}
		if used[id] {
			return fmt.Errorf("%s: id %d belongs to two tokens, %q and %q", path, id, v.tokens[id], token)
		}
		v.tokens[id], used[id] = token, true
	}
	return nil
}

// noRank stands for a pair that does not merge.
const noRank = ^uint32(0)

// merges tells, for two tokens side by side, whether they merge, how early, and into what: an open-addressing hash table
// from the pair of ids to its rank. For the 280,000 merges of LLaMA 3 it takes 8 MB and is built in a fraction of the
// time of a Go map.
type merges struct {
	slots  []mergeSlot
	shift  uint
	result []int32 // by rank: the id of the merged token
}

type mergeSlot struct {
	pair uint64 // left id << 32 | right id, plus 1; 0 is free
	rank uint32
}

func pairOf(left, right int32) uint64 { return uint64(uint32(left))<<32 | uint64(uint32(right)) + 1 }

// newMerges makes an empty table for up to n merges.
func newMerges(n int) *merges {
	width := bits.Len(uint(n + n/2)) // a third to two thirds full
	return &merges{slots: make([]mergeSlot, 1<<width), shift: uint(64 - width), result: make([]int32, 0, n)}
}

// slot returns the place of the pair, or the free one where it belongs.
func (m *merges) slot(pair uint64) *mergeSlot {
	mask := uint64(len(m.slots) - 1)
	for i := pair * 0x9e3779b97f4a7c15 >> m.shift; ; i = (i + 1) & mask {
		if s := &m.slots[i]; s.pair == pair || s.pair == 0 {
			return s
		}
	}
}

// rank returns the rank at which the two tokens merge, noRank where they do not.
func (m *merges) rank(left, right int32) uint32 {
	if s := m.slot(pairOf(left, right)); s.pair != 0 {
		return s.rank
	}
	return noRank
}

// add gives the pair the next rank. It returns false where it has one.
func (m *merges) add(left, right, result int32) bool {
	s := m.slot(pairOf(left, right))
	if s.pair != 0 {
		return false
	}
	*s = mergeSlot{pair: pairOf(left, right), rank: uint32(len(m.result))}
	m.result = append(m.result, result)
	return true
}

// readMerges reads ["a b", …] or [["a", "b"], …], in order of rank, and looks each up in the vocabulary.
func readMerges(r *jsonReader, path string, v *vocab) (*merges, error) {
	count := *r
	n := 0
	if err := count.array(path, func(int) error { n++; return count.skip(path) }); err != nil {
		return nil, err
	}
	m := newMerges(n)
	var both []byte
	return m, r.array(path, func(i int) error {
		left, right, err := readPair(r, path, i)
		if err != nil {
			return err
		}
		both = append(append(both[:0], left...), right...)
		leftID, okLeft := v.ids[left]
		rightID, okRight := v.ids[right]
		result, ok := v.ids[string(both)]
		switch {
		case !okLeft:
			return r.failAt(path, i, "left token %q is not in the vocabulary", left)
		case !okRight:
			return r.failAt(path, i, "right token %q is not in the vocabulary", right)
		case !ok:
			return r.failAt(path, i, "%q and %q merge into %q, which is not in the vocabulary", left, right, both)
		case !m.add(leftID, rightID, result):
			return r.failAt(path, i, "%q and %q merge twice", left, right)
		}
		return nil
	})
}

// readPair reads "a b" or ["a", "b"].
func readPair(r *jsonReader, path string, i int) (left, right string, err error) {
	if r.peek() == '"' {
		both, err := r.str(path)
		if err != nil {
			return "", "", err
		}
		left, right, ok := strings.Cut(both, " ")
		if !ok || strings.Contains(right, " ") {
			return "", "", r.failAt(path, i, "got %q, want two tokens parted by one space", both)
		}
		return left, right, nil
	}
	sides := [2]*string{&left, &right}
	n := 0
	err = r.array(path, func(side int) (err error) {
		if n++; n > len(sides) {
			return r.skip(path)
		}
		*sides[side], err = r.str(path)
		return err
	})
	if err == nil && n != len(sides) {
		err = r.failAt(path, i, "got %d tokens, want 2", n)
	}
	return left, right, err
}
