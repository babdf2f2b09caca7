package study

import (
	"fmt"
	"math/bits"
	"strings"
)

// box is the smallest rectangle of an operand that holds some elements; all bounds belong to it.
type box struct{ top, left, bottom, right int }

func (b *box) add(o box) {
	b.top, b.bottom = min(b.top, o.top), max(b.bottom, o.bottom)
	b.left, b.right = min(b.left, o.left), max(b.right, o.right)
}

func (b box) String() string {
	return fmt.Sprintf("[%s, %s]", span(b.top, b.bottom), span(b.left, b.right))
}

func span(lo, hi int) string {
	if lo == hi {
		return fmt.Sprint(lo)
	}
	return fmt.Sprintf("%d..%d", lo, hi)
}

// boxes gives, for each operand that a warp's access to global memory falls on, what it touches of it.
func (list Operands) boxes(t *Traffic) map[*Operand]*box {
	if t.Space != "global" {
		return nil
	}
	found := map[*Operand]*box{}
	for m := t.Mask; m != 0; m &= m - 1 {
		o, row, col, ok := list.Find(t.Addresses[bits.TrailingZeros32(m)])
		if !ok {
			continue
		}
		part := box{row, col, row, col + max(t.Size/o.Size, 1) - 1}
		if found[o] == nil {
			found[o] = &part
		}
		found[o].add(part)
	}
	return found
}

// touched names these parts, in the order of the operands: "W[0..15, 32..63]".
func (list Operands) touched(t *Traffic) (names []string) {
	boxes := list.boxes(t)
	for i := range list {
		if b := boxes[&list[i]]; b != nil {
			names = append(names, list[i].Name+b.String())
		}
	}
	return names
}

// String says what an access is in a few words.
func (t *Traffic) String() string {
	verb := "read"
	if t.Write {
		verb = "write"
	}
	parts := []string{fmt.Sprintf("%s %s, %d lanes x %d bytes", t.Space, verb, t.Lanes, t.Size)}
	if t.Sectors > 0 {
		parts = append(parts, fmt.Sprintf("%d sectors", t.Sectors))
	}
	if t.Passes > 0 {
		parts = append(parts, fmt.Sprintf("%d passes, %d conflicts", t.Passes, t.Conflicts))
	}
	if len(t.Touched) > 0 {
		parts = append(parts, strings.Join(t.Touched, " "))
	}
	return strings.Join(parts, ", ")
}
