// Package cuda implements backend.Backend on CUDA devices, through whatever driver.Driver it is given: it checks shapes,
// chooses kernels of package kernels and their grids, and launches them on one stream. It holds no device code and does
// not know which driver it has.
//
// # Types
//
// Activations are F16 (compute capability 7.5) or F16 and BF16 (8.0 and later); there are no F32 matrix products.
// Weights of products have the type of the activations, as package model hands them over.
//
// # Exactness
//
// Which variant of a kernel runs depends on the number of rows and on the device; the bits do not, because the variants
// agree (see package kernels). The choice is made for speed alone.
//
// # Several devices
//
// A Backend is one device. It is a backend.Peer: a model can be divided over two, and peer.go brings the data of one to the
// other beside the operations of both.
//
// # Memory
//
// Device memory comes from the driver, in blocks aligned to 256 bytes. Small blocks that are freed are kept for the next
// request of their size: a batch's index tensors come and go with each pass, and the driver's own free waits for the
// device. Attention of few queries keeps partial results in a scratch block that grows to the largest use.
package cuda
