package study

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// operandView is the picture of an operand: a cell for each part, shaded by how often warps touch it.
type operandView struct {
	Name, Cells           string // what it is; what a cell is
	Width, Height         int
	CellWidth, CellHeight int
	Squares               []square
	reads, writes         []int
	columns               int
}

// square is one cell of a picture.
type square struct {
	X, Y  int
	Class string // r or w
	Shade string // opacity
	Title string
}

// cellSize is the extent of a cell in pixels where an operand has so many of them in that direction.
func cellSize(cells int) int { return min(max(320/max(cells, 1), 7), 20) }

func newOperandView(g grid) *operandView {
	n := g.Rows * g.Cols
	w, h := cellSize(g.Cols), cellSize(g.Rows)
	return &operandView{
		Name: g.String(), Cells: fmt.Sprintf("a cell is %d x %d elements", g.CellRows, g.CellCols),
		Width: g.Cols * w, Height: g.Rows * h, CellWidth: w, CellHeight: h, reads: make([]int, n), writes: make([]int, n), columns: g.Cols,
	}
}

// add counts an access.
func (v *operandView) add(touched []int, write bool) {
	for _, c := range touched {
		if write {
			v.writes[c]++
		} else {
			v.reads[c]++
		}
	}
}

// finish shades the cells.
func (v *operandView) finish() {
	most := max(slices.Max(v.reads), slices.Max(v.writes), 1)
	for i := range v.reads {
		s := square{X: i % v.columns * v.CellWidth, Y: i / v.columns * v.CellHeight, Shade: "0", Title: fmt.Sprintf("%d reads, %d writes", v.reads[i], v.writes[i])}
		n := v.reads[i]
		s.Class = "r"
		if v.writes[i] > 0 {
			n, s.Class = v.writes[i], "w"
		}
		if n > 0 {
			s.Shade = fmt.Sprintf("%.2f", 0.25+0.75*float64(n)/float64(most))
		}
		v.Squares = append(v.Squares, s)
	}
}

// kindView names a kind of instruction in the time line.
type kindView struct{ Class, Name string }

var kindViews = []kindView{
	kindOther: {"k0", "arithmetic and control"}, kindRead: {"k1", "global read"}, kindWrite: {"k2", "global write"},
	kindShared: {"k3", "shared memory"}, kindMatrix: {"k4", "tensor cores"}, kindWait: {"k5", "waiting at a barrier"},
}

// blockView is a block in the time line and in the tables.
type blockView struct {
	Name  string
	Y     int
	Warps []warpView
	Rows  []tableRow
}

type warpView struct {
	Name  string
	Y     int
	Paths []path
}

// path is all stretches of one kind, as strokes.
type path struct{ Class, D string }

// tableRow is what a block does with an operand.
type tableRow struct{ Operand, Verb, Part, When, Sectors string }

const (
	timelineWidth = 1000
	warpHeight    = 9
	blockGap      = 16
)

// blockViews lays out the time line.
func (t *Trace) blockViews(list Operands, end int) (views []blockView, height int) {
	y := 0
	for _, b := range t.blocks {
		v := blockView{Name: blockName(b.id), Y: y + blockGap - 4, Rows: b.table(list)}
		y += blockGap
		for n, w := range b.warps {
			v.Warps = append(v.Warps, warpView{fmt.Sprintf("warp %d", n), y, w.paths(y+warpHeight/2, float64(timelineWidth)/float64(max(end, 1)))})
			y += warpHeight
		}
		views = append(views, v)
	}
	return views, y
}

// paths draws the stretches of a warp.
func (w *warpTrace) paths(y int, scale float64) (list []path) {
	var d [kinds]strings.Builder
	for _, s := range w.kinds {
		fmt.Fprintf(&d[s.kind], "M%.1f %dh%.1f", float64(s.from)*scale, y, float64(s.to-s.from)*scale)
	}
	for kind := range d {
		if d[kind].Len() > 0 {
			list = append(list, path{kindViews[kind].Class, d[kind].String()})
		}
	}
	return list
}

// table sums up what a block does with each operand.
func (b *blockTrace) table(list Operands) (rows []tableRow) {
	type key struct {
		operand *Operand
		write   bool
	}
	type sum struct {
		part              box
		from, to, sectors int
	}
	sums := map[key]*sum{}
	for _, w := range b.warps {
		for _, m := range w.accesses {
			for o, part := range list.boxes(&m.traffic) {
				k := key{o, m.traffic.Write}
				if sums[k] == nil {
					sums[k] = &sum{part: *part, from: m.time}
				}
				s := sums[k]
				s.part.add(*part)
				s.from, s.to, s.sectors = min(s.from, m.time), max(s.to, m.time), s.sectors+m.traffic.Sectors
			}
		}
	}
	for i := range list {
		for _, write := range []bool{false, true} {
			if s := sums[key{&list[i], write}]; s != nil {
				verb := map[bool]string{false: "reads", true: "writes"}[write]
				rows = append(rows, tableRow{list[i].String(), verb, s.part.String(), span(s.from, s.to), fmt.Sprint(s.sectors)})
			}
		}
	}
	return rows
}

// lineView is what one source line does with shared memory, and a picture of its worst access: a row for each pass, a
// column for each bank.
type lineView struct {
	Source, Code                string
	Accesses, Passes, Conflicts int
	What                        string
	Height                      int
	Banks                       []bankCell
}

// bankCell is a bank that gives a word to lanes in a pass.
type bankCell struct {
	X, Y  int
	Lanes string
	Hue   int
}

const bankSize = 24

// lineViews lists the source lines, those with conflicts first.
func (t *Trace) lineViews() (list []lineView) {
	for _, place := range slices.Sorted(maps.Keys(t.lines)) {
		l := t.lines[place]
		v := lineView{Source: place, Code: SourceLine(place), Accesses: l.accesses, Passes: l.passes, Conflicts: l.conflicts, What: l.worst.String()}
		rows := 0
		v.Banks, rows = bankCells(&l.worst)
		v.Height = rows * bankSize
		list = append(list, v)
	}
	slices.SortStableFunc(list, func(a, b lineView) int { return b.Conflicts - a.Conflicts })
	return list
}

// bankCells lays out the words that lanes want, in as many passes as it takes.
func bankCells(t *Traffic) (list []bankCell, rows int) {
	group := min(warpSize, banks*bankBytes/max(t.Size, bankBytes))
	for first := 0; first < warpSize; first += group {
		var used [banks]map[uint64]int // word to pass
		last := -1
		for lane := first; lane < first+group; lane++ {
			if t.Mask>>lane&1 == 0 {
				continue
			}
			for word := t.Addresses[lane] / bankBytes; word*bankBytes < t.Addresses[lane]+uint64(t.Size); word++ {
				bank := int(word % banks)
				pass, ok := used[bank][word]
				if !ok {
					if used[bank] == nil {
						used[bank] = map[uint64]int{}
					}
					pass = len(used[bank])
					used[bank][word] = pass
				}
				last = max(last, pass)
				list = addLane(list, bankCell{X: bank * bankSize, Y: (rows + pass) * bankSize, Lanes: fmt.Sprint(lane), Hue: lane * 11})
			}
		}
		rows += last + 1
	}
	return list, rows
}

// addLane adds a cell, or a lane to the cell that is there: lanes that want the same word share it.
func addLane(list []bankCell, c bankCell) []bankCell {
	for i := range list {
		if list[i].X == c.X && list[i].Y == c.Y {
			if !strings.Contains(list[i].Lanes, "+") {
				list[i].Lanes += "+"
			}
			return list
		}
	}
	return append(list, c)
}
