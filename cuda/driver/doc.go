// Package driver declares the lower of the two seams under the CUDA backend: the few calls of the CUDA driver API that the
// backend makes, as Go interfaces. It holds no device code. Two packages implement it: one over the real driver library,
// one in pure Go, and package drivertest holds the suite that both must pass.
//
// # Objects
//
// A Driver lists devices and opens a Context on one. A Context owns memory, modules, streams and events; nothing made by
// one Context may be given to another, except to Stream.CopyPeer. Work goes through a Stream: copies, fills and launches
// start in the order in which they were queued there and may still be running when the call returns.
//
// # Ordering and host memory
//
// Work on one stream runs in order. Work on two streams of a context is unordered, except through Stream.Record and
// Stream.Wait. The bytes given to CopyToDevice may be reused once it has returned, unless they came from AllocHost: then
// they must stay unchanged until the stream has been synchronised. The bytes given to CopyToHost are valid once the stream
// has been synchronised.
//
// # Goroutines
//
// A Context and all that belongs to it is used by one goroutine at a time. Different contexts may be used at the same time.
//
// # Errors
//
// Every failure is an *Error that carries a Code with the number and name of the CUDA driver API. Wrong arguments are
// reported by the call itself and change nothing. A fault of running device code (an illegal address, a trap) is reported
// by the launch or by any later call on that context; it is sticky: from then on every call of the context but Close
// returns that first error.
package driver
