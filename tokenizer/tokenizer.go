package tokenizer

import "fmt"

// Tokenizer turns text into token ids and back. It does not change after it is made and is safe for concurrent use.
type Tokenizer struct {
	model      *model
	added      []addedToken // in the order of the file
	byID       []*addedToken
	byContent  map[string]*addedToken
	raw        tokenMatcher // added tokens matched before normalizing
	normalized tokenMatcher // and after
	normalizer []normalizer
	words      pretokenizer
	prefix     []int32 // what AddSpecial puts before the text's tokens
	suffix     []int32 // and after
	decoder    []newStage
	config     config
	chat       chatTemplate
}

// An Option changes how a text is encoded.
type Option uint8

const (
	// AddSpecial adds the special tokens that the tokenizer's post-processor puts around a text, such as the one that
	// begins a sequence.
	AddSpecial Option = 1 << iota
	// Untrusted keeps a text plain: no part of it is taken for an added token, special or not, and what looks like one
	// comes out as the tokens of its characters. Use it for text that someone else wrote.
	Untrusted
)

// Encode returns the token ids of text. Without options it does what the reference library does with
// add_special_tokens=False: added tokens that occur in the text are matched, and no others are put in. Bytes that are not
// UTF-8 count as U+FFFD, one for each malformed part. Text is never truncated; it must be shorter than 2 GiB. The result
// is never nil.
func (t *Tokenizer) Encode(text string, opts ...Option) []int32 {
	return t.encode(validText(text), nil, opts)
}

func (t *Tokenizer) encode(text string, trust []bool, opts []Option) []int32 {
	var o Option
	for _, opt := range opts {
		o |= opt
	}
	e := encoding{t: t, ids: make([]int32, 0, len(text)/3+8)}
	if o&AddSpecial != 0 {
		e.ids = append(e.ids, t.prefix...)
	}
	if o&Untrusted != 0 {
		e.plain(text)
	} else {
		e.text(text, trust)
	}
	if o&AddSpecial != 0 {
		e.ids = append(e.ids, t.suffix...)
	}
	return e.ids
}

// encoding is one text on its way to ids.
type encoding struct {
	t     *Tokenizer
	ids   []int32
	guard bool // what is being encoded is not trusted, or not all of it
}

// text appends the ids of text, matching added tokens. Where trust is not nil it holds for each byte of text whether it
// is trusted.
func (e *encoding) text(text string, trust []bool) {
	e.t.raw.split(text, trust, func(start, end int) {
		part, partTrust := normalize(e.t.normalizer, text[start:end], cutTrust(trust, start, end))
		e.t.normalized.split(part, partTrust, func(start, end int) {
			e.guard = partTrust != nil && !allTrusted(partTrust[start:end])
			e.words(part[start:end])
		}, e.token)
	}, e.token)
}

func cutTrust(trust []bool, start, end int) []bool {
	if trust == nil {
		return nil
	}
	return trust[start:end]
}

// plain appends the ids of text that is not trusted at all.
func (e *encoding) plain(text string) {
	e.guard = true
	part, _ := normalize(e.t.normalizer, text, nil)
	e.words(part)
}

func (e *encoding) token(token *addedToken) { e.ids = append(e.ids, token.id) }

// words appends the ids of a stretch of normalised text.
func (e *encoding) words(text string) {
	e.t.words.split(text, func(word string) {
		e.ids = e.t.model.appendWord(e.ids, word, e.guard)
	})
}

// VocabSize returns the number of token ids: those of the model and of the added tokens. Ids are those below it.
func (t *Tokenizer) VocabSize() int { return len(t.byID) }

// Token returns the token of an id as the vocabulary spells it (added tokens that are matched in normalised text: in
// their normalised form), "" where there is no such id.
func (t *Tokenizer) Token(id int32) string {
	switch {
	case id < 0 || int(id) >= len(t.byID):
		return ""
	case t.byID[id] != nil:
		return t.byID[id].text
	}
	return t.model.tokens[id]
}

// ID returns the id of a token as the vocabulary spells it.
func (t *Tokenizer) ID(token string) (id int32, ok bool) {
	if a := t.byContent[token]; a != nil {
		return a.id, true
	}
	id, ok = t.model.ids[token]
	return id, ok
}

// IsSpecial tells whether an id is that of a special token.
func (t *Tokenizer) IsSpecial(id int32) bool {
	return id >= 0 && int(id) < len(t.byID) && t.byID[id] != nil && t.byID[id].special
}

// BOS returns the token that begins a sequence, as tokenizer_config.json names it; ok is false where it names none.
func (t *Tokenizer) BOS() (id int32, ok bool) { return t.named(t.config.bos) }

// EOS returns the token that ends a sequence.
func (t *Tokenizer) EOS() (id int32, ok bool) { return t.named(t.config.eos) }

// Pad returns the token that fills a batch.
func (t *Tokenizer) Pad() (id int32, ok bool) { return t.named(t.config.pad) }

func (t *Tokenizer) named(token string) (id int32, ok bool) {
	if token == "" {
		return 0, false
	}
	return t.ID(token)
}

// String describes the tokenizer in a few words, for logs.
func (t *Tokenizer) String() string {
	kind := "character-level"
	if t.model.byteLevel {
		kind = "byte-level"
	}
	return fmt.Sprintf("%s BPE, %d tokens, %d merges", kind, t.VocabSize(), len(t.model.merges.result))
}
