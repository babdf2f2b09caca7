// Package tensor holds what every other package says about data: element types, shapes with checked sizes, host tensors
// and the conversions between half and single precision. It does no arithmetic on tensors; that is a backend's work.
//
// One alphabet of dimensions is used in the whole project:
//
//	T  tokens in the batch, all sequences laid end to end
//	C  hidden size (channels of the residual stream)
//	H  query heads
//	G  key/value heads; H is a multiple of G
//	D  size of one head
//	F  feed-forward size
//	V  vocabulary size
//	R  rank of a low-rank update
//	L  decoder layers
//
// A comment such as [T,H,D] bf16 beside a tensor gives its shape, slowest dimension first, and its element type.
package tensor
