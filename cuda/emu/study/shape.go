package study

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tiebreak/cuda/kernels"
)

// Shape is the extents of a case by letter. The letters are those of package tensor, with four more: M, N and K are the
// rows, columns and depth of a product, P is the number of earlier tokens and W the window of attention.
type Shape map[string]int

// ParseShape reads "M=64,N=128,K=256". The empty text is the empty shape.
func ParseShape(text string) (Shape, error) {
	s := Shape{}
	for field := range strings.SplitSeq(text, ",") {
		if field == "" {
			continue
		}
		letter, number, _ := strings.Cut(field, "=")
		n, err := strconv.ParseUint(number, 10, 24)
		if err != nil {
			return nil, fmt.Errorf("study: shape %q: got %q, want a letter and a number such as M=64", text, field)
		}
		if _, twice := s[letter]; twice {
			return nil, fmt.Errorf("study: shape %q: %s is given twice", text, letter)
		}
		s[letter] = int(n)
	}
	return s, nil
}

// String gives the shape as ParseShape reads it, letters in the order of the alphabet.
func (s Shape) String() string {
	var fields []string
	for letter, n := range s {
		fields = append(fields, fmt.Sprintf("%s=%d", letter, n))
	}
	slices.Sort(fields)
	return strings.Join(fields, ",")
}

// extent is a letter of a family of kernels: its default and the least it may be.
type extent struct {
	letter       string
	usual, least int
	means        string
}

// fit makes the usual extent one for which the backend chooses the kernel: one tile of it, or its head size.
func (e *extent) fit(k kernels.Kernel) {
	switch {
	case e.letter == "M":
		e.usual = k.Rows
	case e.letter == "N":
		e.usual = k.Cols
	case e.letter == "K" && k.Unaligned:
		e.usual = 61
	case e.letter == "D" && k.HeadSize > 0:
		e.usual = k.HeadSize
	}
}

// complete checks the letters against those that a family has, and fills in the defaults.
func (s Shape) complete(kernel string, extents []extent) (Shape, error) {
	out := Shape{}
	var known []string
	for _, e := range extents {
		known = append(known, fmt.Sprintf("%s (%s)", e.letter, e.means))
		n, given := s[e.letter]
		if !given {
			n = e.usual
		}
		if n < e.least {
			return nil, fmt.Errorf("study: %s: got %s=%d, want %d or more", kernel, e.letter, n, e.least)
		}
		out[e.letter] = n
	}
	for letter := range s {
		if _, ok := out[letter]; !ok {
			return nil, fmt.Errorf("study: %s: it has no extent %q, want %s", kernel, letter, strings.Join(known, ", "))
		}
	}
	return out, nil
}
