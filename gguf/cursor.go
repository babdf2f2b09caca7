package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
)

// maxHeader bounds metadata and tensor descriptions together. Those of the largest vocabularies take some 20 MiB.
const maxHeader = 64 << 20

// A cursor reads a file from its start, as far as it is asked to and not much further: the metadata says only piece by
// piece how long it is.
type cursor struct {
	r    io.ReaderAt
	size int64  // of the file
	head []byte // its first bytes
	pos  int    // bytes taken
}

// take returns the next n bytes. They must not be kept: a later call may move them.
func (c *cursor) take(n uint64) ([]byte, error) {
	if n > uint64(c.size)-uint64(c.pos) {
		return nil, fmt.Errorf("byte %d: got %d bytes to the end of the file, want %d: is the download cut short?", c.pos, c.size-int64(c.pos), n)
	}
	if n > uint64(maxHeader-c.pos) {
		return nil, fmt.Errorf("byte %d: got metadata that goes on for %d bytes, want at most %d in all", c.pos, n, maxHeader)
	}
	end := c.pos + int(n)
	if end > len(c.head) {
		if err := c.readTo(end); err != nil {
			return nil, err
		}
	}
	b := c.head[c.pos:end]
	c.pos = end
	return b, nil
}

// readTo reads the file up to end, and some way on to make reads few.
func (c *cursor) readTo(end int) error {
	const ahead = 256 << 10
	have := len(c.head)
	want := int(min(c.size, int64(max(end, have+min(have, 4<<20))+ahead)))
	head := make([]byte, want)
	copy(head, c.head)
	if _, err := io.ReadFull(io.NewSectionReader(c.r, int64(have), int64(want-have)), head[have:]); err != nil {
		return fmt.Errorf("byte %d: %w", have, err)
	}
	c.head = head
	return nil
}

func (c *cursor) uint32() (uint32, error) {
	b, err := c.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (c *cursor) uint64() (uint64, error) {
	b, err := c.take(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// text reads a string: its length in bytes, then the bytes.
func (c *cursor) text() (string, error) {
	n, err := c.uint64()
	if err != nil {
		return "", err
	}
	b, err := c.take(n)
	return string(b), err
}
