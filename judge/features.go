package judge

import "unicode/utf8"

// Features are what is known of a row's texts without a model. They outlive the texts, which are dropped once packed.
type Features struct {
	Rounds       int // that of the longest of prompt, A and B
	PromptLength int // characters (code points) of all turns
	LengthA      int
	LengthB      int
	// Identical is set where A and B have the same turns, null and empty told apart.
	Identical bool
	// Empty is set where A or B has no character in any turn.
	Empty bool
	// Uneven is set where prompt, A and B do not have the same number of turns.
	Uneven bool
	// Nulls counts the turns that are null, Replaced the code units that are no text (see Turn).
	Nulls, Replaced int
}

// Features measures the texts of a row.
func (r *Row) Features() Features {
	f := Features{Rounds: r.Rounds(), Uneven: len(r.Prompt) != len(r.A) || len(r.A) != len(r.B)}
	f.PromptLength = f.measure(r.Prompt)
	f.LengthA = f.measure(r.A)
	f.LengthB = f.measure(r.B)
	f.Identical = sameTurns(r.A, r.B)
	f.Empty = f.LengthA == 0 || f.LengthB == 0
	return f
}

func (f *Features) measure(turns []Turn) (characters int) {
	for _, t := range turns {
		characters += utf8.RuneCountInString(t.Text)
		f.Replaced += t.Replaced
		if t.Null {
			f.Nulls++
		}
	}
	return characters
}

func sameTurns(a, b []Turn) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Text != b[i].Text || a[i].Null != b[i].Null {
			return false
		}
	}
	return true
}
