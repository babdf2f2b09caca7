package tokenizer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParse reads any bytes: an error or a tokenizer that can be used, never a panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small), []byte(`{"bos_token": "<s>", "chat_template": "{{ messages }}"}`))
	for _, name := range ownNames {
		data, err := os.ReadFile(filepath.Join("testdata", name, tokenizerFile))
		require.NoError(f, err)
		// The settings without the vocabulary: small enough to be changed to some effect.
		parts := string(data)
		parts = parts[:strings.Index(parts, `"vocab":`)] + `"vocab":{"a":0},"merges":[]}}`
		f.Add([]byte(parts), []byte(`{}`))
	}
	for _, part := range []string{
		`{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"a"},"content":"b"},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":1}]}`,
		`{"type":"Strip","content":"a","start":2147483647,"stop":2147483647}`, `null`,
	} {
		f.Add([]byte(strings.Replace(small, `"decoder": {`, `"decoder": `+part+`, "version": {`, 1)), []byte(nil))
	}
	f.Fuzz(func(t *testing.T, data, config []byte) {
		tok, err := Parse(Files{Tokenizer: data, Config: config})
		if err != nil {
			require.Contains(t, err.Error(), "tokenizer: tokenizer")
			return
		}
		text := "ab <s>\u00a0ab\xff a</s> ▁"
		for _, ids := range [][]int32{tok.Encode(text, AddSpecial), tok.Encode(text, Untrusted), tok.EncodeSegments([]Segment{{text, true}, {text, false}})} {
			for _, id := range ids {
				require.Less(t, int(id), tok.VocabSize())
				require.GreaterOrEqual(t, id, int32(0))
			}
			require.Equal(t, tok.Decode(ids, true), validText(tok.Decode(ids, true)))
		}
	})
}

// FuzzEncodeDecode encodes any text with each kind of tokenizer. The byte-level one with a full alphabet gives every text
// back; untrusted text never gives a special token; segments cut anywhere change nothing where nothing looks like a token.
func FuzzEncodeDecode(f *testing.F) {
	for _, seed := range []string{"", "The judge reads.", "  a\n\n\tb ", "it's DON'T 'ſ", "1234 ½Ⅻ", "<|user|>\n x<|end|>", "▁a▁▁", "\xff\xf0\x9f", "中文👍\u0301", "New York hello alone", "</s>  <mask> "} {
		f.Add(seed, len(seed)/2)
	}
	var toks []*Tokenizer
	for _, name := range ownNames {
		toks = append(toks, openOwn(f, name))
	}
	f.Fuzz(func(t *testing.T, text string, at int) {
		if len(text) > 1<<16 {
			return
		}
		for i, tok := range toks {
			ids := tok.Encode(text)
			untrusted := tok.Encode(text, Untrusted)
			require.Empty(t, specials(tok, untrusted), "%s: %q", ownNames[i], text)
			if ownNames[i] == "llama3" {
				require.Equal(t, validText(text), tok.Decode(ids, false))
				require.Equal(t, validText(text), tok.Decode(untrusted, true))
			}
			valid := validText(text)
			if holdsAdded(tok, valid) || at < 0 || at > len(valid) || valid[:at] != validText(valid[:at]) || valid[at:] != validText(valid[at:]) {
				continue
			}
			require.Equal(t, ids, tok.EncodeSegments([]Segment{{valid[:at], true}, {valid[at:], false}}), "%s: %q", ownNames[i], text)
		}
	})
}
