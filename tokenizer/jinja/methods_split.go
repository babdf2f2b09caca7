package jinja

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The methods that cut a string.

// separator reads the arguments of split and rsplit: no separator means space; most is -1 for no limit.
func separator(a arguments) (sep string, most int, err error) {
	args, err := a.take(0, "sep", "maxsplit")
	if err != nil {
		return "", 0, err
	}
	if sep, err = textOr(args[0], ""); err == nil && sep == "" && given(args[0]) {
		err = fmt.Errorf("the separator is empty")
	}
	limit, intErr := intOr(args[1], -1)
	if err == nil {
		err = intErr
	}
	if limit < 0 || limit > maxSource {
		limit = -1
	}
	return sep, int(limit), err
}

// strs makes a list of strings a value.
func (s *state) strs(parts []string) (any, error) {
	list := make([]any, len(parts))
	for i, part := range parts {
		list[i] = part
	}
	return list, s.step(16 * len(list))
}

func splitMethod(s *state, text string, a arguments) (any, error) {
	sep, most, err := separator(a)
	if err != nil {
		return nil, err
	}
	switch {
	case sep == "" && most < 0:
		return s.strs(strings.FieldsFunc(text, IsSpace))
	case sep == "":
		return s.strs(splitSpace(text, most))
	case most < 0:
		return s.strs(strings.Split(text, sep))
	}
	return s.strs(strings.SplitN(text, sep, most+1))
}

// splitSpace splits at runs of space, at most so many times.
func splitSpace(text string, most int) []string {
	var parts []string
	for text = strings.TrimLeftFunc(text, IsSpace); text != ""; text = strings.TrimLeftFunc(text, IsSpace) {
		end := strings.IndexFunc(text, IsSpace)
		if len(parts) == most {
			return append(parts, text)
		}
		if end < 0 {
			end = len(text)
		}
		parts, text = append(parts, text[:end]), text[end:]
	}
	return parts
}

func rsplitMethod(s *state, text string, a arguments) (any, error) {
	sep, most, err := separator(a)
	switch {
	case err != nil:
		return nil, err
	case most < 0:
		return splitMethod(s, text, a)
	case sep == "":
		return nil, fmt.Errorf("maxsplit without a separator is not supported")
	}
	parts := strings.Split(text, sep)
	if n := len(parts) - 1 - most; n > 0 {
		parts = append([]string{strings.Join(parts[:n+1], sep)}, parts[n+1:]...)
	}
	return s.strs(parts)
}

func splitlinesMethod(s *state, text string, a arguments) (any, error) {
	if _, err := a.take(0); err != nil {
		return nil, err
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	isBreak := func(c rune) bool {
		return c >= '\n' && c <= '\r' || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029
	}
	var lines []string
	for text != "" {
		i := strings.IndexFunc(text, isBreak)
		if i < 0 {
			lines = append(lines, text)
			break
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		lines, text = append(lines, text[:i]), text[i+size:]
	}
	return s.strs(lines)
}
