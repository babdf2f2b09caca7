package jinja

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Limits bound one rendering.
type Limits struct {
	Steps  int           // evaluations, plus one for each 256 bytes handled
	Output int           // bytes of the result, and of any string on the way to it
	Time   time.Duration // by the clock, as a last resort: Steps make the outcome the same on every machine
}

// DefaultLimits are far above what any conversation needs: one of 1,000 messages takes some 30,000 steps.
var DefaultLimits = Limits{Steps: 200_000, Output: 4 << 20, Time: 2 * time.Second}

// state is one rendering. Everything that takes time is charged to it in advance or as it happens.
type state struct {
	limits   Limits
	steps    int
	deadline time.Time
	depth    int // macro calls inside one another
}

func newState(limits Limits) *state {
	return &state{limits: limits, deadline: time.Now().Add(limits.Time)}
}

// step charges one step, and bytes for what it handles.
func (s *state) step(bytes int) error {
	before := s.steps / 512
	s.steps += 1 + bytes/256
	if s.steps > s.limits.Steps {
		return fmt.Errorf("the template takes more than %d steps", s.limits.Steps)
	}
	if s.steps/512 != before && time.Now().After(s.deadline) {
		return fmt.Errorf("the template takes longer than %s", s.limits.Time)
	}
	return nil
}

// str checks a new string against the limits and returns it.
func (s *state) str(text string) (any, error) {
	if err := s.room(len(text)); err != nil {
		return nil, err
	}
	return text, nil
}

// room checks that a string of so many bytes may be made.
func (s *state) room(bytes int) error {
	if bytes > s.limits.Output || bytes < 0 {
		return fmt.Errorf("a string would be longer than %d bytes", s.limits.Output)
	}
	return s.step(bytes)
}

// grow charges for bytes about to be written to b, which must stay within the limit.
func (s *state) grow(b *strings.Builder, bytes int) error {
	if b.Len()+bytes > s.limits.Output {
		return fmt.Errorf("a string would be longer than %d bytes", s.limits.Output)
	}
	return s.step(bytes)
}

// output is what a template, or a macro in it, has rendered.
type output struct{ strings.Builder }

// write appends text within the limits.
func (s *state) write(out *output, text string) error {
	err := s.grow(&out.Builder, len(text))
	if err == nil {
		out.WriteString(text)
	}
	return err
}

// scope holds the variables of a block; what it lacks is looked up in the one around it.
type scope struct {
	vars   map[string]any
	parent *scope
}

// child makes the scope of a block inside this one.
func (sc *scope) child() *scope { return &scope{parent: sc} }

func (sc *scope) set(name string, value any) {
	if sc.vars == nil {
		sc.vars = map[string]any{}
	}
	sc.vars[name] = value
}

func (sc *scope) get(name string) (value any, ok bool) {
	for ; sc != nil; sc = sc.parent {
		if value, ok = sc.vars[name]; ok {
			return value, true
		}
	}
	return nil, false
}

// maxCalls bounds how deep macros call one another.
const maxCalls = 32

var errTooDeep = errors.New("macros call one another too deep")
