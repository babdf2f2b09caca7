package tokenizer

import (
	"fmt"
	"strconv"
)

// readModel reads the "model" of tokenizer.json.
func readModel(r *jsonReader, path string) (*model, error) {
	kind, err := component(r, path)
	if err != nil {
		return nil, err
	}
	if kind != "BPE" {
		return nil, unsupported(r, path, "model", kind, "BPE")
	}
	m := &model{unk: none, cache: newWordCache()}
	var unk string
	var mergesAt jsonReader // the file may hold them before the vocabulary
	err = r.fields(path, typeField(r),
		field{name: "dropout", optional: true, read: r.nullOr(noDropout(r))},
		field{name: "unk_token", optional: true, read: r.nullOr(r.strTo(&unk))},
		field{name: "continuing_subword_prefix", optional: true, read: r.nullOr(mustBeEmpty(r))},
		field{name: "end_of_word_suffix", optional: true, read: r.nullOr(mustBeEmpty(r))},
		field{name: "fuse_unk", optional: true, read: r.boolTo(&m.fuseUnk)},
		field{name: "byte_fallback", optional: true, read: r.boolTo(&m.byteFallback)},
		field{name: "ignore_merges", optional: true, read: r.boolTo(&m.ignoreMerges)},
		field{name: "vocab", read: func(path string) (err error) { m.vocab, err = readVocab(r, path); return err }},
		field{name: "merges", read: func(path string) error { mergesAt = *r; return r.skip(path) }})
	if err != nil {
		return nil, err
	}
	if m.merges, err = readMerges(&mergesAt, path+".merges", m.vocab); err != nil {
		return nil, err
	}
	return m, m.setUnknown(unk, path+".unk_token")
}

func (m *model) setUnknown(token, path string) error {
	if token == "" {
		return nil
	}
	id, ok := m.ids[token]
	if !ok {
		return fmt.Errorf("%s: %q is not in the vocabulary", path, token)
	}
	m.unk = id
	return nil
}

// noDropout accepts 0: merges left out at random would make the ids of a text a matter of chance.
func noDropout(r *jsonReader) func(string) error {
	return func(path string) error {
		r.peek()
		start := r.pos
		if err := r.skipNumber(path); err != nil {
			return err
		}
		if v, _ := strconv.ParseFloat(r.s[start:r.pos], 64); v != 0 {
			return r.fail(path, "dropout %s is not supported", r.s[start:r.pos])
		}
		return nil
	}
}

func mustBeEmpty(r *jsonReader) func(string) error {
	return func(path string) error {
		s, err := r.str(path)
		if err == nil && s != "" {
			err = r.fail(path, "%q is not supported", s)
		}
		return err
	}
}

// prepare fills the tables of single symbols.
func (m *model) prepare(byteLevel bool, path string) error {
	m.byteLevel = byteLevel
	if byteLevel {
		if m.byteFallback {
			return fmt.Errorf("%s.byte_fallback: not supported together with the pre-tokenizer ByteLevel", path)
		}
		for b, c := range byteChars {
			m.bytes[b] = m.idOr(string(c), none)
		}
		return nil
	}
	for c := range m.ascii {
		m.ascii[c] = m.idOr(string(rune(c)), none)
	}
	if m.byteFallback {
		for b := range m.bytes {
			token := fmt.Sprintf("<0x%02X>", b)
			if m.bytes[b] = m.idOr(token, none); m.bytes[b] == none {
				return fmt.Errorf("%s.byte_fallback: token %q is not in the vocabulary", path, token)
			}
		}
	}
	return nil
}

func (v *vocab) idOr(token string, other int32) int32 {
	if id, ok := v.ids[token]; ok {
		return id
	}
	return other
}

// reserve notes the special tokens that the model would make of plain text: those that merges lead to, that are one
// symbol, or that are a whole word where merges are ignored. The unknown token stays: it is what the model says of a
// symbol, whoever wrote it.
func (m *model) reserve(added []addedToken) {
	special := map[int32]bool{}
	for _, a := range added {
		if int(a.id) < len(m.tokens) && a.special && a.id != m.unk {
			special[a.id] = true
		}
	}
	reached := map[int32]bool{}
	for id := range special {
		if m.ignoreMerges || len([]rune(m.tokens[id])) == 1 {
			reached[id] = true
		}
	}
	for _, id := range m.merges.result {
		if special[id] {
			reached[id] = true
		}
	}
	m.reserved = reached
}
