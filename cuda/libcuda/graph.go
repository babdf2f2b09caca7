//go:build cuda && cgo && linux && amd64

package libcuda

// #include "cuda.h"
import "C"

import (
	"fmt"

	"tiebreak/cuda/driver"
)

// Capturer is what the streams of this package can do beyond driver.Stream: turn a sequence of launches into one. A caller
// that finds a stream not to be a Capturer queues its work as always.
type Capturer interface {
	// BeginCapture makes the following work on the stream be noted, and not run, until EndCapture. Work that needs the
	// host to wait is an error of the driver (cuStreamBeginCapture).
	BeginCapture() error

	// EndCapture returns what has been noted (cuStreamEndCapture, cuGraphInstantiate).
	EndCapture() (Graph, error)
}

// Graph is captured work with its parameters.
type Graph interface {
	// Launch runs all of it on a stream of the context in which it was captured (cuGraphLaunch).
	Launch(s driver.Stream) error

	// Close gives the graph back once it is not running any more (cuGraphExecDestroy).
	Close() error
}

type graph struct {
	c      *context
	exec   C.CUgraphExec
	work   work
	closed bool
}

// BeginCapture starts to capture. The mode is relaxed, the only one in which the calls may come from different threads.
func (s *stream) BeginCapture() error {
	const call = "cuStreamBeginCapture"
	if err := s.ready(call); err != nil {
		return err
	}
	err := s.c.do(call, func() error {
		return asError(C.cuStreamBeginCapture(streamHandle(s.handle), C.CU_STREAM_CAPTURE_MODE_RELAXED))
	})
	if err == nil {
		s.capture = new([]work)
	}
	return err
}

// EndCapture ends it. The stream is as before even where it fails.
func (s *stream) EndCapture() (Graph, error) {
	const call = "cuStreamEndCapture"
	if err := s.ready(call); err != nil {
		return nil, err
	}
	if s.capture == nil {
		return nil, s.c.invalid(call, driver.InvalidValue, "the stream is not capturing")
	}
	captured := *s.capture
	s.capture = nil
	var plan C.CUgraph
	if err := s.c.do(call, func() error { return asError(C.cuStreamEndCapture(streamHandle(s.handle), &plan)) }); err != nil {
		return nil, err
	}
	g := &graph{c: s.c, work: work{name: fmt.Sprintf("a graph of %d (%s)", len(captured), list(captured))}}
	err := s.c.do("cuGraphInstantiate", func() error { return asError(C.cuGraphInstantiate(&g.exec, plan, 0)) })
	destroyed := s.c.do("cuGraphDestroy", func() error { return asError(C.cuGraphDestroy(plan)) })
	if err := firstError(err, destroyed); err != nil {
		return nil, err
	}
	s.c.graphs = append(s.c.graphs, g)
	return g, nil
}

// Launch queues the graph.
func (g *graph) Launch(on driver.Stream) error {
	const call = "cuGraphLaunch"
	s, ok := on.(*stream)
	if !ok || s.c != g.c || g.closed {
		return g.c.invalid(call, driver.InvalidHandle, "the graph is closed or the stream is not one of its context")
	}
	return s.enqueueAs(g.work, call, func() error { return asError(C.cuGraphLaunch(g.exec, streamHandle(s.handle))) })
}

// Close waits for the context and gives the graph back.
func (g *graph) Close() error {
	const call = "cuGraphExecDestroy"
	if err := g.c.Synchronize(); err != nil {
		return err
	}
	if g.closed {
		return g.c.invalid(call, driver.InvalidHandle, "the graph is closed already")
	}
	return g.c.do(call, g.destroy)
}

func (g *graph) destroy() error {
	g.closed = true
	g.c.graphs = drop(g.c.graphs, g)
	return asError(C.cuGraphExecDestroy(g.exec))
}
