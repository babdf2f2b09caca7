package judge

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Tokenizer is what a Packer needs of a tokenizer; NewTokenizer makes one.
type Tokenizer interface {
	// Encode returns the tokens of a piece of a prompt, nothing added before or after.
	Encode(text string, from Origin) []int32
	// Whole reports whether tokens end where a character ends. Byte-level tokenizers spell rare characters with several.
	Whole(ids []int32) bool
}

// Origin says what a piece of a prompt is.
type Origin int

const (
	// Opening is the template's own text at the front of a prompt. The names of special tokens in it become those tokens.
	Opening Origin = iota
	// Own is the template's own text further on, special tokens likewise.
	Own
	// User is text from the data, further on. What looks like a special token stays text.
	User
)

// Template holds the words around the texts of a row. A prompt reads
//
//	Frame.Before Instruction { Round Prompt p AnswerA a AnswerB b }… Question Frame.After Cue
//
// and the token after Cue is the verdict. What rows share comes first, so that a cache of prefixes can keep it.
type Template struct {
	// Name identifies the wording, with a version: another wording is another name, because probabilities and
	// calibration belong to the exact text.
	Name        string
	Instruction string
	Round       string // heading of a round; %d is its number, from 1
	Prompt      string
	AnswerA     string
	AnswerB     string
	Question    string
	Cue         string
	// Labels are, for A, B and tie, the words that may follow Cue; the first that is one token is taken.
	Labels [3][]string
	Cut    string // stands where a text was cut off
	Null   string // stands for a turn that is JSON null
	Absent string // stands for a turn that a shorter list of turns lacks
}

// DefaultTemplate is the name of the template used where none is asked for.
const DefaultTemplate = "rounds-1"

var templates = map[string]Template{
	"rounds-1": {
		Name: "rounds-1",
		Instruction: "Two assistants, A and B, answered the same user. Decide which answer people would prefer, " +
			"or whether it is a tie.\n",
		Round:    "\n## Round %d\n",
		Prompt:   "### Prompt\n",
		AnswerA:  "\n### Response A\n",
		AnswerB:  "\n### Response B\n",
		Question: "\n\n## Verdict\nWhich response is better: A, B or tie?",
		Cue:      "\nAnswer:",
		Labels:   [3][]string{{" A", "A"}, {" B", "B"}, {" tie", "tie", " Tie", "Tie"}},
		Cut:      " …",
		Null:     "(null)",
		Absent:   "(none)",
	},
}

// NamedTemplate returns a built-in template; an unknown name is an *OptionError that lists those there are.
func NamedTemplate(name string) (Template, error) {
	t, ok := templates[name]
	if !ok {
		return t, &OptionError{Option: "template", Got: fmt.Sprintf("%q", name),
			Want: "one of " + strings.Join(slices.Sorted(maps.Keys(templates)), ", ")}
	}
	return t, nil
}

// Frame is what a model expects around a request: trusted text, special tokens spelled out. The zero Frame is none.
type Frame struct {
	Before, After string
}

// ChatFrame finds the frame that a chat template puts around a user's message, by rendering one whose content is known.
// render must return the whole conversation of that single message, ready for the assistant's reply.
func ChatFrame(render func(content string) (string, error)) (Frame, error) {
	const content = "tiebreak puts the request here"
	text, err := render(content)
	if err != nil {
		return Frame{}, fmt.Errorf("judge: render the chat template: %w", err)
	}
	before, after, found := strings.Cut(text, content)
	if !found || strings.Contains(after, content) {
		return Frame{}, &OptionError{Option: "chat template", Got: fmt.Sprintf("the rendering %q", excerpt(text)),
			Want: "one that holds the user's message exactly once: predict without the chat template instead"}
	}
	return Frame{Before: before, After: after}, nil
}

// labelTokens finds the token of each label as it stands after the end of the prompt: both encoded together must be the
// tokens of the end and one more.
func (t *Template) labelTokens(tok Tokenizer, end string) (ids [3]int32, err error) {
	prefix := tok.Encode(end, Own)
	for c, words := range t.Labels {
		i := slices.IndexFunc(words, func(word string) bool {
			id, ok := oneMore(prefix, tok.Encode(end+word, Own))
			ids[c] = id
			return ok
		})
		if i < 0 {
			return ids, &OptionError{Option: "template " + t.Name + " with this tokenizer",
				Got:  fmt.Sprintf("more than one token for the label %s (tried %q)", Class(c), words),
				Want: "one token for each label: choose another template, or a model with a classification head"}
		}
	}
	if ids[A] == ids[B] || ids[A] == ids[Tie] || ids[B] == ids[Tie] {
		return ids, &OptionError{Option: "template " + t.Name + " with this tokenizer",
			Got: fmt.Sprintf("the label tokens %d", ids), Want: "three different ones: choose another template"}
	}
	return ids, nil
}

func oneMore(prefix, ids []int32) (int32, bool) {
	if len(ids) != len(prefix)+1 || !slices.Equal(ids[:len(prefix)], prefix) {
		return 0, false
	}
	return ids[len(prefix)], true
}
