package gguf

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// listing names the files of a directory.
func listing(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func readJSON(t *testing.T, path string) map[string]any {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var v map[string]any
	require.NoError(t, json.Unmarshal(text, &v))
	return v
}

// The small model of testdata/make.py converts to the very bits that the reference implementation decodes, with the rows
// of q_proj and k_proj in the order of Hugging Face.
func TestConvertTiny(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "below", "out")
	require.NoError(t, Convert(context.Background(), "testdata/tiny.gguf", dir, ConvertOptions{}))
	require.Equal(t, []string{"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}, listing(t, dir))
	require.Equal(t, []string{"out"}, listing(t, filepath.Dir(dir)))

	want, err := safetensors.Open("testdata/tiny.safetensors")
	require.NoError(t, err)
	defer want.Close()
	got, err := safetensors.Open(dir)
	require.NoError(t, err)
	defer got.Close()
	require.Equal(t, want.Names(), got.Names())
	require.Equal(t, map[string]string{"format": "pt"}, got.Metadata())
	for _, name := range want.Names() {
		w, err := want.Tensor(name)
		require.NoError(t, err)
		g, err := got.Tensor(name)
		require.NoError(t, err)
		require.Equal(t, w.Describe(), g.Describe(), name)
		require.True(t, bytes.Equal(w.Data, g.Data), name)
	}

	require.Equal(t, map[string]any{
		"architectures": []any{"LlamaForCausalLM"}, "model_type": "llama", "attention_bias": false, "attention_dropout": 0.0,
		"bos_token_id": 1.0, "eos_token_id": 2.0, "head_dim": 16.0, "hidden_act": "silu", "hidden_size": 64.0,
		"initializer_range": 0.02, "intermediate_size": 96.0, "max_position_embeddings": 512.0, "mlp_bias": false,
		"num_attention_heads": 4.0, "num_hidden_layers": 2.0, "num_key_value_heads": 2.0, "pretraining_tp": 1.0,
		"rms_norm_eps": 1e-6, "rope_scaling": nil, "rope_theta": 50000.0, "tie_word_embeddings": false,
		"torch_dtype": "bfloat16", "use_cache": true, "vocab_size": 263.0,
	}, readJSON(t, filepath.Join(dir, "config.json")))
	require.Equal(t, map[string]any{
		"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512.0, "clean_up_tokenization_spaces": false,
		"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "unk_token": "<|endoftext|>",
		"chat_template": "{{ messages[0]['content'] }} <é>",
	}, readJSON(t, filepath.Join(dir, "tokenizer_config.json")))

	tok := readJSON(t, filepath.Join(dir, "tokenizer.json"))
	model := tok["model"].(map[string]any)
	vocab := model["vocab"].(map[string]any)
	require.Len(t, vocab, 263)
	require.Equal(t, 260.0, vocab["the"])
	require.Equal(t, []any{[]any{"t", "h"}, []any{"th", "e"}, []any{"Ġ", "the"}}, model["merges"])
	added := tok["added_tokens"].([]any)
	require.Len(t, added, 4)
	require.Equal(t, map[string]any{
		"id": 262.0, "content": "<tool>", "special": false, "normalized": true, "single_word": false, "lstrip": false, "rstrip": false,
	}, added[3])
	single := tok["post_processor"].(map[string]any)["single"].([]any)
	require.Equal(t, map[string]any{"SpecialToken": map[string]any{"id": "<|im_start|>", "type_id": 0.0}}, single[0], "the file asks for a first token")
	require.Len(t, single, 2)
}

// Each type of output holds what BF16 holds, and more where it can.
func TestConvertDTypes(t *testing.T) {
	read := func(d tensor.DType) []float32 {
		dir := filepath.Join(t.TempDir(), "out")
		require.NoError(t, Convert(context.Background(), "testdata/tiny.gguf", dir, ConvertOptions{DType: d}))
		set, err := safetensors.Open(dir)
		require.NoError(t, err)
		defer set.Close()
		x, err := set.Tensor("model.layers.1.self_attn.q_proj.weight")
		require.NoError(t, err)
		require.Equal(t, d, x.DType)
		values, err := x.Float32s()
		require.NoError(t, err)
		return values
	}
	full, half, brain := read(tensor.F32), read(tensor.F16), read(tensor.BF16)
	for i, v := range full {
		require.Equal(t, tensor.F16Value(tensor.F16FromFloat32(v)), half[i])
		require.Equal(t, tensor.BF16Value(tensor.BF16FromFloat32(v)), brain[i])
	}
	err := Convert(context.Background(), "testdata/tiny.gguf", "out", ConvertOptions{DType: tensor.I8})
	require.EqualError(t, err, "gguf: convert testdata/tiny.gguf: got the dtype I8, want BF16, F16 or F32")
}

// A directory that holds something is not touched, unless it is a model and its replacement is forced.
func TestConvertOutput(t *testing.T) {
	ctx := context.Background()
	parent := t.TempDir()
	dir := filepath.Join(parent, "out")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, Convert(ctx, "testdata/tiny.gguf", dir, ConvertOptions{}), "an empty directory will do")

	old := filepath.Join(dir, "config.json")
	require.NoError(t, os.WriteFile(old, []byte("old"), 0o644))
	err := Convert(ctx, "testdata/tiny.gguf", dir, ConvertOptions{})
	require.EqualError(t, err, "gguf: output "+dir+`: got a directory that holds "config.json", want an empty one or none (or force its replacement)`)
	require.NoError(t, Convert(ctx, "testdata/tiny.gguf", dir+"/", ConvertOptions{Force: true}))
	require.Equal(t, "llama", readJSON(t, old)["model_type"])

	require.NoError(t, os.WriteFile(filepath.Join(dir, "thesis.txt"), nil, 0o644))
	err = Convert(ctx, "testdata/tiny.gguf", dir, ConvertOptions{Force: true})
	require.EqualError(t, err, "gguf: output "+dir+`: got a directory that holds "thesis.txt", which a conversion does not write: move it away first`)
	require.Equal(t, []string{"out"}, listing(t, parent))

	file := filepath.Join(parent, "file")
	require.NoError(t, os.WriteFile(file, []byte("kept"), 0o644))
	require.ErrorContains(t, Convert(ctx, "testdata/tiny.gguf", file, ConvertOptions{Force: true}), "gguf: output: ")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "kept", string(text))
}

// Check finds what Convert would, and writes nothing.
func TestCheck(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "out")
	require.NoError(t, Check("testdata/tiny.gguf", dir, ConvertOptions{}))
	require.Empty(t, listing(t, parent))
	require.ErrorContains(t, Check("testdata/tiny.gguf", dir, ConvertOptions{DType: tensor.I8}), "got the dtype I8")
	require.ErrorContains(t, Check("testdata/tiny.gguf", "testdata", ConvertOptions{}), "want an empty one or none")

	b := tinyModel()
	i := bytes.Index(b.Bytes(), []byte("output_norm.weight"))
	b.Bytes()[i] = 'O'
	in := filepath.Join(parent, "in.gguf")
	require.NoError(t, os.WriteFile(in, b.Bytes(), 0o644))
	require.ErrorContains(t, Check(in, dir, ConvertOptions{}), `tensor "output_norm.weight"`)
}

func TestConvertStops(t *testing.T) {
	parent := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := Convert(ctx, "testdata/tiny.gguf", filepath.Join(parent, "out"), ConvertOptions{})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, listing(t, parent))
}

// Values that cannot be written are found, named, and leave nothing behind.
func TestConvertRefusesValues(t *testing.T) {
	for _, c := range []struct {
		name  string
		value float32
		dtype tensor.DType
		want  string
	}{
		{"NaN", float32(math.NaN()), tensor.F32, "got the value NaN in element 5, want a finite one that F32 can hold"},
		{"infinity", float32(math.Inf(-1)), tensor.F32, "got the value -Inf in element 5, want a finite one that F32 can hold"},
		{"past F16", 65520, tensor.F16, "got the value 65520 in element 5, want a finite one that F16 can hold"},
		{"past BF16", math.MaxFloat32, tensor.BF16, "got the value 3.4028235e+38 in element 5, want a finite one that BF16 can hold"},
	} {
		t.Run(c.name, func(t *testing.T) {
			parent := t.TempDir()
			in := filepath.Join(parent, "in.gguf")
			b := tinyModel()
			f, err := parse(b.Bytes())
			require.NoError(t, err)
			norm := f.tensors[f.byName["output_norm.weight"]]
			copy(b.Bytes()[norm.offset+20:], tensor.Bytes([]float32{c.value}))
			require.NoError(t, os.WriteFile(in, b.Bytes(), 0o644))
			err = Convert(context.Background(), in, filepath.Join(parent, "out"), ConvertOptions{DType: c.dtype})
			require.ErrorContains(t, err, "gguf: "+in+`: tensor "output_norm.weight": `+c.want)
			format := (*FormatError)(nil)
			require.ErrorAs(t, err, &format)
			require.Equal(t, []string{"in.gguf"}, listing(t, parent))
		})
	}
	// The largest values that round to a finite one are kept.
	w := &weight{file: &File{}, dtype: tensor.F16}
	require.NoError(t, w.checkRange([]float32{65519.996, -65519.996}, 0))
	w.dtype = tensor.BF16
	require.NoError(t, w.checkRange([]float32{math.Float32frombits(0x7f7f7fff)}, 0))
	require.False(t, math.IsInf(float64(tensor.BF16Value(tensor.BF16FromFloat32(math.Float32frombits(0x7f7f7fff)))), 0))
	require.True(t, math.IsInf(float64(tensor.BF16Value(tensor.BF16FromFloat32(math.Float32frombits(0x7f7f8000)))), 0))
}
