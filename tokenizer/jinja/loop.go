package jinja

import (
	"errors"
	"fmt"

	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// forStatement is for, over a list, a dict (its keys) or a string (its characters).
type forStatement struct {
	place
	targets   []string
	iterable  nodes.Expression
	condition nodes.Expression // nil without "if"
	body      *nodes.Wrapper
	empty     *nodes.Wrapper // nil without "else"
}

func parseFor(p, args *parser.Parser) (nodes.ControlStructure, error) {
	st := &forStatement{place: place{p.Current()}}
	if err := st.parseHead(args); err != nil {
		return nil, err
	}
	body, _, err := wrapUntil(p, "else", "endfor")
	if err != nil {
		return nil, err
	}
	if st.body = body; body.EndTag == "else" {
		st.empty, _, err = wrapUntil(p, "endfor")
	}
	return st, err
}

func (st *forStatement) parseHead(args *parser.Parser) error {
	for {
		name := args.Match(tokens.Name)
		if name == nil {
			return errors.New("\"for\" lacks a name")
		}
		st.targets = append(st.targets, name.Val)
		if args.Match(tokens.Comma) == nil {
			break
		}
	}
	if args.Match(tokens.In) == nil {
		return errors.New("\"for\" lacks \"in\"")
	}
	var err error
	if st.iterable, err = expression(args); err != nil {
		return err
	}
	if args.MatchName("if") != nil {
		if st.condition, err = expression(args); err != nil {
			return err
		}
	}
	if !args.End() {
		return args.Error("unexpected (a recursive \"for\" is not supported)", args.Current())
	}
	return nil
}

func (st *forStatement) run(s *state, sc *scope, out *output) (flow, error) {
	items, err := st.items(s, sc)
	if err != nil {
		return flowOn, err
	}
	if len(items) == 0 {
		if st.empty == nil {
			return flowOn, nil
		}
		return s.run(st.empty.Nodes, sc.child(), out)
	}
	loop := &loopValue{items: items}
	for loop.index = range items {
		if err := s.step(0); err != nil {
			return flowOn, err
		}
		inner, err := st.bind(sc, items[loop.index])
		if err != nil {
			return flowOn, err
		}
		inner.set("loop", loop)
		f, err := s.run(st.body.Nodes, inner, out)
		if err != nil || f == flowBreak {
			return flowOn, err
		}
	}
	return flowOn, nil
}

// items evaluates the iterable and drops what the condition does not want.
func (st *forStatement) items(s *state, sc *scope) ([]any, error) {
	value, err := s.eval(sc, st.iterable)
	if err != nil {
		return nil, err
	}
	items, err := s.list(value)
	if err != nil || st.condition == nil {
		return items, err
	}
	var kept []any
	for _, item := range items {
		inner, err := st.bind(sc, item)
		if err != nil {
			return nil, err
		}
		keep, err := s.eval(inner, st.condition)
		if err != nil {
			return nil, err
		}
		if truth(keep) {
			kept = append(kept, item)
		}
	}
	return kept, nil
}

// bind makes the scope of one round.
func (st *forStatement) bind(sc *scope, item any) (*scope, error) {
	inner := sc.child()
	if len(st.targets) == 1 {
		inner.set(st.targets[0], item)
		return inner, nil
	}
	parts, ok := sequence(item)
	if !ok || len(parts) != len(st.targets) {
		return nil, fmt.Errorf("can not take %s apart into %d variables", kindOf(item), len(st.targets))
	}
	for i, name := range st.targets {
		inner.set(name, parts[i])
	}
	return inner, nil
}

// loopValue is the variable loop.
type loopValue struct {
	items []any
	index int
}

func (l *loopValue) attribute(name string) (any, bool) {
	n, i := len(l.items), l.index
	switch name {
	case "index":
		return int64(i + 1), true
	case "index0":
		return int64(i), true
	case "revindex":
		return int64(n - i), true
	case "revindex0":
		return int64(n - i - 1), true
	case "first":
		return i == 0, true
	case "last":
		return i == n-1, true
	case "length":
		return int64(n), true
	case "depth": // of recursion, which there is none of
		return int64(1), true
	case "depth0":
		return int64(0), true
	case "previtem":
		return l.neighbour(i - 1), true
	case "nextitem":
		return l.neighbour(i + 1), true
	case "cycle":
		return function(func(_ *state, a arguments) (any, error) {
			if len(a.positional) == 0 {
				return nil, errors.New("cycle lacks arguments")
			}
			return a.positional[i%len(a.positional)], nil
		}), true
	}
	return nil, false
}

func (l *loopValue) neighbour(i int) any {
	if i < 0 || i >= len(l.items) {
		return undefined{"the item beside the loop's"}
	}
	return l.items[i]
}
