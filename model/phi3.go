package model

// phi3Parts names the projections of a Phi-3 layer: q, k and v are stacked in one matrix, gate and up in another.
// Abdin et al. 2024, arXiv:2404.14219.
func phi3Parts(c Config, prefix string) projections {
	qkv := whole(prefix+"self_attn.qkv_proj.weight", c.QDim()+2*c.KVDim(), c.Hidden)
	return projections{
		q:      []part{qkv.slice(0, c.QDim())},
		kv:     []part{qkv.slice(c.QDim(), c.QDim()+2*c.KVDim())},
		gateUp: []part{whole(prefix+"mlp.gate_up_proj.weight", 2*c.FeedForward, c.Hidden)},
	}
}
