package ptx

import (
	"fmt"
	"strings"
)

// Error is a place in PTX text that this package does not accept.
type Error struct {
	File    string
	Line    int
	Problem string
}

// Error gives file, line and problem.
func (e *Error) Error() string { return fmt.Sprintf("ptx: %s:%d: %s", e.File, e.Line, e.Problem) }

// token is a word, number, string or sign of the text.
type token struct {
	text string
	line int
	word bool // a name, directive, opcode or number
}

// lexer cuts text into tokens.
type lexer struct {
	text string
	pos  int
	line int
}

// wordBytes marks the bytes that words consist of. A colon belongs to a word only where it is doubled.
var wordBytes = func() (t [256]bool) {
	for _, r := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$%." {
		t[byte(r)] = true
	}
	return t
}()

// tokens cuts a whole file. The last token has an empty text.
func tokens(file, text string) ([]token, error) {
	lx := lexer{text: text, line: 1}
	var out []token
	for {
		if err := lx.skip(file); err != nil {
			return nil, err
		}
		line := lx.line
		t, word, err := lx.next(file)
		if err != nil {
			return nil, err
		}
		out = append(out, token{t, line, word})
		if t == "" {
			return out, nil
		}
	}
}

// skip passes over white space and comments.
func (lx *lexer) skip(file string) error {
	for lx.pos < len(lx.text) {
		rest := lx.text[lx.pos:]
		switch {
		case rest[0] == '\n':
			lx.line++
			lx.pos++
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' || rest[0] == 0:
			lx.pos++
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			lx.pos += n
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest, "*/")
			if n < 0 {
				return &Error{file, lx.line, "comment without an end"}
			}
			lx.line += strings.Count(rest[:n], "\n")
			lx.pos += n + 2
		default:
			return nil
		}
	}
	return nil
}

// next reads one token; its text is empty at the end of the file.
func (lx *lexer) next(file string) (text string, word bool, err error) {
	if lx.pos == len(lx.text) {
		return "", false, nil
	}
	start := lx.pos
	c := lx.text[start]
	if c == '"' {
		n := strings.IndexAny(lx.text[start+1:], "\"\n")
		if n < 0 || lx.text[start+1+n] != '"' {
			return "", false, &Error{file, lx.line, "string without an end"}
		}
		lx.pos = start + n + 2
		return lx.text[start:lx.pos], false, nil
	}
	for lx.pos < len(lx.text) && lx.inWord() {
		lx.pos++
	}
	if lx.pos > start {
		return lx.text[start:lx.pos], true, nil
	}
	if !strings.ContainsRune(",;{}[]()<>|!@=+-:", rune(c)) {
		return "", false, &Error{file, lx.line, fmt.Sprintf("byte %#02x begins no token of PTX", c)}
	}
	lx.pos++
	return lx.text[start:lx.pos], false, nil
}

// inWord reports whether the next byte continues a word, passing over the first half of a doubled colon.
func (lx *lexer) inWord() bool {
	if wordBytes[lx.text[lx.pos]] {
		return true
	}
	if strings.HasPrefix(lx.text[lx.pos:], "::") {
		lx.pos++
		return true
	}
	return false
}
