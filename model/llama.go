package model

// llamaParts names the projections of a Llama layer: each is a matrix of its own.
// Touvron et al. 2023, arXiv:2302.13971; Grattafiori et al. 2024, arXiv:2407.21783.
func llamaParts(c Config, prefix string) projections {
	return projections{
		q: []part{whole(prefix+"self_attn.q_proj.weight", c.QDim(), c.Hidden)},
		kv: []part{
			whole(prefix+"self_attn.k_proj.weight", c.KVDim(), c.Hidden),
			whole(prefix+"self_attn.v_proj.weight", c.KVDim(), c.Hidden),
		},
		gateUp: []part{
			whole(prefix+"mlp.gate_proj.weight", c.FeedForward, c.Hidden),
			whole(prefix+"mlp.up_proj.weight", c.FeedForward, c.Hidden),
		},
	}
}
