package judge

import (
	"context"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// byteTokenizer gives every byte a token of the same number, but for the three label words and, in trusted text, one
// special token. Characters of several bytes are several tokens, as rare ones are for byte-level BPE.
type byteTokenizer struct {
	words map[string]int32
}

const special = "<|end|>"

func newByteTokenizer() byteTokenizer {
	return byteTokenizer{words: map[string]int32{" A": 256, " B": 257, " tie": 258, special: 259}}
}

func (b byteTokenizer) Encode(text string, from Origin) (ids []int32) {
	for text != "" {
		n, id := 1, int32(text[0])
		for word, wordID := range b.words {
			// A label counts at the end of the text alone: elsewhere it would be noise in the arithmetic of the tests.
			if from != User && (word == text || word == special && strings.HasPrefix(text, word)) {
				n, id = len(word), wordID
			}
		}
		ids = append(ids, id)
		text = text[n:]
	}
	return ids
}

func (b byteTokenizer) Whole(ids []int32) bool { return utf8.ValidString(b.text(ids)) }

func (b byteTokenizer) text(ids []int32) string {
	var s strings.Builder
	for _, id := range ids {
		if id < 256 {
			s.WriteByte(byte(id))
		}
		for word, wordID := range b.words {
			if id == wordID {
				s.WriteString(word)
			}
		}
	}
	return s.String()
}

// hashScorer answers a prompt with logits drawn from a hash of its tokens, the last prompt first. fail, where set, may put
// something else in their place.
type hashScorer struct {
	fail func(prompt []int32) ([]float32, error)
	// windows are the numbers of prompts it was handed at a time.
	windows *[]int
}

func (h hashScorer) Score(ctx context.Context, prompts [][]int32, done func(int, []float32, error)) error {
	if h.windows != nil {
		*h.windows = append(*h.windows, len(prompts))
	}
	for i := range slices.Backward(prompts) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if h.fail != nil {
			if logits, err := h.fail(prompts[i]); logits != nil || err != nil {
				done(i, logits, err)
				continue
			}
		}
		done(i, hashLogits(prompts[i]), nil)
	}
	return nil
}

func hashLogits(ids []int32) []float32 {
	logits := make([]float32, 3)
	for c := range logits {
		h := fnv.New64a()
		h.Write([]byte{byte(c)})
		for _, id := range ids {
			h.Write([]byte{byte(id), byte(id >> 8)})
		}
		logits[c] = float32(math.Sin(float64(h.Sum64()%1_000_003))) * 4
	}
	return logits
}

// drawTurns draws the turns of one side: lists of unlike lengths, null, empty and long texts, several scripts.
func drawTurns() *rapid.Generator[[]Turn] {
	texts := rapid.OneOf(
		rapid.Just(""),
		rapid.StringOfN(rapid.RuneFrom([]rune("ab \n#é你😀")), 1, 40, -1),
		rapid.StringOfN(rapid.RuneFrom([]rune("x🙂")), 100, 300, -1),
	)
	turn := rapid.Custom(func(t *rapid.T) Turn {
		if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
			return Turn{Null: true}
		}
		return Turn{Text: texts.Draw(t, "text")}
	})
	return rapid.SliceOfN(turn, 0, 5)
}

func drawRow(t *rapid.T) *Row {
	row := &Row{Number: 1, ID: "1", Prompt: drawTurns().Draw(t, "prompt"), A: drawTurns().Draw(t, "a"), B: drawTurns().Draw(t, "b")}
	if rapid.IntRange(0, 5).Draw(t, "identical") == 0 {
		row.B = row.A
	}
	return row
}
