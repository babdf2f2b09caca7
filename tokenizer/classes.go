package tokenizer

import "unicode/utf8"

// The classes of a code point, as bits. They are those of the reference library, not those of Go's unicode package: its
// parts carry three versions of the Unicode tables, and a letter of Unicode 16 that Go takes for a symbol would be cut
// differently. tools/make_tokenizer_goldens.py asks the library and writes classes_table.go.
const (
	classLetter uint8 = 1 << iota // \p{L} in a pre-tokenizer's pattern
	classNumber                   // \p{N} in a pre-tokenizer's pattern
	classSpace                    // \s in a pattern, and what lstrip and rstrip take
	classDigit                    // what Digits cuts off
	classWord                     // \w: a single_word token needs none beside it
)

// classesBMP is classRuns spread out over the basic plane, so that text in any living script costs one load a character.
var classesBMP = spreadClasses()

func spreadClasses() (table [0x10000]uint8) {
	for i, run := range classRuns {
		end := uint32(len(table))
		if i+1 < len(classRuns) {
			end = min(end, classRuns[i+1]>>8)
		}
		for c := run >> 8; c < end; c++ {
			table[c] = uint8(run)
		}
	}
	return table
}

// classOf returns the classes of r, which must be a valid code point.
func classOf(r rune) uint8 {
	if r < rune(len(classesBMP)) {
		return classesBMP[r]
	}
	lo, hi := 0, len(classRuns)
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if classRuns[mid]>>8 <= uint32(r) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return uint8(classRuns[lo])
}

// classAt returns the classes of the character at s[i:] and its length in bytes. s is valid UTF-8 and i a boundary in it.
func classAt(s string, i int) (class uint8, size int) {
	if c := s[i]; c < utf8.RuneSelf {
		return classesBMP[c], 1
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	return classOf(r), size
}

// classBefore returns the classes of the character that ends at s[:i], i > 0.
func classBefore(s string, i int) (class uint8, size int) {
	r, size := utf8.DecodeLastRuneInString(s[:i])
	return classOf(r), size
}

// skipClass returns the end of the run of characters at s[i:] that are in one of the classes.
func skipClass(s string, i int, classes uint8) int {
	for i < len(s) {
		class, size := classAt(s, i)
		if class&classes == 0 {
			break
		}
		i += size
	}
	return i
}

// skipOther returns the end of the run of characters at s[i:] that are in none of the classes.
func skipOther(s string, i int, classes uint8) int {
	for i < len(s) {
		class, size := classAt(s, i)
		if class&classes != 0 {
			break
		}
		i += size
	}
	return i
}
