package jinja

import (
	"fmt"

	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// Template is a compiled template. It does not change and is safe for concurrent use.
type Template struct {
	body []nodes.Node
}

// Compile parses a template of at most 1 MiB, nested at most 64 deep.
func Compile(source string) (t *Template, err error) {
	list, err := lex(source)
	if err != nil {
		return nil, fmt.Errorf("jinja: %w", err)
	}
	// The parser is made for templates of programmers: on some malformed ones it dereferences a nil token.
	defer func() {
		if p := recover(); p != nil {
			t, err = nil, fmt.Errorf("jinja: malformed template: %v", p)
		}
	}()
	root, err := parser.NewParser("template", tokens.NewStream(list), config.New(), nil, statements{}).Parse()
	if err != nil {
		return nil, fmt.Errorf("jinja: %w", err)
	}
	return &Template{body: root.Nodes}, nil
}

// Render renders the template with variables: strings, booleans, int64 and float64 numbers, nil, []any and *Dict. What
// it returns is valid UTF-8 where the strings given are.
func (t *Template) Render(vars map[string]any, limits Limits) (text string, err error) {
	s := newState(limits)
	defer func() {
		if p := recover(); p != nil {
			text, err = "", fmt.Errorf("jinja: internal error: %v", p)
		}
	}()
	var out output
	root := &scope{vars: map[string]any{}}
	for name, value := range vars {
		root.vars[name] = value
	}
	if _, err := s.run(t.body, root.child(), &out); err != nil {
		return "", fmt.Errorf("jinja: %w", err)
	}
	return out.String(), nil
}

// statements is the set of block tags: all that there are, so that no template can include a file.
type statements struct{}

// Get implements the parser's look-up of a block tag.
func (statements) Get(name string) (parser.ControlStructureParser, bool) {
	switch name {
	case "for":
		return parseFor, true
	case "if":
		return parseIf, true
	case "set":
		return parseSet, true
	case "macro":
		return parseMacro, true
	case "generation":
		return parseGeneration, true
	case "break":
		return parseLoopControl(flowBreak), true
	case "continue":
		return parseLoopControl(flowContinue), true
	}
	return nil, false
}

// statement is a block tag that can be run.
type statement interface {
	nodes.ControlStructure
	run(s *state, sc *scope, out *output) (flow, error)
}

// place makes a type a node of the parser's tree.
type place struct{ token *tokens.Token }

func (p place) Position() *tokens.Token { return p.token }
func (p place) String() string          { return fmt.Sprintf("line %d", p.token.Line) }

// flow says how a run of nodes ended.
type flow int

const (
	flowOn flow = iota
	flowBreak
	flowContinue
)
