package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/safetensors"
	"tiebreak/tensor"
)

func TestGenerateContinues(t *testing.T) {
	dir := tinyModel(t, tinyConfig)
	type answer struct {
		IDs  []int32 `json:"ids"`
		Text string  `json:"text"`
	}
	generate := func(args ...string) (a answer) {
		got := tiebreak(t, "", append([]string{"generate", "--model", dir, "--json"}, args...)...)
		require.Equal(t, exitDone, got.code, got.err)
		require.NoError(t, json.Unmarshal([]byte(got.out), &a))
		return a
	}
	long := generate("--ids", "5,6,7", "--max-tokens", "12")
	short := generate("--ids", "5,6,7", "--max-tokens", "5")
	require.Equal(t, long.IDs[:5], short.IDs, "greedy tokens do not depend on how many follow")
	require.NotEmpty(t, long.Text)

	drawn := generate("--ids", "5,6,7", "--max-tokens", "12", "--temperature", "2", "--seed", "3")
	require.Equal(t, drawn, generate("--ids", "5,6,7", "--max-tokens", "12", "--temperature", "2", "--seed", "3"))
	require.NotEqual(t, drawn, generate("--ids", "5,6,7", "--max-tokens", "12", "--temperature", "2", "--seed", "4"))

	plain := tiebreak(t, "", "generate", "--model", dir, "--prompt", "two ties", "--max-tokens", "3")
	require.Equal(t, exitDone, plain.code, plain.err)
	require.True(t, strings.HasSuffix(plain.out, "\n"))
}

func TestLogitsOfEachPosition(t *testing.T) {
	dir, folder := tinyModel(t, tinyConfig), t.TempDir()
	input, output := filepath.Join(folder, "in.safetensors"), filepath.Join(folder, "out.safetensors")
	require.NoError(t, safetensors.Write(input, []safetensors.Named{
		{Name: "input_ids", Tensor: tensor.FromInt32([]int32{5, 6, 7, 8, 9, 0, 0, 0}, 2, 4)},
		{Name: "lengths", Tensor: tensor.FromInt32([]int32{4, 1}, 2)},
	}, nil))
	got := tiebreak(t, "", "logits", "--model", dir, "--input", input, "--output", output, "--dtype", "f32")
	require.Equal(t, exitDone, got.code, got.err)
	set, err := safetensors.Open(output)
	require.NoError(t, err)
	defer set.Close()
	logits, err := set.Tensor("logits")
	require.NoError(t, err)
	require.Equal(t, tensor.Shape{2, 4, 523}, logits.Shape)
	v, err := logits.Float32s()
	require.NoError(t, err)
	for _, x := range v[5*523:] {
		require.Zero(t, x, "rows past a length are 0")
	}
	best := 0
	for i, x := range v[3*523 : 4*523] {
		if x > v[3*523+best] {
			best = i
		}
	}
	next := tiebreak(t, "", "generate", "--model", dir, "--ids", "5,6,7,8", "--max-tokens", "1", "--dtype", "f32", "--json")
	require.Contains(t, next.out, `"ids":[`+jsonNumber(t, best)+`]`)
}

func jsonNumber(t *testing.T, n int) string {
	t.Helper()
	text, err := json.Marshal(n)
	require.NoError(t, err)
	return string(text)
}

func TestTokenizeLines(t *testing.T) {
	dir := tinyModel(t, tinyConfig)
	lines := "{\"text\":\"two ties 12\"}\n\n{\"text\":\"\"}\n"
	got := tiebreak(t, lines, "tokenize", "--model", dir, "--jsonl")
	require.Equal(t, exitDone, got.code, got.err)
	answers := strings.Split(strings.TrimSpace(got.out), "\n")
	require.Len(t, answers, 2)
	var first textAnswer
	require.NoError(t, json.Unmarshal([]byte(answers[0]), &first))
	require.Equal(t, "two ties 12", first.Decoded)
	require.Equal(t, `{"ids":[],"plain":[],"decoded":""}`, answers[1])

	for _, bad := range []string{"{", `{"txt":"x"}`, `{}`, `{"text":"a","messages":[]}`, `{"messages":[]}`} {
		got := tiebreak(t, "{\"text\":\"ok\"}\n"+bad+"\n", "tokenize", "--model", dir, "--jsonl")
		require.Equal(t, exitBadData, got.code, bad)
		require.Contains(t, got.err, "stdin line 2", bad)
		require.Len(t, strings.Split(strings.TrimSpace(got.out), "\n"), 1, "the lines before the fault are answered")
	}
}

func TestInspectTellsWhatIsWrong(t *testing.T) {
	dir := tinyModel(t, tinyConfig)
	var c contents
	got := tiebreak(t, "", "inspect", dir, "--json")
	require.Equal(t, exitDone, got.code, got.err)
	require.NoError(t, json.Unmarshal([]byte(got.out), &c))
	require.Empty(t, c.Problem)
	require.Equal(t, 32, c.Config.Hidden)
	require.Len(t, c.Tensors, 2*9+3)
	require.Contains(t, tiebreak(t, "", "inspect", dir).out, "model.layers.1.mlp.up_proj.weight")

	broken := strings.Replace(tinyConfig, `"intermediate_size": 48`, `"intermediate_size": 64`, 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(broken), 0o644))
	got = tiebreak(t, "", "inspect", dir, "--json")
	require.Equal(t, exitDone, got.code, "a faulty model can be looked at")
	require.NoError(t, json.Unmarshal([]byte(got.out), &c))
	require.Contains(t, c.Problem, "model.layers.0.mlp.down_proj.weight")
}

func TestDevicesAreListed(t *testing.T) {
	var v struct {
		Devices []deviceLine `json:"devices"`
	}
	got := tiebreak(t, "", "devices", "--json")
	require.Equal(t, exitDone, got.code, got.err)
	require.NoError(t, json.Unmarshal([]byte(got.out), &v))
	require.Equal(t, "cpu", v.Devices[0].ID)
	require.NotEmpty(t, v.Devices[0].Compute)
}

// TestEmulatedDevice runs a model through the CUDA kernels on both generations, and compares with the CPU.
func TestEmulatedDevice(t *testing.T) {
	dir := tinyModel(t, tinyConfig)
	input := "id,prompt,response_a,response_b\n7,\"[\"\"which is shorter?\"\"]\",\"[\"\"this one\"\"]\",\"[\"\"or that one, perhaps\"\"]\"\n"
	want := tiebreak(t, input, "predict", "--model", dir, "--input", "-", "--output", "-", "-q", "--dtype", "f32")
	require.Equal(t, exitDone, want.code, want.err)
	for _, sm := range []string{"75", "80"} {
		t.Setenv("TIEBREAK_EMU_SM", sm)
		got := tiebreak(t, input, "predict", "--model", dir, "--input", "-", "--output", "-", "-q", "--device", "emu:0")
		require.Equal(t, exitDone, got.code, got.err)
		require.InDeltaSlice(t, numbers(t, want.out, 1), numbers(t, got.out, 1), 0.02, "half precision on sm_%s", sm)
	}
}

// numbers are the probabilities in a row of a submission, from 1.
func numbers(t *testing.T, text string, row int) []float64 {
	t.Helper()
	var v []float64
	for _, cell := range parseCSV(t, text)[row][1:] {
		var x float64
		require.NoError(t, json.Unmarshal([]byte(cell), &x))
		v = append(v, x)
	}
	return v
}
