package jinja

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/nikolalohinski/gonja/v2/nodes"
)

// filter is what stands behind a bar: a function of a value.
type filter func(s *state, v any, a arguments) (any, error)

var filters map[string]filter

func init() { // not in the declaration: map and select lead back to it
	filters = map[string]filter{
		"abs": absFilter, "capitalize": textFilter("capitalize"), "count": lengthFilter, "d": defaultFilter,
		"default": defaultFilter, "dictsort": dictsortFilter, "first": endFilter(0), "float": floatFilter,
		"indent": indentFilter, "int": intFilter, "items": itemsFilter, "join": joinFilter, "last": endFilter(-1),
		"length": lengthFilter, "list": listFilter, "lower": textFilter("lower"), "map": mapFilter,
		"max": extremeFilter(1), "min": extremeFilter(-1), "reject": selectFilter(false, false),
		"rejectattr": selectFilter(true, false), "replace": textFilter("replace"), "reverse": reverseFilter,
		"safe": safeFilter, "select": selectFilter(false, true), "selectattr": selectFilter(true, true),
		"sort": sortFilter, "string": safeFilter, "sum": sumFilter, "title": titleFilter, "tojson": tojson,
		"trim": textFilter("strip"), "unique": uniqueFilter, "upper": textFilter("upper"),
	}
}

func (s *state) evalFiltered(sc *scope, n *nodes.FilteredExpression) (any, error) {
	value, err := s.eval(sc, n.Expression)
	for _, call := range n.Filters {
		if err != nil {
			return nil, err
		}
		var a arguments
		if a, err = s.evalArguments(sc, call.Args, call.Kwargs); err == nil {
			value, err = s.filter(call.Name, value, a)
		}
	}
	return value, err
}

// filter applies a filter by its name.
func (s *state) filter(name string, v any, a arguments) (any, error) {
	f, ok := filters[name]
	if !ok {
		return nil, fmt.Errorf("filter %q is not supported", name)
	}
	if err := s.step(0); err != nil {
		return nil, err
	}
	value, err := f(s, v, a)
	if err != nil {
		return nil, fmt.Errorf("filter %q: %w", name, err)
	}
	return value, nil
}

// textFilter is a method of strings as a filter, on the text of any value.
func textFilter(name string) filter {
	return func(s *state, v any, a arguments) (any, error) {
		text, err := s.text(v)
		if err != nil {
			return nil, err
		}
		m, _ := stringMethod(text, name)
		return m.(function)(s, a)
	}
}

// titleFilter puts a capital after space and opening brackets; the method title does so after all but letters.
func titleFilter(s *state, v any, _ arguments) (any, error) {
	text, err := s.text(v)
	if err != nil {
		return nil, err
	}
	isBreak := func(c rune) bool { return IsSpace(c) || strings.ContainsRune("-({[<", c) }
	var b strings.Builder
	for text != "" {
		end := strings.IndexFunc(text, isBreak)
		switch {
		case end < 0:
			end = len(text)
			b.WriteString(capitalize(text))
		case end == 0:
			_, end = utf8.DecodeRuneInString(text)
			b.WriteString(text[:end])
		default:
			b.WriteString(capitalize(text[:end]))
		}
		text = text[end:]
	}
	return s.str(b.String())
}

// safeFilter turns a value into its text; nothing is ever escaped.
func safeFilter(s *state, v any, _ arguments) (any, error) { return s.text(v) }

func lengthFilter(s *state, v any, _ arguments) (any, error) { return s.length(v) }

func listFilter(s *state, v any, _ arguments) (any, error) { return s.list(v) }

func defaultFilter(_ *state, v any, a arguments) (any, error) {
	args, err := a.take(0, "default_value", "boolean")
	if err != nil {
		return nil, err
	}
	if !isA[undefined](v) && !(truth(args[1]) && args[1] != (absent{}) && !truth(v)) {
		return v, nil
	}
	if args[0] == (absent{}) {
		return "", nil
	}
	return args[0], nil
}

// indentFilter puts space before each line but the first and, without blank, empty ones.
func indentFilter(s *state, v any, a arguments) (any, error) {
	args, err := a.take(0, "width", "first", "blank")
	if err != nil {
		return nil, err
	}
	width, err := intOr(args[0], 4)
	if err != nil || width < 0 || width > maxSource {
		return nil, fmt.Errorf("width is no integer from 0 to %d", maxSource)
	}
	text, err := s.text(v)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(text, "\n")
	if err := s.room(len(text) + len(lines)*int(width)); err != nil {
		return nil, err
	}
	space := strings.Repeat(" ", int(width))
	for i := range lines {
		if i == 0 && isTrue(args[1]) || i > 0 && (lines[i] != "" || isTrue(args[2])) {
			lines[i] = space + lines[i]
		}
	}
	return strings.Join(lines, "\n"), nil
}
