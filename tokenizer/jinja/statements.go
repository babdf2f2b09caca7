package jinja

import (
	"errors"
	"fmt"

	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// wrapUntil parses the nodes up to one of the end tags, which take no arguments but for "elif".
func wrapUntil(p *parser.Parser, ends ...string) (*nodes.Wrapper, *parser.Parser, error) {
	body, args, err := p.WrapUntil(ends...)
	if err == nil && body.EndTag != "elif" && !args.End() {
		err = fmt.Errorf("%q takes no arguments", body.EndTag)
	}
	return body, args, err
}

// expression parses an expression that must be there.
func expression(args *parser.Parser) (nodes.Expression, error) {
	e, err := args.ParseExpression()
	if err == nil && e == nil {
		err = errors.New("an expression is missing")
	}
	return e, err
}

// whole parses an expression up to the end of the tag.
func whole(args *parser.Parser) (nodes.Expression, error) {
	e, err := expression(args)
	if err == nil && !args.End() {
		err = args.Error("unexpected", args.Current())
	}
	return e, err
}

// ifStatement is if, elif and else.
type ifStatement struct {
	place
	conditions []nodes.Expression
	bodies     []*nodes.Wrapper // one more than conditions where there is an else
}

func parseIf(p, args *parser.Parser) (nodes.ControlStructure, error) {
	st := &ifStatement{place: place{p.Current()}}
	for {
		condition, err := whole(args)
		if err != nil {
			return nil, err
		}
		st.conditions = append(st.conditions, condition)
		body, next, err := wrapUntil(p, "elif", "else", "endif")
		if err != nil {
			return nil, err
		}
		st.bodies = append(st.bodies, body)
		switch body.EndTag {
		case "endif":
			return st, nil
		case "else":
			body, _, err := wrapUntil(p, "endif")
			st.bodies = append(st.bodies, body)
			return st, err
		}
		args = next
	}
}

func (st *ifStatement) run(s *state, sc *scope, out *output) (flow, error) {
	for i, condition := range st.conditions {
		value, err := s.eval(sc, condition)
		if err != nil {
			return flowOn, err
		}
		if truth(value) {
			return s.run(st.bodies[i].Nodes, sc, out)
		}
	}
	if len(st.bodies) > len(st.conditions) {
		return s.run(st.bodies[len(st.conditions)].Nodes, sc, out)
	}
	return flowOn, nil
}

// setStatement is set, with a value or around a block.
type setStatement struct {
	place
	name  string
	field string // of the namespace name, or ""
	value nodes.Expression
	body  *nodes.Wrapper
}

func parseSet(p, args *parser.Parser) (nodes.ControlStructure, error) {
	st := &setStatement{place: place{p.Current()}}
	name := args.Match(tokens.Name)
	if name == nil {
		return nil, errors.New("\"set\" lacks a name")
	}
	st.name = name.Val
	if args.Match(tokens.Dot) != nil {
		if name = args.Match(tokens.Name); name == nil {
			return nil, errors.New("\"set\" lacks a name after the dot")
		}
		st.field = name.Val
	}
	var err error
	switch {
	case args.Match(tokens.Assign) != nil:
		st.value, err = whole(args)
	case args.End():
		st.body, _, err = wrapUntil(p, "endset")
	default:
		err = args.Error("\"set\" of this is not supported (supported: a name, a field of a namespace)", args.Current())
	}
	return st, err
}

func (st *setStatement) run(s *state, sc *scope, _ *output) (flow, error) {
	value, err := st.evaluate(s, sc)
	if err != nil {
		return flowOn, err
	}
	if st.field == "" {
		sc.set(st.name, value)
		return flowOn, nil
	}
	target, _ := sc.get(st.name)
	ns, ok := target.(*namespace)
	if !ok {
		return flowOn, fmt.Errorf("can not set a field of %q, which is no namespace", st.name)
	}
	ns.vars[st.field] = value
	return flowOn, nil
}

func (st *setStatement) evaluate(s *state, sc *scope) (any, error) {
	if st.body == nil {
		return s.eval(sc, st.value)
	}
	var text output
	if _, err := s.run(st.body.Nodes, sc.child(), &text); err != nil {
		return nil, err
	}
	return text.String(), nil
}

// generationStatement marks what the model writes, for training; it renders its body.
type generationStatement struct {
	place
	body *nodes.Wrapper
}

func parseGeneration(p, args *parser.Parser) (nodes.ControlStructure, error) {
	st := &generationStatement{place: place{p.Current()}}
	if !args.End() {
		return nil, errors.New("\"generation\" takes no arguments")
	}
	var err error
	st.body, _, err = wrapUntil(p, "endgeneration")
	return st, err
}

func (st *generationStatement) run(s *state, sc *scope, out *output) (flow, error) {
	return s.run(st.body.Nodes, sc.child(), out)
}

// loopControl is break or continue.
type loopControl struct {
	place
	flow flow
}

// parseLoopControl makes the parser of break or continue.
func parseLoopControl(f flow) parser.ControlStructureParser {
	return func(p, args *parser.Parser) (nodes.ControlStructure, error) {
		if !args.End() {
			return nil, errors.New("\"break\" and \"continue\" take no arguments")
		}
		return &loopControl{place{p.Current()}, f}, nil
	}
}

func (st *loopControl) run(*state, *scope, *output) (flow, error) { return st.flow, nil }
