package tokenizer

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/dlclark/regexp2"
	"github.com/stretchr/testify/require"
)

// cut cuts a text by a scanner.
func cut(scan scanner, text string) []string {
	pieces := []string{}
	for i := 0; i < len(text); {
		end := scan(text, i)
		pieces = append(pieces, text[i:end])
		i = end
	}
	return pieces
}

// cutByRegexp cuts a text by the matches of a backtracking engine.
func cutByRegexp(t *testing.T, re *regexp2.Regexp, text string) []string {
	pieces := []string{}
	m, err := re.FindStringMatch(text)
	for ; m != nil && err == nil; m, err = re.FindNextMatch(m) {
		pieces = append(pieces, m.String())
	}
	require.NoError(t, err)
	return pieces
}

// scanParts are what random texts are made of: the letters of contractions in both cases and the two characters that case
// folding adds, numbers of three kinds, spaces of all kinds, marks, and characters outside the basic plane.
var scanParts = strings.Split("a|B|s|S|t|ve|RE|lL|d|m|'|''|’| |  |\t|\n|\r\n|\r|\u00a0|\u2003|\u3000|\u0085|\u2028|1|23|456|7890|²|½|Ⅻ|٣|.|!?|--|_|{|é|e\u0301|\u0301|"+
	"中文|日本|ไทย|и|ß|ſ|K|İ|ﬁ|👍|👩‍👩‍👧|𝟘|𝔘|\U00020000|\u200b|\ufeff|\x00|\x7f|\ufffd|\ue000", "|")

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(16) {
		b.WriteString(scanParts[r.IntN(len(scanParts))])
	}
	return b.String()
}

// TestScannersAgainstRegexp checks the scanners against their patterns, run by a backtracking engine. That engine has Go's
// Unicode tables, so the texts are of characters that all versions agree on.
func TestScannersAgainstRegexp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, pattern := range []string{llama3Pattern, gpt2Pattern} {
		// The engine folds no ſ; the reference library does.
		re := regexp2.MustCompile(strings.Replace(pattern, "(?i:'s|", "'ſ|(?i:'s|", 1), regexp2.None)
		scan := scanners[pattern]
		for range 20_000 {
			text := randomText(r)
			require.Equal(t, cutByRegexp(t, re, text), cut(scan, text), "%q by %s", text, pattern)
		}
	}
}

func TestScanDigits(t *testing.T) {
	require.Equal(t, []string{"a", "1", "2", "b ", "½", "٣"}, cut(scanDigits, "a12b ½٣"))
	require.Equal(t, []string{"a", "12", "b ", "½٣"}, cut(scanDigitRuns, "a12b ½٣"))
}

func TestScanMarks(t *testing.T) {
	require.Equal(t, []string{"▁▁a", "▁b", "▁▁"}, cut(scanMarks, "▁▁a▁b▁▁"))
	require.Equal(t, []string{"ab", "▁c"}, cut(scanMarks, "ab▁c"))
}

// TestClasses checks the generated table against Go's: on every code point that Go's tables assign, letters, numbers and
// spaces must agree. (Those assigned since differ, which is why there is a table.)
func TestClasses(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xd800 && r < 0xe000 || !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf, unicode.Co) {
			continue
		}
		class := classOf(r)
		require.Equal(t, unicode.IsLetter(r), class&classLetter != 0, "letter %U", r)
		require.Equal(t, unicode.IsNumber(r), class&classNumber != 0, "number %U", r)
		require.Equal(t, unicode.IsNumber(r), class&classDigit != 0, "digit %U", r)
		require.Equal(t, unicode.IsSpace(r), class&classSpace != 0, "space %U", r)
		if unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Pc) {
			require.NotZero(t, class&classWord, "word %U", r)
		}
	}
	for i := 1; i < len(classRuns); i++ {
		require.Greater(t, classRuns[i]>>8, classRuns[i-1]>>8, "the table is ascending")
	}
}
