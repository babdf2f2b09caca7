package gguf

import (
	"fmt"
	"slices"
	"strings"

	"tiebreak/tensor"
)

// llama is the configuration of a model of the architecture llama.
type llama struct {
	layers, context, hidden, feedForward int // L, longest text in tokens, C, F
	heads, kvHeads, headSize, vocab      int // H, G, D, V
	ropeTheta, rmsEps                    float64
	tied                                 bool // token_embd.weight serves as output.weight too
}

const (
	archKey     = "general.architecture"
	ropeScaling = "llama.rope.scaling.type"
)

// llamaKeys are the keys that are understood. Any other that starts with "llama." may change what the model computes.
var llamaKeys = []string{
	"llama.block_count", "llama.context_length", "llama.embedding_length", "llama.feed_forward_length",
	"llama.attention.head_count", "llama.attention.head_count_kv", "llama.attention.key_length", "llama.attention.value_length",
	"llama.attention.layer_norm_rms_epsilon", "llama.rope.freq_base", "llama.rope.dimension_count", "llama.vocab_size",
	"llama.expert_count", "llama.expert_used_count", ropeScaling,
}

// llama reads the configuration of the model and refuses what this package cannot express.
func (f *File) llama() (*llama, error) {
	if arch, err := f.String(archKey); err != nil {
		return nil, err
	} else if arch != "llama" {
		return nil, problem(f.name, key(archKey), "got the architecture %s, want \"llama\", the only one that can be converted", quote(arch))
	}
	for _, k := range f.Keys() {
		if strings.HasPrefix(k, "llama.") && !slices.Contains(llamaKeys, k) {
			return nil, problem(f.name, key(k), "got a key that is not understood and may change what the model computes")
		}
	}
	r := natural{file: f}
	m := &llama{
		layers:      r.read("llama.block_count", 0),
		context:     r.read("llama.context_length", 0),
		hidden:      r.read("llama.embedding_length", 0),
		feedForward: r.read("llama.feed_forward_length", 0),
		heads:       r.read("llama.attention.head_count", 0),
		tied:        !f.hasTensor("output.weight"),
	}
	m.kvHeads = r.read("llama.attention.head_count_kv", m.heads)
	m.headSize = r.readHeadSize(m)
	m.vocab = r.readEmbeddings()
	r.expect("llama.vocab_size", m.vocab)
	r.expect("llama.attention.value_length", m.headSize)
	r.expect("llama.rope.dimension_count", m.headSize)
	if r.err != nil {
		return nil, r.err
	}
	return m, f.finishLlama(m)
}

// finishLlama reads what is no natural number and checks what concerns several values.
func (f *File) finishLlama(m *llama) (err error) {
	if m.rmsEps, err = f.Float("llama.attention.layer_norm_rms_epsilon"); err != nil {
		return err
	}
	m.ropeTheta = 10000
	if f.Has("llama.rope.freq_base") {
		if m.ropeTheta, err = f.Float("llama.rope.freq_base"); err != nil {
			return err
		}
	}
	if f.Has(ropeScaling) {
		if kind, err := f.String(ropeScaling); err != nil || kind != "none" {
			return problem(f.name, key(ropeScaling), "got %s, want none: scaled rotary embeddings cannot be converted", quote(kind))
		}
	}
	for _, k := range []string{"llama.expert_count", "llama.expert_used_count"} {
		if n, err := f.Int(k); f.Has(k) && (err != nil || n != 0) {
			return problem(f.name, key(k), "got a mixture of experts, want 0: it cannot be converted")
		}
	}
	switch {
	case m.heads%m.kvHeads != 0:
		return problem(f.name, "", "got %d query heads and %d key/value heads, want a multiple", m.heads, m.kvHeads)
	case m.headSize%2 != 0:
		return problem(f.name, "", "got heads of %d elements, want an even number", m.headSize)
	case m.ropeTheta <= 0 || m.rmsEps < 0:
		return problem(f.name, "", "got the rope base %v and the rms epsilon %v, want them above and not below 0", m.ropeTheta, m.rmsEps)
	case m.layers > len(f.tensors):
		return problem(f.name, key("llama.block_count"), "got %d blocks and %d tensors, want several tensors a block", m.layers, len(f.tensors))
	}
	return nil
}

func (f *File) hasTensor(name string) bool {
	_, ok := f.byName[name]
	return ok
}

// natural reads sizes; after the first error it does nothing.
type natural struct {
	file *File
	err  error
}

// maxSize bounds every size of a model, so that products of two are far from an overflow.
const maxSize = 1 << 28

// read gives the size under a key, or otherwise if it is missing; 0 means that it must be there.
func (r *natural) read(name string, otherwise int) int {
	if r.err != nil {
		return 0
	}
	if otherwise > 0 && !r.file.Has(name) {
		return otherwise
	}
	n, err := r.file.Int(name)
	if err == nil && (n < 1 || n > maxSize) {
		err = problem(r.file.name, key(name), "got %d, want 1 to %d", n, maxSize)
	}
	if err != nil {
		r.err = err
		return 0
	}
	return int(n)
}

// readHeadSize gives the size of a head: C/H if the file does not say otherwise.
func (r *natural) readHeadSize(m *llama) int {
	const name = "llama.attention.key_length"
	if r.err == nil && !r.file.Has(name) && m.hidden%m.heads != 0 {
		r.err = problem(r.file.name, key(name), "got no such key, want the size of one of %d heads, as they do not share %d elements evenly", m.heads, m.hidden)
	}
	if r.err != nil {
		return 0
	}
	return r.read(name, m.hidden/m.heads)
}

// readEmbeddings gives the number of rows of the embedding table.
func (r *natural) readEmbeddings() int {
	const name = "token_embd.weight"
	i, ok := r.file.byName[name]
	if !ok && r.err == nil {
		r.err = problem(r.file.name, tensorNamed(name), "got no such tensor, want the embeddings of all tokens")
	}
	if r.err != nil {
		return 0
	}
	return r.file.tensors[i].Shape[0]
}

// expect sees that the size under a key, if it is there, is the one wanted.
func (r *natural) expect(name string, want int) {
	if n := r.read(name, want); r.err == nil && n != want {
		r.err = problem(r.file.name, key(name), "got %d, want %d", n, want)
	}
}

// part is a tensor of the model: its names in both formats and what it must look like.
type part struct {
	name  string       // in the GGUF file
	hf    string       // in the Hugging Face directory
	shape tensor.Shape // slowest dimension first
	heads int          // of a projection whose rows are permuted, else 0
}

// parts lists the tensors that the model consists of.
func (m *llama) parts() []part {
	q, kv := m.heads*m.headSize, m.kvHeads*m.headSize
	list := []part{{"token_embd.weight", "model.embed_tokens.weight", tensor.Shape{m.vocab, m.hidden}, 0}}
	for i := range m.layers {
		for _, p := range []part{
			{"attn_norm", "input_layernorm", tensor.Shape{m.hidden}, 0},
			{"attn_q", "self_attn.q_proj", tensor.Shape{q, m.hidden}, m.heads},
			{"attn_k", "self_attn.k_proj", tensor.Shape{kv, m.hidden}, m.kvHeads},
			{"attn_v", "self_attn.v_proj", tensor.Shape{kv, m.hidden}, 0},
			{"attn_output", "self_attn.o_proj", tensor.Shape{m.hidden, q}, 0},
			{"ffn_norm", "post_attention_layernorm", tensor.Shape{m.hidden}, 0},
			{"ffn_gate", "mlp.gate_proj", tensor.Shape{m.feedForward, m.hidden}, 0},
			{"ffn_up", "mlp.up_proj", tensor.Shape{m.feedForward, m.hidden}, 0},
			{"ffn_down", "mlp.down_proj", tensor.Shape{m.hidden, m.feedForward}, 0},
		} {
			p.name = fmt.Sprintf("blk.%d.%s.weight", i, p.name)
			p.hf = fmt.Sprintf("model.layers.%d.%s.weight", i, p.hf)
			list = append(list, p)
		}
	}
	list = append(list, part{"output_norm.weight", "model.norm.weight", tensor.Shape{m.hidden}, 0})
	if !m.tied {
		list = append(list, part{"output.weight", "lm_head.weight", tensor.Shape{m.vocab, m.hidden}, 0})
	}
	return list
}

// checkParts sees that the file holds exactly the tensors of the model, in their shapes.
func (f *File) checkParts(parts []part) error {
	known := map[string]bool{}
	for _, p := range parts {
		known[p.name] = true
		i, ok := f.byName[p.name]
		if !ok {
			return problem(f.name, tensorNamed(p.name), "got no such tensor, want one of %v", p.shape)
		}
		if got := f.tensors[i].Shape; !got.Equal(p.shape) {
			return problem(f.name, tensorNamed(p.name), "got the shape %v, want %v", got, p.shape)
		}
	}
	for _, t := range f.tensors {
		if !known[t.Name] {
			return problem(f.name, tensorNamed(t.Name), "got a tensor that is not understood, want those of a llama model without biases alone")
		}
	}
	return nil
}

// config is config.json of a Hugging Face directory, as published checkpoints have it.
func (m *llama) config(v *vocabulary, d tensor.DType) map[string]any {
	c := map[string]any{
		"architectures":           []string{"LlamaForCausalLM"},
		"model_type":              "llama",
		"attention_bias":          false,
		"attention_dropout":       0.0,
		"head_dim":                m.headSize,
		"hidden_act":              "silu",
		"hidden_size":             m.hidden,
		"initializer_range":       0.02,
		"intermediate_size":       m.feedForward,
		"max_position_embeddings": m.context,
		"mlp_bias":                false,
		"num_attention_heads":     m.heads,
		"num_hidden_layers":       m.layers,
		"num_key_value_heads":     m.kvHeads,
		"pretraining_tp":          1,
		"rms_norm_eps":            m.rmsEps,
		"rope_scaling":            nil,
		"rope_theta":              m.ropeTheta,
		"tie_word_embeddings":     m.tied,
		"torch_dtype":             map[tensor.DType]string{tensor.F32: "float32", tensor.F16: "float16", tensor.BF16: "bfloat16"}[d],
		"use_cache":               true,
		"vocab_size":              m.vocab,
	}
	for name, id := range map[string]int{"bos_token_id": v.bos, "eos_token_id": v.eos, "pad_token_id": v.pad} {
		if id >= 0 {
			c[name] = id
		}
	}
	return c
}
