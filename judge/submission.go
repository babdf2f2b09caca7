package judge

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// Submission writes predictions as the competition wants them: id, winner_model_a, winner_model_b, winner_tie, one line a
// row, in the order they are given. Numbers have as many digits as it takes to read back the same float64, so each row
// sums to 1 as printed.
type Submission struct {
	csv    *csv.Writer
	record [4]string
}

// NewSubmission writes the header.
func NewSubmission(w io.Writer) (*Submission, error) {
	s := &Submission{csv: csv.NewWriter(w), record: [4]string{columnID, winnerColumns[A], winnerColumns[B], winnerColumns[Tie]}}
	return s, s.write()
}

// Add writes one row.
func (s *Submission) Add(id string, p Probs) error {
	s.record[0] = id
	for c, v := range p {
		s.record[1+c] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return s.write()
}

// Flush hands what is buffered to the writer below. Nothing is complete before it.
func (s *Submission) Flush() error {
	s.csv.Flush()
	return wrapWrite(s.csv.Error())
}

func (s *Submission) write() error { return wrapWrite(s.csv.Write(s.record[:])) }

func wrapWrite(err error) error {
	if err != nil {
		return fmt.Errorf("judge: write submission: %w", err)
	}
	return nil
}
