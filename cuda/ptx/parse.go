package ptx

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse reads the text of one module. The name is that of its file, for messages; every error is an *Error with file and
// line.
func Parse(name string, text []byte) (*Module, error) {
	toks, err := tokens(name, string(text))
	if err != nil {
		return nil, err
	}
	p := &parser{toks: toks, mod: &Module{Name: name}}
	if err := p.module(); err != nil {
		return nil, err
	}
	return p.mod, nil
}

// parser reads tokens one after the other. The first error stops it.
type parser struct {
	toks []token
	pos  int
	mod  *Module
}

func (p *parser) peek() token { return p.toks[p.pos] }

// next takes a token; the one that ends the file is never passed.
func (p *parser) next() token {
	t := p.toks[p.pos]
	if t.text != "" {
		p.pos++
	}
	return t
}

// accept takes the next token if it is the given one.
func (p *parser) accept(text string) bool {
	if p.peek().text != text || text == "" {
		return false
	}
	p.pos++
	return true
}

func (p *parser) expect(text string) error {
	if !p.accept(text) {
		return p.wrong(strconv.Quote(text))
	}
	return nil
}

// wrong is the error of a next token that is not what it should be.
func (p *parser) wrong(want string) error {
	got := strconv.Quote(p.peek().text)
	if p.peek().text == "" {
		got = "the end of the file"
	}
	return p.fail(p.peek().line, "got %s, want %s", got, want)
}

func (p *parser) fail(line int, format string, args ...any) error {
	return &Error{p.mod.Name, line, fmt.Sprintf(format, args...)}
}

// word takes a name, directive or number.
func (p *parser) word(want string) (string, error) {
	if !p.peek().word {
		return "", p.wrong(want)
	}
	return p.next().text, nil
}

// integer takes a number that is not negative.
func (p *parser) integer(want string) (int, error) {
	n, err := strconv.ParseUint(strings.TrimSuffix(p.peek().text, "U"), 0, 31)
	if err != nil {
		return 0, p.wrong(want)
	}
	p.next()
	return int(n), nil
}

// module reads the header and all declarations.
func (p *parser) module() error {
	if err := p.header(); err != nil {
		return err
	}
	for p.peek().text != "" {
		it, err := p.item()
		if err != nil {
			return err
		}
		p.mod.Items = append(p.mod.Items, it)
	}
	return nil
}

// header reads .version, .target and .address_size.
func (p *parser) header() (err error) {
	if err := p.expect(".version"); err != nil {
		return err
	}
	line := p.peek().line
	if p.mod.Version, err = p.word("a version"); err != nil {
		return err
	}
	if major, minor, ok := strings.Cut(p.mod.Version, "."); !ok || !digits(major) || !digits(minor) {
		return p.fail(line, ".version %s: want a number such as 8.4", p.mod.Version)
	}
	if err := p.expect(".target"); err != nil {
		return err
	}
	line = p.peek().line
	if p.mod.Target, err = p.word("an architecture"); err != nil {
		return err
	}
	sm, ok := strings.CutPrefix(p.mod.Target, "sm_")
	if p.mod.SM, err = strconv.Atoi(strings.TrimSuffix(sm, "a")); !ok || err != nil {
		return p.fail(line, ".target %s: want an architecture such as sm_75", p.mod.Target)
	}
	if err := p.expect(".address_size"); err != nil {
		return err
	}
	return p.expect("64")
}

// digits reports whether a text is a decimal number.
func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// item reads one declaration of the module.
func (p *parser) item() (Item, error) {
	line := p.peek().line
	switch p.peek().text {
	case ".file":
		return p.sourceFile()
	case ".section":
		return p.section()
	}
	linkage := ""
	for _, l := range []string{"visible", "extern", "weak"} {
		if p.accept("." + l) {
			linkage = l
		}
	}
	if p.accept(".entry") {
		return p.kernel(line, linkage)
	}
	if !isSpace(p.peek().text) {
		return nil, p.wrong("a declaration: .entry, .global, .shared, .const, .file or .section")
	}
	v, err := p.variable()
	if err != nil {
		return nil, err
	}
	v.Linkage = linkage
	return v, p.expect(";")
}

// isSpace reports whether a directive names a space in which variables are declared.
func isSpace(directive string) bool {
	name, ok := strings.CutPrefix(directive, ".")
	return ok && spaces[name] != Generic && name != "param"
}

// sourceFile reads .file index "path" and drops time and size after it.
func (p *parser) sourceFile() (Item, error) {
	p.next()
	index, err := p.integer("the index of a file")
	if err != nil {
		return nil, err
	}
	path, err := strconv.Unquote(p.peek().text)
	if err != nil {
		return nil, p.wrong("the path of a file")
	}
	p.next()
	for p.accept(",") {
		if _, err := p.integer("a number"); err != nil {
			return nil, err
		}
	}
	return &SourceFile{index, path}, nil
}

// section carries debugging data along, token by token.
func (p *parser) section() (Item, error) {
	p.next()
	name, err := p.word("the name of a section")
	if err != nil {
		return nil, err
	}
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	s := &Section{Name: name}
	line := p.peek().line
	for !p.accept("}") {
		t := p.next()
		if t.text == "" {
			return nil, p.wrong(`"}"`)
		}
		if t.line != line && len(s.Text) > 0 {
			s.Text = append(s.Text, "\n")
		}
		line = t.line
		s.Text = append(s.Text, t.text)
	}
	return s, nil
}
