package judge

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// The columns of Arena data. A test file has the first four; model names and labels come with training data.
const (
	columnID     = "id"
	columnPrompt = "prompt"
	columnA      = "response_a"
	columnB      = "response_b"
)

// winnerColumns hold the label, or in a submission the probabilities, in the order of Class.
var winnerColumns = [3]string{"winner_model_a", "winner_model_b", "winner_tie"}

// Row is one row of Arena data.
type Row struct {
	Number int // from 1, header not counted
	Line   int // line of the file on which it starts
	ID     string
	// Prompt, A and B have one element a round. Real data hold rows where their lengths differ.
	Prompt, A, B []Turn
	// Label is set where the reader was asked for labels.
	Label Probs
	// Err says why the texts cannot be read; they are then nil. The other rows are unharmed.
	Err error
}

// Rounds is the number of rounds: that of the longest of the three.
func (r *Row) Rounds() int { return max(len(r.Prompt), len(r.A), len(r.B)) }

// Need says which columns a Reader insists on besides id.
type Need uint

const (
	// Texts asks for prompt, response_a and response_b.
	Texts Need = 1 << iota
	// Labels asks for winner_model_a, winner_model_b and winner_tie.
	Labels
)

// Reader reads Arena data as CSV, a row at a time; rows may hold several MB. Columns are found by name, in any order;
// those it does not know are left alone.
type Reader struct {
	table  *table
	need   Need
	id     int
	texts  [3]int
	labels [3]int
	seen   map[string]int // id -> row
}

// NewReader reads the header of r; name stands for the data in messages.
// A header that lacks a needed column is a *DataError that names it and the column probably meant.
func NewReader(name string, r io.Reader, need Need) (*Reader, error) {
	t, err := openTable(name, r)
	if err != nil {
		return nil, err
	}
	reader := &Reader{table: t, need: need, seen: map[string]int{}}
	if reader.id, err = t.require(columnID); err != nil {
		return nil, err
	}
	if need&Texts != 0 {
		reader.texts, err = t.requireAll([3]string{columnPrompt, columnA, columnB})
	}
	if err == nil && need&Labels != 0 {
		reader.labels, err = t.requireAll(winnerColumns)
	}
	if err != nil {
		return nil, err
	}
	return reader, nil
}

func (t *table) requireAll(names [3]string) (found [3]int, err error) {
	for i, name := range names {
		if found[i], err = t.require(name); err != nil {
			return found, err
		}
	}
	return found, nil
}

// Has reports whether the file has the columns of a need, whether or not the reader was asked for them.
func (r *Reader) Has(need Need) bool {
	var names []string
	if need&Texts != 0 {
		names = append(names, columnPrompt, columnA, columnB)
	}
	if need&Labels != 0 {
		names = append(names, winnerColumns[:]...)
	}
	for _, name := range names {
		if _, ok := r.table.column(name); !ok {
			return false
		}
	}
	return true
}

// Read returns the next row, io.EOF after the last, or a *DataError after which reading on makes no sense: a malformed
// row, an id that is empty or was seen before, a bad label. A cell that is no array of turns spoils its own row only:
// see Row.Err.
func (r *Reader) Read() (*Row, error) {
	record, err := r.table.next()
	if err != nil {
		return nil, err
	}
	row := &Row{Number: r.table.row, Line: r.table.line, ID: strings.Clone(record[r.id])}
	if err := r.checkID(row); err != nil {
		return nil, err
	}
	if r.need&Labels != 0 {
		if row.Label, err = r.label(row, record); err != nil {
			return nil, err
		}
	}
	if r.need&Texts != 0 {
		r.readTexts(row, record)
	}
	return row, nil
}

func (r *Reader) checkID(row *Row) error {
	if strings.TrimSpace(row.ID) == "" {
		return r.rowError(row, columnID, "an empty id", "one that names the row in the output")
	}
	if first, ok := r.seen[row.ID]; ok {
		return r.rowError(row, columnID, fmt.Sprintf("an id that row %d has too", first), "each id once")
	}
	r.seen[row.ID] = row.Number
	return nil
}

func (r *Reader) readTexts(row *Row, record []string) {
	parts := [3]*[]Turn{&row.Prompt, &row.A, &row.B}
	for i, column := range [3]string{columnPrompt, columnA, columnB} {
		turns, bad := parseTurns(record[r.texts[i]])
		if bad != nil {
			e := r.rowError(row, column, fmt.Sprintf("%s at byte %d", bad.got, bad.offset), bad.want)
			e.Hint = bad.hint
			row.Err = e
			row.Prompt, row.A, row.B = nil, nil, nil
			return
		}
		*parts[i] = turns
	}
}

// label reads the three winner columns: 0s and a single 1, or shares that sum to 1.
func (r *Reader) label(row *Row, record []string) (Probs, error) {
	return r.table.probs(row, r.labels, record)
}

func (r *Reader) rowError(row *Row, column, got, want string) *DataError {
	return r.table.rowError(row, column, got, want)
}

func (t *table) rowError(row *Row, column, got, want string) *DataError {
	return &DataError{File: t.file, Row: row.Number, Line: row.Line, ID: row.ID, Column: column, Got: got, Want: want}
}

// probs reads three probabilities of a record. That they sum to 1 is checked to six decimals, as the competition's grader
// does.
func (t *table) probs(row *Row, columns [3]int, record []string) (Probs, error) {
	var p Probs
	for c, column := range columns {
		v, err := strconv.ParseFloat(strings.TrimSpace(record[column]), 64)
		if err != nil || math.IsNaN(v) || v < 0 || v > 1 {
			return p, t.rowError(row, winnerColumns[c], fmt.Sprintf("%q", excerpt(record[column])), "a number from 0 to 1")
		}
		p[c] = v
	}
	if math.Abs(p.sum()-1) > 5e-7 {
		return p, t.rowError(row, strings.Join(winnerColumns[:], " + "), fmt.Sprintf("%.7g", p.sum()), "1")
	}
	return p, nil
}
