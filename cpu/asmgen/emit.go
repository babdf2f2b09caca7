package main

import (
	"fmt"
	"strings"
)

// source is the text of one file of Go assembly, and the Go declarations of the functions in it.
type source struct {
	asm   strings.Builder
	decls strings.Builder
	label int
}

// param is a parameter of a function, named as in its Go declaration.
type param struct{ name, kind string }

// params builds a list from pairs of name and type.
func params(pairs ...string) (list []param) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, param{pairs[i], pairs[i+1]})
	}
	return list
}

func (p param) size() int {
	switch p.kind {
	case "bool":
		return 1
	case "float32":
		return 4
	default: // int and pointers
		return 8
	}
}

// function begins a function: comment lines, its Go declaration and its TEXT directive. It returns the operand of each
// parameter, such as n+16(FP). A result would follow the parameters; no function here has one.
func (s *source) function(name, comment string, list []param) map[string]string {
	operands := map[string]string{}
	offset := 0
	var decl []string
	for _, p := range list {
		offset = (offset + p.size() - 1) / p.size() * p.size()
		operands[p.name] = fmt.Sprintf("%s+%d(FP)", p.name, offset)
		offset += p.size()
		decl = append(decl, p.name+" "+p.kind)
	}
	fmt.Fprintf(&s.decls, "\n// %s %s\n//\n//go:noescape\nfunc %s(%s)\n", name, comment, name, strings.Join(decl, ", "))
	fmt.Fprintf(&s.asm, "\n// func %s(%s)\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", name, strings.Join(decl, ", "), name, offset)
	return operands
}

// op writes an instruction; operands are in the order of Go's assembler, the destination last.
func (s *source) op(mnemonic string, operands ...any) {
	words := make([]string, len(operands))
	for i, o := range operands {
		words[i] = fmt.Sprint(o)
	}
	fmt.Fprintf(&s.asm, "\t%s\n", strings.TrimSpace(mnemonic+" "+strings.Join(words, ", ")))
}

// raw writes an instruction that Go's assembler does not know as its bytes; text says what it is.
func (s *source) raw(text string, code []byte) {
	var bytes []string
	for _, b := range code {
		bytes = append(bytes, fmt.Sprintf("BYTE $%#02x", b))
	}
	fmt.Fprintf(&s.asm, "\t%s // %s\n", strings.Join(bytes, "; "), text)
}

// newLabel makes a label name that is unique in the file.
func (s *source) newLabel(stem string) string {
	s.label++
	return fmt.Sprintf("%s%d", stem, s.label)
}

// place puts a label here.
func (s *source) place(label string) { fmt.Fprintf(&s.asm, "%s:\n", label) }

// ret ends a function that used vector registers.
func (s *source) ret() {
	s.op("VZEROUPPER")
	s.op("RET")
}

// mem is the operand offset(reg).
func mem(offset int, reg string) string { return fmt.Sprintf("%d(%s)", offset, reg) }

// imm is an immediate operand.
func imm(v int) string { return fmt.Sprintf("$%d", v) }

// imm32 is an immediate of 32 bits, in hexadecimal.
func imm32(v uint32) string { return fmt.Sprintf("$%#08x", v) }
