package judge

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func contentFreePacker(t *testing.T) *Packer {
	t.Helper()
	tpl, err := NamedTemplate(DefaultTemplate)
	require.NoError(t, err)
	p, err := NewPacker(newByteTokenizer(), PackOptions{Template: tpl})
	require.NoError(t, err)
	return p
}

// TestContentFreeGivesAnEmptyRowThePrior is what the method is for.
func TestContentFreeGivesAnEmptyRowThePrior(t *testing.T) {
	p := contentFreePacker(t)
	c, err := NewContentFree(context.Background(), p, hashScorer{})
	require.NoError(t, err)
	row := &Row{Prompt: []Turn{{}}, A: []Turn{{}}, B: []Turn{{}}}
	err = c.Score(context.Background(), [][]int32{p.Pack(row).AB}, func(_ int, logits []float32, err error) {
		require.NoError(t, err)
		probs, finite := softmax([3]float32(logits))
		require.True(t, finite)
		require.InDeltaSlice(t, Fallback[:], probs[:], 1e-6)
	})
	require.NoError(t, err)
}

// TestContentFreeShiftsAllPromptsAlike compares with the logits as they were.
func TestContentFreeShiftsAllPromptsAlike(t *testing.T) {
	p := contentFreePacker(t)
	c, err := NewContentFree(context.Background(), p, hashScorer{})
	require.NoError(t, err)
	prompts := [][]int32{{1, 2, 3}, {4}, {5, 6}}
	seen := 0
	err = c.Score(context.Background(), prompts, func(i int, logits []float32, err error) {
		require.NoError(t, err)
		was := hashLogits(prompts[i])
		for j := range logits {
			require.Equal(t, was[j]+c.shift[j], logits[j])
		}
		seen++
	})
	require.NoError(t, err)
	require.Equal(t, len(prompts), seen)
}

func TestContentFreeNeedsTheEmptyPrompt(t *testing.T) {
	p := contentFreePacker(t)
	broken := errors.New("broken")
	_, err := NewContentFree(context.Background(), p, hashScorer{fail: func([]int32) ([]float32, error) { return nil, broken }})
	require.ErrorIs(t, err, broken)
	_, err = NewContentFree(context.Background(), p, hashScorer{fail: func([]int32) ([]float32, error) {
		return []float32{0, 0, float32(math.NaN())}, nil
	}})
	require.ErrorContains(t, err, "finite", "a shift that is no number would spoil every row")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = NewContentFree(ctx, p, hashScorer{})
	require.ErrorIs(t, err, context.Canceled)
}
