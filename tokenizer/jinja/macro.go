package jinja

import (
	"errors"
	"fmt"

	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// macroStatement is macro: it defines a function that renders its body.
type macroStatement struct {
	place
	name     string
	params   []string
	defaults []nodes.Expression // by parameter; nil without one
	body     *nodes.Wrapper
}

func parseMacro(p, args *parser.Parser) (nodes.ControlStructure, error) {
	st := &macroStatement{place: place{p.Current()}}
	name := args.Match(tokens.Name)
	if name == nil || args.Match(tokens.LeftParenthesis) == nil {
		return nil, errors.New("\"macro\" lacks a name or its parameters")
	}
	st.name = name.Val
	if err := st.parseParams(args); err != nil {
		return nil, err
	}
	var err error
	st.body, _, err = wrapUntil(p, "endmacro")
	return st, err
}

func (st *macroStatement) parseParams(args *parser.Parser) error {
	for args.Match(tokens.RightParenthesis) == nil {
		if len(st.params) > 0 && args.Match(tokens.Comma) == nil {
			return errors.New("\"macro\" lacks a comma between parameters")
		}
		name := args.Match(tokens.Name)
		if name == nil {
			return errors.New("\"macro\" lacks the name of a parameter")
		}
		var value nodes.Expression
		if args.Match(tokens.Assign) != nil {
			var err error
			if value, err = expression(args); err != nil {
				return err
			}
		}
		st.params, st.defaults = append(st.params, name.Val), append(st.defaults, value)
	}
	if !args.End() {
		return args.Error("unexpected", args.Current())
	}
	return nil
}

func (st *macroStatement) run(_ *state, sc *scope, _ *output) (flow, error) {
	sc.set(st.name, function(func(s *state, a arguments) (any, error) { return st.call(s, sc, a) }))
	return flowOn, nil
}

// call renders the body with the arguments, in the scope where the macro was defined.
func (st *macroStatement) call(s *state, sc *scope, a arguments) (any, error) {
	if s.depth++; s.depth > maxCalls {
		return nil, errTooDeep
	}
	defer func() { s.depth-- }()
	if len(a.positional) > len(st.params) {
		return nil, fmt.Errorf("macro %q takes %d arguments, got %d", st.name, len(st.params), len(a.positional))
	}
	inner := sc.child()
	for i, name := range st.params {
		value, err := st.argument(s, inner, a, i)
		if err != nil {
			return nil, err
		}
		inner.set(name, value)
	}
	for name := range a.named {
		if _, ok := inner.vars[name]; !ok {
			return nil, fmt.Errorf("macro %q has no parameter %q", st.name, name)
		}
	}
	var text output
	if _, err := s.run(st.body.Nodes, inner, &text); err != nil {
		return nil, err
	}
	return text.String(), nil
}

func (st *macroStatement) argument(s *state, sc *scope, a arguments, i int) (any, error) {
	named, ok := a.named[st.params[i]]
	switch {
	case i < len(a.positional) && ok:
		return nil, fmt.Errorf("macro %q got parameter %q twice", st.name, st.params[i])
	case i < len(a.positional):
		return a.positional[i], nil
	case ok:
		return named, nil
	case st.defaults[i] != nil:
		return s.eval(sc, st.defaults[i])
	}
	return undefined{st.params[i]}, nil
}
