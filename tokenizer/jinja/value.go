package jinja

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The values of templates are Go's nil (None), bool, int64, float64, string and []any, and the types below. None of them
// changes once made, but for a namespace: a template can not change what it was given.

// undefined is the value of a name, a field or an item that is not there. It renders as nothing and is false, and most
// else that is done to it is an error.
type undefined struct{ name string }

func (u undefined) fail() error { return fmt.Errorf("%s is undefined", u.name) }

// tuple is a list that is written in round brackets and equals no list.
type tuple []any

// lazy is what Python makes lazily: a range, the keys of a dict, what a filter such as select lets through. It can be gone
// through and made a list, and little else: it is written as the address of an object, which is an error here.
type lazy struct {
	items []any
	view  bool // it knows its length: a range, or a view of a dict. Others count as true even where nothing is left
}

// sequence returns the items of a list or a tuple.
func sequence(v any) (items []any, ok bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case tuple:
		return v, true
	}
	return nil, false
}

// Dict is a dict: strings to values, in the order in which they were set.
type Dict struct {
	keys   []string
	values map[string]any
}

// NewDict returns an empty dict.
func NewDict() *Dict { return &Dict{values: map[string]any{}} }

// Set gives a key its value.
func (d *Dict) Set(key string, value any) {
	if _, ok := d.values[key]; !ok {
		d.keys = append(d.keys, key)
	}
	d.values[key] = value
}

// namespace is what namespace() makes: variables that can be set from within a loop.
type namespace struct{ vars map[string]any }

// function is what a template can call: a macro, a method of a value, or a function of the environment.
type function func(s *state, a arguments) (any, error)

// arguments are those of a call.
type arguments struct {
	positional []any
	named      map[string]any
}

// kindOf names the kind of a value, for errors.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case undefined:
		return "an undefined value"
	case bool:
		return "a boolean"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case string:
		return "a string"
	case []any:
		return "a list"
	case tuple:
		return "a tuple"
	case lazy:
		return "a generator"
	case *Dict:
		return "a dict"
	case *namespace:
		return "a namespace"
	case function:
		return "a function"
	}
	return "the loop"
}

// truth is Python's truth of a value.
func truth(v any) bool {
	switch v := v.(type) {
	case nil, undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case tuple:
		return len(v) > 0
	case lazy:
		return !v.view || len(v.items) > 0
	case *Dict:
		return len(v.keys) > 0
	}
	return true
}

// number returns the value of a number; booleans count as 0 and 1, as in Python.
func number(v any) (i int64, f float64, isInt, ok bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, 1, true, true
		}
		return 0, 0, true, true
	case int64:
		return v, float64(v), true, true
	case float64:
		return 0, v, false, true
	}
	return 0, 0, false, false
}

// equal is Python's ==. Each pair of values compared is charged.
func (s *state) equal(a, b any) (bool, error) {
	if err := s.step(0); err != nil {
		return false, err
	}
	ai, af, aInt, aNum := number(a)
	bi, bf, bInt, bNum := number(b)
	if aNum && bNum {
		return aInt && bInt && ai == bi || !(aInt && bInt) && af == bf, nil
	}
	switch a := a.(type) {
	case nil:
		return b == nil, nil
	case undefined:
		_, ok := b.(undefined)
		return ok, nil
	case string:
		text, ok := b.(string)
		return ok && a == text, s.step(len(a))
	case []any:
		list, ok := b.([]any)
		return s.equalLists(a, list, ok)
	case tuple:
		list, ok := b.(tuple)
		return s.equalLists(a, list, ok)
	case *Dict:
		dict, ok := b.(*Dict)
		if !ok || len(a.keys) != len(dict.keys) {
			return false, nil
		}
		return s.equalDicts(a, dict)
	}
	return false, nil
}

// equalLists compares lists, where they are of the same kind at all.
func (s *state) equalLists(a, b []any, sameKind bool) (bool, error) {
	if !sameKind || len(a) != len(b) {
		return false, nil
	}
	for i := range a {
		if same, err := s.equal(a[i], b[i]); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

func (s *state) equalDicts(a, b *Dict) (bool, error) {
	for _, key := range a.keys {
		other, ok := b.values[key]
		if !ok {
			return false, nil
		}
		if same, err := s.equal(a.values[key], other); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// list returns the items of a value that can be gone through.
func (s *state) list(v any) ([]any, error) {
	switch v := v.(type) {
	case []any:
		return v, s.step(0)
	case tuple:
		return v, s.step(0)
	case lazy:
		return v.items, s.step(0)
	case undefined:
		return nil, nil
	case *Dict:
		items := make([]any, 0, len(v.keys))
		for _, key := range v.keys {
			items = append(items, key)
		}
		return items, s.step(16 * len(items))
	case string:
		if err := s.step(16 * len(v)); err != nil {
			return nil, err
		}
		items := make([]any, 0, len(v))
		for _, c := range v {
			items = append(items, string(c))
		}
		return items, nil
	}
	return nil, fmt.Errorf("can not go through %s", kindOf(v))
}

// length is Python's len().
func (s *state) length(v any) (int64, error) {
	switch v := v.(type) {
	case string:
		return int64(utf8.RuneCountInString(v)), s.step(len(v))
	case []any:
		return int64(len(v)), nil
	case tuple:
		return int64(len(v)), nil
	case *Dict:
		return int64(len(v.keys)), nil
	case undefined:
		return 0, nil
	case lazy:
		if v.view {
			return int64(len(v.items)), nil
		}
	}
	return 0, fmt.Errorf("%s has no length", kindOf(v))
}

// contains is Python's item in v.
func (s *state) contains(v, item any) (bool, error) {
	switch v := v.(type) {
	case string:
		part, ok := item.(string)
		if !ok {
			return false, fmt.Errorf("can not look for %s in a string", kindOf(item))
		}
		return strings.Contains(v, part), s.step(len(v))
	case *Dict:
		key, ok := item.(string)
		_, found := v.values[key]
		return ok && found, nil
	}
	items, err := s.list(v)
	if err != nil {
		return false, err
	}
	var failed error
	found := slices.ContainsFunc(items, func(other any) bool {
		same, err := s.equal(other, item)
		failed = err
		return same || err != nil
	})
	return found && failed == nil, failed
}
