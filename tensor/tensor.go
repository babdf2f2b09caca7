package tensor

import "fmt"

// Tensor is a dense, row-major array in host memory. Data may be a view of a memory-mapped file: it must then not be
// written, and it lives only as long as the mapping.
type Tensor struct {
	DType DType
	Shape Shape
	Data  []byte // little-endian; len(Data) is exactly the size of Shape in DType
}

// New allocates a zeroed tensor. It panics on a shape that cannot be sized: callers check shapes from outside first.
func New(d DType, shape ...int) Tensor {
	n, err := CheckedBytes(d, shape)
	if err != nil {
		panic(err)
	}
	return Tensor{DType: d, Shape: shape, Data: make([]byte, n)}
}

// View wraps bytes as a tensor without copying them. The number of bytes must be exactly the size of the shape.
func View(d DType, shape Shape, data []byte) (Tensor, error) {
	n, err := CheckedBytes(d, shape)
	if err != nil {
		return Tensor{}, err
	}
	if int64(len(data)) != n {
		return Tensor{}, fmt.Errorf("tensor: view of %v %v: got %d bytes, want %d", d, shape, len(data), n)
	}
	return Tensor{DType: d, Shape: shape, Data: data}, nil
}

// FromFloat32 makes an F32 tensor that shares memory with v.
func FromFloat32(v []float32, shape ...int) Tensor {
	return must(View(F32, shape, bytesOf(v)))
}

// FromInt32 makes an I32 tensor that shares memory with v.
func FromInt32(v []int32, shape ...int) Tensor {
	return must(View(I32, shape, bytesOf(v)))
}

func must(t Tensor, err error) Tensor {
	if err != nil {
		panic(err)
	}
	return t
}

// Elements is the number of elements.
func (t Tensor) Elements() int { return t.Shape.Elements() }

// Describe names type and shape for messages, such as "BF16 [3072,8192]".
func (t Tensor) Describe() string { return fmt.Sprintf("%v %v", t.DType, t.Shape) }

// Rows is the view of rows lo to hi of the slowest dimension. It panics when the range does not lie in the tensor.
func (t Tensor) Rows(lo, hi int) Tensor {
	if len(t.Shape) == 0 || lo < 0 || lo > hi || hi > t.Shape[0] {
		panic(fmt.Sprintf("tensor: rows %d:%d of %s", lo, hi, t.Describe()))
	}
	row := t.Shape[1:].Elements() * t.DType.Size()
	shape := append(Shape{hi - lo}, t.Shape[1:]...)
	return Tensor{DType: t.DType, Shape: shape, Data: t.Data[lo*row : hi*row]}
}

// Float32s returns the elements as float32, in a new slice. F64, F32, F16 and BF16 tensors are converted; F64 is rounded
// to nearest. Any other type is an error.
func (t Tensor) Float32s() ([]float32, error) {
	out := make([]float32, t.Elements())
	switch t.DType {
	case F32:
		copy(bytesOf(out), t.Data)
	case F64:
		for i, v := range load[float64](t.Data) {
			out[i] = float32(v)
		}
	case F16:
		F16ToFloat32(out, load[uint16](t.Data))
	case BF16:
		BF16ToFloat32(out, load[uint16](t.Data))
	default:
		return nil, fmt.Errorf("tensor: floats of %s: got an integer type, want F64, F32, F16 or BF16", t.Describe())
	}
	return out, nil
}

// Convert copies a float tensor into another float type of at most 32 bits, rounding to nearest, ties to even. Values
// beyond the range of F16 become infinite, as IEEE 754 asks; Overflows tells beforehand.
func (t Tensor) Convert(d DType) (Tensor, error) {
	f, err := t.Float32s()
	if err != nil {
		return Tensor{}, err
	}
	out := New(d, t.Shape...)
	switch d {
	case F32:
		copy(out.Data, bytesOf(f))
	case F16:
		Float32ToF16(cast[uint16](out.Data), f)
	case BF16:
		Float32ToBF16(cast[uint16](out.Data), f)
	default:
		return Tensor{}, fmt.Errorf("tensor: convert %s to %v: want F32, F16 or BF16", t.Describe(), d)
	}
	return out, nil
}
