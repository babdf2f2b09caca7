package model

import (
	"fmt"

	"tiebreak/backend"
)

// Rows says for which rows of a pass the last layer and the final norm are computed.
type Rows uint8

// The choices of rows.
const (
	NoRows   Rows = iota // none: the pass only fills the pages
	LastRows             // the last token of each sequence, in order
	AllRows              // every token
)

// Input is a batch on the devices together with the choice of rows. Free it when the results have been downloaded.
type Input struct {
	rows   Rows
	tokens int
	on     []*placed // by shard
}

// placed is a batch on one device.
type placed struct {
	be    backend.Backend
	batch *backend.Batch
	last  *backend.Batch // with LastRows, on devices that have the last layer: the batch of final queries
	index backend.Tensor // with it: [S,1] I32, their rows in batch
}

// Tokens is the number of tokens of the batch.
func (in *Input) Tokens() int { return in.tokens }

// NewInput lays out sequences for one pass. It panics when they break the limits of Options or hold a token id outside
// of the vocabulary: what comes from users is checked before.
func (m *Model) NewInput(seqs []backend.Seq, rows Rows) (*Input, error) {
	in := &Input{rows: rows, tokens: m.checkSeqs(seqs)}
	for _, s := range m.shards {
		p := &placed{be: s.be}
		in.on = append(in.on, p)
		if err := p.place(seqs, rows == LastRows && s.share.last); err != nil {
			in.Free()
			return nil, fmt.Errorf("model: input: %w", err)
		}
	}
	return in, nil
}

// place uploads the indices.
func (p *placed) place(seqs []backend.Seq, last bool) (err error) {
	if p.batch, err = backend.NewBatch(p.be, seqs); err != nil {
		p.batch = nil
		return err
	}
	if !last {
		return nil
	}
	if p.last, err = p.batch.Last(p.be); err == nil {
		p.index, err = backend.Int32s(p.be, p.batch.LastRows(), 1)
	}
	return err
}

// checkSeqs counts the tokens.
func (m *Model) checkSeqs(seqs []backend.Seq) (tokens int) {
	for i, s := range seqs {
		tokens += len(s.IDs)
		if end := s.Past + len(s.IDs); end > m.Options.Positions {
			panic(fmt.Sprintf("model: input: sequence %d has %d positions, the limit is %d", i, end, m.Options.Positions))
		}
		for _, id := range s.IDs {
			if id < 0 || int(id) >= m.Config.Vocab {
				panic(fmt.Sprintf("model: input: sequence %d has token %d, the vocabulary %d", i, id, m.Config.Vocab))
			}
		}
	}
	if tokens > m.Options.Tokens || len(seqs) > m.Options.Seqs {
		panic(fmt.Sprintf("model: input: %d tokens in %d sequences, the limits are %d and %d", tokens, len(seqs), m.Options.Tokens, m.Options.Seqs))
	}
	return tokens
}

// Free gives the memory of the indices back.
func (in *Input) Free() {
	for _, p := range in.on {
		if p.batch != nil {
			p.batch.Free(p.be)
		}
		if p.last != nil {
			p.last.Free(p.be)
		}
		if !p.index.Zero() {
			p.be.Free(p.index)
			p.index = backend.Tensor{}
		}
	}
}
