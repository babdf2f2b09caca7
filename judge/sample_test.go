package judge

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func readFile(t *testing.T, path string, need Need) []*Row {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	r, err := NewReader(path, f, need)
	require.NoError(t, err)
	var rows []*Row
	for {
		row, err := r.Read()
		if err == io.EOF {
			return rows
		}
		require.NoError(t, err)
		require.NoError(t, row.Err)
		rows = append(rows, row)
	}
}

// The bundled rows hold what examples/README.md says.
func TestSample(t *testing.T) {
	const path = "../examples/sample.csv"
	rows := readFile(t, path, Texts|Labels)
	require.Len(t, rows, 37)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "\r", "the file has one kind of line end")

	has := map[string]int{}
	for _, row := range rows {
		f := row.Features()
		all := ""
		for _, turns := range [][]Turn{row.Prompt, row.A, row.B} {
			for _, turn := range turns {
				all += turn.Text
			}
		}
		for what, yes := range map[string]bool{
			"A": row.Label[A] == 1, "B": row.Label[B] == 1, "tie": row.Label[Tie] == 1,
			"several rounds": f.Rounds > 1, "identical": f.Identical && f.Nulls == 0, "both null": f.Identical && f.Nulls == 2,
			"empty": f.Empty && f.Nulls == 0 && len(row.B) > 0, "null": f.Nulls == 1, "uneven": f.Uneven, "lone surrogate": f.Replaced > 0,
			"CRLF": strings.Contains(all, "\r\n"), "code": strings.Contains(all, "```"), "special token": strings.Contains(all, "<|im_end|>"),
			"Chinese": strings.Contains(all, "节气"), "Arabic": strings.Contains(all, "البحر"), "no turns": len(row.Prompt) == 0,
		} {
			if yes {
				has[what]++
			}
		}
	}
	require.Equal(t, map[string]int{"A": 14, "B": 14, "tie": 9, "several rounds": 6, "identical": 1, "both null": 1, "empty": 1,
		"null": 1, "uneven": 3, "lone surrogate": 1, "CRLF": 1, "code": 2, "special token": 1, "Chinese": 1, "Arabic": 1, "no turns": 1}, has)
}

// Real labelled data, where the folder shared beside the repository has it: every row is read, and the labels are those counted
// by another reader.
func TestSharedData(t *testing.T) {
	for name, want := range map[string]struct {
		rows, surrogates int
		labels           Probs
	}{
		"pandalm.csv":          {794, 0, Probs{327, 377, 90}},
		"llmeval2.csv":         {2125, 0, Probs{862, 834, 429}},
		"llmbar.csv":           {339, 0, Probs{160, 179, 0}},
		"hh_harmless_test.csv": {1841, 0, Probs{846, 995, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("..", "..", "shared", "data", name)
			if _, err := os.Stat(path); err != nil {
				require.Empty(t, os.Getenv("TIEBREAK_GOLDENS"), "%s is missing and TIEBREAK_GOLDENS forbids skipping", path)
				t.Skipf("no %s beside the repository", path)
			}
			rows := readFile(t, path, Texts|Labels)
			require.Len(t, rows, want.rows)
			var labels Probs
			for _, row := range rows {
				require.Zero(t, row.Features().Replaced, row.ID)
				require.Zero(t, row.Features().Nulls, row.ID)
				for c, v := range row.Label {
					labels[c] += v
				}
			}
			require.Equal(t, want.labels, labels)
		})
	}
}
