package jinja

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unescape replaces the escapes of a Python string. A backslash before any other character stays.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i+1 == len(s) {
			break
		}
		b.WriteString(s[:i])
		n, err := writeEscape(&b, s[i+1:])
		if err != nil {
			return "", err
		}
		s = s[i+1+n:]
	}
	b.WriteString(s)
	return b.String(), nil
}

// hexDigits holds how many digits follow the escapes that have hexadecimal ones.
var hexDigits = map[byte]int{'x': 2, 'u': 4, 'U': 8}

// writeEscape writes the character that s, which follows a backslash, stands for, and returns how much of s that took.
func writeEscape(b *strings.Builder, s string) (int, error) {
	if i := strings.IndexByte(`\'"abfnrtv`, s[0]); i >= 0 {
		b.WriteByte("\\'\"\a\b\f\n\r\t\v"[i])
		return 1, nil
	}
	if digits := hexDigits[s[0]]; digits > 0 {
		return writeHex(b, s, digits)
	}
	switch {
	case s[0] == '\n':
		return 1, nil
	case s[0] >= '0' && s[0] <= '7':
		n := 1
		for n < 3 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
			n++
		}
		v, err := strconv.ParseUint(s[:n], 8, 16)
		b.WriteRune(rune(v))
		return n, err
	case s[0] == 'N':
		return 0, fmt.Errorf(`escape \N in a string is not supported`)
	}
	b.WriteByte('\\')
	return 0, nil
}

func writeHex(b *strings.Builder, s string, digits int) (int, error) {
	end := min(1+digits, len(s))
	v, err := strconv.ParseUint(s[1:end], 16, 32)
	if err != nil || end != 1+digits || !utf8.ValidRune(rune(v)) {
		return 0, fmt.Errorf(`bad escape \%s in a string`, s[:end])
	}
	b.WriteRune(rune(v))
	return end, nil
}
