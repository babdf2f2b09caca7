package jinja

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"

	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// evalBinary evaluates a operator b.
func (s *state) evalBinary(sc *scope, n *nodes.BinaryExpression) (any, error) {
	left, err := s.eval(sc, n.Left)
	if err != nil {
		return nil, err
	}
	op := n.Operator.Token.Type
	switch op {
	case tokens.And:
		if !truth(left) {
			return left, nil
		}
		return s.eval(sc, n.Right)
	case tokens.Or:
		if truth(left) {
			return left, nil
		}
		return s.eval(sc, n.Right)
	}
	right, err := s.eval(sc, n.Right)
	if err != nil {
		return nil, err
	}
	switch op {
	case tokens.Equals, tokens.Ne:
		same, err := s.equal(left, right)
		return same == (op == tokens.Equals), err
	case tokens.Tilde:
		return s.concat(left, right)
	}
	for _, v := range []any{left, right} {
		if u, ok := v.(undefined); ok {
			return nil, u.fail()
		}
	}
	switch op {
	case tokens.LowerThan, tokens.LowerThanOrEqual, tokens.GreaterThan, tokens.GreaterThanOrEqual:
		return s.compare(op, left, right)
	}
	return s.arithmetic(n.Operator.Token, left, right)
}

// concat is a ~ b.
func (s *state) concat(left, right any) (any, error) {
	a, err := s.text(left)
	if err != nil {
		return nil, err
	}
	b, err := s.text(right)
	if err != nil {
		return nil, err
	}
	return s.join(a, b)
}

func (s *state) join(a, b string) (any, error) {
	if err := s.room(len(a) + len(b)); err != nil {
		return nil, err
	}
	return a + b, nil
}

// order returns how a and b compare, -1, 0 or 1: both numbers, or both strings.
func (s *state) order(a, b any) (int, error) {
	ai, af, aInt, aNum := number(a)
	bi, bf, bInt, bNum := number(b)
	switch {
	case aInt && bInt:
		return cmp(ai < bi, ai > bi), nil
	case aNum && bNum:
		return cmp(af < bf, af > bf), nil
	}
	at, aText := a.(string)
	bt, bText := b.(string)
	if !aText || !bText {
		return 0, fmt.Errorf("can not compare %s with %s", kindOf(a), kindOf(b))
	}
	return strings.Compare(at, bt), s.step(min(len(at), len(bt)))
}

func cmp(less, more bool) int {
	switch {
	case less:
		return -1
	case more:
		return 1
	}
	return 0
}

func (s *state) compare(op tokens.Type, left, right any) (any, error) {
	c, err := s.order(left, right)
	switch op {
	case tokens.LowerThan:
		return c < 0, err
	case tokens.LowerThanOrEqual:
		return c <= 0, err
	case tokens.GreaterThan:
		return c > 0, err
	}
	return c >= 0, err
}

// arithmetic is + - * / // % of numbers, + of two strings or two lists, and * of a string and a number.
func (s *state) arithmetic(op *tokens.Token, left, right any) (any, error) {
	ai, af, aInt, aNum := number(left)
	bi, bf, bInt, bNum := number(right)
	switch {
	case aInt && bInt && op.Type != tokens.Division:
		return integers(op.Type, ai, bi)
	case aNum && bNum:
		return floats(op.Type, af, bf)
	}
	text, isText := left.(string)
	switch op.Type {
	case tokens.Addition:
		if other, ok := right.(string); ok && isText {
			return s.join(text, other)
		}
		a, aList := left.([]any)
		b, bList := right.([]any)
		if aList && bList {
			return append(a[:len(a):len(a)], b...), s.step(16 * (len(a) + len(b)))
		}
	case tokens.Multiply:
		if isText && bInt {
			return s.repeat(text, bi)
		}
	}
	return nil, fmt.Errorf("operator %s is not supported between %s and %s", op.Val, kindOf(left), kindOf(right))
}

func (s *state) repeat(text string, times int64) (any, error) {
	times = max(times, 0)
	if err := s.room(int(min(times, math.MaxInt32)) * len(text)); err != nil {
		return nil, err
	}
	return strings.Repeat(text, int(times)), nil
}

var (
	errZero     = errors.New("division by zero")
	errOverflow = errors.New("an integer beyond 64 bits")
)

func integers(op tokens.Type, a, b int64) (any, error) {
	switch op {
	case tokens.Addition:
		sum := a + b
		return sum, overflow((sum > a) != (b > 0) && b != 0)
	case tokens.Subtraction:
		diff := a - b
		return diff, overflow((diff < a) != (b > 0) && b != 0)
	case tokens.Multiply:
		high, low := bits.Mul64(magnitude(a), magnitude(b))
		return a * b, overflow(high != 0 || low > math.MaxInt64)
	}
	if b == 0 {
		return nil, errZero
	}
	quotient, rest := a/b, a%b
	if rest != 0 && (rest < 0) != (b < 0) { // Python rounds down
		quotient, rest = quotient-1, rest+b
	}
	if op == tokens.Modulo {
		return rest, nil
	}
	return quotient, overflow(b == -1 && a == math.MinInt64)
}

func overflow(is bool) error {
	if is {
		return errOverflow
	}
	return nil
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

func floats(op tokens.Type, a, b float64) (any, error) {
	switch op {
	case tokens.Addition:
		return a + b, nil
	case tokens.Subtraction:
		return a - b, nil
	case tokens.Multiply:
		return a * b, nil
	}
	if b == 0 {
		return nil, errZero
	}
	switch op {
	case tokens.Division:
		return a / b, nil
	case tokens.FloorDivision:
		return math.Floor(a / b), nil
	}
	rest := math.Mod(a, b)
	if rest != 0 && (rest < 0) != (b < 0) {
		rest += b
	}
	return rest, nil
}
