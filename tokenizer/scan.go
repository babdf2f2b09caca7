package tokenizer

// A scanner returns the end of the piece that begins at s[i:]; i < len(s) and the result is > i. Cutting a text by a
// scanner gives the pieces that a regular expression with Split behaviour "Isolated" gives.
//
// The two patterns in use need a look-ahead, which Go's regexp does not have, and a backtracking engine is both slow (3
// MB/s against 120) and open to texts that make it spin. So each pattern has a scanner written by hand, one step an
// alternative, and is recognised by its exact text. The tests run a backtracking engine on random text as the oracle.
type scanner func(s string, i int) int

// scanners holds every pattern that can be read, as tokenizer.json spells it.
var scanners = map[string]scanner{
	llama3Pattern: scanLlama3,
	gpt2Pattern:   scanGPT2,
}

// scanDigits cuts every digit off on its own; what lies between is one piece.
func scanDigits(s string, i int) int {
	class, size := classAt(s, i)
	if class&classDigit != 0 {
		return i + size
	}
	return skipOther(s, i, classDigit)
}

// scanDigitRuns cuts runs of digits off.
func scanDigitRuns(s string, i int) int {
	if class, _ := classAt(s, i); class&classDigit != 0 {
		return skipClass(s, i, classDigit)
	}
	return skipOther(s, i, classDigit)
}

// scanSpaceRun is \s+(?!\S)|\s+ at a space: the run, short of its last character where a word follows, so that this
// space can join the word.
func scanSpaceRun(s string, i int) int {
	end := skipClass(s, i, classSpace)
	if end == len(s) {
		return end
	}
	_, last := classBefore(s, end)
	if end-last > i {
		return end - last
	}
	return end
}

// scanContraction is 's|'t|'re|'ve|'m|'ll|'d at the apostrophe s[i], with letters mapped by fold; it returns i where
// none of them follows.
func scanContraction(s string, i int, fold func(s string, i int) (letter byte, size int)) int {
	first, n := fold(s, i+1)
	switch first {
	case 's', 't', 'm', 'd':
		return i + 1 + n
	case 'r', 'v', 'l':
		second, m := fold(s, i+1+n)
		if second == 'e' && first != 'l' || second == 'l' && first == 'l' {
			return i + 1 + n + m
		}
	}
	return i
}

// foldNone reads the letter at s[i:] as it is; 0 at the end.
func foldNone(s string, i int) (letter byte, size int) {
	if i >= len(s) {
		return 0, 0
	}
	return s[i], 1
}

// foldCase reads the letter at s[i:] in lower case. The long s, U+017F, is the one other character that (?i) takes for
// one of the letters of the contractions.
func foldCase(s string, i int) (letter byte, size int) {
	switch {
	case i >= len(s):
		return 0, 0
	case s[i] >= 'A' && s[i] <= 'Z':
		return s[i] + 'a' - 'A', 1
	case i+1 < len(s) && s[i:i+2] == "\u017f":
		return 's', 2
	}
	return s[i], 1
}
