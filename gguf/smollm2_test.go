package gguf

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// smolLM2Tokenizer is the tokenizer.json that the makers of SmolLM2 published, or the test is skipped.
func smolLM2Tokenizer(t *testing.T) map[string]any {
	goldens := os.Getenv("TIEBREAK_GOLDENS")
	if goldens == "" {
		goldens = "../../shared/goldens"
		if _, err := os.Stat(goldens); err != nil {
			t.Skip("no published tokenizer: TIEBREAK_GOLDENS is not set and ../shared/goldens is absent")
		}
	}
	return readJSON(t, filepath.Join(goldens, "..", "tokenizers", "smollm2", "tokenizer.json"))
}

// A GGUF file with the vocabulary of SmolLM2 gives back the tokenizer.json it was made of, key by key.
func TestSmolLM2Tokenizer(t *testing.T) {
	want := smolLM2Tokenizer(t)
	model := want["model"].(map[string]any)
	vocab := model["vocab"].(map[string]any)
	tokens, types := make([]string, len(vocab)), make([]int32, len(vocab))
	for s, id := range vocab {
		tokens[int(id.(float64))] = s
		types[int(id.(float64))] = tokenNormal
	}
	for _, a := range want["added_tokens"].([]any) {
		types[int(a.(map[string]any)["id"].(float64))] = tokenControl
	}
	var merges []string
	for _, m := range model["merges"].([]any) {
		merges = append(merges, m.([]any)[0].(string)+" "+m.([]any)[1].(string))
	}
	settings := tinySettings()
	settings["tokenizer.ggml.tokens"] = tokens
	settings["tokenizer.ggml.token_type"] = types
	settings["tokenizer.ggml.merges"] = merges
	settings["tokenizer.ggml.add_bos_token"] = false
	settings["tokenizer.ggml.add_space_prefix"] = false
	tensors := tinyTensors()
	tensors["token_embd.weight"] = []uint64{32, uint64(len(tokens))}
	_, v, err := load(modelOf(settings, tensors))
	require.NoError(t, err)

	text := encode(v.tokenizerJSON())
	var got map[string]any
	require.NoError(t, json.Unmarshal(text, &got))
	require.Len(t, got, len(want))
	for k := range want {
		require.Equal(t, want[k], got[k], k)
	}
	require.Less(t, strings.Index(string(text), `"<|endoftext|>":0`), strings.Index(string(text), `"<|im_start|>":1`), "the vocabulary is in the order of its ids")
}
