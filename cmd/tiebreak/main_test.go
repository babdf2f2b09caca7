package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/model"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// tinyConfig is a decoder small enough for a test and complete enough for every subcommand.
const tinyConfig = `{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 523, "hidden_size": 32,
 "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
 "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
 "tie_word_embeddings": false, "torch_dtype": "float32", "bos_token_id": 1, "eos_token_id": 2}`

// tinyModel writes a model directory of random weights with a real tokenizer.
func tinyModel(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644))
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
		text, err := os.ReadFile(filepath.Join("../../tokenizer/testdata/digits", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
	}
	c, err := model.ParseConfig([]byte(config))
	require.NoError(t, err)
	rnd := rand.New(rand.NewPCG(1, 2))
	var weights []safetensors.Named
	for name, shape := range c.Shapes() {
		values := make([]float32, shape.Elements())
		for i := range values {
			values[i] = float32(rnd.NormFloat64()) / 4
		}
		weights = append(weights, safetensors.Named{Name: name, Tensor: tensor.FromFloat32(values, shape...)})
	}
	require.NoError(t, safetensors.Write(filepath.Join(dir, "model.safetensors"), weights, nil))
	return dir
}

// result is what one command line did.
type result struct {
	code     int
	out, err string
}

func tiebreak(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	code := run(context.Background(), args, stdio{strings.NewReader(stdin), &out, &err})
	return result{code, out.String(), err.String()}
}

const sample = "../../examples/sample.csv"

func TestPredictAndEval(t *testing.T) {
	dir := tinyModel(t, tinyConfig)
	output := filepath.Join(t.TempDir(), "submission.csv")
	got := tiebreak(t, "", "predict", "--model", dir, "--input", sample, "--output", output, "--json", "--progress", "json")
	require.Equal(t, exitDone, got.code, got.err)
	var summary predictResult
	require.NoError(t, json.Unmarshal([]byte(got.out), &summary))
	require.Positive(t, summary.Tokens)

	rows := readCSV(t, output)
	require.Equal(t, []string{"id", "winner_model_a", "winner_model_b", "winner_tie"}, rows[0])
	require.Len(t, rows, summary.Rows+1)
	want := readCSV(t, sample)
	for i, row := range rows {
		require.Equal(t, want[i][0], row[0], "rows keep their order")
	}
	for _, line := range strings.Split(strings.TrimSpace(got.err), "\n") {
		require.True(t, json.Valid([]byte(line)), "progress as JSON: %s", line)
	}

	for name, args := range map[string][]string{
		"batch of one": {"--batch", "1"},
		"one thread":   {"--threads", "1"},
	} {
		again := filepath.Join(t.TempDir(), "again.csv")
		got := tiebreak(t, "", append([]string{"predict", "--model", dir, "--input", sample, "--output", again, "-q"}, args...)...)
		require.Equal(t, exitDone, got.code, got.err)
		require.Equal(t, read(t, output), read(t, again), "%s: not the same bits", name)
	}

	fromFiles := tiebreak(t, "", "eval", "--predictions", output, "--labels", sample, "--json")
	require.Equal(t, exitDone, fromFiles.code, fromFiles.err)
	direct := tiebreak(t, "", "eval", "--input", sample, "--model", dir, "--json", "-q")
	require.Equal(t, exitDone, direct.code, direct.err)
	var a, b struct {
		LogLoss float64 `json:"log_loss"`
		Rows    int     `json:"rows"`
	}
	require.NoError(t, json.Unmarshal([]byte(fromFiles.out), &a))
	require.NoError(t, json.Unmarshal([]byte(direct.out), &b))
	require.Equal(t, a, b)
	require.Positive(t, a.LogLoss)
	require.Contains(t, tiebreak(t, "", "eval", "--predictions", output, "--labels", sample).out, "log loss")
}

// TestSwapSwaps gives the same rows with their answers exchanged.
func TestSwapSwaps(t *testing.T) {
	dir := tinyModel(t, tinyConfig)
	rows := readCSV(t, sample)
	a, b := column(t, rows, "response_a"), column(t, rows, "response_b")
	var swapped bytes.Buffer
	w := csv.NewWriter(&swapped)
	for i, row := range rows {
		if i > 0 {
			row[a], row[b] = row[b], row[a]
		}
		require.NoError(t, w.Write(row))
	}
	w.Flush()
	plain := tiebreak(t, "", "predict", "--model", dir, "--input", sample, "--output", "-", "-q")
	other := tiebreak(t, swapped.String(), "predict", "--model", dir, "--input", "-", "--output", "-", "-q")
	require.Equal(t, exitDone, plain.code, plain.err)
	require.Equal(t, exitDone, other.code, other.err)
	want, got := parseCSV(t, plain.out), parseCSV(t, other.out)
	for i := range want {
		if i > 0 {
			want[i][1], want[i][2] = want[i][2], want[i][1]
		}
	}
	require.Equal(t, want, got)
}

func TestClassifierPredicts(t *testing.T) {
	config := strings.Replace(tinyConfig, "LlamaForCausalLM", "LlamaForSequenceClassification", 1)
	config = strings.Replace(config, `"hidden_size"`, `"id2label": {"0": "A", "1": "B", "2": "tie"}, "hidden_size"`, 1)
	got := tiebreak(t, "", "predict", "--model", tinyModel(t, config), "--input", sample, "--output", "-", "-q")
	require.Equal(t, exitDone, got.code, got.err)
	require.Len(t, parseCSV(t, got.out), len(readCSV(t, sample)))
}

func TestDryRunWritesNothing(t *testing.T) {
	dir, output := tinyModel(t, tinyConfig), filepath.Join(t.TempDir(), "out.csv")
	got := tiebreak(t, "", "predict", "--model", dir, "--input", sample, "--output", output, "--dry-run")
	require.Equal(t, exitDone, got.code, got.err)
	require.Contains(t, got.err, "plan: weights")
	require.NoFileExists(t, output)

	input := filepath.Join(t.TempDir(), "ids.safetensors")
	require.NoError(t, safetensors.Write(input, []safetensors.Named{
		{Name: "input_ids", Tensor: tensor.FromInt32([]int32{1, 2}, 1, 2)}, {Name: "lengths", Tensor: tensor.FromInt32([]int32{2}, 1)}}, nil))
	for _, args := range [][]string{
		{"logits", "--model", dir, "--input", input, "--output", output},
		{"generate", "--model", dir, "--ids", "1,2"},
	} {
		got := tiebreak(t, "", append(args, "--dry-run")...)
		require.Equal(t, exitDone, got.code, got.err)
		require.Contains(t, got.err, "plan: weights")
		require.Empty(t, got.out)
		require.NoFileExists(t, output)
	}
}

func TestUnreadableRowGetsThePrior(t *testing.T) {
	input := "id,prompt,response_a,response_b\n7,\"[\"\"hi\"\"]\",\"[\"\"a\"\"]\",\"[\"\"b\"\"]\"\n8,not json,\"[\"\"a\"\"]\",\"[\"\"b\"\"]\"\n"
	got := tiebreak(t, input, "predict", "--model", tinyModel(t, tinyConfig), "--input", "-", "--output", "-")
	require.Equal(t, exitPartial, got.code, got.err)
	require.Contains(t, got.err, "row 2 (id 8): got the prior")
	require.Equal(t, []string{"8", "0.345", "0.345", "0.31"}, parseCSV(t, got.out)[2])
}

func TestInterruptedLeavesTheOldFile(t *testing.T) {
	dir, output := tinyModel(t, tinyConfig), filepath.Join(t.TempDir(), "out.csv")
	require.NoError(t, os.WriteFile(output, []byte("before"), 0o644))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errs bytes.Buffer
	code := run(ctx, []string{"predict", "--model", dir, "--input", sample, "--output", output}, stdio{strings.NewReader(""), &out, &errs})
	require.Equal(t, exitInterrupted, code, errs.String())
	require.Equal(t, "before", read(t, output))
}

func column(t *testing.T, rows [][]string, name string) int {
	t.Helper()
	for i, cell := range rows[0] {
		if cell == name {
			return i
		}
	}
	t.Fatalf("no column %s in %v", name, rows[0])
	return -1
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func readCSV(t *testing.T, path string) [][]string { t.Helper(); return parseCSV(t, read(t, path)) }

func parseCSV(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	return rows
}
