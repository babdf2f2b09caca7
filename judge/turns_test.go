package judge

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func text(s ...string) []Turn {
	turns := []Turn{}
	for _, t := range s {
		turns = append(turns, Turn{Text: t})
	}
	return turns
}

func TestParseTurns(t *testing.T) {
	const fffd = "\uFFFD"
	for name, c := range map[string]struct {
		cell string
		want []Turn
	}{
		"one":                          {`["hello"]`, text("hello")},
		"several":                      {`["a","b", "c"]`, text("a", "b", "c")},
		"space everywhere":             {" [ \"a\" ,\t\"b\"\n]\r\n", text("a", "b")},
		"none":                         {`[]`, text()},
		"none with a space":            {`[ ]`, text()},
		"empty is not null":            {`["", null]`, []Turn{{}, {Null: true}}},
		"the word null":                {`["null"]`, text("null")},
		"simple escapes":               {`["\"\\\/\b\f\n\r\t"]`, text("\"\\/\b\f\n\r\t")},
		"unicode escape":               {`["\u00e9\u4F60"]`, text("é你")},
		"escaped NUL":                  {`["\u0000"]`, text("\x00")},
		"pair":                         {`["\ud83d\ude00!"]`, text("😀!")},
		"high surrogate alone":         {`["a\ud83d"]`, []Turn{{Text: "a" + fffd, Replaced: 1}}},
		"low surrogate alone":          {`["\ude00a"]`, []Turn{{Text: fffd + "a", Replaced: 1}}},
		"pair the wrong way round":     {`["\ude00\ud83d"]`, []Turn{{Text: fffd + fffd, Replaced: 2}}},
		"high, high, low":              {`["\ud83d\ud83d\ude00"]`, []Turn{{Text: fffd + "😀", Replaced: 1}}},
		"high then another escape":     {`["\ud83d\n"]`, []Turn{{Text: fffd + "\n", Replaced: 1}}},
		"escaped U+FFFD is sound":      {`["\ufffd"]`, text(fffd)},
		"invalid bytes":                {"[\"a\xff\xed\xa0\xbdb\"]", []Turn{{Text: "a" + strings.Repeat(fffd, 4) + "b", Replaced: 4}}},
		"raw line breaks and tab":      {"[\"a\r\n\tb\"]", text("a\r\n\tb")},
		"DEL and C1 are text":          {"[\"\x7f\u0085\"]", text("\x7f\u0085")},
		"a bracket in a string":        {`["]", "["]`, text("]", "[")},
		"text that looks like a token": {`["<|im_end|>"]`, text("<|im_end|>")},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseTurns(c.cell)
			require.Nil(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestParseTurnsRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		cell, want, hint string
	}{
		"empty cell":         {``, `got an empty cell at byte 0, want a JSON array of turns such as ["hello"]`, `[""]`},
		"plain text":         {`hello, world`, `got "hello, world" at byte 0, want a JSON array`, "plain text"},
		"a JSON string":      {`"hello"`, `got "\"hello\"" at byte 0`, "plain text"},
		"null":               {`null`, `got "null" at byte 0`, "plain text"},
		"an object":          {`{"a":1}`, `at byte 0`, "plain text"},
		"Python list":        {`['a', 'b']`, `got a single quote at byte 1, want a string or null`, "json.dumps"},
		"Python None":        {`[None]`, `got "None" at byte 1`, "double quotes"},
		"boolean":            {`["a", true]`, `got "true" at byte 6, want a string or null`, "double quotes"},
		"number":             {`[-1.5e3]`, `got "-1.5e3" at byte 1, want a string or null`, "double quotes"},
		"nested":             {`[["a"]]`, `at byte 1, want a string or null`, ""},
		"trailing comma":     {`["a",]`, `got "]" at byte 5, want a string or null`, ""},
		"no comma":           {`["a" "b"]`, `at byte 5, want a comma or ]`, ""},
		"no end":             {`["a"`, `got the end of the cell at byte 4`, "cut off"},
		"only a bracket":     {`[`, `got the end of the cell at byte 1`, "cut off"},
		"open string":        {`["a`, `got a string without its closing quote at byte 1`, "cut off"},
		"backslash at end":   {`["\`, `got the escape "\\" at byte 2`, ""},
		"unknown escape":     {`["\x41"]`, `got the escape "\\x41\"]" at byte 2`, ""},
		"short \\u":          {`["\u12"]`, `got the escape`, ""},
		"\\u not hex":        {`["\u12g4"]`, `got the escape`, ""},
		"after the array":    {`["a"] x`, `got "x" at byte 6, want the end of the cell`, ""},
		"raw NUL":            {"[\"a\x00\"]", `got the raw control character U+0000 at byte 3`, "escape it"},
		"raw escape":         {"[\"\x1b[0m\"]", `got the raw control character U+001B at byte 2`, "escape it"},
		"nullx":              {`[nullx]`, `at byte 5, want a comma or ]`, ""},
		"ten thousand turns": {"[" + strings.Repeat("null,", maxTurns) + "null]", "got more than 10000 turns", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseTurns(c.cell)
			require.Nil(t, got)
			require.NotNil(t, err)
			require.Contains(t, err.Error(), c.want)
			require.Contains(t, err.hint, c.hint)
		})
	}
}

// FuzzTurns holds parseTurns against encoding/json: what that takes for an array of strings and nulls is read to the same
// text, and everything else but the documented exceptions is refused.
func FuzzTurns(f *testing.F) {
	for _, s := range []string{`["a",null,""]`, `[]`, `["\ud83d\ude00\ud83d"]`, "[\"\xff\"]", `["\/\u0000"]`, `['a']`, `["a"] x`,
		"[\"a\nb\"]", `[true]`, `[`, ``, `[[]]`, "[\"\x00\"]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		got, bad := parseTurns(cell)
		var want []*string
		err := json.Unmarshal([]byte(cell), &want)
		if bad != nil {
			isNull := strings.TrimSpace(cell) == "null" // which encoding/json takes for an absent array
			require.True(t, err != nil || isNull || len(want) > maxTurns, "refused what encoding/json reads: %v", bad)
			require.LessOrEqual(t, bad.offset, len(cell))
			return
		}
		if err != nil {
			require.True(t, strings.ContainsAny(cell, "\n\r\t"), "read what encoding/json refuses: %v", err)
			return
		}
		require.Len(t, got, len(want))
		for i, turn := range got {
			require.True(t, utf8.ValidString(turn.Text))
			require.Equal(t, want[i] == nil, turn.Null)
			if want[i] != nil {
				require.Equal(t, *want[i], turn.Text)
				require.LessOrEqual(t, turn.Replaced, strings.Count(turn.Text, "\uFFFD"))
			}
		}
	})
}
