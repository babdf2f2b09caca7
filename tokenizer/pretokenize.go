package tokenizer

import "strings"

// pretokenizer cuts the text between added tokens into words, which are then merged each on its own.
type pretokenizer struct {
	scanners    []scanner // each cuts what the one before it left
	byteLevel   bool      // the words are bytes to the model
	prefixSpace bool      // byteLevel: a piece that does not begin with a space gets one
	prefixAt    int       // how many scanners run before that
}

// split calls word for each word of text, in order.
func (p *pretokenizer) split(text string, word func(string)) { p.splitFrom(0, text, word) }

func (p *pretokenizer) splitFrom(step int, text string, word func(string)) {
	if text == "" {
		return
	}
	if p.prefixSpace && step == p.prefixAt && text[0] != ' ' {
		text = " " + text
	}
	if step == len(p.scanners) {
		word(text)
		return
	}
	scan := p.scanners[step]
	for i := 0; i < len(text); {
		end := scan(text, i)
		p.splitFrom(step+1, text[i:end], word)
		i = end
	}
}

// wordMark is the character that stands for the space before a word in SentencePiece vocabularies.
const wordMark = "▁"

// scanMarks cuts before each run of word marks. A SentencePiece model has no pre-tokenizer, so a whole text is one word to
// it; but where no merge joins anything to a mark on its right, cutting there changes nothing, and short words can be
// cached. cutsAtMarks says when that holds.
func scanMarks(s string, i int) int {
	for strings.HasPrefix(s[i:], wordMark) {
		i += len(wordMark)
	}
	if next := strings.Index(s[i:], wordMark); next >= 0 {
		return i + next
	}
	return len(s)
}

// cutsAtMarks tells whether no merge of the model makes a token with a mark behind another character. (With
// ignore_merges the whole text is looked up first, so it must stay whole.)
func cutsAtMarks(m *model) bool {
	if m.ignoreMerges {
		return false
	}
	for _, id := range m.merges.result {
		if strings.Contains(strings.TrimLeft(m.tokens[id], wordMark), wordMark) {
			return false
		}
	}
	return true
}
