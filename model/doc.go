// Package model turns a Hugging Face checkpoint into a decoder that runs on any backend: the configuration and its
// limits, the names of the weights, the transformer block and its heads.
//
// A pass goes like this; [T,C] and the like use the alphabet of package tensor:
//
//	ids [T] ── Gather ──> residual stream x [T,C] f32
//	L times:  RMSNorm ─> q,k,v ─> Rope ─> StoreKV ─> Attention ─> o_proj     ┐ each branch is added to x
//	          RMSNorm ─> silu(gate) · up ─> down_proj                       ┘ by the next RMSNorm
//	RMSNorm ─> rows [n,C] ─> head ─> logits [n,V], [n,labels] or [n,classes] f32
//
// In the last layer only keys and values are computed for all tokens; the rest is computed for the rows that are asked
// for, usually the last token of each sequence.
//
// A model may lie on several devices: split.go says how it is divided and why the bits stay those of one device, shard.go
// holds what one device does of a layer, decoder.go the way of a pass through all of them.
//
// Llama and Phi-3 compute the same block. llama.go and phi3.go hold what differs: the names of the weights and how they
// are stacked. A third family of this kind is a third such file and a line in families.
package model
