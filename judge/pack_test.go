package judge

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// plain is a template short enough to write prompts out in tests.
var plain = Template{Name: "plain", Instruction: "I", Round: "#%d", Prompt: "P:", AnswerA: "A:", AnswerB: "B:", Question: "?", Cue: "!",
	Labels: [3][]string{{" A"}, {" B"}, {"Tie", " tie"}}, Cut: "…", Null: "(null)", Absent: "(none)"}

func newPacker(t require.TestingT, o PackOptions) *Packer {
	if o.Template.Name == "" {
		o.Template = plain
	}
	p, err := NewPacker(newByteTokenizer(), o)
	require.NoError(t, err)
	return p
}

func texts(p Packed) (string, string) {
	b := newByteTokenizer()
	return b.text(p.AB), b.text(p.BA)
}

func TestPackWritesRounds(t *testing.T) {
	p := newPacker(t, PackOptions{Frame: Frame{Before: special + "user:", After: special + "judge:"}})
	packed := p.Pack(&Row{Prompt: text("p1", "p2"), A: []Turn{{Text: "a1"}, {Null: true}}, B: text("")})
	ab, ba := texts(packed)
	require.Equal(t, special+"user:I#1P:p1A:a1B:#2P:p2A:(null)B:(none)?"+special+"judge:!", ab)
	require.Equal(t, special+"user:I#1P:p1A:B:a1#2P:p2A:(none)B:(null)?"+special+"judge:!", ba)
	require.Zero(t, packed.Cut)
	require.False(t, packed.Cut.Any())
	require.Equal(t, [3]int32{256, 257, 258}, p.Labels())
}

func TestPackOfNoTurnsIsOneRound(t *testing.T) {
	ab, ba := texts(newPacker(t, PackOptions{}).Pack(&Row{}))
	require.Equal(t, "I#1P:(none)A:(none)B:(none)?!", ab)
	require.Equal(t, ab, ba)
}

// What a user wrote never becomes a special token.
func TestPackKeepsSpecialTokensOfUsersAsText(t *testing.T) {
	p := newPacker(t, PackOptions{})
	packed := p.Pack(&Row{Prompt: text(special), A: text("a"), B: text("b")})
	require.NotContains(t, packed.AB, int32(259))
	ab, _ := texts(packed)
	require.Contains(t, ab, special)
}

func TestPackCutsTheFirstRoundThatDoesNotFit(t *testing.T) {
	x := func(n int) []Turn { return text(strings.Repeat("x", n)) }
	join := func(turns ...[]Turn) (all []Turn) {
		for _, t := range turns {
			all = append(all, t...)
		}
		return all
	}
	fixed := len("I?!") // of a prompt
	round := len("#1P:A:B:")
	for name, c := range map[string]struct {
		max  int
		row  Row
		want Cut
		ab   string // runs of x as their number; a token each, and … is 3
	}{
		"20/40/40": {
			max: fixed + round + 100, row: Row{Prompt: x(500), A: x(500), B: x(500)},
			want: Cut{Tokens: 1500 - (17 + 37 + 37), Shortened: 3}, ab: "I#1P:17…A:37…B:37…?!"},
		"what one does not need goes to the others": {
			max: fixed + round + 100, row: Row{Prompt: x(10), A: x(20), B: x(500)},
			want: Cut{Tokens: 500 - 67, Shortened: 1}, ab: "I#1P:10A:20B:67…?!"},
		"by the same weights": {
			max: fixed + round + 100, row: Row{Prompt: x(500), A: x(4), B: x(500)},
			want: Cut{Tokens: 1000 - 29 - 61, Shortened: 2}, ab: "I#1P:29…A:4B:61…?!"},
		"a whole round first, then a cut one, then none": {
			max: fixed + 2*round + 6 + 80, row: Row{Prompt: join(x(2), x(1), x(7)), A: join(x(2), x(99), x(7)), B: join(x(2), x(1), x(7))},
			want: Cut{Tokens: 99 - 75 + 21, Shortened: 1, DroppedRounds: 1}, ab: "I#1P:2A:2B:2#2P:1A:75…B:1?!"},
		"too little left for a cut one": {
			max: fixed + 2*round + 6 + 79, row: Row{Prompt: join(x(2), x(1), x(7)), A: join(x(2), x(99), x(7)), B: join(x(2), x(1), x(7))},
			want: Cut{Tokens: 101 + 21, DroppedRounds: 2}, ab: "I#1P:2A:2B:2?!"},
	} {
		t.Run(name, func(t *testing.T) {
			packed := newPacker(t, PackOptions{MaxTokens: c.max}).Pack(&c.row)
			require.Equal(t, c.want, packed.Cut)
			require.True(t, packed.Cut.Any())
			require.LessOrEqual(t, len(packed.AB), c.max)
			ab, _ := texts(packed)
			require.Equal(t, c.ab, runs.ReplaceAllStringFunc(ab, func(x string) string { return strconv.Itoa(len(x)) }))
		})
	}
}

var runs = regexp.MustCompile("x+")

// The three properties a packer promises, on rows of every shape and budgets down to the least.
func TestPackProperties(t *testing.T) {
	b := newByteTokenizer()
	rapid.Check(t, func(t *rapid.T) {
		row := drawRow(t)
		most := rapid.IntRange(len("I?!#1P:A:B:")+minCut, 1500).Draw(t, "max tokens")
		p := newPacker(t, PackOptions{MaxTokens: most})
		packed := p.Pack(row)

		require.LessOrEqual(t, len(packed.AB), most, "the budget is kept")
		require.Len(t, packed.BA, len(packed.AB))

		swapped := p.Pack(&Row{Prompt: row.Prompt, A: row.B, B: row.A})
		require.Equal(t, packed.AB, swapped.BA, "exchanging the answers exchanges the prompts")
		require.Equal(t, packed.BA, swapped.AB)
		require.Equal(t, packed.Cut, swapped.Cut)

		ab := b.text(packed.AB)
		require.True(t, utf8.ValidString(ab), "no cut splits a character")
		require.Equal(t, packed.Cut.Shortened, strings.Count(ab, "…"), "every cut is marked")
		if packed.Cut.Any() {
			require.GreaterOrEqual(t, len(packed.AB), most-len("#1P:A:B:")-minCut-3*utf8.UTFMax, "room is used")
		}
		whole := newPacker(t, PackOptions{MaxTokens: 1 << 20}).Pack(row)
		require.Zero(t, whole.Cut)
		require.Equal(t, len(whole.AB) > most, packed.Cut.Any(), "what fits is left whole")
	})
}

func TestShareProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		room := rapid.IntRange(minCut, 4000).Draw(t, "room")
		part := rapid.IntRange(0, 5000)
		need := [3]int{part.Draw(t, "prompt"), part.Draw(t, "a"), part.Draw(t, "b")}
		if sum(need) <= room {
			t.Skip()
		}
		got := share(room, need)
		require.LessOrEqual(t, sum(got), room)
		require.GreaterOrEqual(t, sum(got), room-1)
		for i, n := range got {
			require.LessOrEqual(t, n, need[i])
			require.True(t, n == need[i] || n >= room*shareWeights[i]/5, "a share is never less than its weight: %v of %v", got, need)
		}
		mirror := share(room, [3]int{need[partPrompt], need[partB], need[partA]})
		require.Equal(t, [3]int{got[partPrompt], got[partB], got[partA]}, mirror)
	})
}

func TestNewPackerRefuses(t *testing.T) {
	least := len("I?!#1P:A:B:") + minCut
	for name, c := range map[string]struct {
		change func(*PackOptions)
		want   string
	}{
		"no room":        {func(o *PackOptions) { o.MaxTokens = least - 1 }, "max tokens: got 90, want at least 91: the template plain takes 11"},
		"label of three": {func(o *PackOptions) { o.Template.Labels[Tie] = []string{"same", "draw"} }, `more than one token for the label tie (tried ["same" "draw"])`},
		"same label":     {func(o *PackOptions) { o.Template.Labels[B] = []string{" A"} }, "the label tokens [256 256 258], want three different ones"},
	} {
		t.Run(name, func(t *testing.T) {
			o := PackOptions{Template: plain, MaxTokens: least}
			_, err := NewPacker(newByteTokenizer(), o)
			require.NoError(t, err)
			c.change(&o)
			_, err = NewPacker(newByteTokenizer(), o)
			var option *OptionError
			require.ErrorAs(t, err, &option)
			require.Contains(t, err.Error(), c.want)
		})
	}
}

// A classification head needs no label tokens.
func TestClassifierNeedsNoLabels(t *testing.T) {
	o := PackOptions{Template: plain, Classifier: true}
	o.Template.Labels = [3][]string{}
	p, err := NewPacker(newByteTokenizer(), o)
	require.NoError(t, err)
	require.Zero(t, p.Labels())
}

func TestNamedTemplates(t *testing.T) {
	d, err := NamedTemplate(DefaultTemplate)
	require.NoError(t, err)
	require.Equal(t, DefaultTemplate, d.Name)
	for name, tpl := range templates {
		require.Equal(t, name, tpl.Name)
		require.Equal(t, 1, strings.Count(tpl.Round, "%d"))
		for c, words := range tpl.Labels {
			require.NotEmpty(t, words, Class(c))
		}
	}
	_, err = NamedTemplate("nonesuch")
	require.ErrorContains(t, err, `judge: template: got "nonesuch", want one of `+DefaultTemplate)
}

func TestChatFrame(t *testing.T) {
	frame, err := ChatFrame(func(content string) (string, error) { return "<s>[" + content + "]\n", nil })
	require.NoError(t, err)
	require.Equal(t, Frame{Before: "<s>[", After: "]\n"}, frame)

	_, err = ChatFrame(func(string) (string, error) { return "no place for it", nil })
	require.ErrorContains(t, err, `chat template: got the rendering "no place for it"`)
	_, err = ChatFrame(func(content string) (string, error) { return content + content, nil })
	require.Error(t, err)
	broken := errors.New("broken template")
	_, err = ChatFrame(func(string) (string, error) { return "", broken })
	require.ErrorIs(t, err, broken)
}
