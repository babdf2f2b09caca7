package study

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func newPage(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, newTrace(t, "gemm_f16_sm80_64x64", Shape{"M": 100, "N": 128, "K": 64}).WritePage(&b))
	return b.String()
}

// The page asks nobody for anything, and says in words what it draws.
func TestPageStandsAlone(t *testing.T) {
	text := newPage(t)
	require.Equal(t, text, newPage(t), "the same run gives the same page")
	require.NotRegexp(t, `(?i)https?:|src=|@import|url\(|<link|fetch\(`, text)
	require.Contains(t, text, `content="default-src 'none'`, "a policy that forbids requests")
}

func TestPageShowsBlocksOperandsAndBanks(t *testing.T) {
	text := newPage(t)
	for _, want := range []string{"x F16 [100,64]", "W F16 [128,64]", "dst F16 [100,128]", "<h3>Block 1,1,0</h3>", "[64..99, 0..63]", "[64..127, 0..63]",
		`aria-live="polite"`, "<table>", "tile.cuh:", "warp 3"} {
		require.Contains(t, text, want)
	}
	require.Equal(t, 4, strings.Count(text, `class="block"`))
}

// The data of the script holds every cell of every operand that a block must read or write.
func TestPageDataIsComplete(t *testing.T) {
	found := regexp.MustCompile(`const data = (.*);\n`).FindStringSubmatch(newPage(t))
	require.Len(t, found, 2)
	var d pageData
	require.NoError(t, json.Unmarshal([]byte(found[1]), &d))
	require.Equal(t, []string{"0,0,0", "1,0,0", "0,1,0", "1,1,0"}, d.Blocks)
	touched := make([]map[int]bool, len(d.Operands))
	last := 0
	for _, e := range d.Events {
		require.GreaterOrEqual(t, e[2], last, "events in the order of time")
		last = e[2]
		if touched[e[3]] == nil {
			touched[e[3]] = map[int]bool{}
		}
		for _, c := range e[5:] {
			touched[e[3]][c] = true
		}
	}
	for i, cells := range d.Operands {
		require.Len(t, touched[i], cells[0]*cells[1], d.Names[i])
	}
}
