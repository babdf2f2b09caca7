package jinja

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The filters on lists.

// endFilter is first and last.
func endFilter(at int) filter {
	return func(s *state, v any, _ arguments) (any, error) {
		items, err := s.list(v)
		if err != nil {
			return nil, err
		}
		if len(items) == 0 {
			return undefined{"an item of an empty list"}, nil
		}
		return items[(at+len(items))%len(items)], nil
	}
}

func reverseFilter(s *state, v any, _ arguments) (any, error) {
	items, err := s.list(v)
	if err != nil {
		return nil, err
	}
	items = slices.Clone(items)
	slices.Reverse(items)
	if _, ok := v.(string); ok {
		return s.joinAll(items, "")
	}
	return lazy{items: items}, s.step(16 * len(items))
}

func joinFilter(s *state, v any, a arguments) (any, error) {
	args, err := a.take(0, "d", "attribute")
	if err != nil {
		return nil, err
	}
	between, err := textOr(args[0], "")
	if err != nil {
		return nil, err
	}
	items, err := s.list(v)
	if err != nil {
		return nil, err
	}
	if given(args[1]) {
		if items, err = s.pluck(items, args[1]); err != nil {
			return nil, err
		}
	}
	return s.joinAll(items, between)
}

// pluck returns the fields or items that an attribute such as "a.b" names.
func (s *state) pluck(items []any, attribute any) ([]any, error) {
	plucked := make([]any, 0, len(items))
	for _, item := range items {
		value, err := s.field(item, attribute)
		if err != nil {
			return nil, err
		}
		plucked = append(plucked, value)
	}
	return plucked, nil
}

func (s *state) field(value, attribute any) (any, error) {
	err := s.step(0)
	name, ok := attribute.(string)
	if !ok {
		if err != nil {
			return nil, err
		}
		return s.item(value, attribute)
	}
	for _, part := range strings.Split(name, ".") {
		if err != nil {
			break
		}
		var key any = part
		if i, numErr := strconv.ParseInt(part, 10, 64); numErr == nil {
			key = i
		}
		value, err = s.item(value, key)
	}
	return value, err
}

// mapFilter is map('filter', arguments…) and map(attribute='name').
func mapFilter(s *state, v any, a arguments) (any, error) {
	items, err := s.list(v)
	if err != nil {
		return nil, err
	}
	if len(a.positional) == 0 {
		args, err := a.take(1, "attribute", "default")
		if err != nil || args[1] != (absent{}) {
			return nil, errors.Join(err, errors.New("a default is not supported"))
		}
		plucked, err := s.pluck(items, args[0])
		return lazy{items: plucked}, err
	}
	name, ok := a.positional[0].(string)
	if !ok {
		return nil, fmt.Errorf("got %s, want the name of a filter", kindOf(a.positional[0]))
	}
	mapped := make([]any, 0, len(items))
	for _, item := range items {
		value, err := s.filter(name, item, arguments{a.positional[1:], a.named})
		if err != nil {
			return nil, err
		}
		mapped = append(mapped, value)
	}
	return lazy{items: mapped}, nil
}

// selectFilter is select, reject, selectattr and rejectattr: the items, or those whose field, a test accepts or does not.
func selectFilter(byField, want bool) filter {
	return func(s *state, v any, a arguments) (any, error) {
		items, err := s.list(v)
		if err != nil {
			return nil, err
		}
		var fieldName any
		if byField {
			if len(a.positional) == 0 {
				return nil, errors.New("the attribute is missing")
			}
			fieldName, a.positional = a.positional[0], a.positional[1:]
		}
		kept := []any{}
		for _, item := range items {
			subject := item
			if byField {
				if subject, err = s.field(item, fieldName); err != nil {
					return nil, err
				}
			}
			is, err := s.accepts(subject, a)
			if err != nil {
				return nil, err
			}
			if is == want {
				kept = append(kept, item)
			}
		}
		return lazy{items: kept}, nil
	}
}

// accepts applies the test that the first argument names; without one, whether the value is true.
func (s *state) accepts(v any, a arguments) (bool, error) {
	if err := s.step(0); err != nil {
		return false, err
	}
	if len(a.positional) == 0 {
		return truth(v), nil
	}
	name, ok := a.positional[0].(string)
	if !ok {
		return false, fmt.Errorf("got %s, want the name of a test", kindOf(a.positional[0]))
	}
	if alias, ok := testAliases[name]; ok {
		name = alias
	}
	return s.test(name, v, arguments{a.positional[1:], a.named})
}

// testAliases are the operators that name tests.
var testAliases = map[string]string{"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}

func uniqueFilter(s *state, v any, a arguments) (any, error) {
	if _, err := a.take(0); err != nil {
		return nil, err
	}
	items, err := s.list(v)
	if err != nil {
		return nil, err
	}
	kept, keys := []any{}, []any{}
	for _, item := range items {
		seen, err := s.contains(keys, folded(item))
		if err != nil {
			return nil, err
		}
		if !seen {
			kept, keys = append(kept, item), append(keys, folded(item))
		}
	}
	return lazy{items: kept}, nil
}

// folded is what sorting and comparing look at: strings without their case.
func folded(v any) any {
	if text, ok := v.(string); ok {
		return lower(text)
	}
	return v
}

func sortFilter(s *state, v any, a arguments) (any, error) {
	args, err := a.take(0, "reverse", "case_sensitive", "attribute")
	if err != nil {
		return nil, err
	}
	items, err := s.list(v)
	if err != nil {
		return nil, err
	}
	key := func(item any) (any, error) {
		if !given(args[2]) {
			return item, nil
		}
		return s.field(item, args[2])
	}
	return s.sorted(items, key, isTrue(args[0]), isTrue(args[1]))
}

func isTrue(v any) bool { return v != (absent{}) && truth(v) }

// sorted sorts items by their keys, stably.
func (s *state) sorted(items []any, key func(any) (any, error), reverse, caseSensitive bool) (any, error) {
	type keyed struct{ key, item any }
	list := make([]keyed, 0, len(items))
	for _, item := range items {
		k, err := key(item)
		if err != nil {
			return nil, err
		}
		if !caseSensitive {
			k = folded(k)
		}
		list = append(list, keyed{k, item})
	}
	var failed error
	slices.SortStableFunc(list, func(a, b keyed) int {
		c, err := s.order(a.key, b.key)
		if err == nil {
			err = s.step(0)
		}
		if failed == nil {
			failed = err
		}
		if reverse {
			return -c
		}
		return c
	})
	out := make([]any, len(list))
	for i, k := range list {
		out[i] = k.item
	}
	return out, failed
}

// dictsortFilter lists the pairs of a dict by their keys.
func dictsortFilter(s *state, v any, a arguments) (any, error) {
	if _, err := a.take(0); err != nil {
		return nil, err
	}
	pairs, err := itemsFilter(s, v, a)
	if err != nil {
		return nil, err
	}
	return s.sorted(pairs.(lazy).items, func(pair any) (any, error) { return pair.(tuple)[0], nil }, false, false)
}

func itemsFilter(s *state, v any, _ arguments) (any, error) {
	switch v := v.(type) {
	case *Dict:
		pairs, err := s.dictList(v, "items")
		return lazy{items: pairs.items}, err
	case undefined:
		return lazy{}, nil
	}
	return nil, fmt.Errorf("got %s, want a dict", kindOf(v))
}

// extremeFilter is max and min.
func extremeFilter(sign int) filter {
	return func(s *state, v any, a arguments) (any, error) {
		if _, err := a.take(0); err != nil {
			return nil, err
		}
		items, err := s.list(v)
		if err != nil || len(items) == 0 {
			return undefined{"an item of an empty list"}, err
		}
		best := items[0]
		for _, item := range items[1:] {
			c, err := s.order(folded(item), folded(best))
			if err == nil {
				err = s.step(0)
			}
			if err != nil {
				return nil, err
			}
			if c*sign > 0 {
				best = item
			}
		}
		return best, nil
	}
}
