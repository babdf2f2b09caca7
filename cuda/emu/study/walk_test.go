package study

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A walk over the only warp of a launch sees every instruction that is counted.
func TestWalkSeesEveryInstruction(t *testing.T) {
	c, err := NewCase("attention_decode_f16_sm75_d32", Shape{"G": 1, "H": 1, "P": 40}, 0)
	require.NoError(t, err)
	r, err := c.Run()
	require.NoError(t, err)
	require.Equal(t, int64(1), r.Counters.Blocks)
	n := 0
	for i, err := range c.Walk([3]int{}, 0) {
		require.NoError(t, err)
		require.Equal(t, n, i.Number)
		require.NotEmpty(t, i.Text)
		n++
	}
	require.Equal(t, r.Counters.Total(), int64(n))
}

func TestWalkShowsValuesSourceAndMemory(t *testing.T) {
	c, err := NewCase("rope_f16", nil, 0)
	require.NoError(t, err)
	var tid, block, loads, stores, sources int
	for i, err := range c.Walk([3]int{2, 0, 0}, 1) {
		require.NoError(t, err)
		switch {
		case strings.HasSuffix(i.Text, "%tid.x"):
			require.Equal(t, "32 +1 per lane", i.Written[0].Text)
			tid++
		case strings.HasSuffix(i.Text, "%ctaid.x"):
			require.Equal(t, "2", i.Written[0].Text)
			block++
		}
		for _, m := range i.Traffic {
			require.Len(t, m.Touched, 1, i.Text)
			if m.Write {
				stores++
				require.True(t, strings.HasPrefix(m.Touched[0], "x[2, "), m.Touched[0])
			} else {
				loads++
			}
		}
		if strings.HasPrefix(i.Source, "rope.cu:") && i.Code != "" {
			sources++
		}
	}
	require.Equal(t, []int{1, 1}, []int{tid, block})
	require.Positive(t, loads)
	require.Equal(t, 0, stores, "warp 1 of 4 has no pair of 4 heads to rotate: 32 groups of pairs")
	require.Positive(t, sources)
}

func TestWalkOfAWarpThatIsNotThere(t *testing.T) {
	c, err := NewCase("rope_f16", nil, 0)
	require.NoError(t, err)
	for _, w := range []struct {
		block [3]int
		warp  int
	}{{[3]int{4, 0, 0}, 0}, {[3]int{0, 0, 0}, 4}} {
		n := 0
		for _, err := range c.Walk(w.block, w.warp) {
			require.ErrorContains(t, err, "no warp")
			n++
		}
		require.Equal(t, 1, n)
	}
}

// Leaving the loop ends the run; another one can begin.
func TestWalkCanBeLeft(t *testing.T) {
	c, err := NewCase("gemm_f16_sm75_128x128", nil, 0)
	require.NoError(t, err)
	for range 2 {
		for i := range c.Walk([3]int{}, 2) {
			if i.Number == 10 {
				require.NotEmpty(t, i.Registers())
				break
			}
		}
	}
}

func TestSessionObeys(t *testing.T) {
	c, err := NewCase("rope_f16", nil, 0)
	require.NoError(t, err)
	var out strings.Builder
	s := NewSession(c, [3]int{1, 0, 0}, 0, &out)
	defer s.Close()
	do := func(command string) string {
		t.Helper()
		out.Reset()
		more, err := s.Do(command)
		require.NoError(t, err)
		require.True(t, more, command)
		return out.String()
	}
	require.Contains(t, do("r"), "no instruction has been executed")
	require.Contains(t, do("p %r1"), "no instruction has been executed")
	require.Contains(t, do(""), "    0  ptx:")
	require.Equal(t, 3, strings.Count(do("n 3"), "ptx:"))
	at := do("c rope.cu:43")
	require.Contains(t, at, "rope.cu:43  T *x = static_cast<T *>(p.x) + i64(blockIdx.x) * p.ld_x;")
	require.Contains(t, at, "%ctaid.x\n")
	require.Contains(t, at, " = 1\n")
	require.Regexp(t, `(?m)^%rd\d+ +\d`, do("r %rd"))
	require.NotContains(t, do("r %rd"), "%p1")
	name := strings.Fields(do("r %r"))[0]
	require.Equal(t, 32, strings.Count(do("p "+name), "lane "))
	require.Contains(t, do("p %zz"), "no such register")
	require.Contains(t, do("n many"), "want a count")
	require.Contains(t, do("c there"), "want a line such as")
	require.Contains(t, do("x"), "no such command")
	require.Equal(t, Help, do("h"))
	more, err := s.Do("c gemm.cuh:1")
	require.False(t, more)
	require.ErrorContains(t, err, "the warp ended without coming to gemm.cuh:1")
	more, err = s.Do("q")
	require.False(t, more)
	require.NoError(t, err)
}
