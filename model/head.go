package model

import "tiebreak/backend"

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

// headAndEmbedding prepares the first and the last matrix of the model. Of a language-model head only the rows of the
// labels are prepared, where there are any; tied embeddings are one matrix with two uses.
func (l *loader) headAndEmbedding() (head, embed backend.Weight) {
	c, labels := l.m.Config, l.m.Options.Labels
	if c.Tied && len(labels) == 0 {
		both := l.matrix(backend.ForGather|backend.ForMatMul, c.embedPart())
		return both, both
	}
	embed = l.matrix(backend.ForGather, c.embedPart())
	rows := []part{c.headPart()}
	if len(labels) > 0 {
		rows = nil
		for _, id := range labels {
			rows = append(rows, c.headPart().slice(int(id), int(id)+1))
		}
	}
	return l.matrix(backend.ForMatMul, rows...), embed
}

// Outputs is the length of a row of logits: classes, labels or the vocabulary.
func (m *Model) Outputs() int { return m.head.Rows() }

// Logits applies the head to at most Seqs rows of what Forward returned: [n,Outputs] f32, valid until the next call.
func (m *Model) Logits(rows backend.Tensor) backend.Tensor {
	out := m.logits.RowRange(0, rows.Rows)
	m.be.MatMul(out, rows, m.head, backend.Epilogue{})
	return out
}
