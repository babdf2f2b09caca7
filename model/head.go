package model

import (
	"errors"
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// headPart is the matrix that turns a hidden row into logits: the classifier's, the embeddings, or a head of its own.
func (c Config) headPart() part {
	switch {
	case c.Classes > 0:
		return whole("score.weight", c.Classes, c.Hidden)
	case c.Tied:
		return c.embedPart()
	default:
		return whole(untiedHead, c.Vocab, c.Hidden)
	}
}

const untiedHead = "lm_head.weight"

// outputs is the length of a row of logits.
func (c Config) outputs(labels []int32) int {
	if len(labels) > 0 {
		return len(labels)
	}
	return c.headPart().hi
}

// headRows are the rows of the head that give some of the outputs: those of the labels, where there are any.
func (c Config) headRows(labels []int32, out span) []part {
	if len(labels) == 0 {
		return rowsOf([]part{c.headPart()}, out)
	}
	var rows []part
	for _, id := range labels[out.lo:out.hi] {
		rows = append(rows, c.headPart().slice(int(id), int(id)+1))
	}
	return rows
}

// both reports whether one matrix of the shard serves as embeddings and as head: they are tied, and the shard has all rows
// of both.
func (s share) both(c Config, labels []int32) bool {
	return c.Tied && len(labels) == 0 && s.first && s.last && s.own.out.len() == c.Vocab
}

// headAndEmbedding prepares the first and the last matrix of the model, where the shard has them.
func (l *loader) headAndEmbedding() {
	s, labels := l.s, l.opt.Labels
	if s.both(s.c, labels) {
		s.embed = l.matrix(backend.ForGather|backend.ForMatMul, s.c.embedPart())
		s.head = s.embed
		return
	}
	if s.first {
		s.embed = l.matrix(backend.ForGather, s.c.embedPart())
	}
	if s.last {
		s.head = l.matrix(backend.ForMatMul, s.c.headRows(labels, s.own.out)...)
	}
}

// Outputs is the length of a row of logits: classes, labels or the vocabulary.
func (m *Model) Outputs() int { return m.outputs }

// Logits applies the head to at most Seqs rows of what a pass gave and waits for the result, dst [n·Outputs] f32.
func (m *Model) Logits(rows Hidden, dst []float32) error {
	n := rows.Tensor().Rows
	if len(dst) != n*m.outputs {
		panic(fmt.Sprintf("model: logits: got room for %d numbers, want %d rows of %d", len(dst), n, m.outputs))
	}
	team := m.stages[len(m.stages)-1]
	for i, s := range team {
		if s.head != nil {
			s.be.MatMul(s.slots[rows.slot].logits.RowRange(0, n), rows.lanes[i], s.head, backend.Epilogue{})
		}
	}
	var failed []error
	for _, s := range team {
		failed = append(failed, s.download(dst, s.slots[rows.slot].logits, n, m.outputs))
	}
	return errors.Join(distinct(failed)...)
}

// download copies the shard's columns of the logits to where they belong in rows of the given length.
func (s *shard) download(dst []float32, logits backend.Tensor, n, length int) error {
	if s.head == nil {
		return s.be.Sync()
	}
	part := dst
	if s.own.out.len() != length {
		part = make([]float32, n*s.own.out.len())
	}
	err := s.be.Download(tensor.FromFloat32(part, n, s.own.out.len()), logits.RowRange(0, n))
	if s.own.out.len() != length {
		for i := range n {
			copy(dst[i*length+s.own.out.lo:], part[i*s.own.out.len():(i+1)*s.own.out.len()])
		}
	}
	return err
}
