package ptx

import (
	"strings"
)

// body is a kernel that is being read: the parser and what the names of the kernel stand for.
type body struct {
	*parser
	k      *Kernel
	scopes []map[string]int // register name to index, innermost last
	labels map[string]int   // to the line of the label
	used   []labelUse
}

// labelUse is a branch whose target must exist.
type labelUse struct {
	name string
	line int
}

// kernel reads an entry point after its .entry.
func (p *parser) kernel(line int, linkage string) (*Kernel, error) {
	k := &Kernel{Line: line, Linkage: linkage}
	var err error
	if k.Name, err = p.word("the name of a kernel"); err != nil {
		return nil, err
	}
	if err := p.params(k); err != nil {
		return nil, err
	}
	if err := p.limits(k); err != nil {
		return nil, err
	}
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	b := &body{parser: p, k: k, labels: map[string]int{}}
	b.open()
	for depth := 1; depth > 0; {
		st, err := b.statement()
		if err != nil {
			return nil, err
		}
		switch st.(type) {
		case *Open:
			depth++
		case *Close:
			depth--
			if depth == 0 {
				return k, b.checkLabels()
			}
		}
		k.Body = append(k.Body, st)
	}
	return k, nil
}

// params reads the parameters in parentheses.
func (p *parser) params(k *Kernel) error {
	if !p.accept("(") {
		return nil
	}
	for !p.accept(")") {
		if len(k.Params) > 0 {
			if err := p.expect(","); err != nil {
				return err
			}
		}
		if p.peek().text != ".param" {
			return p.wrong(`".param"`)
		}
		v, err := p.variable()
		if err != nil {
			return err
		}
		if v.HasInit || v.Count == 0 {
			return p.fail(v.Line, "parameter %s: want a size and no value", v.Name)
		}
		k.Params = append(k.Params, v)
	}
	return nil
}

// limits reads the directives between parameters and body.
func (p *parser) limits(k *Kernel) (err error) {
	for {
		switch {
		case p.accept(".maxntid"):
			k.MaxThreads = [3]int{1, 1, 1}
			for i := range k.MaxThreads {
				if i > 0 && !p.accept(",") {
					break
				}
				if k.MaxThreads[i], err = p.integer("a number of threads"); err != nil {
					return err
				}
			}
		case p.accept(".minnctapersm"):
			if k.MinBlocks, err = p.integer("a number of blocks"); err != nil {
				return err
			}
		case p.accept(".maxnreg"):
			if k.MaxRegs, err = p.integer("a number of registers"); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// statement reads one part of the body.
func (b *body) statement() (Statement, error) {
	t := b.peek()
	switch {
	case t.text == "":
		return nil, b.wrong(`"}" at the end of kernel ` + b.k.Name)
	case b.accept("{"):
		b.open()
		return &Open{}, nil
	case b.accept("}"):
		b.scopes = b.scopes[:len(b.scopes)-1]
		return &Close{}, nil
	case t.text == ".reg":
		return b.registers()
	case t.text == ".loc":
		return b.loc()
	case t.text == ".pragma":
		return b.pragma()
	case isSpace(t.text):
		v, err := b.variable()
		if err != nil {
			return nil, err
		}
		if v.HasInit {
			return nil, b.fail(v.Line, "variable %s: want no value in a kernel", v.Name)
		}
		return v, b.expect(";")
	case t.word && b.toks[b.pos+1].text == ":":
		return b.label()
	}
	return b.instruction()
}

func (b *body) label() (Statement, error) {
	l := &Label{Line: b.peek().line, Name: b.next().text}
	b.next()
	if first, ok := b.labels[l.Name]; ok {
		return nil, b.fail(l.Line, "label %s: already at line %d", l.Name, first)
	}
	b.labels[l.Name] = l.Line
	return l, nil
}

// checkLabels makes sure that every branch has a target.
func (b *body) checkLabels() error {
	for _, u := range b.used {
		if _, ok := b.labels[u.name]; !ok {
			return b.fail(u.line, "label %s: not in kernel %s", u.name, b.k.Name)
		}
	}
	return nil
}

// loc reads .loc file line column, and keeps what it says about inlining as tokens.
func (b *body) loc() (Statement, error) {
	line := b.next().line
	l := &Loc{}
	for _, f := range []*int{&l.File, &l.Line, &l.Column} {
		n, err := b.integer("a number of .loc")
		if err != nil {
			return nil, err
		}
		*f = n
	}
	if b.accept(",") {
		for b.peek().line == line && b.peek().text != "" {
			l.Inlined = append(l.Inlined, b.next().text)
		}
	}
	return l, nil
}

func (b *body) pragma() (Statement, error) {
	b.next()
	t := b.next().text
	if !strings.HasPrefix(t, `"`) {
		b.pos--
		return nil, b.wrong("a string")
	}
	return &Pragma{strings.Trim(t, `"`)}, b.expect(";")
}
