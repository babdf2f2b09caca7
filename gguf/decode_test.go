package gguf

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// Blocks of random bits decode to the very bits that the reference implementation gives: testdata/make.py.
func TestDecodeVectors(t *testing.T) {
	vectors, err := safetensors.Open("testdata/vectors.safetensors")
	require.NoError(t, err)
	defer vectors.Close()
	for typ, e := range encodings {
		if e.elements == 1 {
			continue
		}
		t.Run(typ.String(), func(t *testing.T) {
			blocks, err := vectors.Tensor(typ.String() + ".blocks")
			require.NoError(t, err)
			want, err := vectors.Tensor(typ.String() + ".values")
			require.NoError(t, err)
			require.Equal(t, 1024, want.Elements())
			require.Len(t, blocks.Data, 1024/e.elements*e.bytes)
			got := make([]float32, 1024)
			e.decode(got, blocks.Data)
			for i, w := range tensor.LoadFloat32(want.Data) {
				require.Equal(t, math.Float32bits(w), math.Float32bits(got[i]), "element %d: got %v, want %v", i, got[i], w)
			}
		})
	}
}

func TestDecodePlainTypes(t *testing.T) {
	got := make([]float32, 2)
	encodings[F32].decode(got, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0})
	require.Equal(t, []float32{1, -2}, got)
	encodings[F16].decode(got, []byte{0, 0x3c, 0, 0xc0})
	require.Equal(t, []float32{1, -2}, got)
	encodings[BF16].decode(got, []byte{0x80, 0x3f, 0, 0xc0})
	require.Equal(t, []float32{1, -2}, got)
}

func TestTypeNames(t *testing.T) {
	require.Equal(t, "Q4_1", Q4_1.String())
	require.Equal(t, "IQ4_XS", Type(23).String())
	require.Equal(t, "type 99", Type(99).String())
	require.Equal(t, "F32 F16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K BF16", knownTypes())
}
