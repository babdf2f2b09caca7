package gguf

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A setting is a metadata value in a form that is easy to change: uint32, float32, bool, string, []string or []int32.
type setting = any

// tinySettings are the metadata of a model with C 32, H 2, G 1, D 16, F 32, V 5 and L 1.
func tinySettings() map[string]setting {
	return map[string]setting{
		"general.architecture":                   "llama",
		"llama.block_count":                      uint32(1),
		"llama.context_length":                   uint32(64),
		"llama.embedding_length":                 uint32(32),
		"llama.feed_forward_length":              uint32(32),
		"llama.attention.head_count":             uint32(2),
		"llama.attention.head_count_kv":          uint32(1),
		"llama.attention.layer_norm_rms_epsilon": float32(1e-5),
		"tokenizer.ggml.model":                   "gpt2",
		"tokenizer.ggml.pre":                     "smollm",
		"tokenizer.ggml.tokens":                  []string{"<s>", "a", "b", "ab", "<x>"},
		"tokenizer.ggml.token_type":              []int32{3, 1, 1, 1, 4},
		"tokenizer.ggml.merges":                  []string{"a b"},
	}
}

// tinyTensors are the tensors of that model, extents fastest first; all are F32.
func tinyTensors() map[string][]uint64 {
	return map[string][]uint64{
		"token_embd.weight": {32, 5}, "output_norm.weight": {32},
		"blk.0.attn_norm.weight": {32}, "blk.0.attn_q.weight": {32, 32}, "blk.0.attn_k.weight": {32, 16}, "blk.0.attn_v.weight": {32, 16},
		"blk.0.attn_output.weight": {32, 32}, "blk.0.ffn_norm.weight": {32}, "blk.0.ffn_gate.weight": {32, 32},
		"blk.0.ffn_up.weight": {32, 32}, "blk.0.ffn_down.weight": {32, 32},
	}
}

// tinyModel is the file with these settings and tensors.
func tinyModel() *builder { return modelOf(tinySettings(), tinyTensors()) }

func modelOf(settings map[string]setting, tensors map[string][]uint64) *builder {
	b := start(uint64(len(tensors)), uint64(len(settings)))
	for _, k := range slices.Sorted(maps.Keys(settings)) {
		b.setting(k, settings[k])
	}
	offset := uint64(0)
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		b.tensor(name, F32, offset, tensors[name]...)
		n := uint64(4)
		for _, e := range tensors[name] {
			n *= e
		}
		offset += (n + 31) &^ 31
	}
	b.data(32, int(offset))
	return b
}

func (b *builder) setting(name string, v setting) {
	switch v := v.(type) {
	case uint32:
		b.key(name, kindUint32).u32(v)
	case float32:
		b.key(name, kindFloat32).u32(math.Float32bits(v))
	case bool:
		b.key(name, kindBool).u8(map[bool]byte{true: 1}[v])
	case string:
		b.key(name, kindString).text(v)
	case []string:
		b.key(name, kindArray).u32(uint32(kindString)).u64(uint64(len(v)))
		for _, s := range v {
			b.text(s)
		}
	case []int32:
		b.key(name, kindArray).u32(uint32(kindInt32)).u64(uint64(len(v)))
		for _, n := range v {
			b.u32(uint32(n))
		}
	default:
		panic(fmt.Sprintf("setting %s of type %T", name, v))
	}
}

// load reads what Convert reads before it writes.
func load(b *builder) (*llama, *vocabulary, error) {
	f, err := parse(b.Bytes())
	if err != nil {
		return nil, nil, err
	}
	m, err := f.llama()
	if err != nil {
		return nil, nil, err
	}
	if err := f.checkParts(m.parts()); err != nil {
		return nil, nil, err
	}
	v, err := f.vocabulary(m.vocab)
	return m, v, err
}

func TestLlamaDefaults(t *testing.T) {
	settings := tinySettings()
	delete(settings, "llama.attention.head_count_kv")
	tensors := tinyTensors()
	tensors["blk.0.attn_k.weight"] = []uint64{32, 32}
	tensors["blk.0.attn_v.weight"] = []uint64{32, 32}
	m, v, err := load(modelOf(settings, tensors))
	require.NoError(t, err)
	require.Equal(t, &llama{
		layers: 1, context: 64, hidden: 32, feedForward: 32, heads: 2, kvHeads: 2, headSize: 16, vocab: 5,
		ropeTheta: 10000, rmsEps: 1e-5, tied: true,
	}, m)
	require.Equal(t, []int{-1, -1, -1, -1}, []int{v.bos, v.eos, v.pad, v.unk})
	require.NotContains(t, m.config(v, 0), "bos_token_id")
	require.NotContains(t, v.tokenizerConfig(m), "chat_template")
}

// Head sizes need not be C/H.
func TestLlamaHeadSize(t *testing.T) {
	settings := tinySettings()
	settings["llama.attention.key_length"] = uint32(8)
	settings["llama.attention.value_length"] = uint32(8)
	settings["llama.rope.dimension_count"] = uint32(8)
	settings["llama.rope.scaling.type"] = "none"
	settings["llama.expert_count"] = uint32(0)
	tensors := tinyTensors()
	tensors["blk.0.attn_q.weight"] = []uint64{32, 16}
	tensors["blk.0.attn_k.weight"] = []uint64{32, 8}
	tensors["blk.0.attn_v.weight"] = []uint64{32, 8}
	tensors["blk.0.attn_output.weight"] = []uint64{16, 32}
	m, _, err := load(modelOf(settings, tensors))
	require.NoError(t, err)
	require.Equal(t, 8, m.headSize)
}

// Each case changes one setting (nil removes it) of a sound model.
func TestConvertRefusesSettings(t *testing.T) {
	for _, c := range []struct {
		key   string
		value setting
		want  string
	}{
		{"general.architecture", "qwen2", `key "general.architecture": got the architecture "qwen2", want "llama", the only one that can be converted`},
		{"general.architecture", nil, `key "general.architecture": got no such key, want a string`},
		{"llama.block_count", nil, `key "llama.block_count": got no such key, want an integer`},
		{"llama.block_count", uint32(0), `key "llama.block_count": got 0, want 1 to 268435456`},
		{"llama.block_count", uint32(1 << 31), `key "llama.block_count": got 2147483648, want 1 to 268435456`},
		{"llama.block_count", uint32(1 << 28), `key "llama.block_count": got 268435456 blocks and 11 tensors, want several tensors a block`},
		{"llama.block_count", uint32(2), `tensor "blk.1.attn_norm.weight": got no such tensor, want one of [32]`},
		{"llama.block_count", "1", `key "llama.block_count": got a value of type string, want an integer`},
		{"llama.context_length", uint32(0), `key "llama.context_length": got 0, want 1 to 268435456`},
		{"llama.embedding_length", uint32(64), `key "llama.rope.dimension_count": got 16, want 32`},
		{"llama.feed_forward_length", uint32(96), `tensor "blk.0.ffn_gate.weight": got the shape [32,32], want [96,32]`},
		{"llama.attention.head_count", uint32(0), `key "llama.attention.head_count": got 0, want 1 to 268435456`},
		{"llama.attention.head_count", uint32(4), `key "llama.rope.dimension_count": got 16, want 8`},
		{"llama.attention.head_count", uint32(64), `key "llama.attention.key_length": got no such key, want the size of one of 64 heads, as they do not share 32 elements evenly`},
		{"llama.attention.head_count_kv", uint32(3), `got 2 query heads and 3 key/value heads, want a multiple`},
		{"llama.attention.head_count_kv", []int32{1, 2}, `key "llama.attention.head_count_kv": got an array of int32, want an integer`},
		{"llama.attention.value_length", uint32(8), `key "llama.attention.value_length": got 8, want 16`},
		{"llama.vocab_size", uint32(6), `key "llama.vocab_size": got 6, want 5`},
		{"llama.attention.layer_norm_rms_epsilon", nil, `key "llama.attention.layer_norm_rms_epsilon": got no such key, want a floating-point number`},
		{"llama.attention.layer_norm_rms_epsilon", float32(-1), `got the rope base 10000 and the rms epsilon -1, want them above and not below 0`},
		{"llama.rope.freq_base", float32(math.NaN()), `key "llama.rope.freq_base": got NaN, want a finite number`},
		{"llama.rope.freq_base", float32(0), `got the rope base 0 and the rms epsilon 1e-05, want them above and not below 0`},
		{"llama.rope.scaling.type", "yarn", `key "llama.rope.scaling.type": got "yarn", want none: scaled rotary embeddings cannot be converted`},
		{"llama.rope.scaling.factor", float32(2), `key "llama.rope.scaling.factor": got a key that is not understood and may change what the model computes`},
		{"llama.expert_count", uint32(8), `key "llama.expert_count": got a mixture of experts, want 0: it cannot be converted`},
		{"tokenizer.ggml.model", "llama", `key "tokenizer.ggml.model": got the tokenizer "llama", want "gpt2" (byte-level BPE), the only one that can be converted`},
		{"tokenizer.ggml.model", nil, `key "tokenizer.ggml.model": got no such key, want a string`},
		{"tokenizer.ggml.pre", "llama-bpe", `key "tokenizer.ggml.pre": got the pre-tokenizer "llama-bpe", want "smollm", the only one that can be converted`},
		{"tokenizer.ggml.pre", nil, `key "tokenizer.ggml.pre": got no such key, want a string`},
		{"tokenizer.ggml.add_space_prefix", true, `key "tokenizer.ggml.add_space_prefix": got a space put before the text, want false`},
		{"tokenizer.ggml.tokens", nil, `key "tokenizer.ggml.tokens": got no such key, want an array of strings`},
		{"tokenizer.ggml.tokens", []string{"<s>", "a", "b", "ab"}, `key "tokenizer.ggml.tokens": got 4 tokens and 5 types of tokens, want 5, one for each embedding`},
		{"tokenizer.ggml.tokens", []string{"<s>", "a", "b", "ab", "a"}, `key "tokenizer.ggml.tokens": got "a" as token 1 and 4, want each once`},
		{"tokenizer.ggml.tokens", []string{"<s>", "a", "b", "ab", ""}, `key "tokenizer.ggml.tokens": got "" as token 4, want UTF-8 and not the empty text`},
		{"tokenizer.ggml.tokens", []string{"<s>", "a", "b", "ab", "\xff"}, `key "tokenizer.ggml.tokens": got "\xff" as token 4, want UTF-8 and not the empty text`},
		{"tokenizer.ggml.token_type", []int32{3, 1, 1, 1}, `key "tokenizer.ggml.tokens": got 5 tokens and 4 types of tokens, want 5, one for each embedding`},
		{"tokenizer.ggml.token_type", []int32{3, 1, 1, 1, 6}, `key "tokenizer.ggml.token_type": got the type 6 for token 4, want 1 (normal), 3 (control) or 4 (user-defined)`},
		{"tokenizer.ggml.token_type", nil, `key "tokenizer.ggml.token_type": got no such key, want an array of integers`},
		{"tokenizer.ggml.merges", nil, `key "tokenizer.ggml.merges": got no such key, want an array of strings`},
		{"tokenizer.ggml.merges", []string{"a b", "ab"}, `key "tokenizer.ggml.merges": got "ab" as merge 1, want two tokens and a space between`},
		{"tokenizer.ggml.merges", []string{"a  b"}, `key "tokenizer.ggml.merges": got "a  b" as merge 0, want two tokens and a space between`},
		{"tokenizer.ggml.merges", []string{"b a"}, `key "tokenizer.ggml.merges": got "b a" as merge 0, want both parts and the whole among the tokens`},
		{"tokenizer.ggml.bos_token_id", uint32(5), `key "tokenizer.ggml.bos_token_id": got 5, want the id of one of 5 tokens`},
		{"tokenizer.ggml.eos_token_id", uint32(math.MaxUint32), `key "tokenizer.ggml.eos_token_id": got 4294967295, want the id of one of 5 tokens`},
		{"tokenizer.ggml.padding_token_id", "x", `key "tokenizer.ggml.padding_token_id": got a value of type string, want an integer`},
		{"tokenizer.ggml.add_bos_token", true, `key "tokenizer.ggml.add_bos_token": got true, want the id of that token as well`},
		{"tokenizer.ggml.add_eos_token", uint32(1), `key "tokenizer.ggml.add_eos_token": got a value of type uint32, want a bool`},
		{"tokenizer.chat_template", "\xff", `key "tokenizer.chat_template": got text that is not UTF-8`},
		{"tokenizer.chat_template", uint32(1), `key "tokenizer.chat_template": got a value of type uint32, want a string`},
	} {
		t.Run(fmt.Sprintf("%s %v", c.key, c.value), func(t *testing.T) {
			settings := tinySettings()
			settings["llama.rope.dimension_count"] = uint32(16)
			if settings[c.key] = c.value; c.value == nil {
				delete(settings, c.key)
			}
			_, _, err := load(modelOf(settings, tinyTensors()))
			require.EqualError(t, err, "gguf: f: "+c.want)
			require.IsType(t, &FormatError{}, err)
		})
	}
}

func TestConvertRefusesTensors(t *testing.T) {
	for _, c := range []struct {
		name    string
		extents []uint64
		want    string
	}{
		{"token_embd.weight", nil, `tensor "token_embd.weight": got no such tensor, want the embeddings of all tokens`},
		{"token_embd.weight", []uint64{32}, `tensor "token_embd.weight": got the shape [32], want [32,32]`},
		{"blk.0.attn_v.weight", nil, `tensor "blk.0.attn_v.weight": got no such tensor, want one of [16,32]`},
		{"blk.0.attn_v.weight", []uint64{32, 32}, `tensor "blk.0.attn_v.weight": got the shape [32,32], want [16,32]`},
		{"blk.0.attn_v.bias", []uint64{16}, `tensor "blk.0.attn_v.bias": got a tensor that is not understood, want those of a llama model without biases alone`},
		{"rope_freqs.weight", []uint64{8}, `tensor "rope_freqs.weight": got a tensor that is not understood, want those of a llama model without biases alone`},
		{"output.weight", []uint64{32, 4}, `tensor "output.weight": got the shape [4,32], want [5,32]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tensors := tinyTensors()
			if tensors[c.name] = c.extents; c.extents == nil {
				delete(tensors, c.name)
			}
			_, _, err := load(modelOf(tinySettings(), tensors))
			require.EqualError(t, err, "gguf: f: "+c.want)
		})
	}
}
