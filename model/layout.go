package model

import (
	"fmt"

	"tiebreak/tensor"
)

// part names rows lo to hi of a matrix of the checkpoint.
type part struct {
	name   string
	shape  tensor.Shape // of the whole tensor in the file
	lo, hi int
}

// whole is all rows of the tensor with the given name and shape.
func whole(name string, shape ...int) part { return part{name, shape, 0, shape[0]} }

// slice is rows lo to hi of p.
func (p part) slice(lo, hi int) part { return part{p.name, p.shape, lo, hi} }

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
