package tokenizer

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goldenLine is what the reference library says of a text.
type goldenLine struct {
	Text    string  `json:"text"`
	IDs     []int32 `json:"ids"`
	Plain   []int32 `json:"plain"`
	Decoded string  `json:"decoded"`
	Skipped *string `json:"skipped"` // of ids, without special tokens; in our own goldens alone
}

// readLines calls line for each line of a JSON lines file.
func readLines[T any](t *testing.T, path string, line func(n int, value T)) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	n := 0
	for lines.Scan() {
		n++
		var value T
		require.NoError(t, json.Unmarshal(lines.Bytes(), &value), "%s:%d", path, n)
		line(n, value)
	}
	require.NoError(t, lines.Err())
	require.NotZero(t, n, "%s is empty", path)
}

// sharedGoldens returns the directory of the goldens kept outside the repository.
func sharedGoldens(t *testing.T) string {
	t.Helper()
	root, set := os.LookupEnv("TIEBREAK_GOLDENS")
	if !set {
		root = filepath.Join("..", "..", "shared", "goldens")
	}
	dir := filepath.Join(root, "tokenizers")
	if _, err := os.Stat(dir); err != nil {
		if set {
			t.Fatalf("TIEBREAK_GOLDENS is set, but %v", err)
		}
		t.Skipf("no goldens at %s; TIEBREAK_GOLDENS says where they are", dir)
	}
	return dir
}

// openShared opens the tokenizer that a file of the shared goldens is about.
func openShared(t *testing.T, goldens, name string) *Tokenizer {
	t.Helper()
	dir := filepath.Join(goldens, name)
	if _, err := os.Stat(dir); err != nil {
		dir = filepath.Join(goldens, "..", "..", "tokenizers", name)
	}
	tok, err := Open(dir)
	require.NoError(t, err)
	return tok
}

// checkGoldens checks a tokenizer against every line of a file.
func checkGoldens(t *testing.T, tok *Tokenizer, path string) {
	readLines(t, path, func(n int, want goldenLine) {
		require.Equal(t, want.IDs, notNil(tok.Encode(want.Text, AddSpecial)), "ids, line %d: %q", n, want.Text)
		require.Equal(t, want.Plain, notNil(tok.Encode(want.Text)), "plain, line %d: %q", n, want.Text)
		require.Equal(t, want.Decoded, tok.Decode(want.Plain, false), "decoded, line %d: %q", n, want.Text)
		if want.Skipped != nil {
			require.Equal(t, *want.Skipped, tok.Decode(want.IDs, true), "skipped, line %d: %q", n, want.Text)
		}
	})
}

func notNil(ids []int32) []int32 { return append([]int32{}, ids...) }

func TestGoldenShared(t *testing.T) {
	dir := sharedGoldens(t)
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".jsonl")
		if strings.HasSuffix(name, ".chat") {
			continue
		}
		t.Run(name, func(t *testing.T) { checkGoldens(t, openShared(t, dir, name), file) })
	}
}

// TestGolden checks our own goldens; tools/make_tokenizer_goldens.py made them with the reference library.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*", "goldens.jsonl"))
	require.NoError(t, err)
	require.Len(t, files, 5)
	for _, file := range files {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			tok, err := Open(dir)
			require.NoError(t, err)
			checkGoldens(t, tok, file)
		})
	}
}
