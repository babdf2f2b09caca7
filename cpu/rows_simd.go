package cpu

import "math"

// The methods of this file are the operations on rows by vector code: whole vectors first, then what is left of the row by
// the loops of reference.go. Lanes are summed in order.

// rmsNorm is rmsNorm of reference.go; the sum of squares is kept in float32, in as many parts as there are lanes.
func (v *simd) rmsNorm(s *scratch, dst, x, add, w []float32, eps float32) {
	n := whole(len(x), v.lanes)
	if n == 0 {
		rmsNorm(dst, x, add, w, eps)
		return
	}
	lanes := s.lanes.floats(v.lanes)
	if add != nil {
		v.addSquares(&x[0], &add[0], n, &lanes[0])
	} else {
		v.squares(&x[0], n, &lanes[0])
	}
	sum := total(lanes[:v.lanes])
	for i := n; i < len(x); i++ {
		if add != nil {
			x[i] += add[i]
		}
		sum += float32(x[i] * x[i])
	}
	scale := float32(1 / math.Sqrt(float64(sum)/float64(len(x))+float64(eps)))
	v.scale(&dst[0], &x[0], &w[0], n, scale)
	for i := n; i < len(x); i++ {
		dst[i] = x[i] * scale * w[i]
	}
}

// rope is rope of reference.go for heads whose half is a number of whole vectors.
func (v *simd) rope(x, table []float32) {
	h := len(table) / 2
	for ; len(x) > 0; x = x[2*h:] {
		v.rotate(&x[0], &x[h], &table[0], h)
	}
}

// logSoftmax is logSoftmax of reference.go.
func (v *simd) logSoftmax(s *scratch, dst, x []float32) {
	n := whole(len(x), v.lanes)
	if n == 0 {
		logSoftmax(dst, x)
		return
	}
	lanes := s.lanes.floats(v.lanes)
	v.largest(&x[0], n, &lanes[0])
	most := max(maximum(lanes[:v.lanes]), maximum(x[n:]))
	v.sumExp(&x[0], n, most, math.Log2E, &lanes[0])
	sum := total(lanes[:v.lanes])
	for _, z := range x[n:] {
		sum += float32(math.Exp(float64(z - most)))
	}
	log := float32(math.Log(float64(sum)))
	v.subtract(&dst[0], &x[0], n, most, log)
	for i := n; i < len(x); i++ {
		dst[i] = x[i] - most - log
	}
}

func total(x []float32) float32 {
	var sum float32
	for _, z := range x {
		sum += z
	}
	return sum
}
