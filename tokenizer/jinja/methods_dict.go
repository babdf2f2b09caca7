package jinja

import "fmt"

// The methods of dicts.

// dictMethod returns a method of a dict, bound to it.
func dictMethod(d *Dict, name string) (any, bool) {
	switch name {
	case "get":
		return function(func(_ *state, a arguments) (any, error) {
			args, err := a.take(1, "key", "default")
			if err != nil {
				return nil, fmt.Errorf("get: %w", err)
			}
			if key, ok := args[0].(string); ok {
				if value, ok := d.values[key]; ok {
					return value, nil
				}
			}
			if args[1] == (absent{}) {
				return nil, nil
			}
			return args[1], nil
		}), true
	case "items", "keys", "values":
		return function(func(s *state, a arguments) (any, error) {
			if _, err := a.take(0); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return s.dictList(d, name)
		}), true
	}
	return nil, false
}

// dictList lists the keys, the values, or pairs of both.
func (s *state) dictList(d *Dict, what string) (lazy, error) {
	list := make([]any, 0, len(d.keys))
	for _, key := range d.keys {
		switch what {
		case "keys":
			list = append(list, key)
		case "values":
			list = append(list, d.values[key])
		default:
			list = append(list, tuple{key, d.values[key]})
		}
	}
	return lazy{items: list, view: true}, s.step(32 * len(list))
}
