package jinja

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The filters on numbers.

func sumFilter(s *state, v any, a arguments) (any, error) {
	args, err := a.take(0, "attribute")
	if err != nil {
		return nil, err
	}
	items, err := s.list(v)
	if err == nil && given(args[0]) {
		items, err = s.pluck(items, args[0])
	}
	if err != nil {
		return nil, err
	}
	var sum int64
	for _, item := range items {
		i, _, isInt, _ := number(item)
		if !isInt {
			return nil, fmt.Errorf("got %s, want integers", kindOf(item))
		}
		sum += i
	}
	return sum, s.step(16 * len(items))
}

func absFilter(_ *state, v any, _ arguments) (any, error) {
	i, f, isInt, ok := number(v)
	switch {
	case !ok:
		return nil, fmt.Errorf("got %s, want a number", kindOf(v))
	case isInt && i < 0:
		return -i, nil
	case isInt:
		return i, nil
	}
	return math.Abs(f), nil
}

// intFilter and floatFilter read numbers; what is none gives the default.

func intFilter(_ *state, v any, a arguments) (any, error) {
	args, err := a.take(0, "default")
	if err != nil {
		return nil, err
	}
	if u, ok := v.(undefined); ok {
		return nil, u.fail()
	}
	if i, f, isInt, ok := number(v); ok {
		if !isInt && math.Abs(f) < 1<<62 {
			i = int64(f)
		}
		return i, nil
	}
	if text, ok := v.(string); ok {
		text = strings.TrimFunc(text, IsSpace)
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i, nil
		}
		if f, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(f) < 1<<62 {
			return int64(f), nil
		}
	}
	return intOr(args[0], 0)
}

func floatFilter(_ *state, v any, a arguments) (any, error) {
	args, err := a.take(0, "default")
	if err != nil {
		return nil, err
	}
	if u, ok := v.(undefined); ok {
		return nil, u.fail()
	}
	if _, f, _, ok := number(v); ok {
		return f, nil
	}
	if text, ok := v.(string); ok {
		if f, err := strconv.ParseFloat(strings.TrimFunc(text, IsSpace), 64); err == nil {
			return f, nil
		}
	}
	if _, f, _, ok := number(args[0]); ok {
		return f, nil
	}
	return 0.0, nil
}
