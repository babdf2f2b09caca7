// Package gguf reads GGUF files, the format of llama.cpp, and converts models in them to Hugging Face directories.
//
// The format is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian: metadata
// (keys with typed values), the descriptions of the tensors, then their data. Weights are mostly quantised in blocks of 32 or
// 256 elements; see Type for the encodings known here. They are decoded to float32 in exactly the steps of the
// reference implementation (the Python package gguf), so that results are equal bit for bit.
//
// A file is taken to be hostile: it is checked in full before a tensor can be read, no input makes this package panic, and
// what is allocated is bounded by the size of the metadata. Accepted are at most 262,144 tensors and 65,536 keys, which
// with the descriptions take at most 64 MiB; unique keys and names in UTF-8; extents of 1 or more; rows that are whole
// blocks; data that lies in the order of the descriptions, each tensor at the next multiple of general.alignment, and a file
// that ends where the last one does, but for its padding.
//
// Convert knows the architecture llama with a byte-level BPE vocabulary whose pre-tokenizer is smollm. Anything else is an
// error that names what was found: a model that is converted almost right is worse than none.
package gguf
