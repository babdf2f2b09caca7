package judge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
)

// Scorer runs prompts through a model.
type Scorer interface {
	// Score computes for every prompt the three logits of A, B and tie, those of the Packer's label tokens or a
	// classification head's, and calls done once for each prompt, in any order but never twice at once. err is set for a
	// prompt that failed by itself. An error of Score is the end of the run: a device that is lost, or ctx that is done.
	//
	// The logits of a prompt must depend on that prompt alone, to the bit, and not on the others.
	Score(ctx context.Context, prompts [][]int32, done func(prompt int, logits []float32, err error)) error
}

// Source yields rows in order, then io.EOF. *Reader is one.
type Source interface {
	Read() (*Row, error)
}

// Prediction is the verdict on one row.
type Prediction struct {
	Number   int // of the row, from 1
	ID       string
	Label    Probs // zero where the source has none
	Features Features
	Cut      Cut
	Tokens   int // of all prompts scored for the row
	// Probs is the verdict: at least about Floor each, summing to 1.
	Probs Probs
	// AB and BA are the verdicts on the single orders, both with respect to the row's own A and B, not averaged or
	// bounded. BA is zero where only one order is scored.
	AB, BA Probs
	// Err says why Probs is Fallback; nil where the model has judged the row.
	Err error
}

// Predictor judges rows. The zero values of its settings are the usual ones.
type Predictor struct {
	Packer *Packer
	Scorer Scorer
	// OneOrder scores the answers only in the order the row has them, at half the price. Swapping the answers then does not
	// swap the verdict.
	OneOrder bool
	// WindowRows and WindowTokens bound what is handed to the Scorer, and held in memory, at a time: a window ends with the
	// row that reaches either. 0 stands for 1,024 rows and 2 M tokens. A Scorer sorts a window by length, so a large one
	// wastes less; the verdicts are the same.
	WindowRows, WindowTokens int
	// Progress, where set, is told of each prompt that is scored.
	Progress func(Progress)
}

// Progress is how far a run has come.
type Progress struct {
	Rows   int // whose prompts are all scored
	Tokens int // of the prompts scored
}

// Summary counts what a run did.
type Summary struct {
	Rows      int
	Fallback  int // rows that received Fallback
	Cut       int // rows that lost text to the token budget
	CutTokens int // the tokens they lost
	Tokens    int // of all prompts
	Nulls     int // turns that are null
	Replaced  int // code units that are no text
}

func (s *Summary) add(p *Prediction) {
	s.Rows++
	s.Tokens += p.Tokens
	s.CutTokens += p.Cut.Tokens
	s.Nulls += p.Features.Nulls
	s.Replaced += p.Features.Replaced
	if p.Cut.Any() {
		s.Cut++
	}
	if p.Err != nil {
		s.Fallback++
	}
}

// Run judges every row of src and hands the predictions to emit in the order of the rows. A row that cannot be judged is
// emitted with Fallback and Err set. Run stops at the first error of src, Scorer or emit and returns it, wrapped once.
func (p *Predictor) Run(ctx context.Context, src Source, emit func(*Prediction) error) (Summary, error) {
	var total Summary
	var progress Progress
	for {
		w, readErr := p.window(src)
		if readErr != nil && readErr != io.EOF {
			return total, readErr
		}
		if err := p.score(ctx, w, &progress); err != nil {
			return total, fmt.Errorf("judge: score rows %d to %d: %w", total.Rows+1, total.Rows+len(w.rows), err)
		}
		for i := range w.rows {
			r := &w.rows[i]
			r.conclude(p.OneOrder)
			total.add(&r.Prediction)
			if err := emit(&r.Prediction); err != nil {
				return total, err
			}
		}
		if readErr == io.EOF {
			return total, nil
		}
	}
}

// Plan does all of Run but the scoring: it reads and packs every row and counts. Fallback holds the rows whose texts
// cannot be read.
func (p *Predictor) Plan(src Source) (Summary, error) {
	var total Summary
	for {
		w, err := p.window(src)
		for i := range w.rows {
			total.add(&w.rows[i].Prediction)
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// window is a stretch of rows whose prompts are scored together.
type window struct {
	rows    []pending
	prompts [][]int32
	of      []int // row of each prompt
	tokens  int
}

// pending is a row between packing and verdict.
type pending struct {
	Prediction
	orders [2]Probs // as printed: what each prompt calls A and B
	errs   [2]error
	left   int // prompts still to be scored
}

const (
	defaultWindowRows   = 1024
	defaultWindowTokens = 2 << 20
)

// window reads and packs rows until one of the bounds is reached. At the end of src it returns io.EOF with the last rows.
func (p *Predictor) window(src Source) (*window, error) {
	maxRows, maxTokens := p.WindowRows, p.WindowTokens
	if maxRows == 0 {
		maxRows = defaultWindowRows
	}
	if maxTokens == 0 {
		maxTokens = defaultWindowTokens
	}
	w := &window{}
	for len(w.rows) < maxRows && w.tokens < maxTokens {
		row, err := src.Read()
		if err != nil {
			return w, err
		}
		p.add(w, row)
	}
	return w, nil
}

func (p *Predictor) add(w *window, row *Row) {
	w.rows = append(w.rows, pending{Prediction: Prediction{
		Number: row.Number, ID: row.ID, Label: row.Label, Features: row.Features(), Err: row.Err}})
	if row.Err != nil {
		return
	}
	r := &w.rows[len(w.rows)-1]
	packed := p.Packer.Pack(row)
	r.Cut = packed.Cut
	prompts := [][]int32{packed.AB, packed.BA}
	if p.OneOrder {
		prompts = prompts[:1]
	}
	for _, ids := range prompts {
		w.prompts = append(w.prompts, ids)
		w.of = append(w.of, len(w.rows)-1)
		w.tokens += len(ids)
		r.Tokens += len(ids)
		r.left++
	}
}

// errNotFinite is why a row fell back whose logits are no numbers.
var errNotFinite = errors.New("a logit is not a finite number")

func (p *Predictor) score(ctx context.Context, w *window, progress *Progress) error {
	if len(w.prompts) == 0 {
		return ctx.Err()
	}
	done := make([]bool, len(w.prompts))
	err := p.Scorer.Score(ctx, w.prompts, func(i int, logits []float32, err error) {
		if done[i] {
			panic(fmt.Sprintf("judge: scorer reported prompt %d twice", i))
		}
		done[i] = true
		w.take(i, logits, err)
		p.advance(progress, len(w.prompts[i]), w.rows[w.of[i]].left == 0)
	})
	if err != nil {
		return err
	}
	for i, ok := range done {
		if !ok {
			panic(fmt.Sprintf("judge: scorer returned without an answer to prompt %d of %d", i, len(done)))
		}
	}
	return nil
}

func (p *Predictor) advance(progress *Progress, tokens int, rowDone bool) {
	progress.Tokens += tokens
	if rowDone {
		progress.Rows++
	}
	if p.Progress != nil {
		p.Progress(*progress)
	}
}

// take notes the answer to a prompt.
func (w *window) take(i int, logits []float32, err error) {
	r, order := &w.rows[w.of[i]], w.order(i)
	r.left--
	if err != nil {
		r.errs[order] = err
		return
	}
	if len(logits) != 3 {
		panic(fmt.Sprintf("judge: scorer gave %d logits for prompt %d, want 3", len(logits), i))
	}
	var finite bool
	if r.orders[order], finite = softmax([3]float32(logits)); !finite {
		r.errs[order] = fmt.Errorf("%w: %v", errNotFinite, logits)
	}
}

// order is 0 for the prompt that shows the row's answers as they are and 1 for the one that follows it.
func (w *window) order(i int) int {
	if i > 0 && w.of[i-1] == w.of[i] {
		return 1
	}
	return 0
}

// conclude turns the verdicts on the orders into the row's. One order that failed spoils the row: half a verdict would
// not swap.
func (r *pending) conclude(oneOrder bool) {
	if r.Err == nil {
		r.Err = cmp.Or(r.errs[0], r.errs[1])
	}
	if r.Err != nil {
		r.Probs = Fallback
		return
	}
	r.AB = r.orders[0]
	if r.Probs = r.AB; !oneOrder {
		r.BA = r.orders[1].Swap()
		r.Probs = average(r.AB, r.BA)
	}
	r.Probs = r.Probs.bounded()
}
