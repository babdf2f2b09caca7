package model

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/tensor"
)

// llama8B is the config.json of Llama-3.1-8B-Instruct in the form it was published.
const llama8B = `{
  "architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 128000,
  "eos_token_id": [128001, 128008, 128009], "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02,
  "intermediate_size": 14336, "max_position_embeddings": 131072, "mlp_bias": false, "model_type": "llama",
  "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
  "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
  "rope_type": "llama3"}, "rope_theta": 500000.0, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
  "transformers_version": "4.43.0", "use_cache": true, "vocab_size": 128256}`

// phi3Mini is that of Phi-3-mini-4k-instruct.
const phi3Mini = `{
  "_name_or_path": "Phi-3-mini-4k-instruct", "architectures": ["Phi3ForCausalLM"], "attention_bias": false,
  "attention_dropout": 0.0, "auto_map": {"AutoConfig": "configuration_phi3.Phi3Config"}, "bos_token_id": 1,
  "embd_pdrop": 0.0, "eos_token_id": 32000, "hidden_act": "silu", "hidden_size": 3072, "initializer_range": 0.02,
  "intermediate_size": 8192, "max_position_embeddings": 4096, "model_type": "phi3", "num_attention_heads": 32,
  "num_hidden_layers": 32, "num_key_value_heads": 32, "original_max_position_embeddings": 4096, "pad_token_id": 32000,
  "resid_pdrop": 0.0, "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000.0, "sliding_window": 2047,
  "tie_word_embeddings": false, "torch_dtype": "bfloat16", "use_cache": true, "vocab_size": 32064}`

func TestParseConfigPublished(t *testing.T) {
	c, err := ParseConfig([]byte(llama8B))
	require.NoError(t, err)
	require.Equal(t, Config{Architecture: Llama, Vocab: 128256, Hidden: 4096, Layers: 32, Heads: 32, KVHeads: 8, HeadDim: 128,
		FeedForward: 14336, MaxPositions: 131072, Eps: 1e-5, Rope: llama31Rope, DType: tensor.BF16,
		EOS: []int32{128001, 128008, 128009}}, c)

	c, err = ParseConfig([]byte(phi3Mini))
	require.NoError(t, err)
	require.Equal(t, Config{Architecture: Phi3, Vocab: 32064, Hidden: 3072, Layers: 32, Heads: 32, KVHeads: 32, HeadDim: 96,
		FeedForward: 8192, MaxPositions: 4096, Window: 2047, Eps: 1e-5, Rope: Rope{Theta: 10000}, DType: tensor.BF16,
		EOS: []int32{32000}}, c)
}

// changed is llama8B with keys set to the given JSON; "" removes a key.
func changed(t *testing.T, base string, set map[string]string) []byte {
	t.Helper()
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(base), &all))
	for key, value := range set {
		if value == "" {
			delete(all, key)
			continue
		}
		all[key] = json.RawMessage(value)
	}
	out, err := json.Marshal(all)
	require.NoError(t, err)
	return out
}

// TestParseConfigNewForm reads the same model as transformers 5 writes it.
func TestParseConfigNewForm(t *testing.T) {
	old, err := ParseConfig([]byte(llama8B))
	require.NoError(t, err)
	c, err := ParseConfig(changed(t, llama8B, map[string]string{"rope_theta": "", "rope_scaling": "", "torch_dtype": "", "dtype": `"bfloat16"`,
		"head_dim": "128", "rope_parameters": `{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,
		"original_max_position_embeddings":8192,"rope_type":"llama3","rope_theta":500000.0,"partial_rotary_factor":1.0}`}))
	require.NoError(t, err)
	require.Equal(t, old, c)
}

func TestParseConfigClassifier(t *testing.T) {
	for _, c := range []struct {
		labels map[string]string
		want   []string
	}{
		{map[string]string{"id2label": `{"1":"b","0":"a","2":"tie"}`}, []string{"a", "b", "tie"}},
		{map[string]string{"num_labels": "3"}, []string{"", "", ""}},
		{nil, []string{"", ""}}, // what transformers leaves out is its default, 2
	} {
		set := map[string]string{"architectures": `["LlamaForSequenceClassification"]`, "tie_word_embeddings": "true"}
		maps.Copy(set, c.labels)
		got, err := ParseConfig(changed(t, llama8B, set))
		require.NoError(t, err)
		require.Equal(t, c.want, got.ClassNames)
		require.Equal(t, len(c.want), got.Classes)
		require.Equal(t, tensor.Shape{len(c.want), 4096}, got.Shapes()["score.weight"])
		require.NotContains(t, got.Shapes(), "lm_head.weight")
	}
}

// TestParseConfigRefuses changes one thing of a good file at a time; the message has to name the key, what it got and
// what it wants.
func TestParseConfigRefuses(t *testing.T) {
	cases := []struct {
		base, key, value string
		message          string
	}{
		{llama8B, "architectures", `["MistralForCausalLM"]`, `architectures: got "MistralForCausalLM", want one of LlamaForCausalLM`},
		{llama8B, "architectures", `[]`, "architectures: got 0 names"},
		{llama8B, "architectures", `"LlamaForCausalLM"`, "architectures: got \"LlamaForCausalLM\", want a list"},
		{llama8B, "model_type", `"phi3"`, `model_type: got "phi3", want llama`},
		{llama8B, "hidden_act", `"gelu"`, `hidden_act: got "gelu", want silu`},
		{llama8B, "attention_bias", "true", "attention_bias: got true, want false"},
		{llama8B, "mlp_bias", "true", "mlp_bias: got true, want false"},
		{llama8B, "attention_bias", `"no"`, `attention_bias: got "no", want true or false`},
		{llama8B, "quantization_config", `{"quant_method":"awq"}`, "quantization_config: got a value, want none"},
		{llama8B, "sliding_window", "4096", "sliding_window: got 4096, want null for llama"},
		{llama8B, "torch_dtype", `"float8_e4m3fn"`, `dtype: got "float8_e4m3fn", want float32, float16 or bfloat16`},
		{llama8B, "rope_scaling", `{"rope_type":"yarn","factor":4.0}`, `rope_scaling.rope_type: got "yarn", want default or llama3`},
		{llama8B, "rope_scaling", `{"type":"dynamic","factor":4.0}`, `rope_scaling.rope_type: got "dynamic", want default or llama3`},
		{llama8B, "rope_scaling", `{"rope_type":"llama3","low_freq_factor":1,"high_freq_factor":4}`, "rope_scaling.factor: got nothing, want a number"},
		{llama8B, "rope_scaling", `{"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":4}`, "rope_scaling.high_freq_factor: got 4, want more than low_freq_factor 4"},
		{llama8B, "rope_scaling", `[8]`, "rope_scaling: got [8], want an object"},
		{llama8B, "rope_theta", "0", "rope_theta: got 0, want a number above 0"},
		{llama8B, "rope_theta", "1e999", "rope_theta: got 1e999, want a number above 0"},
		{llama8B, "hidden_size", "0", "hidden_size: got 0, want an integer from 1 to 65536"},
		{llama8B, "hidden_size", "-1", "hidden_size: got -1, want an integer"},
		{llama8B, "hidden_size", "1000000000", "hidden_size: got 1000000000, want an integer from 1 to"},
		{llama8B, "hidden_size", `"4096"`, `hidden_size: got "4096", want an integer`},
		{llama8B, "hidden_size", "4096.0", "hidden_size: got 4096.0, want an integer"},
		{llama8B, "hidden_size", "4100", "hidden_size: got 4100, want a multiple of num_attention_heads 32"},
		{llama8B, "hidden_size", "", "hidden_size: got nothing, want an integer"},
		{llama8B, "head_dim", "127", "head_dim: got 127, want an even number"},
		{llama8B, "num_key_value_heads", "0", "num_key_value_heads: got 0, want an integer"},
		{llama8B, "num_key_value_heads", "5", "num_key_value_heads: got 5, want a divisor of num_attention_heads 32"},
		{llama8B, "rms_norm_eps", "", "rms_norm_eps: got nothing, want a number"},
		{llama8B, "rms_norm_eps", "0", "rms_norm_eps: got 0, want a number above 0"},
		{llama8B, "eos_token_id", `[1,-1]`, "eos_token_id: got [1,-1], want a token id of 0 or more"},
		{phi3Mini, "rope_scaling", `{"type":"longrope","short_factor":[1.0],"long_factor":[1.0]}`, `rope_scaling.rope_type: got "longrope", want default (longrope, which models of 128k`},
		{phi3Mini, "rope_scaling", `{"type":"su"}`, `rope_scaling.rope_type: got "su", want default`},
		{phi3Mini, "rope_scaling", `{"rope_type":"llama3"}`, `rope_scaling.rope_type: got "llama3", want default`},
		{phi3Mini, "partial_rotary_factor", "0.75", "partial_rotary_factor: got 0.75, want 1"},
		{phi3Mini, "sliding_window", "0", "sliding_window: got 0, want an integer from 1"},
	}
	for _, c := range cases {
		t.Run(c.key+"="+c.value, func(t *testing.T) {
			_, err := ParseConfig(changed(t, c.base, map[string]string{c.key: c.value}))
			require.ErrorContains(t, err, c.message)
		})
	}
}

func TestParseConfigLabelsDisagree(t *testing.T) {
	base := map[string]string{"architectures": `["LlamaForSequenceClassification"]`}
	for labels, message := range map[string]string{
		`{"0":"a","1":"b"}`: "id2label: got 2 classes, want num_labels 3",
		`{"0":"a","2":"b"}`: "id2label: got no class 1, want the keys 0 to 1",
		`{}`:                "id2label: got 0 classes, want 1 to 65536",
		`{"0":7}`:           "id2label.0: got 7, want a string",
	} {
		set := maps.Clone(base)
		set["id2label"], set["num_labels"] = labels, "3"
		_, err := ParseConfig(changed(t, llama8B, set))
		require.ErrorContains(t, err, message)
	}
}

// TestParseConfigListsAll reports more than the first problem.
func TestParseConfigListsAll(t *testing.T) {
	_, err := ParseConfig(changed(t, llama8B, map[string]string{"hidden_act": `"relu"`, "mlp_bias": "true", "vocab_size": ""}))
	require.ErrorContains(t, err, "vocab_size")
	require.ErrorContains(t, err, "hidden_act")
	require.ErrorContains(t, err, "mlp_bias")
}

func TestParseConfigBadJSON(t *testing.T) {
	for text, message := range map[string]string{
		"":                              "JSON",
		"[]":                            "want an object",
		`{"hidden_size": 1,`:            "JSON at byte",
		`{"a":1,"a":2}`:                 `key "a": got it twice`,
		strings.Repeat("[", 20000):      "JSON",
		strings.Repeat(`{"a":`, 20000):  "JSON",
		`{"HIDDEN_SIZE":64} trailing`:   "JSON at byte",
		`{"id2label":{"0":"a","0":""}}`: "architectures",
	} {
		_, err := ParseConfig([]byte(text))
		require.ErrorContains(t, err, message)
	}
	_, err := ParseConfig(changed(t, llama8B, map[string]string{"hidden_size": "", "Hidden_Size": "4096"}))
	require.ErrorContains(t, err, "hidden_size: got nothing", "keys are compared exactly")
}

func TestReadConfig(t *testing.T) {
	dir := t.TempDir()
	_, err := ReadConfig(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	write("config.json", phi3Mini)
	write("generation_config.json", `{"eos_token_id": [32000, 32001, 32007]}`)
	c, err := ReadConfig(dir)
	require.NoError(t, err)
	require.Equal(t, []int32{32000, 32001, 32007}, c.EOS)
	write("generation_config.json", `{"eos_token_id": "x"}`)
	_, err = ReadConfig(dir)
	require.ErrorContains(t, err, `generation_config.json: eos_token_id: got "x"`)
	write("config.json", strings.Repeat(" ", maxConfigBytes+1))
	_, err = ReadConfig(dir)
	require.ErrorContains(t, err, "want a file of at most")
}

// FuzzConfig holds that no bytes make the parser panic, and that what it accepts can be sized without overflow.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(llama8B))
	f.Add([]byte(phi3Mini))
	f.Add([]byte(`{"architectures":["LlamaForSequenceClassification"],"id2label":{"0":"x"},"rope_parameters":{"rope_type":"llama3"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := ParseConfig(raw)
		if err != nil {
			return
		}
		for name, shape := range c.Shapes() {
			n, err := tensor.CheckedBytes(tensor.F32, shape)
			if err != nil || n <= 0 {
				t.Fatalf("accepted a config whose %s is %v: %v", name, shape, err)
			}
		}
		if c.KVBytes(tensor.F32) <= 0 || c.HeadDim%2 != 0 || c.Heads%c.KVHeads != 0 {
			t.Fatalf("accepted %+v", c)
		}
	})
}
