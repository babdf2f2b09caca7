package jinja

import (
	"fmt"
	"strconv"
	"strings"
)

// How values are written: Python's str() and repr().

// text is Python's str() of a value.
func (s *state) text(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case undefined:
		return "", nil
	}
	var b strings.Builder
	err := s.repr(&b, v, 0)
	return b.String(), err
}

// repr writes Python's repr() of a value.
func (s *state) repr(b *strings.Builder, v any, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("a value is nested deeper than %d", maxDepth)
	}
	if err := s.grow(b, 0); err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case undefined:
		b.WriteString("Undefined")
	case bool:
		b.WriteString(map[bool]string{true: "True", false: "False"}[v])
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case float64:
		b.WriteString(floatText(v))
	case string:
		if err := s.grow(b, len(v)); err != nil {
			return err
		}
		quote(b, v)
	case []any:
		return s.reprList(b, v, "[]", depth)
	case tuple:
		return s.reprList(b, v, "()", depth)
	case *Dict:
		return s.reprDict(b, v, depth)
	default:
		return fmt.Errorf("can not render %s", kindOf(v))
	}
	return nil
}

func (s *state) reprList(b *strings.Builder, list []any, brackets string, depth int) error {
	b.WriteByte(brackets[0])
	for i, item := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		if err := s.repr(b, item, depth+1); err != nil {
			return err
		}
	}
	if brackets == "()" && len(list) == 1 {
		b.WriteByte(',')
	}
	b.WriteByte(brackets[1])
	return nil
}

func (s *state) reprDict(b *strings.Builder, dict *Dict, depth int) error {
	b.WriteByte('{')
	for i, key := range dict.keys {
		if i > 0 {
			b.WriteString(", ")
		}
		quote(b, key)
		b.WriteString(": ")
		if err := s.repr(b, dict.values[key], depth+1); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// floatText is Python's repr() of a float: the shortest that reads back, with an exponent below 1e-4 and from 1e16.
func floatText(f float64) string {
	shortest := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, ok := strings.Cut(shortest, "e")
	if !ok { // infinities and NaN
		return strings.ToLower(strings.TrimPrefix(shortest, "+"))
	}
	if e, _ := strconv.Atoi(exponent); e < -4 || e >= 16 {
		return mantissa + "e" + exponent
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// quote writes Python's repr() of a string.
func quote(b *strings.Builder, text string) {
	mark := byte('\'')
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		mark = '"'
	}
	b.WriteByte(mark)
	for _, c := range text {
		switch {
		case c == rune(mark) || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n' || c == '\r' || c == '\t':
			b.WriteByte('\\')
			b.WriteByte("nrt"[strings.IndexRune("\n\r\t", c)])
		case strconv.IsPrint(c):
			b.WriteRune(c)
		case c < 0x100:
			fmt.Fprintf(b, `\x%02x`, c)
		case c < 0x10000:
			fmt.Fprintf(b, `\u%04x`, c)
		default:
			fmt.Fprintf(b, `\U%08x`, c)
		}
	}
	b.WriteByte(mark)
}
