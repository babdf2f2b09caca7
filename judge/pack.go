package judge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// DefaultMaxTokens is the length of a prompt where no other is asked for. The competition's best single models read 2,000
// to 4,000 tokens; going from 2,048 to 4,096 gained them 0.002 in log loss.
const DefaultMaxTokens = 2048

// minCut is the least number of tokens for which a round is cut; with less it is dropped with all later ones. It gives an
// answer 32 tokens. (The fourth place of the competition uses the same number.)
const minCut = 80

// Packer turns rows into prompts of at most a given number of tokens. It is safe for concurrent use if its tokenizer is.
//
// Whole rounds come first. The first round that does not fit is shared out 20/40/40 between prompt, answer A and answer B
// (see share), each text keeping its beginning and a mark where it was cut; if fewer than minCut tokens are left for it,
// it is dropped. All later rounds are dropped.
//
// # Why texts are encoded one by one
//
// The ids of a prompt are the ids of its pieces, joined. Encoding the joined text may give other ids, because a merge can
// span a seam. Joining is what is wanted here: the template's tokens, and with them the position and context of the
// verdict, are the same for every row; no user's text can change them by how it begins or ends; each text is encoded once
// for both orders and cut without encoding it again; and lengths add up exactly, so that a budget is kept to the token.
// The ids still decode to the very text of the prompt.
type Packer struct {
	tok      Tokenizer
	template Template
	before   []int32 // up to and with the instruction
	after    []int32 // from the question on
	headings [3][]int32
	cut      []int32
	null     []int32
	absent   []int32
	labels   [3]int32
	room     int // for rounds
}

// PackOptions are the settings of a Packer.
type PackOptions struct {
	Template Template
	Frame    Frame
	// MaxTokens bounds a prompt; 0 is DefaultMaxTokens.
	MaxTokens int
	// Classifier is set for a model with a classification head: no label tokens are looked for.
	Classifier bool
}

// NewPacker encodes the template once. A budget that leaves no room for a round, and labels that are no single tokens, are
// *OptionErrors.
func NewPacker(tok Tokenizer, o PackOptions) (*Packer, error) {
	t := o.Template
	end := t.Question + o.Frame.After + t.Cue
	p := &Packer{
		tok: tok, template: t,
		before:   tok.Encode(o.Frame.Before+t.Instruction, Opening),
		after:    tok.Encode(end, Own),
		headings: [3][]int32{tok.Encode(t.Prompt, Own), tok.Encode(t.AnswerA, Own), tok.Encode(t.AnswerB, Own)},
		cut:      tok.Encode(t.Cut, Own),
		null:     tok.Encode(t.Null, Own),
		absent:   tok.Encode(t.Absent, Own),
	}
	if !o.Classifier {
		var err error
		if p.labels, err = t.labelTokens(tok, end); err != nil {
			return nil, err
		}
	}
	most := o.MaxTokens
	if most == 0 {
		most = DefaultMaxTokens
	}
	p.room = most - len(p.before) - len(p.after)
	if least := most - p.room + len(p.heading(0)) + p.headingTokens() + minCut; most < least {
		return nil, &OptionError{Option: "max tokens", Got: strconv.Itoa(most),
			Want: fmt.Sprintf("at least %d: the template %s takes %d and a round no less than %d", least, t.Name, least-minCut, minCut)}
	}
	return p, nil
}

// Labels returns the tokens that stand for A, B and tie after a prompt. They are zero for a Classifier.
func (p *Packer) Labels() [3]int32 { return p.labels }

// Packed is a row as the model sees it.
type Packed struct {
	// AB shows the answers as the row has them, BA the other way round; both have the same length, and cut the same texts to
	// the same lengths.
	AB, BA []int32
	Cut    Cut
}

// Cut says what a row lost to the budget.
type Cut struct {
	Tokens        int // of user text, in all
	DroppedRounds int // rounds of which nothing is left
	Shortened     int // texts of which the end is missing, in rounds that are there
}

// Any reports whether anything was lost.
func (c Cut) Any() bool { return c.Tokens > 0 || c.DroppedRounds > 0 }

// Pack makes the two prompts of a row whose texts could be read.
func (p *Packer) Pack(row *Row) Packed {
	var out Packed
	var rounds []round
	room, full := p.room, false
	for i := range max(row.Rounds(), 1) {
		r := round{texts: [3][]int32{p.encodeTurn(row.Prompt, i), p.encodeTurn(row.A, i), p.encodeTurn(row.B, i)}}
		need, left := r.need(), 0
		if !full {
			r.heading = p.heading(i)
			left = room - len(r.heading) - p.headingTokens()
		}
		switch {
		case !full && sum(need) <= left:
			room = left - sum(need)
			rounds = append(rounds, r)
			continue
		case left >= minCut:
			out.Cut.Tokens, out.Cut.Shortened = p.shorten(&r, share(left, need))
			rounds = append(rounds, r)
		default:
			out.Cut.DroppedRounds++
			out.Cut.Tokens += sum(need)
		}
		full = true
	}
	out.AB = p.join(rounds, partA, partB)
	out.BA = p.join(rounds, partB, partA)
	return out
}

// round is a round in tokens.
type round struct {
	heading []int32
	texts   [3][]int32 // prompt, A, B
}

func (r *round) need() (n [3]int) {
	for i, ids := range r.texts {
		n[i] = len(ids)
	}
	return n
}

func sum(n [3]int) int { return n[0] + n[1] + n[2] }

func (p *Packer) headingTokens() int {
	return len(p.headings[0]) + len(p.headings[1]) + len(p.headings[2])
}

func (p *Packer) heading(i int) []int32 {
	return p.tok.Encode(strings.Replace(p.template.Round, "%d", strconv.Itoa(i+1), 1), Own)
}

func (p *Packer) encodeTurn(turns []Turn, i int) []int32 {
	switch {
	case i >= len(turns):
		return p.absent
	case turns[i].Null:
		return p.null
	}
	return p.tok.Encode(turns[i].Text, User)
}

// shorten cuts the texts of a round to the given lengths, the mark included, and returns the tokens lost and the number of
// texts cut.
func (p *Packer) shorten(r *round, lengths [3]int) (lost, texts int) {
	for i, ids := range r.texts {
		if lengths[i] >= len(ids) {
			continue
		}
		keep := p.boundary(ids, max(lengths[i]-len(p.cut), 0))
		r.texts[i] = slices.Concat(ids[:keep], p.cut)
		lost += len(ids) - keep
		texts++
	}
	return lost, texts
}

// boundary moves a cut back until it does not split a character, which takes at most three steps: the tokens of a character
// are no more than its bytes.
func (p *Packer) boundary(ids []int32, n int) int {
	for m := n; m >= max(n-utf8.UTFMax+1, 0); m-- {
		if p.tok.Whole(ids[:m]) {
			return m
		}
	}
	return n
}

// join puts a prompt together, showing one text of each round as answer A and one as answer B.
func (p *Packer) join(rounds []round, first, second int) []int32 {
	n := len(p.before) + len(p.after)
	for _, r := range rounds {
		n += len(r.heading) + p.headingTokens() + sum(r.need())
	}
	ids := append(make([]int32, 0, n), p.before...)
	for _, r := range rounds {
		ids = append(ids, r.heading...)
		for slot, text := range [3]int{partPrompt, first, second} {
			ids = append(ids, p.headings[slot]...)
			ids = append(ids, r.texts[text]...)
		}
	}
	return append(ids, p.after...)
}
