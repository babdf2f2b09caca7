package ptx

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// form is one row of formTable, taken apart.
type form struct {
	slots    []slot
	operands []operandForm
	sm       int
}

// slot is one place for a modifier.
type slot struct {
	words    []string
	optional bool
	compare  bool // the words are comparisons: hi and lo are then not the halves of a product
}

// operandForm is one place for an operand.
type operandForm struct {
	kind     string // as in formTable, without count
	count    int    // elements of a D or S vector
	size     string // what its size must match, as in formTable
	optional bool
}

// forms is formTable by opcode.
var forms = func() [len(opNames)][]form {
	var table [len(opNames)][]form
	for row := range strings.Lines(strings.TrimSpace(formTable)) {
		columns := strings.Split(row+" ", " |")
		name := strings.Fields(columns[0])[0]
		table[ops[name]] = append(table[ops[name]], parseForm(columns))
	}
	return table
}()

// parseForm takes one row of formTable apart.
func parseForm(columns []string) form {
	f := form{sm: 75}
	for _, w := range strings.Fields(columns[0])[1:] {
		f.slots = append(f.slots, parseSlot(w))
	}
	for _, w := range strings.Fields(columns[1]) {
		f.operands = append(f.operands, parseOperandForm(w))
	}
	if len(columns) > 2 {
		f.sm, _ = strconv.Atoi(strings.TrimSpace(columns[2]))
	}
	return f
}

func parseSlot(w string) slot {
	w, optional := strings.CutSuffix(w, "?")
	s := slot{optional: optional, compare: strings.HasSuffix(w, "CMP")}
	for _, alt := range strings.Split(w, "|") {
		if class, ok := classWords[alt]; ok {
			alt = class
		}
		s.words = append(s.words, strings.Split(alt, "|")...)
	}
	return s
}

func parseOperandForm(w string) operandForm {
	kind, size, _ := strings.Cut(w, ":")
	o := operandForm{size: size}
	o.kind, o.optional = strings.CutSuffix(kind, "?")
	if o.kind[0] == 'D' || o.kind[0] == 'S' {
		o.count, _ = strconv.Atoi(o.kind[1:])
		o.kind = o.kind[:1]
	}
	return o
}

// match decodes modifiers into an instruction; false if they are not those of this form.
func (f *form) match(in *Instruction, mods []string) bool {
	in.Types, in.Space, in.Round, in.Compare, in.Vector = nil, Generic, NoRound, NoCompare, 1
	i := 0
	for _, s := range f.slots {
		if i < len(mods) && slices.Contains(s.words, mods[i]) {
			in.decode(s, mods[i])
			i++
		} else if !s.optional {
			return false
		}
	}
	in.Mods, in.MinSM = mods, f.sm
	return i == len(mods)
}

// decode sets the field that one modifier stands for.
func (in *Instruction) decode(s slot, mod string) {
	if s.compare {
		in.Compare = compares[mod]
		return
	}
	if t, ok := typeNames[mod]; ok {
		in.Types = append(in.Types, t)
	} else if sp, ok := spaces[mod]; ok {
		// cp.async names two spaces; the first, the destination, is kept.
		if in.Space == Generic {
			in.Space = sp
		}
	} else if r, ok := rounds[mod]; ok {
		in.Round = r
	} else if len(mod) == 2 && mod[0] == 'v' {
		in.Vector = int(mod[1] - '0')
	}
}

// width is the number of bytes that an operand's size refers to; atLeast says that more is fine.
func (o operandForm) width(in *Instruction) (bytes int, atLeast bool) {
	switch o.size {
	case "":
		return in.Type().Size(), false
	case "+":
		return in.Type().Size(), true
	case "w":
		return 2 * in.Type().Size(), false
	}
	if t, ok := typeNames[o.size]; ok {
		return t.Size(), false
	}
	index, atLeast := strings.CutSuffix(o.size, "+")
	n, err := strconv.Atoi(index)
	if err != nil || n >= len(in.Types) {
		panic(fmt.Sprintf("ptx: form table: %v has no type %q", in.Op, o.size))
	}
	return in.Types[n].Size(), atLeast
}
