package gguf

import "fmt"

// FormatError says what is wrong with the contents of a file, or with a model that cannot be converted. Errors of the
// operating system are not of this type; they are wrapped.
type FormatError struct {
	File    string // path of the file, or the name given to Parse
	Item    string // what is concerned, such as: tensor "x"; empty when it is the file as a whole
	Problem string // what was got and what was wanted
}

// Error gives the problem in the form: gguf: FILE: ITEM: got …, want ….
func (e *FormatError) Error() string {
	if e.Item == "" {
		return "gguf: " + e.File + ": " + e.Problem
	}
	return "gguf: " + e.File + ": " + e.Item + ": " + e.Problem
}

func problem(file, item, format string, args ...any) error {
	return &FormatError{File: file, Item: item, Problem: fmt.Sprintf(format, args...)}
}

// key and tensorNamed name the item of an error.
func key(name string) string         { return "key " + quote(name) }
func tensorNamed(name string) string { return "tensor " + quote(name) }

// quote makes text from a file fit for an error: ASCII, without control characters, and not long.
func quote(s string) string {
	const most = 120
	if len(s) > most {
		return fmt.Sprintf("%+q…", s[:most])
	}
	return fmt.Sprintf("%+q", s)
}
