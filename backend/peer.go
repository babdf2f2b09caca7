package backend

import (
	"fmt"
	"time"
)

// Peer is a Backend that can be one of two over which a model is divided: what the other computes reaches it by copies
// that run beside its own operations. A model on a Peer cuts its sums over heads and feed-forward in two even where it
// has the device for itself, so that one device and two give the same bits.
type Peer interface {
	Backend

	// Connect finds a way by which data from another device of the same kind arrive intact, tried with data and not by
	// what a driver says of itself, and measures it. Receive connects by itself where it has not been called.
	Connect(from Backend) (Link, error)

	// Receive queues a copy of src, which lies on from, to dst: dense tensors of one type and size. It begins when all
	// that was queued before on both devices is done, and runs beside what is queued later. Operations that use dst, and
	// operations of from that write src, are queued after an Await. An error of from becomes one of this device.
	Receive(dst Tensor, from Backend, src Tensor) Transfer

	// Await holds back what is queued later on this device until the transfer is done; either side of it may call it.
	Await(t Transfer)
}

// Transfer is a copy under way, a thing of the Backend that queued it. The zero Transfer is done.
type Transfer struct{ Done any }

// Link says how data get from one device to another.
type Link struct {
	Way   string        // "peer copies" or "host memory"
	Bytes int64         // copied to measure it; 0 where it has not been measured
	Took  time.Duration // to copy them
}

// Speed is in bytes per second; 0 where it has not been measured.
func (l Link) Speed() float64 {
	if l.Took <= 0 {
		return 0
	}
	return float64(l.Bytes) / l.Took.Seconds()
}

// String gives way and speed for messages, such as "peer copies, 11.2 GB/s".
func (l Link) String() string {
	if l.Speed() == 0 {
		return l.Way
	}
	return fmt.Sprintf("%s, %.1f GB/s", l.Way, l.Speed()/1e9)
}

// CheckReceive panics unless dst can take src.
func CheckReceive(dst, src Tensor) {
	if !sameSize(dst, src) || dst.DType != src.DType || !dst.Dense() || !src.Dense() {
		misfit("receive", dst, src)
	}
}
