package ptx

import (
	"strconv"
	"strings"
)

// maxVariable is the most bytes a declared variable may have: far more than any memory of a device, so that sizes
// computed from it do not overflow.
const maxVariable = 1 << 40

// variable reads .space [.align n] .type name [ [count] ] [ = initial values ], without the semicolon.
func (p *parser) variable() (*Variable, error) {
	v := &Variable{Line: p.peek().line, Count: 1}
	v.Space = spaces[strings.TrimPrefix(p.next().text, ".")]
	var err error
	if v.aligned = p.accept(".align"); v.aligned {
		if v.Align, err = p.integer("an alignment"); err != nil {
			return nil, err
		}
		if v.Align == 0 || v.Align&(v.Align-1) != 0 {
			return nil, p.fail(v.Line, ".align %d: want a power of two", v.Align)
		}
	}
	if v.Type, err = p.typ(); err != nil {
		return nil, err
	}
	if v.Type == Pred {
		return nil, p.fail(v.Line, "a predicate cannot lie in memory")
	}
	v.Align = max(v.Align, v.Type.Size())
	if v.Name, err = p.word("the name of a variable"); err != nil {
		return nil, err
	}
	if err := p.extent(v); err != nil {
		return nil, err
	}
	if p.accept("=") {
		return v, p.initial(v)
	}
	return v, nil
}

// typ takes a type with its dot.
func (p *parser) typ() (Type, error) {
	name, ok := strings.CutPrefix(p.peek().text, ".")
	t := typeNames[name]
	if !ok || t == NoType {
		return NoType, p.wrong("a type")
	}
	p.next()
	return t, nil
}

// extent reads the number of elements of an array, if there is one.
func (p *parser) extent(v *Variable) (err error) {
	if !p.accept("[") {
		return nil
	}
	v.Array = true
	v.Count = 0
	if p.accept("]") {
		return nil
	}
	if v.Count, err = p.integer("the number of elements"); err != nil {
		return err
	}
	if v.Count == 0 || v.Size() > maxVariable {
		return p.fail(v.Line, "variable %s: %d elements of %v: want a size that memory can have", v.Name, v.Count, v.Type)
	}
	return p.expect("]")
}

// initial reads the value of a scalar or the values of an array.
func (p *parser) initial(v *Variable) error {
	v.HasInit = true
	if !v.Array {
		return p.initialValue(v)
	}
	if err := p.expect("{"); err != nil {
		return err
	}
	for !p.accept("}") {
		if len(v.Init) > 0 {
			if err := p.expect(","); err != nil {
				return err
			}
		}
		if err := p.initialValue(v); err != nil {
			return err
		}
	}
	if len(v.Init) > v.Count {
		return p.fail(v.Line, "variable %s: got %d values, want at most %d", v.Name, len(v.Init), v.Count)
	}
	return nil
}

func (p *parser) initialValue(v *Variable) error {
	o, err := p.number()
	if err == nil {
		v.Init = append(v.Init, o.Value)
	}
	return err
}

// number takes a constant: an integer, or the bits of a floating-point number as 0f and 0d write them.
func (p *parser) number() (Operand, error) {
	neg := p.accept("-")
	t := p.peek()
	o, ok := constant(strings.TrimSuffix(t.text, "U"), neg)
	if !ok {
		return o, p.wrong("a number")
	}
	p.next()
	return o, nil
}

// constant decodes the text of a number.
func constant(s string, neg bool) (Operand, bool) {
	if hex, ok := cutAnyPrefix(s, "0f", "0F"); ok && len(hex) == 8 && !neg {
		bits, err := strconv.ParseUint(hex, 16, 32)
		return Operand{Kind: FloatOperand, Value: bits}, err == nil
	}
	if hex, ok := cutAnyPrefix(s, "0d", "0D"); ok && len(hex) == 16 && !neg {
		bits, err := strconv.ParseUint(hex, 16, 64)
		return Operand{Kind: FloatOperand, Value: bits, Wide: true}, err == nil
	}
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil || strings.Contains(s, "_") {
		return Operand{}, false
	}
	if neg {
		n = -n
	}
	return Operand{Kind: IntegerOperand, Value: n}, true
}

func cutAnyPrefix(s string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(s, p); ok {
			return rest, true
		}
	}
	return s, false
}
