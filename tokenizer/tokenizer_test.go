package tokenizer

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// openOwn opens one of our own tokenizers.
func openOwn(t testing.TB, name string) *Tokenizer {
	t.Helper()
	tok, err := Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	return tok
}

var ownNames = []string{"llama3", "digits", "rules", "spm", "chars"}

// TestMergeAgainstDefinition checks the merging with a heap against the definition: look for the best pair, merge it, look
// again.
func TestMergeAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, name := range ownNames {
		m := openOwn(t, name).model
		var w wordState
		for range 500 {
			word := strings.ReplaceAll(randomText(r)+"the judge reads", " ", "▁")
			w.ids = m.appendSymbols(w.ids[:0], word, false)
			want := mergeByDefinition(m, append([]int32(nil), w.ids...))
			w.merge(m, false)
			require.Equal(t, want, w.appendTokens(nil), "%s: %q", name, word)
		}
	}
}

func mergeByDefinition(m *model, ids []int32) []int32 {
	for {
		best, at := noRank, 0
		for i := range len(ids) - 1 {
			if rank := m.merges.rank(ids[i], ids[i+1]); rank < best {
				best, at = rank, i
			}
		}
		if best == noRank {
			return ids
		}
		ids[at] = m.merges.result[best]
		ids = append(ids[:at+1], ids[at+2:]...)
	}
}

// TestLongWords encodes texts of up to a megabyte that are one word to the model, or close to it. What is quadratic takes
// hours.
func TestLongWords(t *testing.T) {
	for _, name := range ownNames {
		if name == "digits" || name == "rules" {
			continue // as llama3
		}
		tok := openOwn(t, name)
		for _, part := range []string{"a", "^", " ", "\n", "中", "👩‍👩‍👧", "ab", "<|", "</s> ", "▁"} {
			size := 1 << 18
			if part == "a" {
				size = 1 << 20
			}
			text := strings.Repeat(part, size/len(part))
			ids := tok.Encode(text)
			if name == "llama3" { // the one that keeps every byte
				require.Equal(t, text, tok.Decode(ids, false), "%q", part)
			}
			if name != "chars" && part != "中" { // which leave some characters out
				require.NotEmpty(t, ids, "%s: %q", name, part)
			}
		}
	}
}

func TestInvalidUTF8(t *testing.T) {
	for _, name := range ownNames {
		tok := openOwn(t, name)
		for _, c := range []struct{ text, same string }{
			{"a\xffb", "a\ufffdb"},
			{"\xff\xfe", "\ufffd\ufffd"},
			{"\xf0\x9f\x91", "\ufffd"},                             // one character cut short
			{"\xe4\xb8x\xed\xa0\x80", "\ufffdx\ufffd\ufffd\ufffd"}, // another; an encoded surrogate is three malformed bytes
		} {
			require.Equal(t, tok.Encode(c.same), tok.Encode(c.text), "%s: %q", name, c.text)
		}
	}
}

// TestConcurrentUse encodes by many at once, over words that fall into the same slots of the cache.
func TestConcurrentUse(t *testing.T) {
	for _, name := range ownNames {
		tok, alone := openOwn(t, name), openOwn(t, name)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i%2), 5))
				for range 100 {
					text := randomText(r) + "the judge reads both answers"
					if ids := tok.Encode(text, AddSpecial); fmt.Sprint(ids) != fmt.Sprint(alone.Encode(text, AddSpecial)) {
						t.Errorf("%s: %q: %v", name, text, ids)
					}
					tok.Decode(tok.Encode(text, Untrusted), true)
				}
			})
		}
		wg.Wait()
	}
}

func TestTokensAndIDs(t *testing.T) {
	for _, name := range ownNames {
		tok := openOwn(t, name)
		for id := range int32(tok.VocabSize()) {
			token := tok.Token(id)
			require.NotEmpty(t, token)
			if a := tok.byID[id]; a != nil && a.text != a.content {
				token = a.content // known by its content, spelled normalised
			}
			got, ok := tok.ID(token)
			require.True(t, ok, token)
			require.Equal(t, id, got, token)
		}
		require.Empty(t, tok.Token(-1))
		require.Empty(t, tok.Token(int32(tok.VocabSize())))
		_, ok := tok.ID("no such token")
		require.False(t, ok)
		require.False(t, tok.IsSpecial(-1))
		require.False(t, tok.IsSpecial(int32(tok.VocabSize())))
		require.Empty(t, tok.Decode([]int32{-1, int32(tok.VocabSize())}, false))
	}
}

// TestDecoder checks that what comes out piece by piece is what Decode gives for all, and whole characters each.
func TestDecoder(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 7))
	for _, name := range ownNames {
		tok := openOwn(t, name)
		for range 300 {
			ids := tok.Encode(randomText(r), AddSpecial)
			for range r.IntN(8) { // and ids that no text gives
				ids = append(ids, int32(r.IntN(tok.VocabSize()+2)-1))
			}
			for _, skip := range []bool{false, true} {
				d := tok.NewDecoder(skip)
				var text strings.Builder
				for _, id := range ids {
					part := d.Push(id)
					require.Equal(t, part, validText(part))
					text.WriteString(part)
				}
				text.WriteString(d.Flush())
				require.Equal(t, tok.Decode(ids, skip), text.String())
			}
		}
	}
}

func TestDecoderHoldsBack(t *testing.T) {
	tok := openOwn(t, "llama3")
	d := tok.NewDecoder(false)
	var parts []string
	for _, b := range []byte("a👍\xf0\x9fb") {
		id, ok := tok.ID(string(byteChars[b]))
		require.True(t, ok)
		parts = append(parts, d.Push(id))
	}
	require.Equal(t, []string{"a", "", "", "", "👍", "", "", "\ufffdb"}, parts)
	require.Empty(t, d.Flush())

	tok = openOwn(t, "spm")
	d = tok.NewDecoder(false)
	parts = nil
	for _, token := range []string{"▁", "▁a", "<0xF0>", "<0x9F>", "<0x91>", "<0x8D>", "b", "<0xF0>"} {
		id, ok := tok.ID(token)
		if !ok {
			id, ok = tok.ID(strings.TrimPrefix(token, "▁"))
		}
		require.True(t, ok, token)
		parts = append(parts, d.Push(id))
	}
	require.Equal(t, "", parts[0], "the first space is stripped")
	require.Equal(t, []string{"", "", "", "", "👍b", ""}, parts[2:])
	require.Equal(t, "\ufffd", d.Flush())
}

func TestAppendLossy(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"a\xc3\xa9":                "aé",
		"\x80":                     "\ufffd",
		"\xc3":                     "\ufffd",
		"\xc3x":                    "\ufffdx",
		"\xf0\x9f\x91":             "\ufffd",
		"\xf0\x9f\x91\xf0\x9f\x91": "\ufffd\ufffd",
		"\xe0\x80\x80":             "\ufffd\ufffd\ufffd",
		"\xf4\x90\x80\x80":         "\ufffd\ufffd\ufffd\ufffd",
		"\xed\xa0\x80":             "\ufffd\ufffd\ufffd",
		"\xc0\xaf":                 "\ufffd\ufffd",
		"\xf0\x9f\x91\x8dz\xff":    "👍z\ufffd",
	} {
		require.Equal(t, want, string(appendLossy(nil, []byte(in))), "%q", in)
	}
}
