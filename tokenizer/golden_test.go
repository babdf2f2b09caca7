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
	// In our own goldens alone:
	Skipped   *string `json:"skipped"`   // text of ids, without special tokens
	Untrusted []int32 `json:"untrusted"` // ids with special tokens taken for text
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
		require.Equal(t, want.IDs, tok.Encode(want.Text, AddSpecial), "ids, line %d: %q", n, want.Text)
		require.Equal(t, want.Plain, tok.Encode(want.Text), "plain, line %d: %q", n, want.Text)
		require.Equal(t, want.Decoded, tok.Decode(want.Plain, false), "decoded, line %d: %q", n, want.Text)
		if want.Skipped != nil {
			require.Equal(t, *want.Skipped, tok.Decode(want.IDs, true), "skipped, line %d: %q", n, want.Text)
		}
		if want.Untrusted != nil {
			require.Equal(t, want.Untrusted, tok.Encode(want.Text, Untrusted), "untrusted, line %d: %q", n, want.Text)
		}
	})
}

// chatLine is what the reference libraries make of a conversation.
type chatLine struct {
	Messages            []Message `json:"messages"`
	AddGenerationPrompt bool      `json:"add_generation_prompt"`
	Rendered            string    `json:"rendered"`
	IDs                 []int32   `json:"ids"`
}

// checkChats checks a tokenizer against every line of a file, and that segments keep the messages' text plain.
func checkChats(t *testing.T, tok *Tokenizer, path string) {
	readLines(t, path, func(n int, want chatLine) {
		rendered, err := tok.ApplyChatTemplate(want.Messages, want.AddGenerationPrompt)
		require.NoError(t, err, "line %d", n)
		require.Equal(t, want.Rendered, rendered, "line %d", n)
		require.Equal(t, want.IDs, tok.Encode(rendered), "line %d", n)
		checkSegments(t, tok, want)
	})
}

// checkSegments checks that the segments of a conversation are the rendered text, and that their special tokens are those
// of the same conversation with harmless contents. Where the contents hold no added token, the ids are the reference's.
func checkSegments(t *testing.T, tok *Tokenizer, want chatLine) {
	segments, err := tok.ChatSegments(want.Messages, want.AddGenerationPrompt)
	require.NoError(t, err)
	require.Equal(t, want.Rendered, joined(segments))
	ids := tok.EncodeSegments(segments)

	harmless := make([]Message, len(want.Messages))
	plain := true
	for i, m := range want.Messages {
		harmless[i] = Message{Role: m.Role, Content: "x"}
		plain = plain && !holdsAdded(tok, m.Content)
	}
	expected, err := tok.EncodeChat(harmless, want.AddGenerationPrompt)
	require.NoError(t, err)
	require.Equal(t, specials(tok, expected), specials(tok, ids), "%q", want.Rendered)
	if plain {
		require.Equal(t, want.IDs, ids, "%q", want.Rendered)
	}
}

func holdsAdded(tok *Tokenizer, text string) bool {
	for _, a := range tok.added {
		if strings.Contains(text, a.content) {
			return true
		}
	}
	return false
}

func specials(tok *Tokenizer, ids []int32) []int32 {
	kept := []int32{}
	for _, id := range ids {
		if unk, ok := tok.ID(tok.config.unk); tok.IsSpecial(id) && !(ok && id == unk) {
			kept = append(kept, id)
		}
	}
	return kept
}

func TestGoldenShared(t *testing.T) {
	dir := sharedGoldens(t)
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".jsonl")
		t.Run(name, func(t *testing.T) {
			if model, ok := strings.CutSuffix(name, ".chat"); ok {
				checkChats(t, openShared(t, dir, model), file)
			} else {
				checkGoldens(t, openShared(t, dir, name), file)
			}
		})
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
			if tok.config.template != "" {
				checkChats(t, tok, filepath.Join(dir, "chat.jsonl"))
			}
		})
	}
}
