package safetensors

import (
	"fmt"
	"strings"
)

// FormatError says what is wrong with the contents of a file. Errors of the operating system are not of this type; they
// are wrapped, so that errors.Is(err, fs.ErrNotExist) and the like hold.
type FormatError struct {
	File    string // path of the file, or the name given to Parse
	Tensor  string // the tensor concerned; empty when it is the file as a whole
	Problem string // what was got and what was wanted
}

// Error gives the problem in the form: safetensors: FILE: tensor "NAME": got …, want ….
func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString("safetensors: " + e.File + ": ")
	if e.Tensor != "" {
		b.WriteString("tensor " + quote(e.Tensor) + ": ")
	}
	b.WriteString(e.Problem)
	return b.String()
}

// problem makes a FormatError; an empty tensor name stands for the file as a whole.
func problem(file, tensor, format string, args ...any) error {
	return &FormatError{File: file, Tensor: tensor, Problem: fmt.Sprintf(format, args...)}
}

// quote makes text from a file fit for an error: ASCII, without control characters, and not long.
func quote(s string) string {
	const most = 120
	if len(s) > most {
		return fmt.Sprintf("%+q…", s[:most])
	}
	return fmt.Sprintf("%+q", s)
}
