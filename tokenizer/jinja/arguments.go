package jinja

import (
	"fmt"
	"slices"
)

// absent stands for an argument that was not given.
type absent struct{}

// take matches the arguments of a call to parameters, of which the first need to be given; the others are absent where
// they are not.
func (a arguments) take(need int, names ...string) ([]any, error) {
	if len(a.positional) > len(names) {
		return nil, fmt.Errorf("got %d arguments, want at most %d", len(a.positional), len(names))
	}
	values := make([]any, len(names))
	for i := range values {
		values[i] = absent{}
	}
	copy(values, a.positional)
	for name, value := range a.named {
		i := slices.Index(names, name)
		switch {
		case i < 0:
			return nil, fmt.Errorf("argument %q is not supported", name)
		case i < len(a.positional):
			return nil, fmt.Errorf("argument %q is there twice", name)
		}
		values[i] = value
	}
	for i := range need {
		if values[i] == (absent{}) {
			return nil, fmt.Errorf("argument %q is missing", names[i])
		}
	}
	return values, nil
}

// given tells whether an argument is there and not None.
func given(v any) bool { return v != nil && v != (absent{}) }

// textOr returns a string argument, or other where it is not given.
func textOr(v any, other string) (string, error) {
	if !given(v) {
		return other, nil
	}
	text, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("got %s, want a string", kindOf(v))
	}
	return text, nil
}

// intOr returns an integer argument, or other where it is not given.
func intOr(v any, other int64) (int64, error) {
	if !given(v) {
		return other, nil
	}
	i, _, isInt, _ := number(v)
	if !isInt {
		return 0, fmt.Errorf("got %s, want an integer", kindOf(v))
	}
	return i, nil
}
