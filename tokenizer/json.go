package tokenizer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonReader reads a JSON text front to back, each value as the type its place calls for. encoding/json would take a
// quarter of a second over the 128,000 entries and 280,000 merges of LLaMA 3, folds the case of names, and lets the last
// of two equal names win; this reader takes a tenth of that and refuses them. Strings without escapes share memory with
// the text.
type jsonReader struct {
	s     string // valid UTF-8
	pos   int
	depth int
}

// maxDepth bounds the nesting of the files read, far above what any of them needs.
const maxDepth = 64

func newJSONReader(data []byte) (*jsonReader, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not valid UTF-8")
	}
	return &jsonReader{s: string(data)}, nil
}

// fail returns an error that says where in the text, and in the file's own terms, it arose.
func (r *jsonReader) fail(path, format string, args ...any) error {
	line := 1 + strings.Count(r.s[:r.pos], "\n")
	return fmt.Errorf("%s: line %d, byte %d: %s", path, line, r.pos, fmt.Sprintf(format, args...))
}

// failAt is fail for an item of the array at path, which is only named where it fails.
func (r *jsonReader) failAt(path string, i int, format string, args ...any) error {
	return r.fail(fmt.Sprintf("%s[%d]", path, i), format, args...)
}

// peek skips space and returns the byte that the next value or mark begins with; 0 at the end.
func (r *jsonReader) peek() byte {
	for r.pos < len(r.s) {
		switch c := r.s[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

// found names what comes next, for errors.
func (r *jsonReader) found() string {
	switch c := r.peek(); c {
	case 0:
		return "the end of the file"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		if c == '-' || c >= '0' && c <= '9' {
			return "a number"
		}
		return strconv.QuoteRune(rune(c))
	}
}

// mark consumes the byte c where it comes next.
func (r *jsonReader) mark(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.pos++
	return true
}

// word consumes a literal such as null where it comes next.
func (r *jsonReader) word(literal string) bool {
	r.peek()
	if !strings.HasPrefix(r.s[r.pos:], literal) {
		return false
	}
	r.pos += len(literal)
	return true
}

// list reads open, the items that item reads, parted by commas, and end.
func (r *jsonReader) list(path string, open, end byte, item func() error) error {
	if !r.mark(open) {
		kind := "an object"
		if open == '[' {
			kind = "an array"
		}
		return r.fail(path, "got %s, want %s", r.found(), kind)
	}
	if r.depth++; r.depth > maxDepth {
		return r.fail(path, "nested deeper than %d", maxDepth)
	}
	defer func() { r.depth-- }()
	if r.mark(end) {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if r.mark(end) {
			return nil
		}
		if !r.mark(',') {
			return r.fail(path, "got %s, want ',' or %q", r.found(), end)
		}
	}
}

// object reads an object, calling member at the value of each name. It does not look for equal names.
func (r *jsonReader) object(path string, member func(name string) error) error {
	return r.list(path, '{', '}', func() error {
		name, err := r.str(path)
		if err != nil {
			return err
		}
		if !r.mark(':') {
			return r.fail(path, "got %s after %q, want ':'", r.found(), name)
		}
		return member(name)
	})
}

// array reads an array, calling item at each of its values.
func (r *jsonReader) array(path string, item func(i int) error) error {
	i := -1
	return r.list(path, '[', ']', func() error {
		i++
		return item(i)
	})
}

// str reads a string.
func (r *jsonReader) str(path string) (string, error) {
	if !r.mark('"') {
		return "", r.fail(path, "got %s, want a string", r.found())
	}
	start := r.pos
	for ; r.pos < len(r.s); r.pos++ {
		switch c := r.s[r.pos]; {
		case c == '"':
			r.pos++
			return r.s[start : r.pos-1], nil
		case c == '\\':
			return r.escaped(path, start)
		case c < ' ':
			return "", r.fail(path, "control character %#02x in a string", c)
		}
	}
	return "", r.fail(path, "string without end")
}

// escaped reads the rest of a string that began at start and has its first escape at r.pos.
func (r *jsonReader) escaped(path string, start int) (string, error) {
	b := []byte(r.s[start:r.pos])
	for r.pos < len(r.s) {
		c := r.s[r.pos]
		r.pos++
		switch {
		case c == '"':
			return string(b), nil
		case c < ' ':
			return "", r.fail(path, "control character %#02x in a string", c)
		case c == '\\':
			char, ok := r.escape()
			if !ok {
				return "", r.fail(path, "bad escape in a string")
			}
			b = utf8.AppendRune(b, char)
		default:
			b = append(b, c)
		}
	}
	return "", r.fail(path, "string without end")
}

// escape reads what follows a backslash. A surrogate must come as a pair.
func (r *jsonReader) escape() (char rune, ok bool) {
	if r.pos >= len(r.s) {
		return 0, false
	}
	c := r.s[r.pos]
	r.pos++
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), true
	}
	if c != 'u' {
		return 0, false
	}
	char, ok = r.hex4()
	if !ok || !utf16.IsSurrogate(char) {
		return char, ok
	}
	if !strings.HasPrefix(r.s[r.pos:], `\u`) {
		return 0, false
	}
	r.pos += 2
	low, ok := r.hex4()
	char = utf16.DecodeRune(char, low)
	return char, ok && char != utf8.RuneError
}

func (r *jsonReader) hex4() (rune, bool) {
	if len(r.s)-r.pos < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(r.s[r.pos:r.pos+4], 16, 16)
	r.pos += 4
	return rune(v), err == nil
}

// id reads a token id: an integer from 0 to 2³¹-1.
func (r *jsonReader) id(path string) (int32, error) {
	what := r.found()
	start := r.pos
	for r.pos < len(r.s) && r.s[r.pos] >= '0' && r.s[r.pos] <= '9' {
		r.pos++
	}
	digits := r.s[start:r.pos]
	v, err := strconv.ParseInt(digits, 10, 32)
	if what != "a number" || err != nil || len(digits) > 1 && digits[0] == '0' || r.inNumber() {
		return 0, r.fail(path, "got %s, want a whole number from 0 to 2147483647", what)
	}
	return int32(v), nil
}

// inNumber tells whether the number just read goes on in a way that makes it no whole number.
func (r *jsonReader) inNumber() bool {
	return r.pos < len(r.s) && strings.IndexByte(".eE+-", r.s[r.pos]) >= 0
}

// boolean reads true or false.
func (r *jsonReader) boolean(path string) (bool, error) {
	if r.word("true") {
		return true, nil
	}
	if r.word("false") {
		return false, nil
	}
	return false, r.fail(path, "got %s, want true or false", r.found())
}

// skip reads any value and drops it.
func (r *jsonReader) skip(path string) error {
	switch r.peek() {
	case '{':
		return r.object(path, func(string) error { return r.skip(path) })
	case '[':
		return r.array(path, func(int) error { return r.skip(path) })
	case '"':
		_, err := r.str(path)
		return err
	}
	for _, literal := range []string{"null", "true", "false"} {
		if r.word(literal) {
			return nil
		}
	}
	return r.skipNumber(path)
}

func (r *jsonReader) skipNumber(path string) error {
	what := r.found()
	start := r.pos
	for r.pos < len(r.s) && strings.IndexByte("0123456789+-.eE", r.s[r.pos]) >= 0 {
		r.pos++
	}
	if _, err := strconv.ParseFloat(r.s[start:r.pos], 64); what != "a number" || err != nil {
		return r.fail(path, "got %s, want a value", what)
	}
	return nil
}

// end checks that nothing follows the value just read.
func (r *jsonReader) end(path string) error {
	if r.peek() != 0 || r.pos < len(r.s) {
		return r.fail(path, "got %s after the end of the value", r.found())
	}
	return nil
}
