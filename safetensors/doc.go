// Package safetensors reads and writes tensors in the safetensors format, version 0.3 and later, as
// https://github.com/huggingface/safetensors defines it: eight bytes with the length of a JSON header, the header, then the
// bytes of all tensors.
//
// Files are mapped into memory and tensors are views of the mapping: opening a file of 16 GB costs its header. A file
// is checked in full before a tensor of it can be had, and its bytes are taken to be hostile: no input makes this package
// panic, or allocate more than a small multiple of the header.
//
// # What is accepted
//
//   - The header length is at most 100,000,000 and the header lies in the file.
//   - The header starts with '{', is one JSON object in valid UTF-8, and may be followed by spaces alone. No key appears
//     twice in an object, a surrogate escape has its partner, and there are at most 262,144 tensors.
//   - Each tensor has exactly the fields dtype, shape and data_offsets. The types are F64, F32, F16, BF16, I64, I32, I16, I8,
//     U8 and BOOL; a shape has at most 8 extents, each a plain decimal integer; 0 is a legal extent, and no extent at all is
//     a scalar.
//   - The offsets of a tensor span exactly the size of its shape, and all tensors together cover the data without
//     overlap, without a hole, and up to the last byte. So no second file hides in a safetensors file.
//   - __metadata__, where present, maps strings to strings.
//   - Tensors need not be aligned: package tensor has loads for those that are not.
//
// An index (model.safetensors.index.json) maps each tensor to a file beside it. Shards are named by plain file names, a tensor
// lies in exactly the shard that the index says, and a shard holds nothing that the index does not list. Other keys of the
// index are checked to be JSON and otherwise ignored.
//
// The values themselves are not looked at; infinities and NaNs are data.
package safetensors
