package tensor

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Shape is the extent of a tensor in each dimension, slowest first. The empty shape is a scalar of one element.
// An extent of 0 is legal: such a tensor has no elements.
type Shape []int

// String writes a shape as [2,3].
func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, n := range s {
		parts[i] = strconv.Itoa(n)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// Equal reports whether two shapes have the same extents.
func (s Shape) Equal(o Shape) bool { return slices.Equal(s, o) }

// Elements is the number of elements of a shape that is known to be sound, such as that of a constructed Tensor.
// For a shape that comes from outside, use CheckedBytes first.
func (s Shape) Elements() int {
	n := 1
	for _, e := range s {
		n *= e
	}
	return n
}

// CheckedBytes is the number of bytes of a dense tensor, computed without overflow. It is the one place where sizes that
// come from files are multiplied: negative extents and any product past 2^63-1 are errors.
func CheckedBytes(d DType, s Shape) (int64, error) {
	if d.Size() == 0 {
		return 0, fmt.Errorf("tensor: size of %v %v: got no element size, want a known dtype", d, s)
	}
	product := uint64(d.Size())
	for i, e := range s {
		if e < 0 {
			return 0, fmt.Errorf("tensor: size of %v %v: got extent %d in dimension %d, want 0 or more", d, s, e, i)
		}
		hi, lo := bits.Mul64(product, uint64(e))
		if hi != 0 || lo > math.MaxInt64 {
			// A later extent of 0 would bring the product back to 0; such a shape is refused all the same, since
			// nothing that writes tensors in earnest writes it.
			return 0, fmt.Errorf("tensor: size of %v %v: got a product past 2^63-1 bytes at dimension %d", d, s, i)
		}
		product = lo
	}
	return int64(product), nil
}
