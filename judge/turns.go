package judge

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Turn is one element of a cell's JSON array: what one side said in one round.
type Turn struct {
	// Text is valid UTF-8. What has no UTF-8 form is U+FFFD in it and counted by Replaced.
	Text string
	// Null is set for the JSON value null, which is no answer at all; an empty string is an answer without text.
	Null bool
	// Replaced counts the lone surrogates (an escape of \ud800 to \udfff without its partner) and the invalid bytes that
	// became U+FFFD, so that a text of nothing but a lone surrogate is neither empty nor taken for sound.
	Replaced int
}

// maxTurns bounds the turns of a cell; the longest real conversations have a few hundred.
const maxTurns = 10_000

// turnsError says what is wrong with a cell and at which byte.
type turnsError struct {
	offset    int
	got, want string
	hint      string
}

func (e *turnsError) Error() string {
	return fmt.Sprintf("got %s at byte %d, want %s", e.got, e.offset, e.want)
}

// parseTurns reads a cell: one JSON array whose elements are strings or null (RFC 8259), and nothing after it.
//
// Where it is more forgiving than JSON: a line feed, carriage return or tab may stand unescaped inside a string, because
// files written by hand or by a spreadsheet hold them and what is meant is not in doubt. Where encoding/json is more
// forgiving: that turns null into "", drops lone surrogates and invalid bytes without a word, and this does not.
func parseTurns(cell string) ([]Turn, *turnsError) {
	p := turnsParser{text: cell}
	p.space()
	if !p.take('[') {
		return nil, p.unexpected("a JSON array of turns such as [\"hello\"]")
	}
	p.space()
	turns := []Turn{}
	for first := true; ; first = false {
		if first && p.take(']') {
			break
		}
		turn, err := p.turn()
		if err != nil {
			return nil, err
		}
		if len(turns) == maxTurns {
			return nil, &turnsError{offset: p.at, got: fmt.Sprintf("more than %d turns", maxTurns), want: "fewer"}
		}
		turns = append(turns, turn)
		p.space()
		if p.take(']') {
			break
		}
		if !p.take(',') {
			return nil, p.unexpected("a comma or ] after a turn")
		}
		p.space()
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.unexpected("the end of the cell after ]")
	}
	return turns, nil
}

type turnsParser struct {
	text string
	at   int
}

func (p *turnsParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *turnsParser) take(c byte) bool {
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *turnsParser) turn() (Turn, *turnsError) {
	if strings.HasPrefix(p.text[p.at:], "null") {
		p.at += len("null")
		return Turn{Null: true}, nil
	}
	if !p.take('"') {
		return Turn{}, p.unexpected("a string or null")
	}
	return p.str()
}

// str reads the rest of a string whose opening quote is taken.
func (p *turnsParser) str() (Turn, *turnsError) {
	open := p.at - 1
	var turn Turn
	var b strings.Builder
	start := p.at // of the stretch not yet copied to b
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '"':
			b.WriteString(p.text[start:p.at])
			p.at++
			turn.Text = b.String()
			turn.clean()
			return turn, nil
		case c == '\\':
			b.WriteString(p.text[start:p.at])
			r, err := p.escape()
			if err != nil {
				return Turn{}, err
			}
			if r == loneSurrogate {
				turn.Replaced++
				r = utf8.RuneError
			}
			b.WriteRune(r)
			start = p.at
		case c < 0x20 && c != '\n' && c != '\r' && c != '\t':
			return Turn{}, &turnsError{offset: p.at, got: fmt.Sprintf("the raw control character U+%04X", c),
				want: "text", hint: "escape it as JSON does, or take it out"}
		default:
			p.at++
		}
	}
	return Turn{}, &turnsError{offset: open, got: "a string without its closing quote", want: "a string",
		hint: "the cell may have been cut off"}
}

// clean replaces invalid bytes, one U+FFFD for each.
func (t *Turn) clean() {
	if utf8.ValidString(t.Text) {
		return
	}
	var b strings.Builder
	for _, r := range t.Text { // range yields U+FFFD of width 1 for an invalid byte
		b.WriteRune(r)
	}
	// Each invalid byte grew from one byte to three.
	t.Replaced += (b.Len() - len(t.Text)) / 2
	t.Text = b.String()
}

// loneSurrogate stands for an escape that is half of a pair; it is no rune.
const loneSurrogate rune = -2

var simpleEscapes = map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads a backslash and what it introduces.
func (p *turnsParser) escape() (rune, *turnsError) {
	rest := p.text[p.at:]
	if len(rest) > 1 {
		if r, ok := simpleEscapes[rest[1]]; ok {
			p.at += 2
			return r, nil
		}
	}
	r, ok := hexEscape(rest)
	if !ok {
		return 0, &turnsError{offset: p.at, got: fmt.Sprintf("the escape %q", rest[:min(len(rest), 6)]),
			want: `one of \" \\ \/ \b \f \n \r \t \uXXXX`}
	}
	p.at += 6
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if low, ok := hexEscape(p.text[p.at:]); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			p.at += 6
			return pair, nil
		}
	}
	return loneSurrogate, nil
}

// hexEscape reads \uXXXX at the start of s.
func hexEscape(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// unexpected describes what stands at the current byte, with a hint for the mistakes people make.
func (p *turnsParser) unexpected(want string) *turnsError {
	rest := p.text[p.at:]
	e := &turnsError{offset: p.at, want: want}
	switch {
	case strings.TrimSpace(p.text) == "":
		e.got, e.hint = "an empty cell", "write [] for no turns and [\"\"] for an empty one"
	case rest == "":
		e.got, e.hint = "the end of the cell", "the cell may have been cut off"
	case rest[0] == '\'':
		e.got, e.hint = "a single quote", "this looks like a Python list: write the cell with json.dumps"
	case hasAnyPrefix(rest, "true", "false", "None"), strings.IndexByte("-0123456789", rest[0]) >= 0:
		e.got, e.hint = fmt.Sprintf("%q", firstWord(rest)), "put it in double quotes if it is the text of a turn"
	default:
		e.got = fmt.Sprintf("%q", excerpt(rest))
	}
	if p.at == 0 && rest != "" && rest[0] != '[' && e.hint == "" {
		e.hint = "plain text is not accepted, because a text that starts with [ would be ambiguous: write [\"text\"]"
	}
	return e
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

func firstWord(s string) string {
	if i := strings.IndexAny(s, " \t\r\n,]"); i >= 0 {
		s = s[:i]
	}
	return excerpt(s)
}
