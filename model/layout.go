package model

import (
	"fmt"

	"tiebreak/tensor"
)

// part names rows lo to hi of a matrix of the checkpoint, or some of their columns.
type part struct {
	name   string
	shape  tensor.Shape // of the whole tensor in the file
	lo, hi int
	cols   *span // nil: all
}

// whole is all rows of the tensor with the given name and shape.
func whole(name string, shape ...int) part { return part{name: name, shape: shape, hi: shape[0]} }

// slice is rows lo to hi of p.
func (p part) slice(lo, hi int) part {
	p.lo, p.hi = lo, hi
	return p
}

// columns is a range of columns of p.
func (p part) columns(cols span) part {
	p.cols = &cols
	return p
}

// size is the shape of the part itself.
func (p part) size() tensor.Shape {
	out := append(tensor.Shape{p.hi - p.lo}, p.shape[1:]...)
	if p.cols != nil {
		out[1] = p.cols.len()
	}
	return out
}

// of is the part of the whole tensor t. Where it has some of the columns, they are copied row by row.
func (p part) of(t tensor.Tensor) tensor.Tensor {
	t = t.Rows(p.lo, p.hi)
	if p.cols == nil || p.cols.len() == p.shape[1] {
		return t
	}
	out := tensor.New(t.DType, p.size()...)
	size, row := t.DType.Size(), p.cols.len()*t.DType.Size()
	inRows(p.hi-p.lo, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			from := (i*p.shape[1] + p.cols.lo) * size
			copy(out.Data[i*row:(i+1)*row], t.Data[from:from+row])
		}
	})
	return out
}

// projections are the parts whose names and stacking differ between families. Parts in a list are stacked in order.
type projections struct {
	q      []part // [H·D,C]
	kv     []part // [2·G·D,C], keys first
	gateUp []part // [2F,C], gate first
}

// families maps each architecture to the names of a layer's projections; prefix is "model.layers.N.".
var families = map[Architecture]func(c Config, prefix string) projections{
	Llama: llamaParts,
	Phi3:  phi3Parts,
}

// layerParts are all the weights of one decoder layer.
type layerParts struct {
	projections
	inputNorm, postNorm part // [C]
	o                   part // [C,H·D]
	down                part // [C,F]
}

// partsOf names the weights of one layer.
func (c Config) partsOf(layer int) layerParts {
	prefix := fmt.Sprintf("model.layers.%d.", layer)
	return layerParts{
		projections: families[c.Architecture](c, prefix),
		inputNorm:   whole(prefix+"input_layernorm.weight", c.Hidden),
		postNorm:    whole(prefix+"post_attention_layernorm.weight", c.Hidden),
		o:           whole(prefix+"self_attn.o_proj.weight", c.Hidden, c.QDim()),
		down:        whole(prefix+"mlp.down_proj.weight", c.Hidden, c.FeedForward),
	}
}

// The weights outside of the layers.
func (c Config) embedPart() part { return whole("model.embed_tokens.weight", c.Vocab, c.Hidden) }
func (c Config) normPart() part  { return whole("model.norm.weight", c.Hidden) }

// Shapes gives the name and shape of every weight that the checkpoint of such a model holds.
func (c Config) Shapes() map[string]tensor.Shape {
	shapes := map[string]tensor.Shape{}
	add := func(parts ...part) {
		for _, p := range parts {
			shapes[p.name] = p.shape
		}
	}
	add(c.embedPart(), c.normPart(), c.headPart())
	for i := range c.Layers {
		l := c.partsOf(i)
		add(l.inputNorm, l.postNorm, l.o, l.down)
		add(l.q...)
		add(l.kv...)
		add(l.gateUp...)
	}
	return shapes
}
