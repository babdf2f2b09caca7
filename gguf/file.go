package gguf

import (
	"fmt"
	"io"
	"math"
	"math/bits"
	"os"
	"unicode/utf8"

	"tiebreak/tensor"
)

const (
	magic            = "GGUF"
	maxTensors       = 1 << 18
	maxKeys          = 1 << 16
	maxKeyBytes      = 1<<16 - 1
	maxNameBytes     = 64
	maxDims          = 4
	alignmentKey     = "general.alignment"
	defaultAlignment = 32
)

// Info describes a tensor.
type Info struct {
	Name   string
	Type   Type
	Shape  tensor.Shape // slowest dimension first, as everywhere in this project; the file has it the other way round
	offset int64        // of its data in the file
	size   int64        // of its data in bytes
}

// File is a checked file. Its methods may be used by several goroutines at once.
type File struct {
	name    string
	r       io.ReaderAt
	values  map[string]value
	tensors []Info
	byName  map[string]int
	closer  io.Closer
}

// Open reads and checks the metadata and the tensor descriptions of a file. An error about the contents is a *FormatError.
func Open(path string) (*File, error) {
	info, err := os.Stat(path) // before it is opened: opening a named pipe would wait for its writer
	if err != nil {
		return nil, fmt.Errorf("gguf: open: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, problem(path, "", "got a file of type %v, want a regular file", info.Mode().Type())
	}
	r, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	f, err := Parse(path, r, info.Size())
	if err != nil {
		r.Close()
		return nil, err
	}
	f.closer = r
	return f, nil
}

// Close closes the file that Open opened.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Parse reads and checks the first part of a file of size bytes. The name is used in errors alone.
func Parse(name string, r io.ReaderAt, size int64) (*File, error) {
	f := &File{name: name, r: r, values: map[string]value{}, byName: map[string]int{}}
	c := &cursor{r: r, size: size}
	tensors, keys, err := f.readCounts(c)
	if err != nil {
		return nil, err
	}
	for range keys {
		if err := f.readKey(c); err != nil {
			return nil, err
		}
	}
	for range tensors {
		if err := f.readInfo(c); err != nil {
			return nil, err
		}
	}
	if err := f.place(int64(c.pos), size); err != nil {
		return nil, err
	}
	return f, nil
}

// Tensors lists the tensors in the order of the file. The list must not be changed.
func (f *File) Tensors() []Info { return f.tensors }

// readCounts reads what a file starts with.
func (f *File) readCounts(c *cursor) (tensors, keys uint64, err error) {
	fail := func(format string, args ...any) (uint64, uint64, error) {
		return 0, 0, problem(f.name, "", format, args...)
	}
	start, err := c.take(8)
	if err != nil {
		return fail("%v", err)
	}
	if string(start[:4]) != magic {
		return fail("got a file that starts with %s, want %q", quote(string(start[:4])), magic)
	}
	switch version := uint32(start[4]) | uint32(start[5])<<8 | uint32(start[6])<<16 | uint32(start[7])<<24; {
	case version&0xffff == 0 && version != 0:
		return fail("got a big-endian file of version %d, want a little-endian one", bits.ReverseBytes32(version))
	case version != 2 && version != 3:
		return fail("got version %d, want 2 or 3", version)
	}
	if tensors, err = c.uint64(); err == nil {
		keys, err = c.uint64()
	}
	if err != nil {
		return fail("%v", err)
	}
	if tensors > maxTensors || keys > maxKeys {
		return fail("got %d tensors and %d keys, want at most %d and %d", tensors, keys, maxTensors, maxKeys)
	}
	return tensors, keys, nil
}

// readKey reads a key and its value.
func (f *File) readKey(c *cursor) error {
	name, err := c.text()
	if err != nil {
		return problem(f.name, fmt.Sprintf("key %d", len(f.values)), "%v", err)
	}
	switch _, twice := f.values[name]; {
	case twice:
		return problem(f.name, key(name), "got it a second time, want each key once")
	case name == "" || len(name) > maxKeyBytes || !utf8.ValidString(name):
		return problem(f.name, key(name), "got a key of %d bytes, want 1 to %d bytes of UTF-8", len(name), maxKeyBytes)
	}
	v, err := c.readValue()
	if err != nil {
		return problem(f.name, key(name), "%v", err)
	}
	f.values[name] = v
	return nil
}

// readInfo reads the description of a tensor.
func (f *File) readInfo(c *cursor) error {
	name, err := c.text()
	if err != nil {
		return problem(f.name, fmt.Sprintf("tensor %d", len(f.tensors)), "%v", err)
	}
	switch _, twice := f.byName[name]; {
	case twice:
		return problem(f.name, tensorNamed(name), "got it a second time, want each name once")
	case name == "" || len(name) > maxNameBytes || !utf8.ValidString(name):
		return problem(f.name, tensorNamed(name), "got a name of %d bytes, want 1 to %d bytes of UTF-8", len(name), maxNameBytes)
	}
	info := Info{Name: name}
	if err := info.read(c); err != nil {
		return problem(f.name, tensorNamed(name), "%v", err)
	}
	f.byName[name] = len(f.tensors)
	f.tensors = append(f.tensors, info)
	return nil
}

// read reads what follows the name, and computes the size.
func (t *Info) read(c *cursor) error {
	dims, err := c.uint32()
	if err != nil {
		return err
	}
	if dims < 1 || dims > maxDims {
		return fmt.Errorf("got %d dimensions, want 1 to %d", dims, maxDims)
	}
	t.Shape = make(tensor.Shape, dims)
	for i := range t.Shape {
		n, err := c.uint64()
		if err != nil {
			return err
		}
		if n < 1 || n > math.MaxInt {
			return fmt.Errorf("got the extent %d in dimension %d, want 1 or more", int64(n), i)
		}
		t.Shape[len(t.Shape)-1-i] = int(n)
	}
	typ, err := c.uint32()
	if err != nil {
		return err
	}
	offset, err := c.uint64()
	if err != nil {
		return err
	}
	if offset > math.MaxInt64 {
		return fmt.Errorf("got the offset %d, want at most 2^63-1", offset)
	}
	t.Type, t.offset = Type(typ), int64(offset)
	t.size, err = t.bytes()
	return err
}

// bytes is the size of the tensor's data.
func (t *Info) bytes() (int64, error) {
	e, ok := encodings[t.Type]
	if !ok {
		return 0, fmt.Errorf("got %v, want one of %s", t.Type, knownTypes())
	}
	if _, err := tensor.CheckedBytes(tensor.F32, t.Shape); err != nil {
		return 0, err // also of blocks, whose elements take less
	}
	last := len(t.Shape) - 1
	row := t.Shape[last]
	if row%e.elements != 0 {
		return 0, fmt.Errorf("got rows of %d elements, want a multiple of %d for %v", row, e.elements, t.Type)
	}
	blocks := append(append(tensor.Shape{}, t.Shape[:last]...), row/e.elements, e.bytes)
	return tensor.CheckedBytes(tensor.U8, blocks)
}

// place finds the data of all tensors in the file and sees that it is where it must be. The descriptions end at headEnd.
func (f *File) place(headEnd, size int64) error {
	align, err := f.alignment()
	if err != nil {
		return err
	}
	start := padded(headEnd, align)
	end := int64(0) // of the data so far, without padding
	for i := range f.tensors {
		t := &f.tensors[i]
		if want := padded(end, align); t.offset != want {
			return problem(f.name, tensorNamed(t.Name), "got the offset %d, want %d, where the tensor before it ends and padding to %d", t.offset, want, align)
		}
		if t.size > size-t.offset-start {
			return problem(f.name, tensorNamed(t.Name), "got %d bytes of data at %d in a file of %d bytes: is the download cut short?", t.size, start+t.offset, size)
		}
		end = t.offset + t.size
		t.offset += start
	}
	if len(f.tensors) > 0 && size > start+padded(end, align) {
		return problem(f.name, "", "got %d bytes after the last tensor, want at most padding to %d", size-start-end, align)
	}
	return nil
}

// alignment is what the data of each tensor lies on.
func (f *File) alignment() (int64, error) {
	if !f.Has(alignmentKey) {
		return defaultAlignment, nil
	}
	if k := f.values[alignmentKey]; k.kind != kindUint32 || k.array {
		return 0, f.wrongType(alignmentKey, "a value of type uint32")
	}
	n, err := f.Int(alignmentKey)
	if err == nil && (n < 8 || n > 1<<16 || n&(n-1) != 0) {
		err = problem(f.name, key(alignmentKey), "got %d, want a power of two from 8 to 65536", n)
	}
	return n, err
}

// padded is the next multiple of align, a power of two.
func padded(n, align int64) int64 { return (n + align - 1) &^ (align - 1) }
