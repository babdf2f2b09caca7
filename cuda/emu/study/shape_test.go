package study

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShapeIsReadAndPrinted(t *testing.T) {
	s, err := ParseShape("N=128,M=64")
	require.NoError(t, err)
	require.Equal(t, Shape{"M": 64, "N": 128}, s)
	require.Equal(t, "M=64,N=128", s.String())
	s, err = ParseShape("")
	require.NoError(t, err)
	require.Empty(t, s)
	for text, want := range map[string]string{
		"M":               `"M"`,
		"M=":              `"M="`,
		"M=-1":            `"M=-1"`,
		"M=1,M=2":         "M is given twice",
		"M=1;N=2":         `"M=1;N=2"`,
		"M=9999999999999": `"M=9999999999999"`,
	} {
		_, err := ParseShape(text)
		require.ErrorContains(t, err, want)
	}
}

func TestMistakesInACaseAreNamed(t *testing.T) {
	for _, c := range []struct {
		kernel string
		shape  Shape
		sm     int
		want   string
	}{
		{"gemm", nil, 0, "did you mean gemm_"},
		{"", nil, 0, `no kernel ""; `},
		{"rope_f16", Shape{"M": 1}, 0, `it has no extent "M", want T (rows), H (heads), D (head size)`},
		{"rope_f16", Shape{"T": 0}, 0, "got T=0, want 1 or more"},
		{"rope_f16", nil, 90, "got compute capability 90"},
		{"rope_bf16", nil, 75, "got compute capability 75"},
		{"gemm_f16_sm75_64x64", nil, 80, "got compute capability 80"},
		{"attention_decode_f16_sm80_d64", Shape{"H": 3, "G": 2}, 0, "got H=3 and G=2"},
	} {
		_, err := NewCase(c.kernel, c.shape, c.sm)
		require.ErrorContains(t, err, c.want)
	}
}

// A shape that leads to another kernel is told from failures, with what was launched.
func TestMisfitIsTold(t *testing.T) {
	c, err := NewCase("gemm_f16_sm75_64x64", Shape{"M": 8}, 0)
	require.NoError(t, err)
	_, err = c.Run()
	var m *Misfit
	require.ErrorAs(t, err, &m)
	require.Equal(t, []string{"gemm_f16_sm75_16x32"}, m.Launched)
	require.ErrorContains(t, err, "at most 16")
}
