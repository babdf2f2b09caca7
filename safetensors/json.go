package safetensors

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner reads JSON and is stricter than encoding/json, which takes the last of two equal keys, matches keys whatever
// their case, replaces lone surrogates and bad UTF-8, and takes null for anything. A header read in two ways by two tools is
// how one file can be two models; so here each of these is an error.
//
// The caller says what it expects next (object, array, text, natural); nothing is built but the values it asks for.
type scanner struct {
	data  []byte
	pos   int
	depth int
}

// maxDepth is the deepest nesting of objects and arrays. A header needs 3.
const maxDepth = 32

// syntaxError is text that is not the JSON expected at a place.
type syntaxError struct {
	at  int // byte offset in the text
	msg string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("JSON byte %d: %s", e.at, e.msg) }

func (s *scanner) fail(at int, format string, args ...any) error {
	return &syntaxError{at, fmt.Sprintf(format, args...)}
}

// got describes the next byte for an error.
func (s *scanner) got() string {
	if s.pos >= len(s.data) {
		return "the end"
	}
	return fmt.Sprintf("%+q", s.data[s.pos:s.pos+1])
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek is the next byte that is not white space, or 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos >= len(s.data) {
		return 0
	}
	return s.data[s.pos]
}

func (s *scanner) accept(c byte) bool {
	if s.peek() != c || s.pos >= len(s.data) {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) expect(c byte) error {
	if !s.accept(c) {
		return s.fail(s.pos, "got %s, want %q", s.got(), c)
	}
	return nil
}

// enter opens an object or array.
func (s *scanner) enter(c byte) error {
	if err := s.expect(c); err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return s.fail(s.pos-1, "got more than %d levels of nesting", maxDepth)
	}
	return nil
}

// object reads an object; field reads the value of each key.
func (s *scanner) object(field func(key string) error) error {
	if err := s.enter('{'); err != nil {
		return err
	}
	defer func() { s.depth-- }()
	if s.accept('}') {
		return nil
	}
	seen := map[string]struct{}{}
	for {
		s.space()
		at := s.pos
		key, err := s.text()
		if err != nil {
			return err
		}
		if _, twice := seen[key]; twice {
			return s.fail(at, "got the key %s a second time, want each key once", quote(key))
		}
		seen[key] = struct{}{}
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := field(key); err != nil {
			return err
		}
		if !s.accept(',') {
			return s.expect('}')
		}
	}
}

// array reads an array; element reads each of its values.
func (s *scanner) array(element func() error) error {
	if err := s.enter('['); err != nil {
		return err
	}
	defer func() { s.depth-- }()
	if s.accept(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if !s.accept(',') {
			return s.expect(']')
		}
	}
}

// natural reads an integer from 0 to 2^63-1, written in digits alone.
func (s *scanner) natural() (int64, error) {
	c := s.peek()
	start, n := s.pos, int64(0)
	if c < '0' || c > '9' {
		return 0, s.fail(start, "got %s, want an integer of 0 or more", s.got())
	}
	for ; s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9'; s.pos++ {
		digit := int64(s.data[s.pos] - '0')
		if n > (math.MaxInt64-digit)/10 {
			return 0, s.fail(start, "got an integer past 2^63-1")
		}
		n = n*10 + digit
	}
	if c == '0' && s.pos > start+1 {
		return 0, s.fail(start, "got an integer with a leading 0")
	}
	if s.pos < len(s.data) && (s.data[s.pos] == '.' || s.data[s.pos] == 'e' || s.data[s.pos] == 'E') {
		return 0, s.fail(s.pos, "got %s in a number, want digits alone", s.got())
	}
	return n, nil
}

// text reads a string.
func (s *scanner) text() (string, error) {
	if err := s.expect('"'); err != nil {
		return "", err
	}
	start := s.pos
	var out []byte // nil until there is an escape: most strings are a slice of the input
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			raw := s.data[start:s.pos]
			s.pos++
			return string(append(out, raw...)), nil
		case c == '\\':
			out = append(out, s.data[start:s.pos]...)
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
			start = s.pos
		case c < ' ':
			return "", s.fail(s.pos, "got the control character %s in a string, want an escape", s.got())
		default:
			r, n := utf8.DecodeRune(s.data[s.pos:])
			if r == utf8.RuneError && n == 1 {
				return "", s.fail(s.pos, "got %s, which is not UTF-8", s.got())
			}
			s.pos += n
		}
	}
	return "", s.fail(s.pos, "got the end in a string, want '\"'")
}

// escape reads what follows a backslash, and the backslash.
func (s *scanner) escape() (rune, error) {
	at := s.pos
	s.pos++
	if s.pos >= len(s.data) {
		return 0, s.fail(at, "got the end after a backslash")
	}
	c := s.data[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return s.codePoint(at)
	}
	return 0, s.fail(at, "got the unknown escape %s", quote(string(s.data[at:s.pos])))
}

// codePoint reads the digits of \uXXXX, and the second half of a surrogate pair.
func (s *scanner) codePoint(at int) (rune, error) {
	r, err := s.hex4()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if s.pos+1 < len(s.data) && s.data[s.pos] == '\\' && s.data[s.pos+1] == 'u' {
		s.pos += 2
		second, err := s.hex4()
		if err != nil {
			return 0, err
		}
		if pair := utf16.DecodeRune(r, second); pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, s.fail(at, "got the lone surrogate \\u%04x, want a pair", r)
}

func (s *scanner) hex4() (rune, error) {
	if s.pos+4 > len(s.data) {
		return 0, s.fail(s.pos, "got the end in an escape, want four hexadecimal digits")
	}
	digits := string(s.data[s.pos : s.pos+4])
	n, err := strconv.ParseUint(digits, 16, 16)
	if err != nil {
		return 0, s.fail(s.pos, "got %s in an escape, want four hexadecimal digits", quote(digits))
	}
	s.pos += 4
	return rune(n), nil
}

// skip reads any value and forgets it.
func (s *scanner) skip() error {
	switch c := s.peek(); {
	case c == '{':
		return s.object(func(string) error { return s.skip() })
	case c == '[':
		return s.array(s.skip)
	case c == '"':
		_, err := s.text()
		return err
	}
	start := s.pos
	for s.pos < len(s.data) && isWord(s.data[s.pos]) {
		s.pos++
	}
	if !json.Valid(s.data[start:s.pos]) {
		s.pos = start
		return s.fail(start, "got %s, want a value", s.got())
	}
	return nil
}

// isWord holds for the bytes of numbers and of true, false and null.
func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'E'
}
