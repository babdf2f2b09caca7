package judge

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// ReadSubmission reads the probabilities of a submission CSV by id. Columns are found by name; an empty or repeated id,
// a number outside 0 to 1, and a row that does not sum to 1 within 5e-7 (what the competition's grader demands) are
// *DataErrors.
func ReadSubmission(name string, r io.Reader) (map[string]Probs, error) {
	reader, err := NewReader(name, r, Labels)
	if err != nil {
		return nil, err
	}
	probs := map[string]Probs{}
	for {
		row, err := reader.Read()
		if err == io.EOF {
			return probs, nil
		}
		if err != nil {
			return nil, err
		}
		probs[row.ID] = row.Label
	}
}

// Join reads labelled rows and puts the prediction of the same id beside each. A row without a prediction, a prediction
// without a row, and a file without rows are *DataErrors that count and name them: a score over fewer rows is another
// score. Where labels has texts, the examples have Features.
func Join(predictions map[string]Probs, predictionsName string, labels *Reader) ([]Example, error) {
	var examples []Example
	var missing []string
	known := map[string]bool{}
	for {
		row, err := labels.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		p, ok := predictions[row.ID]
		if !ok {
			missing = append(missing, row.ID)
			continue
		}
		known[row.ID] = true
		e := Example{ID: row.ID, Label: row.Label, Probs: p}
		if labels.need&Texts != 0 && row.Err == nil {
			f := row.Features()
			e.Features = &f
		}
		examples = append(examples, e)
	}
	return examples, matched(predictions, known, missing, predictionsName, labels.table)
}

func matched(predictions map[string]Probs, known map[string]bool, missing []string, name string, labels *table) error {
	if len(missing) > 0 {
		return &DataError{File: name, Got: fmt.Sprintf("no prediction for %d of %d labelled rows (%s)", len(missing), labels.row, some(missing)),
			Want: "one for each row of " + labels.file}
	}
	var extra []string
	for id := range predictions {
		if !known[id] {
			extra = append(extra, id)
		}
	}
	if len(extra) > 0 {
		slices.Sort(extra)
		return &DataError{File: name, Got: fmt.Sprintf("%d predictions without a labelled row (%s)", len(extra), some(extra)),
			Want: "the ids of " + labels.file + " and no others"}
	}
	if len(known) == 0 {
		return &DataError{File: labels.file, Got: "no rows", Want: "at least one to measure"}
	}
	return nil
}

// some quotes the first few ids.
func some(ids []string) string {
	const most = 5
	quoted := make([]string, 0, most+1)
	for _, id := range ids[:min(len(ids), most)] {
		quoted = append(quoted, fmt.Sprintf("%q", excerpt(id)))
	}
	if len(ids) > most {
		quoted = append(quoted, "…")
	}
	return strings.Join(quoted, ", ")
}

// Example puts a prediction of a labelled row beside its label.
func (p *Prediction) Example() Example {
	e := Example{ID: p.ID, Label: p.Label, Probs: p.Probs, Cut: p.Cut.Any()}
	f := p.Features
	e.Features = &f
	if p.Err == nil && p.BA != (Probs{}) {
		e.Orders = &[2]Probs{p.AB, p.BA}
	}
	return e
}
