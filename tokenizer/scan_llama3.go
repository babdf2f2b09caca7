package tokenizer

// llama3Pattern is the pattern of the Split pre-tokenizer of LLaMA 3.
const llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

// scanLlama3 is the scanner of llama3Pattern.
func scanLlama3(s string, i int) int {
	if s[i] == '\'' {
		if end := scanContraction(s, i, foldCase); end > i {
			return end
		}
	}
	class, size := classAt(s, i)
	switch {
	case class&classLetter != 0:
		return skipClass(s, i, classLetter)
	case class&classNumber != 0:
		return scanThreeNumbers(s, i)
	}
	const all = classLetter | classNumber | classSpace
	if next := i + size; next < len(s) && s[i] != '\r' && s[i] != '\n' {
		after, _ := classAt(s, next)
		if after&classLetter != 0 {
			return skipClass(s, next, classLetter)
		}
		if s[i] == ' ' && after&all == 0 {
			return skipNewlines(s, skipOther(s, next, all))
		}
	}
	if class&classSpace == 0 {
		return skipNewlines(s, skipOther(s, i, all))
	}
	return scanLines(s, i)
}

// scanThreeNumbers is \p{N}{1,3} at a number.
func scanThreeNumbers(s string, i int) int {
	for n := 0; n < 3 && i < len(s); n++ {
		class, size := classAt(s, i)
		if class&classNumber == 0 {
			break
		}
		i += size
	}
	return i
}

// scanLines is \s*[\r\n]+|\s+(?!\S)|\s+ at a space: through the last line break of the run, where it has one.
func scanLines(s string, i int) int {
	end := skipClass(s, i, classSpace)
	for j := end; j > i; j-- {
		if s[j-1] == '\n' || s[j-1] == '\r' {
			return j
		}
	}
	return scanSpaceRun(s, i)
}

func skipNewlines(s string, i int) int {
	for i < len(s) && (s[i] == '\n' || s[i] == '\r') {
		i++
	}
	return i
}
