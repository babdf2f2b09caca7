package jinja

import (
	"fmt"

	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// evalTest evaluates  a is test, and  a in b, which the parser makes a test of.
func (s *state) evalTest(sc *scope, n *nodes.TestExpression) (any, error) {
	value, err := s.eval(sc, n.Expression)
	if err != nil {
		return nil, err
	}
	a, err := s.evalArguments(sc, n.Test.Args, n.Test.Kwargs)
	if err != nil {
		return nil, err
	}
	return s.test(n.Test.Name, value, a)
}

// test applies a test by its name.
func (s *state) test(name string, v any, a arguments) (bool, error) {
	if is, ok := plainTests[name]; ok {
		if len(a.positional)+len(a.named) > 0 {
			return false, fmt.Errorf("test %q takes no arguments", name)
		}
		return is(v), nil
	}
	if name == "odd" || name == "even" {
		i, _, isInt, _ := number(v)
		if !isInt {
			return false, fmt.Errorf("test %q of %s is not supported", name, kindOf(v))
		}
		return i%2 == 0 == (name == "even"), nil
	}
	args, err := a.take(1, "other")
	if err != nil {
		err = fmt.Errorf("test %q: %w", name, err)
	}
	switch name {
	case "divisibleby", "eq", "equalto", "ne", "in", "lt", "lessthan", "le", "gt", "greaterthan", "ge", "sameas":
		if err != nil {
			return false, err
		}
		return s.compareTest(name, v, args[0])
	}
	return false, fmt.Errorf("test %q is not supported", name)
}

// orderings are the tests that compare two values by their order.
var orderings = map[string]tokens.Type{
	"lt": tokens.LowerThan, "lessthan": tokens.LowerThan, "le": tokens.LowerThanOrEqual,
	"gt": tokens.GreaterThan, "greaterthan": tokens.GreaterThan, "ge": tokens.GreaterThanOrEqual,
}

// compareTest applies the tests with an argument.
func (s *state) compareTest(name string, v, other any) (bool, error) {
	if op, ok := orderings[name]; ok {
		is, err := s.compare(op, v, other)
		return is == true, err
	}
	switch name {
	case "eq", "equalto", "sameas":
		return s.equal(v, other)
	case "ne":
		same, err := s.equal(v, other)
		return !same, err
	case "in":
		return s.contains(other, v)
	}
	i, _, isInt, _ := number(v)
	by, _, isIntBy, _ := number(other)
	if !isInt || !isIntBy || by == 0 {
		return false, fmt.Errorf("can not divide %s by %v", kindOf(v), other)
	}
	return i%by == 0, nil
}

// plainTests are the tests without arguments.
var plainTests = map[string]func(any) bool{
	"defined":   func(v any) bool { return !isA[undefined](v) },
	"undefined": isA[undefined],
	"none":      func(v any) bool { return v == nil },
	"boolean":   isA[bool],
	"true":      func(v any) bool { return v == true },
	"false":     func(v any) bool { return v == false },
	"string":    isA[string],
	"integer":   isA[int64],
	"float":     isA[float64],
	"number":    func(v any) bool { _, _, _, ok := number(v); return ok },
	"mapping":   isA[*Dict],
	"callable":  isA[function],
	"iterable":  func(v any) bool { return isA[undefined](v) || isA[lazy](v) || isSequence(v) },
	"sequence":  func(v any) bool { return isA[undefined](v) || isSequence(v) },
}

func isA[T any](v any) bool {
	_, ok := v.(T)
	return ok
}

func isSequence(v any) bool {
	return isA[string](v) || isA[[]any](v) || isA[tuple](v) || isA[*Dict](v) || isView(v)
}

func isView(v any) bool {
	l, ok := v.(lazy)
	return ok && l.view
}
