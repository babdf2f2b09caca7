package tokenizer

import "unicode/utf8"

// model is a byte-pair encoding (Sennrich et al. 2016): it takes a word, as the pre-tokenizer cut it, apart into its
// smallest symbols and merges neighbours, always the pair that was learnt earliest and of equal ones the leftmost, until
// no pair merges.
//
// It comes in two kinds. A byte-level model's symbols are bytes: its vocabulary spells them in an alphabet of printable
// characters (alphabet.go), and words stay raw bytes here. A character-level model's symbols are characters; with
// byte_fallback, those that the vocabulary lacks become the tokens <0x00> … <0xFF> of their bytes.
type model struct {
	*vocab
	merges       *merges
	byteLevel    bool
	ignoreMerges bool // a word that is in the vocabulary is that token, whatever the merges make of it
	byteFallback bool
	fuseUnk      bool           // unknown symbols side by side give one unknown token
	unk          int32          // the token of an unknown symbol; none drops it
	bytes        [256]int32     // byte-level: id of each byte, or none; byteFallback: id of <0x..>
	ascii        [128]int32     // character-level: id of each ASCII character, or none
	reserved     map[int32]bool // special tokens that plain text could come out as
	cache        wordCache
}

// none stands for the id of a token that is not there.
const none int32 = -1

// unknown stands, among the symbols of a word, for one that the vocabulary lacks.
const unknown int32 = -2

// appendWord appends the tokens of a word. With guard, none of them is a special token, even where the vocabulary and
// the merges lead to one.
func (m *model) appendWord(ids []int32, word string, guard bool) []int32 {
	guard = guard && len(m.reserved) > 0
	cached := len(word) <= maxCachedWord && !guard
	var slot *wordSlot
	if cached {
		slot = m.cache.slot(word)
		if hit := slot.Load(); hit != nil && hit.word == word {
			return append(ids, hit.ids...)
		}
	}
	start := len(ids)
	ids = m.mergeWord(ids, word, guard)
	if cached {
		slot.Store(newCachedWord(word, ids[start:]))
	}
	return ids
}

// mergeWord is appendWord without the cache.
func (m *model) mergeWord(ids []int32, word string, guard bool) []int32 {
	if m.ignoreMerges {
		if id, ok := m.wholeWord(word); ok && !(guard && m.reserved[id]) {
			return append(ids, id)
		}
	}
	w := wordPool.Get().(*wordState)
	defer wordPool.Put(w)
	w.ids = m.appendSymbols(w.ids[:0], word, guard)
	w.merge(m, guard)
	return w.appendTokens(ids)
}

// wholeWord looks a word up in the vocabulary.
func (m *model) wholeWord(word string) (id int32, ok bool) {
	if !m.byteLevel {
		id, ok = m.ids[word]
		return id, ok
	}
	spelled := make([]byte, 0, 64)
	for i := 0; i < len(word); i++ {
		spelled = utf8.AppendRune(spelled, byteChars[word[i]])
	}
	id, ok = m.ids[string(spelled)]
	return id, ok
}

// appendSymbols appends the ids of the smallest symbols of a word.
func (m *model) appendSymbols(ids []int32, word string, guard bool) []int32 {
	start := len(ids)
	if m.byteLevel {
		for i := 0; i < len(word); i++ {
			ids = m.appendSymbol(ids, m.bytes[word[i]], "", guard)
		}
	} else {
		for i, c := range word {
			char := word[i : i+utf8.RuneLen(c)]
			ids = m.appendSymbol(ids, m.charID(char), char, guard)
		}
	}
	return m.resolveUnknown(ids, start)
}

// charID returns the id of a character, or none.
func (m *model) charID(char string) int32 {
	if char[0] < utf8.RuneSelf {
		return m.ascii[char[0]]
	}
	if id, ok := m.ids[char]; ok {
		return id
	}
	return none
}

// appendSymbol appends the symbol id or what stands for it where it is none: the bytes of char, or unknown.
func (m *model) appendSymbol(ids []int32, id int32, char string, guard bool) []int32 {
	switch {
	case id != none && !(guard && m.reserved[id]):
		return append(ids, id)
	case m.byteFallback:
		for i := 0; i < len(char); i++ {
			ids = append(ids, m.bytes[char[i]])
		}
		return ids
	}
	return append(ids, unknown)
}

// resolveUnknown puts the unknown token for the unknown symbols in ids[start:], or drops them where the model has none.
func (m *model) resolveUnknown(ids []int32, start int) []int32 {
	kept := ids[:start]
	fuse := false // the symbol before was unknown and has its token
	for _, id := range ids[start:] {
		switch {
		case id != unknown:
			kept = append(kept, id)
		case m.unk != none && !fuse:
			kept = append(kept, m.unk)
		}
		fuse = m.fuseUnk && id == unknown
	}
	return kept
}
