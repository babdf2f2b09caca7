package jinja

import "fmt"

// functions are those of the environment. strftime_now, which the reference environment has, is left out on purpose: a
// prompt would change from day to day. Templates that use it ask first whether it is defined.
var functions = map[string]function{
	"range":           rangeFunction,
	"namespace":       namespaceFunction,
	"dict":            dictFunction,
	"raise_exception": raiseFunction,
}

func rangeFunction(s *state, a arguments) (any, error) {
	if len(a.positional) == 1 {
		a.positional = []any{int64(0), a.positional[0]}
	}
	values, err := a.take(2, "start", "stop", "step")
	if err != nil {
		return nil, fmt.Errorf("range: %w", err)
	}
	var n [3]int64
	for i, value := range values {
		if n[i], err = intOr(value, 1); err != nil {
			return nil, fmt.Errorf("range: %w", err)
		}
	}
	return s.rangeList(n[0], n[1], n[2])
}

func (s *state) rangeList(start, stop, step int64) (any, error) {
	if step == 0 {
		return nil, fmt.Errorf("range: steps of 0")
	}
	var list []any
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		if err := s.step(0); err != nil {
			return nil, err
		}
		list = append(list, i)
		if next := i + step; (next > i) != (step > 0) {
			break // beyond 64 bits
		}
	}
	return lazy{items: list, view: true}, nil
}

func namespaceFunction(_ *state, a arguments) (any, error) {
	ns := &namespace{vars: map[string]any{}}
	for _, value := range a.positional {
		dict, ok := value.(*Dict)
		if !ok {
			return nil, fmt.Errorf("namespace: got %s, want a dict", kindOf(value))
		}
		for _, key := range dict.keys {
			ns.vars[key] = dict.values[key]
		}
	}
	for name, value := range a.named {
		ns.vars[name] = value
	}
	return ns, nil
}

func dictFunction(_ *state, a arguments) (any, error) {
	if len(a.positional) > 0 || len(a.named) > 1 {
		// The order of more than one is lost on the way through the parser.
		return nil, fmt.Errorf("dict: more than one named argument is not supported; write { … }")
	}
	dict := NewDict()
	for name, value := range a.named {
		dict.Set(name, value)
	}
	return dict, nil
}

// raiseFunction ends the rendering: templates call it on conversations that the model was not trained on.
func raiseFunction(s *state, a arguments) (any, error) {
	if len(a.positional) != 1 {
		return nil, fmt.Errorf("raise_exception: got %d arguments, want 1", len(a.positional))
	}
	text, err := s.text(a.positional[0])
	if err != nil {
		return nil, err
	}
	return nil, &RaisedError{text}
}

// RaisedError is the error of a template that called raise_exception.
type RaisedError struct{ Message string }

// Error repeats the words of the template.
func (e *RaisedError) Error() string { return "the template refuses the conversation: " + e.Message }
