package goldentest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/tensor"
)

// Bound is an error relative to the root mean square of the reference logits.
type Bound struct {
	RMS float64 `json:"rms"`
	Max float64 `json:"max"`
}

// measured is PyTorch's own error on one model, as tools/make_goldens.py writes it.
type measured struct {
	Name       string
	Reference  string // sha256 of reference.safetensors
	Classifier bool
	BF16, F16  Bound
}

func (m measured) in(d tensor.DType) Bound {
	if d == tensor.BF16 {
		return m.BF16
	}
	return m.F16
}

// HalfError is PyTorch's own error in a half type on the case. For a reference that has not been measured, such as one
// made from another seed, it is the largest that was found in that type for any model of its kind: a classifier has so few
// logits that the error of one says little about that of the next.
func (c Case) HalfError(t testing.TB, classifier bool, d tensor.DType) Bound {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root(t), "model", "testdata", "pytorch_error.json"))
	require.NoError(t, err)
	var all []measured
	require.NoError(t, json.Unmarshal(raw, &all))
	reference, err := os.ReadFile(filepath.Join(c.Dir, "reference.safetensors"))
	require.NoError(t, err)
	digest := sha256.Sum256(reference)
	var worst Bound
	for _, m := range all {
		if m.Reference == hex.EncodeToString(digest[:]) {
			return m.in(d)
		}
		if m.Classifier == classifier {
			worst = Bound{RMS: max(worst.RMS, m.in(d).RMS), Max: max(worst.Max, m.in(d).Max)}
		}
	}
	t.Logf("PyTorch's error on %s is not known: taking the largest of its kind, %+v", c.Name, worst)
	return worst
}
