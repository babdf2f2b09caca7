package tokenizer

import "strings"

// Segment is a stretch of a prompt: text of the prompt's author, in which special tokens are meant, or text that someone
// else wrote, in which what looks like one must stay text.
type Segment struct {
	Text    string
	Trusted bool
}

// EncodeSegments returns the token ids of the segments put together. They are those of Encode over the joined text, so
// that a prompt comes out as the model was trained on it: merges reach across the seams, the word mark that SentencePiece
// models put before a text (Prepend) comes once at the front and once after each added token, not once a segment, and a
// token with rstrip takes the space after it wherever that was written. One thing differs: an added token is matched only
// where every byte of it is trusted, and text that holds an untrusted byte never comes out as a special token.
func (t *Tokenizer) EncodeSegments(segments []Segment, opts ...Option) []int32 {
	var text strings.Builder
	var trust []bool
	for _, s := range segments {
		valid := validText(s.Text)
		text.WriteString(valid)
		for range len(valid) {
			trust = append(trust, s.Trusted)
		}
	}
	return t.encode(text.String(), trust, opts)
}
