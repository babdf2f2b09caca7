package bench

import (
	"context"
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// ProductOptions say which products are measured.
type ProductOptions struct {
	Geometries []Geometry
	Tokens     int          // T, rows of x
	Compute    tensor.DType // of x and of the result
	Weights    tensor.DType // Invalid: as Compute
}

// Products measures the matrix products of a decoder layer. The speed of the whole result is that of all of them one after
// the other.
func (r *Runner) Products(ctx context.Context, opt ProductOptions) (Result, error) {
	if opt.Weights == tensor.Invalid {
		opt.Weights = opt.Compute
	}
	out := r.result("gemm", opt.Compute)
	out.Tokens = opt.Tokens
	if err := r.checkProducts(opt.Compute, opt.Weights); err != nil {
		return out, err
	}
	var total work
	for _, g := range opt.Geometries {
		for _, p := range g.products() {
			c, done, err := r.product(ctx, p, opt)
			if err != nil {
				return out, fmt.Errorf("bench: gemm: %s: %w", p.name, err)
			}
			out.Cases = append(out.Cases, c)
			total.add(c, done)
		}
	}
	total.finish(&out)
	return out, nil
}

// multiplied is the type that a product multiplies in, whose peak bounds it: weights of another type are widened.
func multiplied(compute, weights tensor.DType) tensor.DType {
	if compute == weights {
		return compute
	}
	return tensor.F32
}

func (r *Runner) product(ctx context.Context, p product, opt ProductOptions) (Case, float64, error) {
	use, cols := backend.ForMatMul, p.n
	if p.gated {
		use, cols = backend.ForGated, p.n/2
	}
	o := &operands{be: r.Backend}
	defer o.free()
	x := o.put(noise(opt.Compute, opt.Tokens, p.k, 1))
	dst := o.empty(opt.Compute, opt.Tokens, cols)
	w := o.weight(use, noise(opt.Weights, p.n, p.k, unit(p.k)))
	if o.err != nil {
		return Case{}, 0, o.err
	}
	all, peak, err := r.repeat(ctx, multiplied(opt.Compute, opt.Weights), func() error {
		if p.gated {
			r.Backend.GatedMatMul(dst, x, w)
		} else {
			r.Backend.MatMul(dst, x, w, backend.Epilogue{})
		}
		return r.Backend.Sync()
	})
	if err != nil {
		return Case{}, 0, err
	}
	flops := 2 * float64(opt.Tokens) * float64(p.n) * float64(p.k)
	c := Case{Name: p.name, Shape: fmt.Sprintf("T=%d N=%d K=%d", opt.Tokens, p.n, p.k), Seconds: all.spread(),
		Speed: all.arithmetic(flops, peak, r.threads()), CPUShare: all.share(r.threads())}
	c.GBPS = float64(p.n*p.k*opt.Weights.Size()) / c.Seconds.Median / 1e9
	return c, flops, nil
}

// work sums up cases.
type work struct {
	flops, atPeak, onCPU float64 // atPeak: the seconds it would take at the peak; onCPU: processor time, as if all were at the peak
	seconds              Spread
	share                float64 // Σ share·seconds
}

func (w *work) add(c Case, flops float64) {
	w.flops += flops
	w.seconds.Median += c.Seconds.Median
	w.seconds.Min += c.Seconds.Min
	w.seconds.Max += c.Seconds.Max
	w.seconds.Repetitions = c.Seconds.Repetitions
	w.share += c.CPUShare * c.Seconds.Median
	if c.PeakGFLOPS > 0 {
		w.atPeak += flops / (1e9 * c.PeakGFLOPS)
	}
	if c.CPUFraction > 0 {
		w.onCPU += flops / (1e9 * c.PeakGFLOPS) / c.CPUFraction
	}
}

// finish writes the sums into a result.
func (w *work) finish(out *Result) {
	out.Seconds = w.seconds
	out.GFLOPS = w.flops / w.seconds.Median / 1e9
	out.CPUShare = w.share / w.seconds.Median
	if w.atPeak > 0 {
		out.PeakGFLOPS, out.PeakFraction = w.flops/w.atPeak/1e9, w.atPeak/w.seconds.Median
	}
	if w.onCPU > 0 {
		out.CPUFraction = w.atPeak / w.onCPU
	}
	out.MaxRSSMiB = maxRSS()
}
