package tokenizer

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Decode returns the text of ids. With skipSpecial special tokens give nothing; other added tokens give their content.
// Ids that no token has are passed over.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	var text strings.Builder
	d := t.NewDecoder(skipSpecial)
	for _, id := range ids {
		text.WriteString(d.Push(id))
	}
	text.WriteString(d.Flush())
	return text.String()
}

// Decoder decodes ids one by one, for text that is shown while it is generated. What Push and Flush return, put
// together, is what Decode returns for all ids; each part is whole UTF-8 characters. Make it with NewDecoder. It is not
// safe for concurrent use.
type Decoder struct {
	t           *Tokenizer
	skipSpecial bool
	first       stage
	out         strings.Builder
}

// NewDecoder returns a decoder at the beginning of a text.
func (t *Tokenizer) NewDecoder(skipSpecial bool) *Decoder {
	d := &Decoder{t: t, skipSpecial: skipSpecial}
	d.first = &sink{&d.out}
	for i := len(t.decoder) - 1; i >= 0; i-- {
		d.first = t.decoder[i](d.first)
	}
	return d
}

// Push takes the next id and returns the text that is now certain. It holds back a character whose bytes are not all
// there yet, and the little more that the tokenizer's own rules make depend on what follows.
func (d *Decoder) Push(id int32) string {
	if id < 0 || int(id) >= d.t.VocabSize() || d.skipSpecial && d.t.skipped(id) {
		return ""
	}
	d.first.push(d.t.Token(id))
	return d.take()
}

// skipped tells whether a token gives nothing with skipSpecial: whether its text is the content of a special token. That
// is how the reference library tells; a special token whose normalised form differs from its content stays, by it.
func (t *Tokenizer) skipped(id int32) bool {
	a := t.byContent[t.Token(id)]
	return a != nil && a.special
}

// Flush returns what was held back. The decoder must not be used after it.
func (d *Decoder) Flush() string {
	d.first.flush()
	return d.take()
}

func (d *Decoder) take() string {
	text := d.out.String()
	d.out.Reset()
	return text
}

// stage is one step of a decoder: it takes tokens and gives tokens, or parts of one long token, to the next. The steps of
// tokenizer.json are defined on the list of all tokens; as stages they work on one at a time, and Decode uses the same
// ones, so that the two cannot differ.
type stage interface {
	push(token string)
	flush()
}

// newStage makes a stage that gives what it makes to next.
type newStage func(next stage) stage

// sink is the end of the chain.
type sink struct{ out *strings.Builder }

func (s *sink) push(token string) { s.out.WriteString(token) }
func (s *sink) flush()            {}

// joinStage puts a space between tokens: what the library does for a tokenizer without decoder.
type joinStage struct {
	next stage
	any  bool
}

func newJoinStage(next stage) stage { return &joinStage{next: next} }

func (s *joinStage) push(token string) {
	if s.any {
		token = " " + token
	}
	s.any = true
	s.next.push(token)
}

func (s *joinStage) flush() { s.next.flush() }

// byteLevelStage turns the characters of a byte-level vocabulary back into bytes. A token with any other character, such
// as an added one, stands for its own bytes.
type byteLevelStage struct {
	next stage
	held []byte // bytes that may be the front of a character
}

func newByteLevelStage(next stage) stage { return &byteLevelStage{next: next} }

func (s *byteLevelStage) push(token string) {
	spelled, ok := appendBytes(s.held, token)
	if !ok {
		spelled = append(spelled, token...)
	}
	whole := len(spelled) - heldLen(spelled)
	s.next.push(string(appendLossy(nil, spelled[:whole])))
	s.held = append(s.held[:0], spelled[whole:]...)
}

func (s *byteLevelStage) flush() {
	s.next.push(string(appendLossy(nil, s.held)))
	s.held = nil
	s.next.flush()
}

// heldLen is the number of bytes at the end of b that begin a character and do not end it.
func heldLen(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

// replaceStage replaces a string in each token.
type replaceStage struct {
	next     stage
	old, new string
}

func newReplaceStage(from, to string) newStage {
	return func(next stage) stage { return &replaceStage{next, from, to} }
}

func (s *replaceStage) push(token string) { s.next.push(strings.ReplaceAll(token, s.old, s.new)) }
func (s *replaceStage) flush()            { s.next.flush() }

// byteFallbackStage turns runs of tokens such as <0xE4> into the text of their bytes: one U+FFFD for each byte where the
// run as a whole is not UTF-8. So a run is held until it ends.
type byteFallbackStage struct {
	next stage
	run  []byte
}

func newByteFallbackStage(next stage) stage { return &byteFallbackStage{next: next} }

func (s *byteFallbackStage) push(token string) {
	if b, ok := fallbackByte(token); ok {
		s.run = append(s.run, b)
		return
	}
	s.endRun()
	s.next.push(token)
}

func (s *byteFallbackStage) endRun() {
	switch {
	case len(s.run) == 0:
		return
	case utf8.Valid(s.run):
		s.next.push(string(s.run))
	default:
		for range s.run {
			s.next.push("\ufffd")
		}
	}
	s.run = s.run[:0]
}

func (s *byteFallbackStage) flush() {
	s.endRun()
	s.next.flush()
}

// fallbackByte reads a token such as <0xE4>.
func fallbackByte(token string) (b byte, ok bool) {
	if len(token) != len("<0x00>") || token[:3] != "<0x" || token[5] != '>' {
		return 0, false
	}
	v, err := strconv.ParseUint(token[3:5], 16, 8)
	return byte(v), err == nil
}

// stripStage takes up to start times a character off the front of each token and up to stop times off its end. Where the
// stage before it has made all tokens one, fused, that is the front and the end of the text.
type stripStage struct {
	next        stage
	char        string
	start, stop int
	fused       bool
	left        int    // fused: how many may still be taken off the front
	held        string // fused: characters that may be the end
}

func newStripStage(char string, start, stop int, fused bool) newStage {
	return func(next stage) stage {
		return &stripStage{next: next, char: char, start: start, stop: stop, fused: fused, left: start}
	}
}

func (s *stripStage) push(token string) {
	if !s.fused {
		_, token = trimPrefixes(token, s.char, s.start)
		s.next.push(s.trimEnd(token))
		return
	}
	token = s.held + token
	if token == "" {
		return
	}
	var taken int
	taken, token = trimPrefixes(token, s.char, s.left)
	if s.left -= taken; token != "" {
		s.left = 0
	}
	whole := s.trimEnd(token)
	s.held = token[len(whole):]
	s.next.push(whole)
}

func (s *stripStage) trimEnd(token string) string {
	for n := 0; n < s.stop && strings.HasSuffix(token, s.char); n++ {
		token = token[:len(token)-len(s.char)]
	}
	return token
}

func (s *stripStage) flush() { s.next.flush() }

// trimPrefixes takes char off the front of s up to most times and returns how often it did.
func trimPrefixes(s, char string, most int) (taken int, rest string) {
	for taken < most && strings.HasPrefix(s, char) {
		taken++
		s = s[len(char):]
	}
	return taken, s
}
