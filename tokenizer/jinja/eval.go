package jinja

import (
	"fmt"

	"github.com/nikolalohinski/gonja/v2/nodes"
)

// run renders nodes in a scope.
func (s *state) run(list []nodes.Node, sc *scope, out *output) (flow, error) {
	for _, node := range list {
		f, err := s.runNode(node, sc, out)
		if err != nil || f != flowOn {
			return f, err
		}
	}
	return flowOn, nil
}

func (s *state) runNode(node nodes.Node, sc *scope, out *output) (flow, error) {
	if err := s.step(0); err != nil {
		return flowOn, err
	}
	switch n := node.(type) {
	case *nodes.Data:
		return flowOn, s.write(out, n.Data.Val)
	case *nodes.Output:
		return flowOn, atLine(n.Start.Line, s.print(n, sc, out))
	case *nodes.ControlStructureBlock:
		f, err := n.ControlStructure.(statement).run(s, sc, out)
		return f, atLine(n.Location.Line, err)
	}
	return flowOn, fmt.Errorf("node %T is not supported", node)
}

// lineError is an error that knows its line, so that the tags around it do not add theirs.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

func atLine(line int, err error) error {
	if _, ok := err.(*lineError); ok || err == nil {
		return err
	}
	return &lineError{line, err}
}

func (s *state) print(n *nodes.Output, sc *scope, out *output) error {
	value, err := s.eval(sc, n.Expression)
	if err != nil {
		return err
	}
	text, err := s.text(value)
	if err != nil {
		return err
	}
	return s.write(out, text)
}

// eval evaluates an expression.
func (s *state) eval(sc *scope, node nodes.Node) (any, error) {
	if err := s.step(0); err != nil {
		return nil, err
	}
	switch n := node.(type) {
	case *nodes.String:
		return n.Val, nil
	case *nodes.Integer:
		return int64(n.Val), nil
	case *nodes.Float:
		return n.Val, nil
	case *nodes.Bool:
		return n.Val, nil
	case *nodes.None:
		return nil, nil
	case *nodes.Name:
		return s.lookup(sc, n.Name.Val), nil
	case *nodes.List:
		return s.evalAll(sc, n.Val)
	case *nodes.Tuple:
		values, err := s.evalAll(sc, n.Val)
		return tuple(values), err
	case *nodes.Dict:
		return s.evalDict(sc, n)
	case *nodes.Negation:
		value, err := s.eval(sc, n.Term)
		return !truth(value), err
	case *nodes.UnaryExpression:
		return s.evalSign(sc, n)
	case *nodes.BinaryExpression:
		return s.evalBinary(sc, n)
	case *nodes.FilteredExpression:
		return s.evalFiltered(sc, n)
	case *nodes.TestExpression:
		return s.evalTest(sc, n)
	}
	return s.evalTrailer(sc, node)
}

// evalTrailer evaluates what stands behind a value: a call, a field, an item or a slice.
func (s *state) evalTrailer(sc *scope, node nodes.Node) (any, error) {
	switch n := node.(type) {
	case *nodes.Call:
		return s.evalCall(sc, n)
	case *nodes.GetAttribute:
		return s.evalAttribute(sc, n)
	case *nodes.GetItem:
		return s.evalItem(sc, n)
	case *nodes.GetSlice:
		return s.evalSlice(sc, n)
	}
	return nil, fmt.Errorf("expression %T is not supported", node)
}

// lookup returns the value of a name: of the template, of the variables given, or of the environment.
func (s *state) lookup(sc *scope, name string) any {
	if name == "none" { // gonja knows None alone
		return nil
	}
	if value, ok := sc.get(name); ok {
		return value
	}
	if f, ok := functions[name]; ok {
		return f
	}
	return undefined{fmt.Sprintf("%q", name)}
}

func (s *state) evalAll(sc *scope, list []nodes.Expression) ([]any, error) {
	values := make([]any, 0, len(list))
	for _, node := range list {
		value, err := s.eval(sc, node)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

func (s *state) evalDict(sc *scope, n *nodes.Dict) (any, error) {
	dict := NewDict()
	for _, pair := range n.Pairs {
		key, err := s.eval(sc, pair.Key)
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("a dict with %s for a key is not supported (supported: strings)", kindOf(key))
		}
		value, err := s.eval(sc, pair.Value)
		if err != nil {
			return nil, err
		}
		dict.Set(name, value)
	}
	return dict, nil
}

func (s *state) evalSign(sc *scope, n *nodes.UnaryExpression) (any, error) {
	value, err := s.eval(sc, n.Term)
	if err != nil {
		return nil, err
	}
	i, f, isInt, ok := number(value)
	switch {
	case !ok:
		return nil, fmt.Errorf("can not take the negative of %s", kindOf(value))
	case !isInt && n.Negative:
		return -f, nil
	case !isInt:
		return f, nil
	case n.Negative:
		return -i, nil
	}
	return i, nil
}

func (s *state) evalCall(sc *scope, n *nodes.Call) (any, error) {
	if name, ok := n.Func.(*nodes.Name); ok && name.Name.Val == conditional {
		return s.evalConditional(sc, n.Args)
	}
	callee, err := s.eval(sc, n.Func)
	if err != nil {
		return nil, err
	}
	f, ok := callee.(function)
	if !ok {
		if u, ok := callee.(undefined); ok {
			return nil, u.fail()
		}
		return nil, fmt.Errorf("can not call %s", kindOf(callee))
	}
	a, err := s.evalArguments(sc, n.Args, n.Kwargs)
	if err != nil {
		return nil, err
	}
	return f(s, a)
}

// evalConditional evaluates the call that expression.go makes of  a if c else b.
func (s *state) evalConditional(sc *scope, args []nodes.Expression) (any, error) {
	condition, err := s.eval(sc, args[0])
	if err != nil {
		return nil, err
	}
	switch {
	case truth(condition):
		return s.eval(sc, args[1])
	case len(args) > 2:
		return s.eval(sc, args[2])
	}
	return undefined{"the value of \"if\" without \"else\""}, nil
}

func (s *state) evalArguments(sc *scope, args []nodes.Expression, named map[string]nodes.Expression) (arguments, error) {
	positional, err := s.evalAll(sc, args)
	a := arguments{positional: positional, named: make(map[string]any, len(named))}
	for name, node := range named {
		if err != nil {
			break
		}
		a.named[name], err = s.eval(sc, node)
	}
	return a, err
}
