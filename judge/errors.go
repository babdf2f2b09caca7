package judge

import (
	"fmt"
	"strings"
)

// DataError says that input data is not what it should be: where, what was found, what was wanted. Fields that do not
// apply are zero. It stands for exit code 6.
type DataError struct {
	File   string // as the caller named it
	Row    int    // data row, from 1; 0 for the file as a whole or its header
	Line   int    // line on which that row starts, from 1, counting the header and the line breaks inside cells
	ID     string
	Column string
	Got    string
	Want   string
	Hint   string // what to do; may be empty
	Err    error  // cause, where there is one
}

// Error gives one line: `judge: read FILE: row R (line L, id "X"), column C: got G, want W; HINT`.
func (e *DataError) Error() string {
	var b strings.Builder
	b.WriteString("judge: read " + e.File)
	if where := e.where(); where != "" {
		b.WriteString(": " + where)
	}
	if e.Got != "" {
		b.WriteString(": got " + e.Got)
	}
	if e.Want != "" {
		b.WriteString(", want " + e.Want)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

func (e *DataError) where() string {
	var parts []string
	if e.Row > 0 {
		var more []string
		if e.Line > 0 {
			more = append(more, fmt.Sprintf("line %d", e.Line))
		}
		if e.ID != "" {
			more = append(more, fmt.Sprintf("id %q", excerpt(e.ID)))
		}
		row := fmt.Sprintf("row %d", e.Row)
		if more != nil {
			row += " (" + strings.Join(more, ", ") + ")"
		}
		parts = append(parts, row)
	}
	if e.Column != "" {
		parts = append(parts, "column "+e.Column)
	}
	return strings.Join(parts, ", ")
}

// Unwrap returns the cause.
func (e *DataError) Unwrap() error { return e.Err }

// OptionError says that a setting cannot work with this model or data. It stands for exit code 2.
type OptionError struct {
	Option string // in words, or as the command line spells it
	Got    string
	Want   string
}

// Error gives one line: `judge: OPTION: got G, want W`.
func (e *OptionError) Error() string {
	return fmt.Sprintf("judge: %s: got %s, want %s", e.Option, e.Got, e.Want)
}

// excerpt shortens text for a message: at most 60 bytes, cut between runes.
func excerpt(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
