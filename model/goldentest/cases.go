// Package goldentest checks that a model on some backend computes what Hugging Face transformers computed: Run does it for
// every case it finds, layer by layer, in float32 and in each half type that the backend has.
//
// A case is a model directory with a reference.safetensors, as tools/make_goldens.py lays it out. The project's own lie in
// model/testdata/goldens. More are read from $TIEBREAK_GOLDENS/models, or else from ../shared/goldens/models beside the
// repository, where that is there.
package goldentest

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// EnvGoldens is the environment variable that names a folder of further references. Where it is set, no case is skipped.
const EnvGoldens = "TIEBREAK_GOLDENS"

// Case is one model directory with its references.
type Case struct {
	Name string // folder and model, such as "goldens/llama31"
	Dir  string
}

// Cases lists the cases that are there, the project's own first. The test fails where one of them is missing.
func Cases(t testing.TB) []Case {
	t.Helper()
	own := casesIn(t, filepath.Join(root(t), "model", "testdata", "goldens"))
	require.NotEmpty(t, own, "the goldens of the project are missing: run tools/make_goldens.py")
	if folder := Folder(t); folder != "" {
		more := casesIn(t, filepath.Join(folder, "models"))
		require.NotEmpty(t, more, "%s holds no models", folder)
		own = append(own, more...)
	}
	return own
}

// Folder is the folder of further references, or "" where there is none.
func Folder(t testing.TB) string {
	t.Helper()
	if folder := os.Getenv(EnvGoldens); folder != "" {
		return folder
	}
	beside := filepath.Join(root(t), "..", "shared", "goldens")
	if _, err := os.Stat(beside); err == nil {
		return beside
	}
	return ""
}

func casesIn(t testing.TB, folder string) []Case {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*", "reference.safetensors"))
	require.NoError(t, err)
	var cases []Case
	for _, p := range paths {
		dir := filepath.Dir(p)
		cases = append(cases, Case{Name: filepath.Base(folder) + "/" + filepath.Base(dir), Dir: dir})
	}
	return cases
}

// root is the directory of go.mod, above the package under test.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		require.NotEqual(t, dir, filepath.Dir(dir), "no go.mod above the working directory")
		dir = filepath.Dir(dir)
	}
}

// Reference is what a case expects, prompt by prompt without padding.
type Reference struct {
	Prompts [][]int32
	Logits  [][]float32   // per prompt [T,V]; nil for a classifier
	Classes [][]float32   // per prompt [classes]; nil for a language model
	Greedy  [][]int32     // per prompt, the tokens after it; nil for a classifier
	Hidden  [][][]float32 // per layer and prompt [T,C]: the input of the layer, last the final norm; may be empty
}

// Reference reads what the case expects.
func (c Case) Reference(t testing.TB) *Reference {
	t.Helper()
	set, err := safetensors.Open(filepath.Join(c.Dir, "reference.safetensors"))
	require.NoError(t, err)
	defer set.Close()
	lengths := ints(t, set, "lengths")
	ids := ints(t, set, "input_ids")
	wide := len(ids) / len(lengths)
	r := &Reference{}
	for b, n := range lengths {
		r.Prompts = append(r.Prompts, ids[b*wide:b*wide+int(n)])
	}
	if set.Has("class_logits") {
		classes := floats(t, set, "class_logits")
		n := len(classes) / len(lengths)
		for b := range lengths {
			r.Classes = append(r.Classes, classes[b*n:(b+1)*n])
		}
	} else {
		r.Logits = unpad(floats(t, set, "logits"), lengths)
		greedy := ints(t, set, "greedy")
		n := len(greedy) / len(lengths)
		for b := range lengths {
			r.Greedy = append(r.Greedy, greedy[b*n:(b+1)*n])
		}
	}
	for i := 0; set.Has(hiddenName(i)); i++ {
		r.Hidden = append(r.Hidden, unpad(floats(t, set, hiddenName(i)), lengths))
	}
	return r
}

func hiddenName(layer int) string { return "hidden_" + strconv.Itoa(layer) }

// unpad splits [B,T,N] into the rows of each prompt.
func unpad(v []float32, lengths []int32) [][]float32 {
	longest := 0
	for _, n := range lengths {
		longest = max(longest, int(n))
	}
	per := len(v) / len(lengths)
	var out [][]float32
	for b, n := range lengths {
		out = append(out, v[b*per:b*per+int(n)*(per/longest)])
	}
	return out
}

func floats(t testing.TB, set *safetensors.Set, name string) []float32 {
	t.Helper()
	v, err := set.Tensor(name)
	require.NoError(t, err)
	f, err := v.Float32s()
	require.NoError(t, err)
	return f
}

func ints(t testing.TB, set *safetensors.Set, name string) []int32 {
	t.Helper()
	v, err := set.Tensor(name)
	require.NoError(t, err)
	require.Equal(t, tensor.I32, v.DType, name)
	return append([]int32(nil), tensor.LoadInt32(v.Data)...)
}
