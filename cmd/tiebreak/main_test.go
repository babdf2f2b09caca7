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

// TestExitCodes holds the codes that scripts rely on, and that each message says where the fault is.
func TestExitCodes(t *testing.T) {
	dir, out := tinyModel(t, tinyConfig), filepath.Join(t.TempDir(), "out.csv")
	bad := filepath.Join(t.TempDir(), "bad.csv")
	require.NoError(t, os.WriteFile(bad, []byte("id,promt,response_a,response_b\n"), 0o644))
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no such command":  {[]string{"predicd"}, exitUsage, "predicd"},
		"no such flag":     {[]string{"predict", "--inptu", "x"}, exitUsage, "--inptu"},
		"missing flag":     {[]string{"predict", "--input", sample}, exitUsage, "output"},
		"no such device":   {[]string{"predict", "--model", dir, "--input", sample, "--output", out, "--device", "tpu"}, exitUsage, "tpu"},
		"no such type":     {[]string{"predict", "--model", dir, "--input", sample, "--output", out, "--dtype", "q4"}, exitUsage, "q4"},
		"no such template": {[]string{"predict", "--model", dir, "--input", sample, "--output", out, "--template", "x"}, exitUsage, "rounds-1"},
		"no room":          {[]string{"predict", "--model", dir, "--input", sample, "--output", out, "--max-tokens", "20"}, exitUsage, "20"},
		"batch of none":    {[]string{"predict", "--model", dir, "--input", sample, "--output", out, "--batch", "0"}, exitUsage, "--batch 0"},
		"no such emulator": {[]string{"predict", "--model", dir, "--input", sample, "--output", out, "--device", "emu:9"}, exitResources, "emu:9"},
		"no such input":    {[]string{"predict", "--model", dir, "--input", "nowhere.csv", "--output", out}, exitBadData, "nowhere.csv"},
		"wrong header":     {[]string{"predict", "--model", dir, "--input", bad, "--output", out}, exitBadData, "promt"},
		"no such model":    {[]string{"predict", "--model", "nowhere", "--input", sample, "--output", out}, exitBadData, "nowhere"},
		"no predictions":   {[]string{"eval", "--predictions", bad, "--labels", sample}, exitBadData, "bad.csv"},
		"half a pair":      {[]string{"eval", "--predictions", sample}, exitUsage, "labels"},
		"bad ids":          {[]string{"generate", "--model", dir, "--ids", "1,x"}, exitUsage, `"x"`},
		"id out of range":  {[]string{"generate", "--model", dir, "--ids", "9999"}, exitUsage, "9999"},
		"no gguf":          {[]string{"convert", sample, filepath.Join(t.TempDir(), "m")}, exitBadData, "sample.csv"},
		"nothing asked":    {[]string{"eval"}, exitUsage, "tiebreak eval --help"},
		"one argument":     {[]string{"convert", sample}, exitUsage, "a GGUF file and a directory to write"},
		"too many":         {[]string{"devices", "all"}, exitUsage, `"all"`},
		"near a command":   {[]string{"predicd"}, exitUsage, "did you mean predict?"},
		"no such progress": {[]string{"devices", "--progress", "loud"}, exitUsage, "loud"},
		"a million":        {[]string{"devices", "--threads", "1000000"}, exitUsage, "1 to 1024"},
		"output of input":  {[]string{"predict", "--model", dir, "--input", bad, "--output", bad}, exitUsage, "it is the input"},
		"output a folder":  {[]string{"predict", "--model", dir, "--input", sample, "--output", dir}, exitUsage, "it is a folder"},
		"output nowhere":   {[]string{"predict", "--model", dir, "--input", sample, "--output", "no/where.csv"}, exitUsage, "there is no folder no"},
		"nothing there":    {[]string{"inspect", "nowhere"}, exitBadData, "nowhere"},
	} {
		got := tiebreak(t, "", c.args...)
		require.Equal(t, c.code, got.code, "%s: %s", name, got.err)
		require.Contains(t, got.err, c.says, name)
		require.NoFileExists(t, out, name)

		asJSON := tiebreak(t, "", append(c.args, "--json")...)
		if !strings.HasPrefix(name, "no such flag") { // the flags were not read
			var e struct {
				Error string `json:"error"`
				Code  int    `json:"exit_code"`
			}
			require.NoError(t, json.Unmarshal([]byte(asJSON.err), &e), "%s: %s", name, asJSON.err)
			require.Equal(t, c.code, e.Code)
		}
	}
}

func TestTokenizeRefuses(t *testing.T) {
	dir := tinyModel(t, tinyConfig)
	for line, want := range map[string]string{
		`hello`:                             `want an object with "text" or`,
		`["hello"]`:                         "got JSON of type array, want an object",
		`{"text": 5}`:                       "text: got JSON of type number",
		`{"txt": ""}`:                       `unknown field "txt"`,
		`{}`:                                "want one of them",
		`{"text": "", "messages": []}`:      "want one of them",
		`{"text": ""} {"text": ""}`:         "got more after the end",
		`{"messages": []}`:                  "got no messages",
		`{"messages": {}}`:                  `want an array of {"role": S, "content": S}`,
		`{"messages": [{"content": "x"}]}`:  "message 0: got no role",
		`{"messages": [{"role": "user"}]}`:  "message 0: got no content",
		`{"messages": [{"roles": "user"}]}`: `unknown field "roles"`,
	} {
		got := tiebreak(t, "{\"text\": \"first\"}\n\n"+line, "tokenize", "--model", dir, "--jsonl")
		require.Equal(t, exitBadData, got.code, line)
		require.Contains(t, got.err, "tokenize: stdin line 3: ", line)
		require.Contains(t, got.err, want, line)
		require.Equal(t, 1, strings.Count(got.out, "\n"), "the line before has been answered")
	}
}

func TestTwiceQuietSaysNothing(t *testing.T) {
	require.Contains(t, tiebreak(t, "", "inspect", "nowhere", "-q").err, "nowhere")
	require.Equal(t, result{code: exitBadData}, tiebreak(t, "", "inspect", "nowhere", "-qq"))
}

// TestHelp holds that every command says what it does, by an example too, and that no placeholder went wrong.
func TestHelp(t *testing.T) {
	root := (&app{}).root()
	for _, cmd := range root.Commands() {
		help := tiebreak(t, "", cmd.Name(), "--help")
		require.Equal(t, exitDone, help.code)
		require.NotContains(t, help.out, "--model make")
		require.Contains(t, help.out, "  tiebreak "+cmd.Name()+" ", "an example of %s", cmd.Name())
	}
	got := tiebreak(t, "", "__complete", "predict", "--dtype", "")
	require.Contains(t, got.out, "bf16\n", got.err)
	require.Contains(t, tiebreak(t, "", "completion", "bash").out, "__start_tiebreak")
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
