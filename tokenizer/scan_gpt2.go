package tokenizer

// gpt2Pattern is the pattern built into the ByteLevel pre-tokenizer (use_regex), from GPT-2.
const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// scanGPT2 is the scanner of gpt2Pattern.
func scanGPT2(s string, i int) int {
	if s[i] == '\'' {
		if end := scanContraction(s, i, foldNone); end > i {
			return end
		}
	}
	j := i
	if s[i] == ' ' && i+1 < len(s) {
		j++ // " ?": the space goes with what follows, unless that is a space
	}
	const all = classLetter | classNumber | classSpace
	class, _ := classAt(s, j)
	switch class & all {
	case classLetter:
		return skipClass(s, j, classLetter)
	case classNumber:
		return skipClass(s, j, classNumber)
	case 0:
		return skipOther(s, j, all)
	}
	return scanSpaceRun(s, i)
}
