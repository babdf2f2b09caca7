package study

import (
	"math/bits"
	"slices"
)

// grid divides an operand into cells for drawing: whole sectors wide, and no more than a page can show.
type grid struct {
	Operand
	CellRows, CellCols int // elements of the operand in a cell
	Rows, Cols         int // cells
}

const (
	mostCellRows = 64
	mostCellCols = 32
)

func newGrid(o Operand) grid {
	sector := sectorBytes / o.Size
	g := grid{Operand: o, CellRows: 1, CellCols: sector}
	for ceil(o.Rows, g.CellRows) > mostCellRows { // powers of two, so that no tile ends inside a cell
		g.CellRows *= 2
	}
	for ceil(o.Cols, g.CellCols) > mostCellCols {
		g.CellCols *= 2
	}
	g.Rows, g.Cols = ceil(o.Rows, g.CellRows), ceil(o.Cols, g.CellCols)
	return g
}

// grids are those of the operands that a launch was given; the others, such as a low-rank update that is not there, have
// no address.
func grids(list Operands) (out []grid) {
	for _, o := range list {
		if o.At != 0 && o.Rows > 0 && o.Cols > 0 {
			out = append(out, newGrid(o))
		}
	}
	return out
}

// cells lists the cells that an access touches, each once, and the operand they are of; -1 if it touches none.
func cells(list []grid, t *Traffic) (operand int, touched []int) {
	operand = -1
	for m := t.Mask; m != 0; m &= m - 1 {
		at := t.Addresses[bits.TrailingZeros32(m)]
		i := slices.IndexFunc(list, func(g grid) bool { _, _, _, ok := (Operands{g.Operand}).Find(at); return ok })
		if i < 0 || operand >= 0 && i != operand {
			continue
		}
		operand = i
		_, row, col, _ := (Operands{list[i].Operand}).Find(at)
		touched = append(touched, row/list[i].CellRows*list[i].Cols+col/list[i].CellCols)
	}
	slices.Sort(touched)
	return operand, slices.Compact(touched)
}
