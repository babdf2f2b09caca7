// Package tokenizer turns text into token ids and back, as the tokenizer.json of a Hugging Face model says, and puts
// conversations into the words a model was trained on, as its chat template says.
//
// It reads byte-level BPE (LLaMA 3, SmolLM2, GPT-2) and character-level BPE with byte fallback in the manner of
// SentencePiece (Phi-3, LLaMA 2), with the normalizers, pre-tokenizers, post-processors, decoders and added-token rules
// that these use, and gives the ids and texts that the library tokenizers 0.23 gives. Whatever else a file holds is an
// error that names it and its place; nothing is passed over that would change an id. Settings that concern batches, not
// texts (truncation, padding, pair templates, offsets), are not acted on.
//
// A text goes through these steps, each in a file of its own:
//
//	added.go        added tokens are matched in the raw text
//	normalize.go    what lies between is rewritten; further added tokens are matched in the result
//	pretokenize.go  the rest is cut into words (scan*.go: by hand-written scanners)
//	bpe.go          each word becomes tokens (merge.go: the merging; cache.go: words seen before)
//	postprocess.go  special tokens are put around the whole
//	decode.go       and back
//
// chat.go and segments.go make prompts: of a conversation, and of text of which only some is trusted.
//
// Speed, on one core of a busy two-core cloud machine (AMD EPYC), text not seen before: LLaMA 3.1 41 MB/s, SmolLM2 32, Phi-3
// 27; a megabyte of one letter 0.2 to 0.3 s; Open of the 128,256 tokens of LLaMA 3.1 0.17 s. BenchmarkEncode and BenchmarkOpen
// measure them.
package tokenizer
