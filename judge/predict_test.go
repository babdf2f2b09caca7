package judge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// rowsOf is a Source of rows at hand.
type rowsOf struct {
	rows []*Row
	err  error // instead of io.EOF
}

func (r *rowsOf) Read() (*Row, error) {
	if len(r.rows) == 0 {
		if r.err != nil {
			return nil, r.err
		}
		return nil, io.EOF
	}
	row := r.rows[0]
	r.rows = r.rows[1:]
	return row, nil
}

func predict(t require.TestingT, p *Predictor, rows ...*Row) ([]Prediction, Summary) {
	if p.Packer == nil {
		p.Packer = newPacker(t, PackOptions{MaxTokens: 400})
	}
	var out []Prediction
	summary, err := p.Run(context.Background(), &rowsOf{rows: rows}, func(p *Prediction) error {
		out = append(out, *p)
		return nil
	})
	require.NoError(t, err)
	return out, summary
}

func numbered(rows ...*Row) []*Row {
	for i, r := range rows {
		r.Number, r.ID = i+1, fmt.Sprint("id", i+1)
	}
	return rows
}

// The promise of the package: exchanging the answers exchanges the probabilities, identical answers get equal ones, and
// all are positive and sum to 1, printed ones too. To the bit, for any model.
func TestSwapIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := drawRow(t)
		mirror := &Row{Prompt: row.Prompt, A: row.B, B: row.A}
		got, _ := predict(t, &Predictor{Scorer: hashScorer{}}, row, mirror)
		require.Equal(t, got[0].Probs.Swap(), got[1].Probs)
		require.Equal(t, got[0].AB, got[1].BA.Swap())
		require.Equal(t, got[0].Cut, got[1].Cut)
		if got[0].Features.Identical {
			require.Equal(t, got[0].Probs[A], got[0].Probs[B])
		}
	})
}

func TestBoundedProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logit := rapid.Float32Range(-200, 200)
		p, ok := softmax([3]float32{logit.Draw(t, "a"), logit.Draw(t, "b"), logit.Draw(t, "tie")})
		require.True(t, ok)
		b := p.bounded()
		require.InDelta(t, 1, b.sum(), 1e-15)
		for _, v := range b {
			require.GreaterOrEqual(t, v, Floor/(1+2*Floor))
			require.Less(t, v, 1.0)
		}
		require.Equal(t, b.Swap(), p.Swap().bounded())

		read, err := ReadSubmission("s.csv", strings.NewReader(submission(t, "1", b)))
		require.NoError(t, err)
		require.Equal(t, b, read["1"], "as printed it is the same number, and the grader takes the row")
	})
}

func submission(t require.TestingT, id string, p Probs) string {
	var b bytes.Buffer
	s, err := NewSubmission(&b)
	require.NoError(t, err)
	require.NoError(t, s.Add(id, p))
	require.NoError(t, s.Flush())
	return b.String()
}

func TestSoftmaxRefusesWhatIsNoNumber(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, logits := range [][3]float32{{nan, 0, 0}, {0, nan, 0}, {0, 0, inf}, {-inf, 0, 0}} {
		_, ok := softmax(logits)
		require.False(t, ok, logits)
	}
	p, ok := softmax([3]float32{1000, 1000, 1000})
	require.True(t, ok)
	require.InDelta(t, 1.0/3, p[Tie], 1e-15)
}

func TestFallbackIsFairAndComplete(t *testing.T) {
	require.Equal(t, Fallback.Swap(), Fallback)
	require.InDelta(t, 1, Fallback.sum(), 1e-15)
}

// A row's verdict does not depend on the rows around it, nor on how many are handed over at a time; the order is the input's.
func TestWindowsDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []*Row
		for range rapid.IntRange(1, 7).Draw(t, "rows") {
			rows = append(rows, drawRow(t))
		}
		numbered(rows...)
		var want []Prediction
		for _, r := range rows {
			alone, _ := predict(t, &Predictor{Scorer: hashScorer{}}, r)
			want = append(want, alone...)
		}
		got, summary := predict(t, &Predictor{Scorer: hashScorer{},
			WindowRows: rapid.IntRange(0, 4).Draw(t, "window"), WindowTokens: rapid.IntRange(0, 900).Draw(t, "tokens")}, rows...)
		require.Equal(t, want, got)
		require.Equal(t, len(rows), summary.Rows)
	})
}

func TestWindowBounds(t *testing.T) {
	rows := func() []*Row { return numbered(&Row{}, &Row{}, &Row{}, &Row{}, &Row{}) }
	size := len("I#1P:(none)A:(none)B:(none)?!")
	for _, c := range []struct {
		p    Predictor
		want []int
	}{
		{Predictor{}, []int{10}},
		{Predictor{WindowRows: 2}, []int{4, 4, 2}},
		{Predictor{WindowTokens: 4*size - 1}, []int{4, 4, 2}},
		{Predictor{WindowTokens: 4*size + 1}, []int{6, 4}},
		{Predictor{OneOrder: true, WindowRows: 5}, []int{5}},
	} {
		var got []int
		c.p.Scorer = hashScorer{windows: &got}
		_, summary := predict(t, &c.p, rows()...)
		require.Equal(t, c.want, got)
		prompts := 0
		for _, n := range got {
			prompts += n
		}
		require.Equal(t, prompts*size, summary.Tokens)
	}
}

func TestOneOrder(t *testing.T) {
	row := &Row{A: text("a"), B: text("b")}
	both, _ := predict(t, &Predictor{Scorer: hashScorer{}}, row)
	one, _ := predict(t, &Predictor{Scorer: hashScorer{}, OneOrder: true}, row)
	require.Equal(t, both[0].AB, one[0].AB)
	require.Equal(t, both[0].AB.bounded(), one[0].Probs)
	require.Zero(t, one[0].BA)
	require.Nil(t, one[0].ptr().Example().Orders)
	require.NotNil(t, both[0].ptr().Example().Orders)
}

func (p Prediction) ptr() *Prediction { return &p }

// A row that cannot be judged gets the prior, says why, and leaves the others alone.
func TestFallbackOfSingleRows(t *testing.T) {
	broken := errors.New("unreadable")
	lost := errors.New("lost on the way")
	has := func(ids []int32, s string) bool { return strings.Contains(newByteTokenizer().text(ids), s) }
	scorer := hashScorer{fail: func(ids []int32) ([]float32, error) {
		switch {
		case has(ids, "A:nan"): // one order alone
			return []float32{0, float32(math.NaN()), 0}, nil
		case has(ids, "lost"):
			return nil, lost
		}
		return nil, nil
	}}
	rows := numbered(
		&Row{A: text("good"), B: text("better")},
		&Row{Err: broken},
		&Row{A: text("nan"), B: text("b")},
		&Row{A: text("a"), B: text("lost")},
		&Row{A: text("worse"), B: text("worst")},
	)
	for _, window := range []int{0, 1, 2} {
		got, summary := predict(t, &Predictor{Scorer: scorer, WindowRows: window}, rows...)
		require.Equal(t, 3, summary.Fallback)
		require.Equal(t, 5, summary.Rows)
		require.ErrorIs(t, got[1].Err, broken)
		require.ErrorIs(t, got[2].Err, errNotFinite)
		require.ErrorContains(t, got[2].Err, "[0 NaN 0]")
		require.ErrorIs(t, got[3].Err, lost)
		for i, p := range got {
			require.Equal(t, rows[i].ID, p.ID)
			require.Equal(t, p.Err != nil, p.Probs == Fallback)
		}
	}
}

func TestRunStopsAtErrors(t *testing.T) {
	p := &Predictor{Packer: newPacker(t, PackOptions{}), Scorer: hashScorer{}, WindowRows: 1}
	keep := func(*Prediction) error { return nil }
	rows := func() []*Row { return numbered(&Row{}, &Row{}, &Row{}) }

	bad := &DataError{File: "rows.csv", Row: 4, Got: "rubbish"}
	summary, err := p.Run(context.Background(), &rowsOf{rows: rows(), err: bad}, keep)
	require.ErrorIs(t, err, bad)
	require.Equal(t, 3, summary.Rows)

	full := errors.New("disk full")
	_, err = p.Run(context.Background(), &rowsOf{rows: rows()}, func(*Prediction) error { return full })
	require.ErrorIs(t, err, full)

	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	_, err = p.Run(ctx, &rowsOf{rows: rows()}, func(*Prediction) error {
		if n++; n == 2 {
			cancel()
		}
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "judge: score rows 3 to 3")
	require.Equal(t, 2, n)

	_, err = p.Run(ctx, &rowsOf{rows: []*Row{{Err: bad}}}, keep)
	require.ErrorIs(t, err, context.Canceled, "with nothing to score too")
}

type scorerFunc func(prompts [][]int32, done func(int, []float32, error)) error

func (f scorerFunc) Score(_ context.Context, prompts [][]int32, done func(int, []float32, error)) error {
	return f(prompts, done)
}

// A scorer that breaks its word is a bug, not bad data.
func TestRunPanicsOnABrokenScorer(t *testing.T) {
	for want, scorer := range map[string]scorerFunc{
		"judge: scorer returned without an answer to prompt 0 of 2": func([][]int32, func(int, []float32, error)) error { return nil },
		"judge: scorer reported prompt 0 twice": func(_ [][]int32, done func(int, []float32, error)) error {
			done(0, make([]float32, 3), nil)
			done(0, make([]float32, 3), nil)
			return nil
		},
		"judge: scorer gave 2 logits for prompt 1, want 3": func(_ [][]int32, done func(int, []float32, error)) error {
			done(1, make([]float32, 2), nil)
			return nil
		},
	} {
		p := &Predictor{Packer: newPacker(t, PackOptions{}), Scorer: scorer}
		require.PanicsWithValue(t, want, func() {
			_, _ = p.Run(context.Background(), &rowsOf{rows: numbered(&Row{})}, func(*Prediction) error { return nil })
		})
	}
}

func TestProgressAndPlan(t *testing.T) {
	rows := func() []*Row {
		return numbered(&Row{A: text("a")}, &Row{Err: errors.New("bad")}, &Row{B: text(strings.Repeat("x", 500))},
			&Row{A: []Turn{{Null: true}, {Text: "\uFFFD", Replaced: 1}}})
	}
	var seen []Progress
	p := &Predictor{Scorer: hashScorer{}, WindowRows: 2, Progress: func(p Progress) { seen = append(seen, p) }}
	_, summary := predict(t, p, rows()...)
	plan, err := p.Plan(&rowsOf{rows: rows()})
	require.NoError(t, err)
	require.Equal(t, summary, plan)
	require.Equal(t, 1, plan.Cut)
	require.Equal(t, 1, plan.Fallback)
	require.Equal(t, 1, plan.Nulls)
	require.Equal(t, 1, plan.Replaced)
	require.Len(t, seen, 6)
	require.Equal(t, Progress{Rows: 3, Tokens: plan.Tokens}, seen[5], "a row without prompts is never in progress")

	bad := &DataError{File: "rows.csv"}
	_, err = p.Plan(&rowsOf{err: bad})
	require.ErrorIs(t, err, bad)
}
