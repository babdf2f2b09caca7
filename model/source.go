package model

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"tiebreak/tensor"
)

// Source is where the weights of a checkpoint come from: a safetensors.Set, or tensors in memory. What Tensor returns
// must stay readable until the model is closed.
type Source interface {
	Names() []string
	Tensor(name string) (tensor.Tensor, error)
}

// CheckWeights compares the weights of a checkpoint with what its configuration asks for, without reading their values.
// The error names the weights that are missing, not known, or of another shape or type, with what it got and wants.
//
// Two things a checkpoint may hold beyond its weights: rotary_emb.inv_freq, a table that older tools wrote and that the
// configuration determines; and lm_head.weight beside tied embeddings, if both are the same bytes.
func CheckWeights(c Config, src Source) error {
	want := c.Shapes()
	var missing, unknown, wrong []string
	have := map[string]bool{}
	for _, name := range src.Names() {
		have[name] = true
		shape, ok := want[name]
		if !ok {
			if !strings.HasSuffix(name, "rotary_emb.inv_freq") && !tiedCopy(c, src, name) {
				unknown = append(unknown, name)
			}
			continue
		}
		t, err := src.Tensor(name)
		if err != nil {
			return fmt.Errorf("model: weights: %w", err)
		}
		if !t.Shape.Equal(shape) {
			wrong = append(wrong, fmt.Sprintf("%s: got %v, want %v", name, t.Shape, shape))
		} else if t.DType != tensor.F32 && t.DType != tensor.F16 && t.DType != tensor.BF16 {
			wrong = append(wrong, fmt.Sprintf("%s: got %v, want F32, F16 or BF16", name, t.DType))
		}
	}
	for name, shape := range want {
		if !have[name] {
			missing = append(missing, fmt.Sprintf("%s %v", name, shape))
		}
	}
	var problems []string
	for _, list := range []struct {
		what  string
		names []string
	}{{"missing", missing}, {"not a weight of this model", unknown}, {"of another shape or type", wrong}} {
		if len(list.names) > 0 {
			problems = append(problems, fmt.Sprintf("%d %s: %s", len(list.names), list.what, someOf(list.names)))
		}
	}
	if problems != nil {
		return fmt.Errorf("model: weights of %s with %d layers: %s", c.Architecture, c.Layers, strings.Join(problems, "; "))
	}
	return nil
}

// tiedCopy reports whether name is a language-model head that repeats the tied embeddings byte for byte.
func tiedCopy(c Config, src Source, name string) bool {
	if name != untiedHead || !c.Tied {
		return false
	}
	head, err1 := src.Tensor(name)
	embed, err2 := src.Tensor(c.embedPart().name)
	return err1 == nil && err2 == nil && head.DType == embed.DType && bytes.Equal(head.Data, embed.Data)
}

// someOf lists names in order, the first few of many.
func someOf(names []string) string {
	const most = 8
	slices.Sort(names)
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
