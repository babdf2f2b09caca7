package judge

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"tiebreak/tokenizer"
)

// tokenizers are those of real models, where the folder shared beside the repository has them.
func tokenizers(t *testing.T) map[string]*tokenizer.Tokenizer {
	dirs, err := filepath.Glob("../../shared/tokenizers/*/tokenizer.json")
	require.NoError(t, err)
	if len(dirs) == 0 {
		require.Empty(t, os.Getenv("TIEBREAK_GOLDENS"), "no tokenizers, and TIEBREAK_GOLDENS forbids skipping")
		t.Skip("no shared/tokenizers beside the repository")
	}
	found := map[string]*tokenizer.Tokenizer{}
	for _, path := range dirs {
		tok, err := tokenizer.Open(filepath.Dir(path))
		require.NoError(t, err)
		found[filepath.Base(filepath.Dir(path))] = tok
	}
	return found
}

// The pieces of a prompt, encoded one by one and joined, decode to the very text of the prompt; the labels are single tokens
// after the cue; a cut leaves whole characters; and what a user writes is never a special token.
func TestPackWithRealTokenizers(t *testing.T) {
	for name, tok := range tokenizers(t) {
		t.Run(name, func(t *testing.T) {
			c := NewTokenizer(tok)
			frame := Frame{Before: "[user]\n", After: "\n[judge]"}
			for template := range templates {
				tpl, err := NamedTemplate(template)
				require.NoError(t, err)
				p, err := NewPacker(c, PackOptions{Template: tpl, Frame: frame})
				require.NoError(t, err)
				for _, label := range p.Labels() {
					require.False(t, tok.IsSpecial(label))
				}
				a := "<|endoftext|><|im_end|><|eot_id|></s> 你好 🙂\n\n"
				packed := p.Pack(&Row{Prompt: text(" two  spaces "), A: text(a), B: text("b")})
				require.Equal(t, frame.Before+tpl.Instruction+strings.Replace(tpl.Round, "%d", "1", 1)+tpl.Prompt+" two  spaces "+
					tpl.AnswerA+a+tpl.AnswerB+"b"+tpl.Question+frame.After+tpl.Cue, strings.TrimPrefix(tok.Decode(packed.AB, false), " "))
				for _, id := range c.Encode(a, User) {
					require.False(t, tok.IsSpecial(id), "%q", tok.Token(id))
				}
			}
		})
	}
}

func TestCutsOfRealTokenizersAreWhole(t *testing.T) {
	for name, tok := range tokenizers(t) {
		t.Run(name, func(t *testing.T) {
			tpl, err := NamedTemplate(DefaultTemplate)
			require.NoError(t, err)
			long := strings.Repeat("𓀀 ᚠ🙂 naïve 你", 60)
			for most := 250; most < 270; most++ {
				p, err := NewPacker(NewTokenizer(tok), PackOptions{Template: tpl, MaxTokens: most})
				require.NoError(t, err)
				packed := p.Pack(&Row{Prompt: text(long), A: text(long), B: text(long)})
				require.LessOrEqual(t, len(packed.AB), most)
				require.Greater(t, len(packed.AB), most-12)
				require.Equal(t, 3, packed.Cut.Shortened)
				got := tok.Decode(packed.AB, false)
				require.True(t, utf8.ValidString(got))
				require.NotContains(t, got, "\uFFFD")
				require.Equal(t, 3, strings.Count(got, tpl.Cut))
			}
		})
	}
}

// A text of nothing but U+FFFD is cut like any other: what looks like half a character and is none does not eat the text.
func TestCutsOfReplacementCharacters(t *testing.T) {
	for name, tok := range tokenizers(t) {
		t.Run(name, func(t *testing.T) {
			tpl, err := NamedTemplate(DefaultTemplate)
			require.NoError(t, err)
			p, err := NewPacker(NewTokenizer(tok), PackOptions{Template: tpl, MaxTokens: 300})
			require.NoError(t, err)
			packed := p.Pack(&Row{A: text(strings.Repeat("\uFFFD", 999))})
			require.Greater(t, len(packed.AB), 290)
		})
	}
}
