package jinja

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// method is a method of a string, on the string given.
type method func(s *state, text string, a arguments) (any, error)

var stringMethods map[string]method

func init() { // not in the declaration: the methods lead back to it
	stringMethods = map[string]method{
		"strip":        trimMethod(strings.TrimFunc),
		"lstrip":       trimMethod(strings.TrimLeftFunc),
		"rstrip":       trimMethod(strings.TrimRightFunc),
		"upper":        caseMethod(upper),
		"lower":        caseMethod(lower),
		"capitalize":   caseMethod(capitalize),
		"title":        caseMethod(title),
		"startswith":   affixMethod(strings.HasPrefix),
		"endswith":     affixMethod(strings.HasSuffix),
		"removeprefix": cutMethod(strings.TrimPrefix),
		"removesuffix": cutMethod(strings.TrimSuffix),
		"split":        splitMethod,
		"rsplit":       rsplitMethod,
		"splitlines":   splitlinesMethod,
		"replace":      replaceMethod,
		"find":         findMethod(strings.Index),
		"rfind":        findMethod(strings.LastIndex),
		"count":        countMethod,
		"join":         joinMethod,
	}
}

// stringMethod returns a method of a string, bound to it.
func stringMethod(text, name string) (any, bool) {
	m, ok := stringMethods[name]
	if !ok {
		return nil, false
	}
	return function(func(s *state, a arguments) (any, error) {
		err := s.step(len(text))
		if err != nil {
			return nil, err
		}
		value, err := m(s, text, a)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return value, nil
	}), true
}

func trimMethod(trim func(string, func(rune) bool) string) method {
	return func(_ *state, text string, a arguments) (any, error) {
		args, err := a.take(0, "chars")
		if err != nil {
			return nil, err
		}
		if !given(args[0]) {
			return trim(text, IsSpace), nil
		}
		chars, err := textOr(args[0], "")
		if len(chars) > 64 {
			return nil, fmt.Errorf("more than 64 bytes of characters to strip are not supported")
		}
		return trim(text, func(c rune) bool { return strings.ContainsRune(chars, c) }), err
	}
}

func caseMethod(change func(string) string) method {
	return func(s *state, text string, a arguments) (any, error) {
		if _, err := a.take(0); err != nil {
			return nil, err
		}
		return s.str(change(text))
	}
}

// The full case mappings of Unicode, as Python has them: ß becomes SS.

func upper(text string) string {
	if isASCII(text) {
		return strings.ToUpper(text)
	}
	return cases.Upper(language.Und).String(text)
}

func lower(text string) string {
	if isASCII(text) {
		return strings.ToLower(text)
	}
	return cases.Lower(language.Und).String(text)
}

func isASCII(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func capitalize(text string) string {
	_, size := utf8.DecodeRuneInString(text)
	return cases.Title(language.Und, cases.NoLower).String(text[:size]) + lower(text[size:])
}

// title puts a capital after each character that is no letter.
func title(text string) string {
	var b strings.Builder
	inWord := false
	for _, c := range text {
		switch {
		case !unicode.IsLetter(c):
			b.WriteRune(c)
		case inWord:
			b.WriteString(lower(string(c)))
		default:
			b.WriteString(capitalize(string(c)))
		}
		inWord = unicode.IsLetter(c)
	}
	return b.String()
}

func affixMethod(has func(text, affix string) bool) method {
	return func(s *state, text string, a arguments) (any, error) {
		args, err := a.take(1, "affix")
		if err != nil {
			return nil, err
		}
		affixes, ok := args[0].(tuple) // any of them
		if !ok {
			affixes = args
		}
		for _, affix := range affixes {
			part, ok := affix.(string)
			if !ok {
				return nil, fmt.Errorf("got %s, want a string", kindOf(affix))
			}
			if err := s.step(len(part)); err != nil || has(text, part) {
				return true, err
			}
		}
		return false, nil
	}
}

func cutMethod(cut func(text, affix string) string) method {
	return func(_ *state, text string, a arguments) (any, error) {
		args, err := a.take(1, "affix")
		if err != nil {
			return nil, err
		}
		affix, err := textOr(args[0], "")
		return cut(text, affix), err
	}
}

func replaceMethod(s *state, text string, a arguments) (any, error) {
	args, err := a.take(2, "old", "new", "count")
	if err != nil {
		return nil, err
	}
	old, oldErr := textOr(args[0], "")
	replacement, newErr := textOr(args[1], "")
	limit, err := intOr(args[2], -1)
	for _, e := range []error{oldErr, newErr, err} {
		if e != nil {
			return nil, e
		}
	}
	times := int64(strings.Count(text, old))
	if limit >= 0 {
		times = min(times, limit)
	}
	if err := s.room(len(text) + int(times)*(len(replacement)-len(old))); err != nil {
		return nil, err
	}
	return strings.Replace(text, old, replacement, int(times)), nil
}

// findMethod gives the place of a part, counted in characters; -1 where it is not there.
func findMethod(index func(text, part string) int) method {
	return func(_ *state, text string, a arguments) (any, error) {
		args, err := a.take(1, "sub")
		if err != nil {
			return nil, err
		}
		part, err := textOr(args[0], "")
		i := index(text, part)
		if i > 0 {
			i = utf8.RuneCountInString(text[:i])
		}
		return int64(i), err
	}
}

func countMethod(_ *state, text string, a arguments) (any, error) {
	args, err := a.take(1, "sub")
	if err != nil {
		return nil, err
	}
	part, err := textOr(args[0], "")
	return int64(strings.Count(text, part)), err
}

func joinMethod(s *state, text string, a arguments) (any, error) {
	args, err := a.take(1, "iterable")
	if err != nil {
		return nil, err
	}
	items, err := s.list(args[0])
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		if _, ok := item.(string); !ok {
			return nil, fmt.Errorf("got %s in the list, want strings", kindOf(item))
		}
	}
	return s.joinAll(items, text)
}

// joinAll puts the texts of items together.
func (s *state) joinAll(items []any, between string) (any, error) {
	var b strings.Builder
	for i, item := range items {
		text, err := s.text(item)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			text = between + text
		}
		if err := s.grow(&b, len(text)); err != nil {
			return nil, err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}
