package gguf

import (
	"bytes"
	"encoding/binary"
)

// A builder makes the bytes of a file, sound or not.
type builder struct{ bytes.Buffer }

// start is magic, version 3 and the counts.
func start(tensors, keys uint64) *builder {
	b := &builder{}
	b.WriteString(magic)
	return b.u32(3).u64(tensors).u64(keys)
}

func (b *builder) u8(v byte) *builder {
	b.WriteByte(v)
	return b
}

func (b *builder) u32(v uint32) *builder {
	b.Write(binary.LittleEndian.AppendUint32(nil, v))
	return b
}

func (b *builder) u64(v uint64) *builder {
	b.Write(binary.LittleEndian.AppendUint64(nil, v))
	return b
}

func (b *builder) text(s string) *builder {
	b.u64(uint64(len(s)))
	b.WriteString(s)
	return b
}

// key is a name and the type of what follows.
func (b *builder) key(name string, k kind) *builder { return b.text(name).u32(uint32(k)) }

// tensor is a description; extents come fastest first.
func (b *builder) tensor(name string, typ Type, offset uint64, extents ...uint64) *builder {
	b.text(name).u32(uint32(len(extents)))
	for _, n := range extents {
		b.u64(n)
	}
	return b.u32(uint32(typ)).u64(offset)
}

// data pads to align and adds n bytes.
func (b *builder) data(align, n int) []byte {
	b.Write(make([]byte, -b.Len()&(align-1)))
	b.Write(make([]byte, n))
	return b.Bytes()
}

// parse reads the bytes as a file named f.
func parse(data []byte) (*File, error) { return Parse("f", bytes.NewReader(data), int64(len(data))) }
