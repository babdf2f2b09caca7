package tensor

import "unsafe"

// number is the set of Go types that tensors are viewed as.
type number interface {
	~uint16 | ~int16 | ~int32 | ~int64 | ~float32 | ~float64 | ~int8 | ~uint8
}

// cast views bytes as a slice of N without copying. The bytes must be aligned for N and their number a multiple of its
// size, which holds for every buffer that Go or this project allocates.
func cast[N number](b []byte) []N {
	size := int(unsafe.Sizeof(*new(N)))
	if len(b)%size != 0 {
		panic("tensor: cast: length is not a multiple of the element size")
	}
	if len(b) == 0 {
		return nil
	}
	if !aligned[N](b) {
		panic("tensor: cast: bytes are not aligned for the element type; load them instead")
	}
	return unsafe.Slice((*N)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/size)
}

// aligned reports whether b may be viewed as a slice of N.
func aligned[N number](b []byte) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))%unsafe.Alignof(*new(N)) == 0
}

// load views bytes as a slice of N, or copies them where a file left them unaligned.
func load[N number](b []byte) []N {
	if aligned[N](b) {
		return cast[N](b)
	}
	out := make([]N, len(b)/int(unsafe.Sizeof(*new(N))))
	copy(bytesOf(out), b)
	return out
}

// bytesOf views a slice of N as its bytes, without copying.
func bytesOf[N number](v []N) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(v[0])))
}

// CastFloat32 views little-endian bytes as float32 values that share their memory. It panics when the bytes are not
// aligned to 4 or their number is not a multiple of 4.
func CastFloat32(b []byte) []float32 { return cast[float32](b) }

// CastUint16 views bytes as 16-bit patterns (F16 or BF16) that share their memory; aligned to 2, else it panics.
func CastUint16(b []byte) []uint16 { return cast[uint16](b) }

// CastInt32 views bytes as int32 values that share their memory; aligned to 4, else it panics.
func CastInt32(b []byte) []int32 { return cast[int32](b) }

// LoadInt32 returns the bytes as int32 values: a view where they are aligned, else a copy.
func LoadInt32(b []byte) []int32 { return load[int32](b) }

// LoadInt64 returns the bytes as int64 values: a view where they are aligned, else a copy.
func LoadInt64(b []byte) []int64 { return load[int64](b) }

// LoadFloat32 returns the bytes as float32 values: a view where they are aligned, else a copy.
func LoadFloat32(b []byte) []float32 { return load[float32](b) }

// LoadUint16 returns the bytes as 16-bit patterns: a view where they are aligned, else a copy.
func LoadUint16(b []byte) []uint16 { return load[uint16](b) }

// Bytes views float32, int32 or 16-bit values as their little-endian bytes, without copying.
func Bytes[N float32 | int32 | uint16](v []N) []byte { return bytesOf(v) }

// Allocate returns n zeroed bytes whose first one lies on a multiple of align, a power of two. Vector loads are faster
// from such memory, and no row straddles more cache lines than it must.
func Allocate(n, align int) []byte {
	b := make([]byte, n+align)
	skip := (align - int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))&uintptr(align-1))) & (align - 1)
	return b[skip : skip+n : skip+n]
}
