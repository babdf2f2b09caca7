package jinja

import (
	"fmt"
	"strings"

	"github.com/nikolalohinski/gonja/v2/nodes"
)

// What stands behind a value: fields, items and slices.

// evalAttribute evaluates a.name, or a.0.
func (s *state) evalAttribute(sc *scope, n *nodes.GetAttribute) (any, error) {
	value, err := s.eval(sc, n.Node)
	if err != nil {
		return nil, err
	}
	if n.Attribute == "" {
		return s.item(value, int64(n.Index))
	}
	if u, ok := value.(undefined); ok {
		return nil, u.fail()
	}
	if a, ok := s.attribute(value, n.Attribute); ok {
		return a, nil
	}
	if dict, ok := value.(*Dict); ok {
		return s.item(dict, n.Attribute)
	}
	return undefined{fmt.Sprintf("%q of %s", n.Attribute, kindOf(value))}, nil
}

// attribute returns a field or a method of a value.
func (s *state) attribute(value any, name string) (any, bool) {
	switch v := value.(type) {
	case string:
		return stringMethod(v, name)
	case *Dict:
		return dictMethod(v, name)
	case *loopValue:
		return v.attribute(name)
	case *namespace:
		a, ok := v.vars[name]
		return a, ok
	}
	return nil, false
}

// evalItem evaluates a[key].
func (s *state) evalItem(sc *scope, n *nodes.GetItem) (any, error) {
	value, err := s.eval(sc, n.Node)
	if err != nil {
		return nil, err
	}
	key, err := s.eval(sc, n.Arg)
	if err != nil {
		return nil, err
	}
	item, err := s.item(value, key)
	if _, missing := item.(undefined); !missing || err != nil {
		return item, err
	}
	if name, ok := key.(string); ok {
		if a, ok := s.attribute(value, name); ok {
			return a, nil
		}
	}
	return item, nil
}

// item returns an item of a list, a string or a dict; undefined where there is none.
func (s *state) item(value, key any) (any, error) {
	missing := undefined{fmt.Sprintf("an item of %s", kindOf(value))}
	if name, ok := key.(string); ok {
		missing.name = fmt.Sprintf("%q of %s", name, kindOf(value))
	}
	switch v := value.(type) {
	case undefined:
		return nil, v.fail()
	case lazy:
		return nil, fmt.Errorf("can not take %s; make it a list first", missing.name)
	case *Dict:
		if name, ok := key.(string); ok {
			if item, ok := v.values[name]; ok {
				return item, nil
			}
		}
	case []any, tuple, string:
		i, _, isInt, _ := number(key)
		if !isInt {
			return missing, nil
		}
		items, err := s.list(v)
		if err != nil {
			return nil, err
		}
		if i < 0 {
			i += int64(len(items))
		}
		if i >= 0 && i < int64(len(items)) {
			return items[i], nil
		}
	}
	return missing, nil
}

// evalSlice evaluates a[start:end:step].
func (s *state) evalSlice(sc *scope, n *nodes.GetSlice) (any, error) {
	value, err := s.eval(sc, n.Node)
	if err != nil {
		return nil, err
	}
	_, isText := value.(string)
	_, isTuple := value.(tuple)
	if _, isList := value.([]any); !isText && !isTuple && !isList {
		return nil, fmt.Errorf("can not slice %s", kindOf(value))
	}
	items, err := s.list(value)
	if err != nil {
		return nil, err
	}
	var bounds [3]*int64
	for i, node := range []nodes.Node{n.Start, n.End, n.Step} {
		if bounds[i], err = s.bound(sc, node); err != nil {
			return nil, err
		}
	}
	kept, err := slice(items, bounds)
	if isTuple {
		return tuple(kept), err
	}
	if err != nil || !isText {
		return kept, err
	}
	var b strings.Builder
	for _, item := range kept {
		b.WriteString(item.(string))
	}
	return b.String(), nil
}

// bound evaluates one of the numbers of a slice; nil where it is left out.
func (s *state) bound(sc *scope, node nodes.Node) (*int64, error) {
	if node == nil {
		return nil, nil
	}
	value, err := s.eval(sc, node)
	if err != nil || value == nil {
		return nil, err
	}
	i, _, isInt, _ := number(value)
	if !isInt {
		return nil, fmt.Errorf("can not slice by %s", kindOf(value))
	}
	return &i, nil
}

// slice is Python's items[start:end:step].
func slice(items []any, bounds [3]*int64) ([]any, error) {
	n, step := int64(len(items)), int64(1)
	if bounds[2] != nil {
		step = *bounds[2]
	}
	if step == 0 {
		return nil, fmt.Errorf("a slice by steps of 0")
	}
	// The first and last place that a bound can mean; a step back starts at the end.
	low, high := int64(0), n
	from, to := low, high
	if step < 0 {
		low, high = -1, n-1
		from, to = high, low
	}
	clamp := func(bound *int64, other int64) int64 {
		if bound == nil {
			return other
		}
		i := *bound
		if i < 0 {
			i += n
		}
		return max(low, min(i, high))
	}
	from, to = clamp(bounds[0], from), clamp(bounds[1], to)
	var kept []any
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		kept = append(kept, items[i])
		if step > n || step < -n {
			break
		}
	}
	return kept, nil
}
