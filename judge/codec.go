package judge

import (
	"slices"
	"strings"

	"tiebreak/tokenizer"
)

// NewTokenizer makes a Tokenizer of a model's.
func NewTokenizer(t *tokenizer.Tokenizer) Tokenizer {
	c := codec{tokenizer: t}
	if lead := t.Encode("\n", tokenizer.Untrusted); len(lead) > 1 {
		c.lead = lead
	}
	return c
}

// codec encodes the pieces of a prompt.
//
// SentencePiece models put a word mark before a text ("▁", once at the front). A piece further on must not begin with
// one: it would be read as a space that nobody wrote. So such a piece is encoded behind a line feed, with which no token of
// these vocabularies merges, and the tokens of mark and line feed are taken off again. Byte-level tokenizers, to which a line
// feed is one token, put no mark.
type codec struct {
	tokenizer *tokenizer.Tokenizer
	lead      []int32 // what a line feed at the front of a text becomes, where that includes a mark
}

// Encode implements Tokenizer.
func (c codec) Encode(text string, from Origin) []int32 {
	if from == Opening {
		return c.tokenizer.Encode(text)
	}
	var trust []tokenizer.Option
	if from == User {
		trust = append(trust, tokenizer.Untrusted)
	}
	if c.lead != nil && text != "" {
		ids := c.tokenizer.Encode("\n"+text, trust...)
		if len(ids) >= len(c.lead) && slices.Equal(ids[:len(c.lead)], c.lead) {
			return ids[len(c.lead):]
		}
	}
	return c.tokenizer.Encode(text, trust...)
}

// Whole implements Tokenizer. What a decoder holds back at the end is the front of a character, if it is not text.
func (c codec) Whole(ids []int32) bool {
	d := c.tokenizer.NewDecoder(false)
	for _, id := range ids {
		d.Push(id)
	}
	return !strings.ContainsRune(d.Flush(), '\uFFFD')
}
