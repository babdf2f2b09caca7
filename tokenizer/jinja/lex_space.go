package jinja

import (
	"strings"
	"unicode"
)

// White space around tags, and the tags whose inside is not read: comments and raw blocks.

// stripBefore drops the space between text and the tag behind it, as the tag's sign says.
func (l *lexer) stripBefore(text string, kind, sign byte) string {
	switch {
	case sign == '-':
		return strings.TrimRightFunc(text, IsSpace)
	case sign == '+' || kind == '{':
		return text
	}
	lineBegin := strings.LastIndexByte(text, '\n') + 1
	if (lineBegin > 0 || l.lineStart) && strings.TrimFunc(text[lineBegin:], IsSpace) == "" {
		return text[:lineBegin]
	}
	return text
}

// IsSpace tells whether templates take a character for space: Python's str.isspace.
func IsSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// stripAfter drops the space behind a tag that ended with the sign, l.pos being behind it.
func (l *lexer) stripAfter(sign byte, block bool) {
	before := l.pos
	switch {
	case sign == '-':
		l.pos = len(l.src) - len(strings.TrimLeftFunc(l.src[l.pos:], IsSpace))
	case sign != '+' && block && strings.HasPrefix(l.src[l.pos:], "\n"):
		l.pos++
	}
	l.lineStart = l.pos > before && l.src[l.pos-1] == '\n'
}

// comment skips the rest of a comment.
func (l *lexer) comment() error {
	n := strings.Index(l.src[l.pos:], "#}")
	if n < 0 {
		return l.fail("a comment has no end")
	}
	sign := byte(0)
	if n > 0 {
		sign = l.src[l.pos+n-1]
	}
	l.pos += n + 2
	l.stripAfter(sign, true)
	return nil
}

// rawBegin tells whether the block tag at l.pos is "raw", and where the text behind it begins.
func (l *lexer) rawBegin() (text int, ok bool) {
	rest := strings.TrimLeftFunc(l.src[l.pos:], IsSpace)
	if !strings.HasPrefix(rest, "raw") {
		return 0, false
	}
	rest = strings.TrimLeftFunc(rest[len("raw"):], IsSpace)
	if strings.HasPrefix(rest, "-%}") {
		rest = strings.TrimLeftFunc(rest[len("-%}"):], IsSpace)
	} else if rest, ok = strings.CutPrefix(rest, "%}"); !ok {
		return 0, false
	}
	return len(l.src) - len(rest), true
}

// raw emits the text of a raw block as it is.
func (l *lexer) raw(from int) error {
	for i := from; ; {
		n := strings.Index(l.src[i:], "{%")
		if n < 0 {
			return l.fail("raw has no end")
		}
		begin := i + n
		i = begin + len("{%")
		sign := byte(0)
		rest := l.src[i:]
		if rest != "" && (rest[0] == '-' || rest[0] == '+') {
			sign, rest = rest[0], rest[1:]
		}
		rest, ok := strings.CutPrefix(strings.TrimLeftFunc(rest, IsSpace), "endraw")
		if !ok {
			continue
		}
		rest = strings.TrimLeftFunc(rest, IsSpace)
		endSign := byte(0)
		if rest != "" && (rest[0] == '-' || rest[0] == '+') {
			endSign, rest = rest[0], rest[1:]
		}
		if rest, ok = strings.CutPrefix(rest, "%}"); !ok {
			continue
		}
		l.data(l.stripBefore(l.src[from:begin], '%', sign))
		l.pos = len(l.src) - len(rest)
		l.stripAfter(endSign, true)
		return nil
	}
}
