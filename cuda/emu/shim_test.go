package emu_test

import (
	"tiebreak/cuda/driver"
)

// shim is a driver that tells a test what is queued on another, and can lie about copies between devices.
type shim struct {
	driver.Driver
	launch  func(device int, stream driver.Stream)                 // before each kernel
	copied  func(device int)                                       // after each copy from another device
	fetched func(device int)                                       // before each copy to the host
	record  func(device int, stream driver.Stream, e driver.Event) // after each
	wait    func(device int, stream driver.Stream, e driver.Event) // after each
	corrupt bool                                                   // copies from another device report success and bring something else
}

func (s *shim) Open(ordinal int) (driver.Context, error) {
	c, err := s.Driver.Open(ordinal)
	if err != nil {
		return nil, err
	}
	return &shimContext{c, s, ordinal}, nil
}

type shimContext struct {
	driver.Context
	shim    *shim
	ordinal int
}

func (c *shimContext) EnablePeer(other driver.Context) error {
	return c.Context.EnablePeer(other.(*shimContext).Context)
}

func (c *shimContext) NewStream() (driver.Stream, error) {
	s, err := c.Context.NewStream()
	if err != nil {
		return nil, err
	}
	return &shimStream{s, c}, nil
}

type shimStream struct {
	driver.Stream
	c *shimContext
}

func (s *shimStream) Launch(f driver.Function, l driver.Launch) error {
	if s.c.shim.launch != nil {
		s.c.shim.launch(s.c.ordinal, s)
	}
	return s.Stream.Launch(f, l)
}

func (s *shimStream) CopyPeer(dst driver.Pointer, from driver.Context, src driver.Pointer, n int64) error {
	err := s.Stream.CopyPeer(dst, from.(*shimContext).Context, src, n)
	if err == nil && s.c.shim.corrupt {
		err = s.Stream.Fill(dst+driver.Pointer(n-1), 0xee, 1)
	}
	if err == nil && s.c.shim.copied != nil {
		s.c.shim.copied(s.c.ordinal)
	}
	return err
}

func (s *shimStream) CopyToHost(dst []byte, src driver.Pointer) error {
	if s.c.shim.fetched != nil {
		s.c.shim.fetched(s.c.ordinal)
	}
	return s.Stream.CopyToHost(dst, src)
}

func (s *shimStream) Record(e driver.Event) error {
	err := s.Stream.Record(e)
	if err == nil && s.c.shim.record != nil {
		s.c.shim.record(s.c.ordinal, s, e)
	}
	return err
}

func (s *shimStream) Wait(e driver.Event) error {
	err := s.Stream.Wait(e)
	if err == nil && s.c.shim.wait != nil {
		s.c.shim.wait(s.c.ordinal, s, e)
	}
	return err
}
