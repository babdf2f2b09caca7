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

// Input is a batch on the device together with the choice of rows. Free it when the results have been downloaded.
type Input struct {
	batch *backend.Batch
	rows  Rows
	last  *backend.Batch // with LastRows: the batch of final queries
	index backend.Tensor // with LastRows: [S,1] I32, their rows in batch
	be    backend.Backend
}

// NewInput lays out sequences for one pass. It panics when they break the limits of Options or hold a token id outside
// of the vocabulary: what comes from users is checked before.
func (m *Model) NewInput(seqs []backend.Seq, rows Rows) (*Input, error) {
	m.checkSeqs(seqs)
	batch, err := backend.NewBatch(m.be, seqs)
	if err != nil {
		return nil, fmt.Errorf("model: input: %w", err)
	}
	in := &Input{batch: batch, rows: rows, be: m.be}
	if rows != LastRows {
		return in, nil
	}
	if in.last, err = batch.Last(m.be); err == nil {
		in.index, err = backend.Int32s(m.be, batch.LastRows(), 1)
	}
	if err != nil {
		in.Free()
		return nil, fmt.Errorf("model: input: %w", err)
	}
	return in, nil
}

func (m *Model) checkSeqs(seqs []backend.Seq) {
	tokens := 0
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
}

// Free gives the memory of the indices back.
func (in *Input) Free() {
	in.batch.Free(in.be)
	if in.last != nil {
		in.last.Free(in.be)
	}
	if !in.index.Zero() {
		in.be.Free(in.index)
		in.index = backend.Tensor{}
	}
}
