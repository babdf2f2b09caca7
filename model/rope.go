package model

import "math"

// frequencies gives the angle per position of each of the D/2 rotated pairs, in float32 as transformers computes it:
// theta^(-2i/D), then the stretching of LLaMA 3.1 where the model asks for it.
func (r Rope) frequencies(headDim int) []float32 {
	f := make([]float32, headDim/2)
	for i := range f {
		exponent := float32(2*i) / float32(headDim)
		f[i] = 1 / float32(math.Pow(r.Theta, float64(exponent)))
		if r.Llama3 != nil {
			f[i] = r.Llama3.stretch(f[i])
		}
	}
	return f
}

// stretch maps one frequency, keeping the steps of the reference and their rounding to float32.
func (s *RopeLlama3) stretch(f float32) float32 {
	wavelength := float32(2*math.Pi) / f
	switch {
	case wavelength > float32(float64(s.Original)/s.LowFreq):
		return f / float32(s.Factor)
	case wavelength < float32(float64(s.Original)/s.HighFreq):
		return f
	}
	smooth := (float32(s.Original)/wavelength - float32(s.LowFreq)) / float32(s.HighFreq-s.LowFreq)
	return (1-smooth)*f/float32(s.Factor) + smooth*f
}

// table is the rotation of positions 0 to n-1: [n,D] f32, row p holding D/2 cosines, then D/2 sines. The angle is
// rounded to float32 before its cosine is taken, as the reference does; that matters from a few thousand positions on.
func (r Rope) table(n, headDim int) []float32 {
	f := r.frequencies(headDim)
	out := make([]float32, 0, n*headDim)
	for p := range n {
		row := out[len(out) : len(out)+headDim]
		for i, freq := range f {
			sin, cos := math.Sincos(float64(float32(p) * freq))
			row[i], row[len(f)+i] = float32(cos), float32(sin)
		}
		out = out[:len(out)+headDim]
	}
	return out
}
