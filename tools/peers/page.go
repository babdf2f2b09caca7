package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"tiebreak/bench"
)

//go:embed performance.md.tmpl
var pageText string

// writePage writes performance.md and its plots into a folder.
func writePage(docs string, results map[string]*outcome) error {
	img := filepath.Join(docs, "img")
	if err := os.MkdirAll(img, 0o755); err != nil {
		return err
	}
	p := newPage(results)
	t, err := template.New("performance.md").Parse(pageText)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := t.Execute(&text, p); err != nil {
		return err
	}
	for path, content := range map[string]string{
		filepath.Join(docs, "performance.md"):        text.String(),
		filepath.Join(img, "performance.svg"):        peersPlot(p.Peers),
		filepath.Join(img, "performance-growth.svg"): growthPlot(p.Growth["tokens"]),
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// page is what the template shows.
type page struct {
	Processor, Detail, Version string
	Rounds                     int
	LoadLow, LoadHigh          float64
	Peers                      []peerRow
	Operations                 []operation
	Growth                     map[string][]growthRow
	Memory                     []memoryRow
}

// peerRow compares the contenders of one piece of work.
type peerRow struct {
	Work     string
	Unit     string
	Speeds   map[string]float64 // by contender, the median over the rounds
	Ratio    float64            // ours to the better peer's, the median over the rounds
	Fraction float64            // of the peak
	CPU      float64            // the same by processor time
}

// Speed is one cell of the table.
func (r peerRow) Speed(name string) string {
	if v, ok := r.Speeds[name]; ok {
		return short(v)
	}
	return "–"
}

// operation is one product or attention.
type operation struct {
	Work string
	bench.Case
}

// growthRow is one size of a piece of work.
type growthRow struct {
	Size      int
	Seconds   float64
	PerToken  float64 // µs
	Attention float64 // share of the arithmetic
	Fraction  float64
	CPU       float64
}

// memoryRow is what a run held.
type memoryRow struct {
	Work                       string
	Weights, KV, Plan          float64
	Resident                   int
	Bound                      float64 // weights + keys and values + 15 %
	Load, Seconds, Tokens, CPU float64
	Fraction                   float64
}

var peerWork = []struct{ name, work string }{
	{"prefill 512 bf16", "prefill, 512 tokens, bf16"}, {"prefill 2048 bf16", "prefill, 2,048 tokens, bf16"},
	{"prefill 512 f32", "prefill, 512 tokens, f32"}, {"prefill 512 avx2", "prefill, 512 tokens, AVX2 forced (llama.cpp: f16)"},
	{"decode bf16", "decode, 64 tokens, bf16"}, {"predict bf16", "predict, 64 rows, one order, bf16"},
}

func newPage(results map[string]*outcome) page {
	p := page{Growth: map[string][]growthRow{}}
	for _, w := range peerWork {
		if o := results[w.name]; o != nil {
			p.Peers = append(p.Peers, compare(w.work, o))
			first := o.Runs[0][0]
			p.Processor, p.Version, p.Rounds = first.Processor, first.Version, len(o.Runs[0])
			if w.name == peerWork[0].name {
				p.Detail = first.Detail
			}
			p.LoadLow, p.LoadHigh = bounds(p.LoadLow, p.LoadHigh, o.Load)
		}
	}
	for _, name := range []string{"gemm bf16", "gemm f32", "gemm f32 by bf16", "attention bf16", "attention bf16 2048"} {
		if o := results[name]; o != nil {
			for _, c := range o.middle(0).Cases {
				p.Operations = append(p.Operations, operation{name, c})
			}
		}
	}
	for name, o := range results {
		if kind, size, ok := strings.Cut(strings.TrimPrefix(name, "growth "), " "); ok && strings.HasPrefix(name, "growth ") {
			n, _ := strconv.Atoi(size) // names are made by comparisons
			m := o.middle(0)
			if kind == "rows" {
				n = m.Prompts // the file may have fewer
			}
			p.Growth[kind] = append(p.Growth[kind], growth(n, m))
		}
	}
	for kind, rows := range p.Growth {
		slices.SortFunc(rows, func(a, b growthRow) int { return a.Size - b.Size })
		p.Growth[kind] = slices.CompactFunc(rows, func(a, b growthRow) bool { return a.Size == b.Size })
	}
	for _, name := range []string{"prefill 512 bf16", "decode bf16", "predict bf16", "full phi3-mini", "full llama31-8b"} {
		if o := results[name]; o != nil {
			p.Memory = append(p.Memory, memory(name, o.middle(0)))
		}
	}
	return p
}

func bounds(low, high float64, more []float64) (float64, float64) {
	if high == 0 {
		low = more[0]
	}
	return min(low, slices.Min(more)), max(high, slices.Max(more))
}

// middle is the run of a contender whose time is the median.
func (o *outcome) middle(contender int) bench.Result {
	runs := slices.SortedFunc(slices.Values(o.Runs[contender]), func(a, b bench.Result) int {
		return int(1e9 * (a.Seconds.Median - b.Seconds.Median))
	})
	return runs[len(runs)/2]
}

// compare sums up a comparison.
func compare(work string, o *outcome) peerRow {
	r := peerRow{Work: work, Unit: "tokens/s", Speeds: map[string]float64{}}
	speed := func(b bench.Result) float64 { return b.TokensPS }
	if o.Runs[0][0].RowsPS > 0 {
		r.Unit, speed = "rows/s", func(b bench.Result) float64 { return b.RowsPS }
	}
	ratios := make([]float64, len(o.Runs[0]))
	for i, name := range o.Names {
		var all []float64
		for round, run := range o.Runs[i] {
			all = append(all, speed(run))
			if ratio := speed(o.Runs[0][round]) / speed(run); i > 0 && (i == 1 || ratio < ratios[round]) {
				ratios[round] = ratio
			}
		}
		r.Speeds[name] = median(all)
	}
	r.Ratio = median(ratios)
	m := o.middle(0)
	r.Fraction, r.CPU = m.PeakFraction, m.CPUFraction
	return r
}

func growth(n int, r bench.Result) growthRow {
	tokens := r.TokensPS * r.Seconds.Median
	return growthRow{Size: n, Seconds: r.Seconds.Median, PerToken: 1e6 / r.TokensPS, Fraction: r.PeakFraction, CPU: r.CPUFraction, Attention: attentionShare(tokens, r)}
}

// attentionShare is the part of the arithmetic of one prompt that grows with the square of its length: what is beyond that
// of the products, 2·106.2 million a token for SmolLM2-135M's layers.
func attentionShare(tokens float64, r bench.Result) float64 {
	if r.Prompts != 1 || tokens == 0 {
		return 0
	}
	const layers, width = 30, 9 * 64
	flops := r.GFLOPS * 1e9 * r.Seconds.Median
	return (layers - 1) * 2 * width * tokens * (tokens + 1) / flops
}

func memory(name string, r bench.Result) memoryRow {
	m := memoryRow{Work: name, Weights: r.WeightsMiB, KV: r.KVMiB, Plan: r.PlanMiB, Resident: r.MaxRSSMiB, Load: r.LoadS,
		Seconds: r.Seconds.Median, Tokens: r.TokensPS, Fraction: r.PeakFraction, CPU: r.CPUFraction}
	m.Bound = 1.15 * (m.Weights + m.KV)
	return m
}

// short prints a speed with three digits or so.
func short(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return fmt.Sprintf("%.3g", v)
}

// Percent is a fraction for people.
func (p page) Percent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }
