package study

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"tiebreak/cuda/emu"
	"tiebreak/cuda/kernels"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// WritePage writes one HTML document that needs nothing else: a time line of every warp, the operands with what each block
// reads and writes of them, the banks of shared memory, and all of it as tables too. Without JavaScript it shows the whole
// run at once; with it, a point in time and a block can be chosen.
func (t *Trace) WritePage(w io.Writer) error {
	if err := pageTemplate.Execute(w, t.page()); err != nil {
		return fmt.Errorf("study: page of %s: %w", t.Run.Case.Kernel.Name, err)
	}
	return nil
}

// page is what the template shows.
type page struct {
	Title, Intro  string
	Facts         []fact
	Operands      []*operandView
	Blocks        []blockView
	Lines         []lineView
	Kinds         []kindView
	Width, Height int
	End           int // time of the last warp's end
	Axis          int // where the numbers of the axis stand
	Ticks         []tick
	Data          pageData
}

// tick is a mark on the axis of time.
type tick struct{ X, Time int }

type fact struct{ Name, Value string }

// pageData is what the script of the page works with.
type pageData struct {
	End      int      `json:"end"`
	Operands [][2]int `json:"operands"` // cells: rows, columns
	Names    []string `json:"names"`
	Blocks   []string `json:"blocks"`
	Events   [][]int  `json:"events"` // block, warp, time, operand, 1 for a write, cells…; in the order of time
}

func (t *Trace) page() *page {
	c := t.Run.Case
	p := &page{Title: fmt.Sprintf("%s for %v", c.Kernel.Name, c.Shape), Intro: intro(c.Kernel), Facts: t.facts(), Kinds: kindViews}
	list := grids(t.Run.Launch.Operands)
	for _, g := range list {
		p.Operands = append(p.Operands, newOperandView(g))
		p.Data.Operands = append(p.Data.Operands, [2]int{g.Rows, g.Cols})
		p.Data.Names = append(p.Data.Names, g.String())
	}
	for i, b := range t.blocks {
		p.Data.Blocks = append(p.Data.Blocks, blockName(b.id))
		for n, w := range b.warps {
			p.End = max(p.End, w.clock)
			for _, m := range w.accesses {
				operand, touched := cells(list, &m.traffic)
				if m.traffic.Space != "global" || operand < 0 {
					continue
				}
				p.Operands[operand].add(touched, m.traffic.Write)
				p.Data.Events = append(p.Data.Events, append([]int{i, n, m.time, operand, bit(m.traffic.Write)}, touched...))
			}
		}
	}
	slices.SortStableFunc(p.Data.Events, func(a, b []int) int { return a[2] - b[2] })
	p.Data.End = p.End
	p.Blocks, p.Height = t.blockViews(t.Run.Launch.Operands, p.End)
	p.Width, p.Axis = timelineWidth, p.Height+14
	for i := range 5 {
		p.Ticks = append(p.Ticks, tick{i * timelineWidth / 5, i * p.End / 5})
	}
	p.Lines = t.lineViews()
	for _, o := range p.Operands {
		o.finish()
	}
	return p
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func blockName(id [3]int) string { return fmt.Sprintf("%d,%d,%d", id[0], id[1], id[2]) }

// intro is the comment at the head of a kernel's source file.
func intro(k kernels.Kernel) string {
	text, _ := kernels.Source(k.Module + ".cu")
	var lines []string
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(line, "//")
		if !ok {
			break
		}
		lines = append(lines, strings.TrimPrefix(comment, " "))
	}
	return strings.Join(lines, "")
}

// facts are the counters and predictions of the run.
func (t *Trace) facts() []fact {
	r, c := t.Run, &t.Run.Counters
	list := []fact{
		{"launched by", "backend." + r.Case.Operation() + fmt.Sprintf(" on an emulated sm_%d", r.Case.SM)},
		{"grid", fmt.Sprintf("%d x %d x %d blocks of %d threads", r.Launch.Grid.X, r.Launch.Grid.Y, r.Launch.Grid.Z, r.Launch.Kernel.Block)},
		{"instructions", fmt.Sprintf("%d of warps: %s", c.Total(), classes(&c.Counters))},
		{"tensor cores", fmt.Sprintf("%d flop", c.MMAFlops)},
		{"global memory", fmt.Sprintf("%d sectors of 32 bytes read, %d written; at least %d bytes must be moved", c.ReadSectors, c.WriteSectors, r.Case.LeastBytes())},
		{"shared memory", fmt.Sprintf("%d passes, %d of them bank conflicts", c.SharedAccesses+c.SharedConflicts, c.SharedConflicts)},
	}
	for _, p := range r.Predictions() {
		list = append(list, fact{"predicted on " + p.GPU, Microseconds(p.Time) + ", bound by " + p.Bound})
	}
	return list
}

// classes lists the instructions by class, the most frequent first.
func classes(c *emu.Counters) string {
	var order []emu.Class
	for class, n := range c.Instructions {
		if n > 0 {
			order = append(order, emu.Class(class))
		}
	}
	slices.SortFunc(order, func(a, b emu.Class) int { return int(c.Instructions[b] - c.Instructions[a]) })
	var parts []string
	for _, class := range order {
		parts = append(parts, fmt.Sprintf("%d %v", c.Instructions[class], class))
	}
	return strings.Join(parts, ", ")
}
