package driver

import (
	"encoding/binary"
	"fmt"
	"math"
)

// MaxParams is the most bytes of parameters a kernel can take.
const MaxParams = 4096

// Params packs kernel parameters in the order of the kernel's declaration, each at its natural alignment, as nvcc lays
// them out. The zero Params is empty and ready.
//
//	var p driver.Params
//	p.Pointer(x).Pointer(y).Int32(n).Float32(scale)
//	stream.Launch(f, driver.Launch{Grid: g, Block: b, Params: p.Bytes()})
type Params struct{ buf []byte }

// Pointer appends a device pointer.
func (p *Params) Pointer(v Pointer) *Params { return p.Uint64(uint64(v)) }

// Uint64 appends an unsigned 64-bit integer.
func (p *Params) Uint64(v uint64) *Params {
	p.align(8)
	p.buf = binary.LittleEndian.AppendUint64(p.buf, v)
	return p
}

// Int32 appends a signed 32-bit integer.
func (p *Params) Int32(v int32) *Params {
	p.align(4)
	p.buf = binary.LittleEndian.AppendUint32(p.buf, uint32(v))
	return p
}

// Float32 appends a single-precision number.
func (p *Params) Float32(v float32) *Params {
	p.align(4)
	p.buf = binary.LittleEndian.AppendUint32(p.buf, math.Float32bits(v))
	return p
}

// Struct appends the bytes of a structure with the given alignment, a power of two. The bytes may themselves come from a
// Params, whose fields then lie as in C; the structure's size is rounded up to its alignment.
func (p *Params) Struct(align int, b []byte) *Params {
	p.align(align)
	p.buf = append(p.buf, b...)
	p.align(align)
	return p
}

// Bytes is the packed block. It panics when it is larger than MaxParams, which no device accepts.
func (p *Params) Bytes() []byte {
	if len(p.buf) > MaxParams {
		panic(fmt.Sprintf("driver: kernel parameters: got %d bytes, want at most %d", len(p.buf), MaxParams))
	}
	return p.buf
}

// align pads to a multiple of n.
func (p *Params) align(n int) {
	for len(p.buf)%n != 0 {
		p.buf = append(p.buf, 0)
	}
}
