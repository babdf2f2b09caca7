package tokenizer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// small is a whole tokenizer.json; the tests change one place of it.
const small = `{"version": "1.0", "truncation": null, "padding": null,
"added_tokens": [
 {"id": 4, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
"normalizer": null,
"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
"post_processor": {"type": "TemplateProcessing",
 "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [],
 "special_tokens": {"<s>": {"id": "<s>", "ids": [4], "tokens": ["<s>"]}}},
"decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
"model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
 "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
 "vocab": {"a": 0, "b": 1, "ab": 2, "Ġ": 3}, "merges": [["a", "b"]]}}`

func TestSmall(t *testing.T) {
	tok, err := Parse(Files{Tokenizer: []byte(small)})
	require.NoError(t, err)
	require.Equal(t, []int32{4, 2, 3, 0, 4}, tok.Encode("ab a<s>", AddSpecial))
	require.Equal(t, 5, tok.VocabSize())
	require.Equal(t, "byte-level BPE, 5 tokens, 1 merges", tok.String())
}

// TestBadTokenizers changes one place of a good file and checks that the error names the place, what is there and what
// should be.
func TestBadTokenizers(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"not JSON", small, "hello", "tokenizer.json: line 1, byte 0: got 'h', want an object"},
		{"empty", small, "", "tokenizer.json: line 1, byte 0: got the end of the file, want an object"},
		{"cut short", `"merges": [["a", "b"]]}}`, `"merges": [["a"`, "got the end of the file, want ',' or ']'"},
		{"not UTF-8", `"a": 0`, "\"\xff\": 0", "not valid UTF-8"},
		{"more behind", `["a", "b"]]}}`, `["a", "b"]]}} {}`, "got an object after the end of the value"},
		{"depth bomb", `"truncation": null`, `"truncation": ` + strings.Repeat("[", 100000), "nested deeper than 64"},
		{"control character", `"1.0"`, "\"1\n0\"", "control character 0x0a in a string"},
		{"lone surrogate", `"Ġ": 3`, `"\ud83d": 3`, "bad escape in a string"},
		{"bad escape", `"Ġ": 3`, `"\q": 3`, "bad escape in a string"},
		{"unknown part", `"normalizer": null`, `"normaliser": null`, `field "normaliser" is not supported`},
		{"part twice", `"normalizer": null`, `"model": null, "normalizer": null`, `tokenizer.json.model: line`},
		{"field twice", `"rstrip": false`, `"lstrip": false`, `tokenizer.json.added_tokens[0]: line 3, byte 151: field "lstrip" is there twice`},
		{"no model", `"model": {`, `"decoder": {`, `field "decoder" is there twice`},
		{"other model", `"type": "BPE"`, `"type": "Unigram"`, `tokenizer.json.model: line 10, byte 673: model "Unigram" is not supported (supported: BPE)`},
		{"model without type", `"type": "BPE", `, ``, `tokenizer.json.model: line 10, byte 673: field "type" is missing`},
		{"dropout", `"dropout": null`, `"dropout": 0.1`, "dropout 0.1 is not supported"},
		{"subword prefix", `"continuing_subword_prefix": null`, `"continuing_subword_prefix": "##"`, `"##" is not supported`},
		{"no such unknown token", `"unk_token": null`, `"unk_token": "<unk>"`, `tokenizer.json.model.unk_token: "<unk>" is not in the vocabulary`},
		{"byte fallback with bytes", `"byte_fallback": false`, `"byte_fallback": true`, "model.byte_fallback: not supported together with the pre-tokenizer ByteLevel"},
		{"flag is a number", `"fuse_unk": false`, `"fuse_unk": 0`, "model.fuse_unk: line 11, byte 802: got a number, want true or false"},
		{"vocabulary is a list", `{"a": 0, "b": 1, "ab": 2, "Ġ": 3}`, `["a"]`, "model.vocab: line 12, byte 867: got an array, want an object"},
		{"id below 0", `"b": 1`, `"b": -1`, "got a number, want a whole number from 0 to 2147483647"},
		{"id too large", `"b": 1`, `"b": 99999999999`, "got a number, want a whole number from 0 to 2147483647"},
		{"id is a fraction", `"b": 1`, `"b": 1.5`, "got a number, want a whole number from 0 to 2147483647"},
		{"id is a string", `"b": 1`, `"b": "1"`, "got a string, want a whole number from 0 to 2147483647"},
		{"id beyond the others", `"b": 1`, `"b": 9`, `model.vocab: token "b" has id 9, want less than the number of tokens, 4`},
		{"id twice", `"b": 1`, `"b": 0`, "model.vocab: id 0 belongs to two tokens"},
		{"token twice", `"b": 1`, `"a": 1`, `model.vocab: line 12, byte 882: token "a" is there twice`},
		{"merge of a stranger", `["a", "b"]`, `["a", "c"]`, `model.merges[0]: line 12, byte 924: right token "c" is not in the vocabulary`},
		{"merge of a stranger on the left", `["a", "b"]`, `["a", "b"], ["c", "b"]`, `merges[1]: line 12, byte 936: left token "c" is not in the vocabulary`},
		{"merge into a stranger", `["a", "b"]`, `["b", "a"]`, `"b" and "a" merge into "ba", which is not in the vocabulary`},
		{"merge twice", `["a", "b"]`, `["a", "b"], "a b"`, `model.merges[1]: line 12, byte 931: "a" and "b" merge twice`},
		{"merge of three", `["a", "b"]`, `["a", "b", "a"]`, "merges[0]: line 12, byte 929: got 3 tokens, want 2"},
		{"merge of one", `["a", "b"]`, `"ab"`, `got "ab", want two tokens parted by one space`},
		{"merge of two spaces", `["a", "b"]`, `"a b a"`, `got "a b a", want two tokens parted by one space`},
		{"added id taken", `"id": 4`, `"id": 3`, `added_tokens[0]: "<s>" has id 3, want 4`},
		{"added id with a gap", `"id": 4`, `"id": 5`, `added_tokens[0]: "<s>" has id 5, want 4`},
		{"added token is empty", `"content": "<s>"`, `"content": ""`, "added_tokens[0]: line 3, byte 193: content has 0 bytes, want 1 to 1024"},
		{"added token is long", `"content": "<s>"`, `"content": "` + strings.Repeat("x", 2000) + `"`, "content has 2000 bytes, want 1 to 1024"},
		{"added token twice", `"special": true}]`, `"special": true}, {"id": 5, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}]`, `added_tokens[1]: "<s>" is there twice`},
		{"added token lacks a field", `"rstrip": false, `, ``, `added_tokens[0]: line 3, byte 179: field "rstrip" is missing`},
		{"other normalizer", `"normalizer": null`, `"normalizer": {"type": "NFC"}`, `tokenizer.json.normalizer: line 4, byte 213: normalizer "NFC" is not supported (supported: Sequence, Prepend, Replace)`},
		{"other normalizer in a sequence", `"normalizer": null`, `"normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "x"}, {"type": "Lowercase"}]}`, `normalizer.normalizers[1]: line 4, byte 286: normalizer "Lowercase" is not supported`},
		{"replace by expression", `"normalizer": null`, `"normalizer": {"type": "Replace", "pattern": {"Regex": " +"}, "content": "x"}`, `Replace by the regular expression " +" is not supported`},
		{"replace nothing", `"normalizer": null`, `"normalizer": {"type": "Replace", "pattern": {"String": ""}, "content": "x"}`, "the pattern is empty"},
		{"other pre-tokenizer", `{"type": "ByteLevel", "add_prefix_space": false,`, `{"type": "Metaspace", "add_prefix_space": false,`, `pre_tokenizer: line 5, byte 236: pre-tokenizer "Metaspace" is not supported (supported: Sequence, Split, Digits, ByteLevel)`},
		{"other pattern", `"pre_tokenizer": {`, `"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "\\w+"}, "behavior": "Isolated", "invert": false}, "x": {`, `Split by "\\w+" is not supported`},
		{"other behaviour", `"pre_tokenizer": {`, `"pre_tokenizer": {"type": "Split", "behavior": "Removed"}, "x": {`, `Split behavior "Removed" is not supported (supported: Isolated)`},
		{"ByteLevel first", `"pre_tokenizer": {`, `"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true}, {"type": "Digits", "individual_digits": true}]}, "x": {`, `pre-tokenizer "Digits" after ByteLevel is not supported`},
		{"unknown field of a part", `"use_regex": true},`, `"use_regex": true, "speed": 1},`, `tokenizer.json.pre_tokenizer: line 5, byte 334: field "speed" is not supported`},
		{"other post-processor", `"type": "TemplateProcessing"`, `"type": "BertProcessing"`, `post-processor "BertProcessing" is not supported`},
		{"template of two texts", `"id": "A"`, `"id": "B"`, `post_processor.single[1]: line 7, byte 473: piece Sequence "B" is not supported`},
		{"template without text", `, {"Sequence": {"id": "A", "type_id": 0}}`, ``, "post_processor.single: the text is there 0 times, want once"},
		{"template of a stranger", `{"id": "<s>", "type_id": 0}`, `{"id": "<x>", "type_id": 0}`, `special token "<x>" is not in special_tokens`},
		{"template beyond the ids", `"ids": [4]`, `"ids": [5]`, `special_tokens: "<s>" has id 5, want less than the vocabulary, 5`},
		{"other decoder", `"decoder": {"type": "ByteLevel"`, `"decoder": {"type": "WordPiece"`, `tokenizer.json.decoder: line 9, byte 575: decoder "WordPiece" is not supported`},
		{"decoder in another order", `"decoder": {`, `"decoder": {"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "ByteFallback"}]}, "x": {`, `decoder "ByteFallback" after Fuse or ByteLevel is not supported`},
		{"strip of a word", `"decoder": {`, `"decoder": {"type": "Strip", "content": "ab", "start": 1, "stop": 0}, "x": {`, `Strip content is "ab", want one character`},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, small, c.from, "the place to change")
			_, err := Parse(Files{Tokenizer: []byte(strings.Replace(small, c.from, c.to, 1))})
			require.ErrorContains(t, err, c.want)
			require.True(t, strings.HasPrefix(err.Error(), "tokenizer: tokenizer.json"), err)
		})
	}
}

func TestBadConfigs(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{`{"bos_token": "<x>"}`, `tokenizer_config.json.bos_token: line 1, byte 19: token "<x>" is not in tokenizer.json`},
		{`{"eos_token": {"content": "<x>"}}`, `token "<x>" is not in tokenizer.json`},
		{`{"pad_token": 3}`, "got a number, want a string"},
		{`{"bos_token": null, "bos_token": "<s>"}`, `field "bos_token" is there twice`},
		{`{"chat_template": [{"name": "default"}]}`, `field "template" is missing`},
		{`{"x": `, "got the end of the file, want a value"},
		{`{} x`, "got 'x' after the end of the value"},
	} {
		_, err := Parse(Files{Tokenizer: []byte(small), Config: []byte(c.config)})
		require.ErrorContains(t, err, c.want, c.config)
	}
}

func TestConfig(t *testing.T) {
	config := `{"bos_token": "<s>", "eos_token": {"content": "a", "lstrip": true}, "pad_token": null, "model_max_length": 1e30,
		"chat_template": [{"name": "tools", "template": "no"}, {"name": "default", "template": "{{ bos_token }}{{ pad_token }}!"}]}`
	tok, err := Parse(Files{Tokenizer: []byte(small), Config: []byte(config)})
	require.NoError(t, err)
	id, ok := tok.BOS()
	require.True(t, ok)
	require.Equal(t, int32(4), id)
	id, ok = tok.EOS()
	require.True(t, ok)
	require.Equal(t, int32(0), id)
	_, ok = tok.Pad()
	require.False(t, ok)
	text, err := tok.ApplyChatTemplate(nil, false)
	require.NoError(t, err)
	require.Equal(t, "<s>!", text)

	tok, err = Parse(Files{Tokenizer: []byte(small), Config: []byte(config), Template: []byte("{{ 'file' }}")})
	require.NoError(t, err)
	text, err = tok.ApplyChatTemplate(nil, false)
	require.NoError(t, err)
	require.Equal(t, "file", text, "the file goes before the configuration")
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, filepath.Join(dir, "tokenizer.json"))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(small), 0o600))
	tok, err := Open(dir)
	require.NoError(t, err)
	_, err = tok.ApplyChatTemplate(nil, true)
	require.ErrorIs(t, err, ErrNoChatTemplate)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "tokenizer_config.json"), []byte("["), 0o600))
	_, err = Open(dir)
	require.ErrorContains(t, err, "tokenizer: "+dir+": tokenizer_config.json: line 1, byte 0: got an array, want an object")

	require.NoError(t, os.Truncate(filepath.Join(dir, "tokenizer_config.json"), maxConfigFile+1))
	_, err = Open(dir)
	require.ErrorContains(t, err, "larger than 8388608 bytes")
}
