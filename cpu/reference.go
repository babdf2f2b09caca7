package cpu

import "math"

// The functions of this file define the operations. They work on rows of float32; halves are widened before and rounded
// after (see loadRow and storeRow). Products are written float32(a*b) because Go may otherwise fuse a multiplication with
// the addition after it, on some machines and in some loops, and the same sum would get different bits.

// dot is Σ x[k]·w[k], added in order of k.
func dot(x, w []float32) float32 {
	w = w[:len(x)]
	var sum float32
	for k := range x {
		sum += float32(x[k] * w[k])
	}
	return sum
}

// dot4 is dot for four rows at once: four sums that do not wait for each other.
func dot4(x0, x1, x2, x3, w []float32) (s0, s1, s2, s3 float32) {
	x0, x1, x2, x3 = x0[:len(w)], x1[:len(w)], x2[:len(w)], x3[:len(w)]
	for k, v := range w {
		s0 += float32(x0[k] * v)
		s1 += float32(x1[k] * v)
		s2 += float32(x2[k] * v)
		s3 += float32(x3[k] * v)
	}
	return s0, s1, s2, s3
}

// silu is z / (1 + exp(-z)).
func silu(z float32) float32 { return float32(float64(z) / (1 + math.Exp(-float64(z)))) }

// rmsNorm is x += add; dst = x / sqrt(mean(x²)+eps) · w. add may be nil.
func rmsNorm(dst, x, add, w []float32, eps float32) {
	for i, v := range add {
		x[i] += v
	}
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	scale := float32(1 / math.Sqrt(sum/float64(len(x))+float64(eps)))
	for i, v := range x {
		dst[i] = v * scale * w[i]
	}
}

// rope rotates each head of one row: for i < h, (x[i], x[i+h]) turns by the angle whose cosine is table[i] and whose sine
// is table[i+h]. The head size is len(table) = 2h.
func rope(x, table []float32) {
	h := len(table) / 2
	cos, sin := table[:h], table[h:]
	for ; len(x) > 0; x = x[2*h:] {
		for i := range h {
			a, b := x[i], x[i+h]
			x[i] = float32(a*cos[i]) - float32(b*sin[i])
			x[i+h] = float32(b*cos[i]) + float32(a*sin[i])
		}
	}
}

// logSoftmax is dst[i] = x[i] − max − log Σ exp(x − max). dst may be x.
func logSoftmax(dst, x []float32) {
	most := maximum(x)
	var sum float64
	for _, v := range x {
		sum += math.Exp(float64(v) - float64(most))
	}
	log := math.Log(sum)
	for i, v := range x {
		dst[i] = float32(float64(v) - float64(most) - log)
	}
}

// attend is softmax(scores)·values for one query: scores[j] belongs to the key whose value is values(j). dst and scores
// are overwritten.
func attend(dst, scores []float32, values func(j int) []float32) {
	most := maximum(scores)
	var sum float64
	for j, s := range scores {
		scores[j] = float32(math.Exp(float64(s) - float64(most)))
		sum += float64(scores[j])
	}
	clear(dst)
	for j, p := range scores {
		for i, v := range values(j) {
			dst[i] += float32(p * v)
		}
	}
	for i := range dst {
		dst[i] = float32(float64(dst[i]) / sum)
	}
}

func maximum(x []float32) float32 {
	most := float32(math.Inf(-1))
	for _, v := range x {
		most = max(most, v)
	}
	return most
}
