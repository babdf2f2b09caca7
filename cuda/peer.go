package cuda

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"tiebreak/backend"
	"tiebreak/cuda/driver"
)

// Copies between devices run on a stream of their own, so that they need not wait for the operations queued behind them:
//
//	sender     operations ──event──┐
//	receiver   operations ──event──┤
//	           copies            wait, copy ──event──> Await on either device
//
// Where a copy from device to device does not arrive intact, it goes through page-locked host memory, piece by piece: the
// sender's copy stream fills one piece while the receiver's empties another.

// pieces of host memory between two devices. Their size is what the driver takes into its queue from any kind of host
// memory without waiting for the stream.
const (
	pieceBytes = 64 << 10
	pieceCount = 8
)

// route is how data from one device arrive.
type route struct {
	from   *Backend
	link   backend.Link
	staged []piece // nil for peer copies
	next   int
}

// piece is page-locked host memory of the sender.
type piece struct {
	bytes []byte
	full  driver.Event // of the sender
	empty driver.Event // of the receiver; not recorded before the first use, and then nothing waits for it
}

// Connect tries peer copies and, where they fail, copies through the host; see backend.Peer.
func (b *Backend) Connect(from backend.Backend) (backend.Link, error) {
	sender, ok := from.(*Backend)
	if !ok || sender == b {
		return backend.Link{}, fmt.Errorf("cuda: connect %s: got %s, want another CUDA device", b.id, from.Device().ID)
	}
	if r := b.routes[sender]; r != nil {
		return r.link, nil
	}
	// An error of EnablePeer is no news: copies may work all the same, and what arrives decides.
	_ = b.context.EnablePeer(sender.context)
	r := &route{from: sender, link: backend.Link{Way: "peer copies"}}
	err := b.try(r)
	if err != nil && b.err == nil && sender.err == nil {
		if err = r.stage(b); err == nil {
			err = b.try(r)
		}
	}
	if err != nil {
		return backend.Link{}, errors.Join(fmt.Errorf("cuda: connect %s to %s: %w", b.id, sender.id, err), r.unstage())
	}
	if b.routes == nil {
		b.routes = map[*Backend]*route{}
	}
	b.routes[sender] = r
	return r.link, nil
}

// stage turns the route into one through the host.
func (r *route) stage(b *Backend) (err error) {
	r.link = backend.Link{Way: "host memory"}
	for range pieceCount {
		var p piece
		if p.bytes, err = r.from.context.AllocHost(pieceBytes); err != nil {
			return err
		}
		r.staged = append(r.staged, p)
		last := &r.staged[len(r.staged)-1]
		if last.full, err = r.from.context.NewEvent(); err != nil {
			return err
		}
		if last.empty, err = b.context.NewEvent(); err != nil {
			return err
		}
	}
	return nil
}

// unstage gives the pieces back, unless their device has closed and has done so itself.
func (r *route) unstage() error {
	var err error
	if !r.from.closed {
		for _, p := range r.staged {
			err = errors.Join(err, r.from.context.FreeHost(p.bytes))
		}
	}
	r.staged = nil
	return err
}

// trialBytes is the length of the pattern that is sent to try a route: long enough for the speed that large copies have,
// and not a whole number of pieces.
const trialBytes = 4<<20 + 100

// try sends a pattern twice over the route and compares what arrives; the second time is measured. A driver may report
// that devices reach each other where a bus in between does not let the data through.
func (b *Backend) try(r *route) error {
	sender := r.from
	want := make([]byte, trialBytes)
	src, err := sender.take(trialBytes)
	if err != nil {
		return err
	}
	defer sender.give(src)
	dst, err := b.take(trialBytes)
	if err != nil {
		return err
	}
	defer b.give(dst)
	for round := range 2 {
		for i := range want {
			want[i] = byte(i*31+i>>11) + byte(round)
		}
		err := errors.Join(sender.stream.CopyToDevice(src.at, want), b.stream.Fill(dst.at, 0, trialBytes),
			sender.stream.Synchronize(), b.stream.Synchronize())
		if err != nil {
			return err
		}
		began := time.Now()
		if err := b.copyOver(r, dst.at, src.at, trialBytes, nil); err != nil {
			return err
		}
		if err := b.copies.Synchronize(); err != nil {
			return err
		}
		r.link.Bytes, r.link.Took = trialBytes, time.Since(began)
		got := make([]byte, trialBytes)
		if err := errors.Join(b.stream.CopyToHost(got, dst.at), b.stream.Synchronize()); err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%s: %d bytes sent, other bytes arrived", r.link.Way, trialBytes)
		}
	}
	return nil
}

// Receive queues a copy from another device; see backend.Peer.
func (b *Backend) Receive(dst backend.Tensor, from backend.Backend, src backend.Tensor) backend.Transfer {
	backend.CheckReceive(dst, src)
	sender := from.(*Backend)
	if b.err == nil {
		b.err = sender.err // what does not come is not waited for
	}
	if b.err != nil || dst.Bytes() == 0 {
		return backend.Transfer{}
	}
	if _, err := b.Connect(from); err != nil {
		b.fail("receive", err)
		return backend.Transfer{}
	}
	done, err := b.event()
	if err == nil {
		err = b.copyOver(b.routes[sender], pointer(dst), pointer(src), dst.Bytes(), done)
	}
	if err != nil {
		b.fail("receive from "+sender.id, err)
		return backend.Transfer{}
	}
	return backend.Transfer{Done: done}
}

// Await holds back what is queued later; see backend.Peer.
func (b *Backend) Await(t backend.Transfer) {
	if t.Done == nil || b.err != nil {
		return
	}
	if err := b.stream.Wait(t.Done.(driver.Event)); err != nil {
		b.fail("await", err)
	}
}

// copyOver queues a copy over a route, behind all that is queued on both devices, and then an event if it is not nil.
func (b *Backend) copyOver(r *route, dst, src driver.Pointer, n int64, done driver.Event) error {
	if err := errors.Join(b.openCopies(), r.from.openCopies()); err != nil {
		return err
	}
	for _, side := range []*Backend{b, r.from} {
		reached, err := side.event()
		if err != nil {
			return err
		}
		if err := side.stream.Record(reached); err != nil {
			return err
		}
		for _, stream := range []driver.Stream{b.copies, r.from.copies} {
			if err := stream.Wait(reached); err != nil {
				return err
			}
		}
	}
	var err error
	if r.staged == nil {
		err = b.copies.CopyPeer(dst, r.from.context, src, n)
	} else {
		err = b.copyStaged(r, dst, src, n)
	}
	if err != nil || done == nil {
		return err
	}
	return b.copies.Record(done)
}

// copyStaged queues a copy through the pieces in turn.
func (b *Backend) copyStaged(r *route, dst, src driver.Pointer, n int64) error {
	fill, empty := r.from.copies, b.copies
	for at := int64(0); at < n; at += pieceBytes {
		p := r.staged[r.next]
		r.next = (r.next + 1) % len(r.staged)
		bytes, offset := p.bytes[:min(pieceBytes, n-at)], driver.Pointer(at)
		err := errors.Join(
			fill.Wait(p.empty), fill.CopyToHost(bytes, src+offset), fill.Record(p.full),
			empty.Wait(p.full), empty.CopyToDevice(dst+offset, bytes), empty.Record(p.empty))
		if err != nil {
			return err
		}
	}
	return nil
}

// openCopies makes the stream of copies on first use.
func (b *Backend) openCopies() (err error) {
	if b.copies == nil {
		b.copies, err = b.context.NewStream()
	}
	return err
}

// eventCount is how many events a device uses in turn. An event may be recorded again once all waits for its last record
// have been queued, which they are long before: a wait looks at the record it was queued after.
const eventCount = 1024

// event gives the next of the device's events.
func (b *Backend) event() (driver.Event, error) {
	if len(b.events) < eventCount {
		e, err := b.context.NewEvent()
		if err != nil {
			return nil, err
		}
		b.events = append(b.events, e)
		return e, nil
	}
	e := b.events[b.nextEvent]
	b.nextEvent = (b.nextEvent + 1) % eventCount
	return e, nil
}
