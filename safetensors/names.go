package safetensors

import (
	"cmp"
	"slices"
	"strings"
)

// closest lists up to three names that name may be a misspelling of, for the end of an error.
func closest(name string, names []string) string {
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	for _, n := range names {
		// A prefix too many or too few ("base_model.model.", "model.") is the commonest mistake and no spelling error.
		if strings.HasSuffix(n, "."+name) || strings.HasSuffix(name, "."+n) {
			found = append(found, candidate{n, 0})
		} else if d := distance(name, n, len(name)/3); d >= 0 {
			found = append(found, candidate{n, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	if len(found) == 0 {
		return ""
	}
	var quoted []string
	for _, c := range found[:min(3, len(found))] {
		quoted = append(quoted, quote(c.name))
	}
	return "; closest are " + strings.Join(quoted, ", ")
}

// distance is the least number of bytes to insert, delete or replace that turns a into b (Levenshtein 1966), or -1 when
// that is more than most.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return -1
	}
	row := make([]int, len(b)+1) // row[j]: distance of the bytes of a so far from b[:j]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
			least = min(least, row[j+1])
		}
		if least > most {
			return -1
		}
	}
	if row[len(b)] > most {
		return -1
	}
	return row[len(b)]
}
