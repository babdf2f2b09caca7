package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"tiebreak/engine"
	"tiebreak/model"
	"tiebreak/tensor"
)

// ModelOptions say how a model is run.
type ModelOptions struct {
	Dir     string       // Hugging Face model directory
	Compute tensor.DType // Invalid: what the engine chooses
	Tokens  int          // of a prompt; to generate, for Decode
	Batch   int          // prompts in a pass, for Prefill; most of them, for Score
	Pass    int          // most tokens of a pass; 0: all of a batch for Prefill, the engine's default for Score
}

// Prefill measures Batch prompts of Tokens random tokens each, up to the logits of every last token over the vocabulary.
func (r *Runner) Prefill(ctx context.Context, opt ModelOptions) (Result, error) {
	opt.Batch = max(1, opt.Batch)
	if opt.Pass == 0 {
		opt.Pass = opt.Tokens * opt.Batch
	}
	e, out, err := r.open("prefill", opt, engine.Options{MaxTokens: opt.Tokens, BatchTokens: opt.Pass, BatchRows: opt.Batch})
	if err != nil {
		return out, err
	}
	defer e.Close()
	prompts := make([][]int32, opt.Batch)
	for i := range prompts {
		prompts[i] = randomPrompt(e.Config.Vocab, opt.Tokens, uint64(i))
	}
	out.Tokens, out.Prompts = opt.Tokens, opt.Batch
	return out, r.score(ctx, e, prompts, &out)
}

// Score measures prompts that are given, in passes as the engine makes them, up to the logits of the labels: the work of
// predicting. Result.Prompts of them are done in Result.Seconds.
func (r *Runner) Score(ctx context.Context, opt ModelOptions, prompts [][]int32, labels []int32) (Result, error) {
	longest, tokens := 1, 0
	for _, p := range prompts {
		longest, tokens = max(longest, len(p)), tokens+len(p)
	}
	e, out, err := r.open("predict", opt, engine.Options{MaxTokens: longest, BatchTokens: opt.Pass, BatchRows: opt.Batch, Labels: labels})
	if err != nil {
		return out, err
	}
	defer e.Close()
	out.Prompts, out.MeanTokens = len(prompts), float64(tokens)/float64(max(1, len(prompts)))
	if err := r.score(ctx, e, prompts, &out); err != nil {
		return out, err
	}
	out.RowsPS = float64(len(prompts)) / out.Seconds.Median
	return out, nil
}

// score times the scoring of prompts and completes a result.
func (r *Runner) score(ctx context.Context, e *engine.Engine, prompts [][]int32, out *Result) error {
	if len(prompts) == 0 {
		return errors.New("bench: score: got no prompts, want 1 or more")
	}
	all, peak, err := r.repeat(ctx, e.Plan.Compute, func() error {
		var failed error
		err := e.Score(ctx, prompts, func(_ int, _ []float32, err error) { failed = errors.Join(failed, err) })
		return errors.Join(err, failed)
	})
	if err != nil {
		return fmt.Errorf("bench: score %d prompts: %w", len(prompts), err)
	}
	var flops float64
	tokens := 0
	for _, p := range prompts {
		flops += promptFLOPs(e.Config, len(p), e.Outputs())
		tokens += len(p)
	}
	out.Seconds, out.Speed, out.CPUShare = all.spread(), all.arithmetic(flops, peak, r.threads()), all.share(r.threads())
	out.TokensPS = float64(tokens) / out.Seconds.Median
	out.MaxRSSMiB = maxRSS()
	return nil
}

// decodePrompt is the length of the prompt that Decode continues.
const decodePrompt = 16

// Decode measures the generation of Tokens tokens after a short prompt, one at a time. A repetition is one token; the
// first, which belongs to the prompt, is not counted.
func (r *Runner) Decode(ctx context.Context, opt ModelOptions) (Result, error) {
	if opt.Tokens < 2 {
		return Result{}, fmt.Errorf("bench: decode: got %d tokens, want 2 or more", opt.Tokens)
	}
	e, out, err := r.open("decode", opt, engine.Options{MaxTokens: decodePrompt + opt.Tokens, BatchRows: 1})
	if err != nil {
		return out, err
	}
	defer e.Close()
	out.Tokens = opt.Tokens
	var runs series // one sample a token
	for i := range r.Repetitions + 1 {
		steps, err := decodeSteps(ctx, e, opt.Tokens)
		if err != nil {
			return out, fmt.Errorf("bench: decode: %w", err)
		}
		if i > 0 {
			runs = append(runs, steps...)
		}
	}
	out.MaxRSSMiB = maxRSS()
	peak, err := r.readSpeed()
	if err != nil {
		return out, err
	}
	out.Seconds, out.CPUShare = runs.spread(), runs.share(r.threads())
	out.Speed = runs.traffic(tokenBytes(e), peak)
	out.TokensPS = 1 / out.Seconds.Median
	return out, nil
}

// decodeSteps generates n tokens and times each but the first.
func decodeSteps(ctx context.Context, e *engine.Engine, n int) (steps series, err error) {
	var last time.Time
	var cpu time.Duration
	_, err = e.Generate(ctx, engine.Generation{Prompt: randomPrompt(e.Config.Vocab, decodePrompt, 0), MaxTokens: n, OnToken: func(int32) error {
		now, used := time.Now(), cpuTime()
		if !last.IsZero() {
			steps = append(steps, sample{now.Sub(last), used - cpu})
		}
		last, cpu = now, used
		return nil
	}})
	return steps, err
}

// open checks the operations of a model and then loads it.
func (r *Runner) open(benchmark string, opt ModelOptions, o engine.Options) (*engine.Engine, Result, error) {
	o.Compute = opt.Compute
	config, err := model.ReadConfig(opt.Dir)
	if err != nil {
		return nil, Result{}, err
	}
	start := time.Now()
	e, err := engine.Open(r.Backend, opt.Dir, o)
	if err != nil {
		return nil, Result{}, err
	}
	loaded := time.Since(start)
	out := r.result(benchmark, e.Plan.Compute)
	out.Model, out.LoadS = filepath.Base(opt.Dir), loaded.Seconds()
	out.PlanMiB, out.WeightsMiB, out.KVMiB = mib(e.Plan.Total()), mib(e.Plan.Weights), mib(e.Plan.KV)
	if err := r.checkModel(config, e.Plan.Compute); err != nil {
		return nil, out, errors.Join(err, e.Close())
	}
	return e, out, nil
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// checkModel checks the operations that a model consists of, at its extents.
func (r *Runner) checkModel(c model.Config, compute tensor.DType) error {
	weights := compute
	if compute == tensor.F32 && c.DType != tensor.Invalid {
		weights = c.DType
	}
	g := Geometry{string(c.Architecture), c.Hidden, c.FeedForward, c.Heads, c.KVHeads, c.HeadDim}
	for _, check := range []func() error{
		func() error { return r.checkProducts(compute, weights) },
		func() error { return r.checkAttention(g, compute, c.Window) },
		func() error { return r.checkNorm(compute, c.Hidden) },
		func() error { return r.checkRope(compute, c.HeadDim) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// randomPrompt is n tokens, the same for the same seed.
func randomPrompt(vocab, n int, seed uint64) []int32 {
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(random.IntN(vocab))
	}
	return ids
}

// promptFLOPs is the arithmetic of a prompt of n tokens that is really done, a multiplication and an addition counting two:
// products and attention. In the last layer, all but keys and values is computed for the last token alone; outputs is the
// number of logits.
func promptFLOPs(c model.Config, n, outputs int) float64 {
	hidden, q, kv, ff := float64(c.Hidden), float64(c.QDim()), float64(2*c.KVDim()), float64(c.FeedForward)
	queries := 2*hidden*q + 2*q*hidden + 2*hidden*2*ff + 2*ff*hidden // a token's, keys and values left out
	layers, t := float64(c.Layers), float64(n)
	flops := layers*t*2*hidden*kv + (layers-1)*t*queries + queries + 2*hidden*float64(outputs)
	return flops + 4*q*((layers-1)*float64(keysRead(0, n, c.Window))+float64(keysRead(n-1, 1, c.Window)))
}

// tokenBytes is what the computation of one token reads: every matrix once. Of the embeddings it reads one row, unless
// they are the head as well.
func tokenBytes(e *engine.Engine) float64 {
	c := e.Config
	rope := int64(e.Plan.MaxTokens) * int64(c.HeadDim) * 4
	var all, embeddings int64
	for name, shape := range c.Shapes() {
		all += int64(shape.Elements())
		if name == "model.embed_tokens.weight" && !c.Tied {
			embeddings = int64(shape.Elements())
		}
	}
	return float64(e.Plan.Weights-rope) * float64(all-embeddings) / float64(all)
}
