package study

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"

	"tiebreak/backend"
	"tiebreak/cuda/driver"
	"tiebreak/cuda/kernels"
)

// Operand is a matrix in global memory that a launch was given.
type Operand struct {
	Name       string // "x", "W", as the kernel's header comment names it
	Type       string // of an element, as in C: "f16", "i32"
	At         driver.Pointer
	Rows, Cols int
	Stride     int // elements from one row to the next
	Size       int // bytes of an element
}

// String gives name, type and extents.
func (o *Operand) String() string {
	return fmt.Sprintf("%s %s [%d,%d]", o.Name, o.Type, o.Rows, o.Cols)
}

// Operands are the matrices of one launch.
type Operands []Operand

// Find names the element that lies at an address; ok is false if the address is in none of the matrices, which may have
// gaps between rows.
func (list Operands) Find(address uint64) (o *Operand, row, col int, ok bool) {
	for i := range list {
		o := &list[i]
		element := int(address-uint64(o.At)) / o.Size
		if address < uint64(o.At) || o.Stride == 0 || o.At == 0 {
			continue
		}
		if row, col = element/o.Stride, element%o.Stride; row < o.Rows && col < o.Cols {
			return o, row, col, true
		}
	}
	return nil, 0, 0, false
}

// operands reads the matrices from the packed parameter of a launch.
func (c *Case) operands(k kernels.Kernel, packed []byte) Operands {
	params := reflect.New(reflect.TypeOf(k.Params))
	if err := binary.Read(bytes.NewReader(packed), binary.LittleEndian, params.Interface()); err != nil {
		panic(fmt.Sprintf("study: %s: %d bytes of parameters for %T: %v", k.Name, len(packed), k.Params, err))
	}
	half := c.compute().String()
	switch p := params.Elem().Interface().(type) {
	case kernels.GemmParams:
		return c.ofProduct(&p, half)
	case kernels.AttentionParams:
		return c.ofAttention(&p, half)
	case kernels.CombineParams:
		return ofCombine(&p, half)
	}
	return c.ofRows(params.Elem().Interface(), half)
}

// matrix is an operand; its type tells the size of an element.
func matrix(name, of string, at driver.Pointer, rows, cols, stride int32) Operand {
	size := map[string]int{"F32": 4, "I32": 4, "F16": 2, "BF16": 2}[of]
	if size == 0 {
		panic("study: operand " + name + " of type " + of)
	}
	return Operand{name, of, at, int(rows), int(cols), int(max(stride, cols)), size}
}

func (c *Case) ofProduct(p *kernels.GemmParams, half string) Operands {
	into, rows := half, p.N
	if p.Output != kernels.Store {
		into = "F32"
	}
	if c.family.operation == "GatedMatMul" {
		rows = 2 * p.N
	}
	return Operands{
		matrix("x", half, p.X, p.M, p.K, p.LdX), matrix("W", half, p.W, rows, p.K, p.LdW), matrix("dst", into, p.Dst, p.M, p.N, p.LdDst),
		matrix("h", half, p.H, p.M, p.R, p.LdH), matrix("B", half, p.B, rows, p.R, p.LdB),
	}
}

func (c *Case) ofAttention(p *kernels.AttentionParams, half string) Operands {
	rows := int32(c.Shape["S"] * c.Shape["T"])
	keys := p.Sequences * p.LdTable * p.KVHeads * backend.PageSize
	wide := p.Heads * p.HeadSize
	list := Operands{
		matrix("q", half, p.Q, rows, wide, p.LdQ), matrix("K", half, p.PagesK, keys, p.HeadSize, p.HeadSize),
		matrix("V", half, p.PagesV, keys, p.HeadSize, p.HeadSize), matrix("table", "I32", p.Table, p.Sequences, p.LdTable, p.LdTable),
		matrix("bounds", "I32", p.Bounds, p.Sequences, 3, 3),
	}
	if p.Partial == 0 {
		return append(list, matrix("dst", half, p.Dst, rows, wide, p.LdDst))
	}
	slots := rows * p.Heads * p.Tiles
	return append(list, matrix("partial", "F32", p.Partial, slots, p.HeadSize, p.HeadSize), matrix("sums", "F32", p.Sums, slots, 2, 2))
}

func ofCombine(p *kernels.CombineParams, half string) Operands {
	slots := p.Rows * p.Heads * p.Tiles
	return Operands{
		matrix("partial", "F32", p.Partial, slots, p.HeadSize, p.HeadSize), matrix("sums", "F32", p.Sums, slots, 2, 2),
		matrix("pos", "I32", p.Pos, p.Rows, 1, 1), matrix("dst", half, p.Dst, p.Rows, p.Heads*p.HeadSize, p.LdDst),
	}
}

// ofRows lists the operands of the operations that work row by row.
func (c *Case) ofRows(params any, half string) Operands {
	t := int32(c.Shape["T"])
	switch p := params.(type) {
	case kernels.RMSNormParams:
		return Operands{matrix("x", "F32", p.X, t, p.Cols, p.LdX), matrix("add", "F32", p.Add, t, p.Cols, p.LdAdd),
			matrix("w", "F32", p.W, 1, p.Cols, p.Cols), matrix("dst", half, p.Dst, t, p.Cols, p.LdDst)}
	case kernels.RopeParams:
		return Operands{matrix("x", half, p.X, t, p.Heads*p.HeadSize, p.LdX), matrix("pos", "I32", p.Pos, t, 1, 1),
			matrix("table", "F32", p.Table, t, p.HeadSize, p.LdTable)}
	case kernels.StoreKVParams:
		wide, keys := p.Heads*p.HeadSize, (t+backend.PageSize-1)/backend.PageSize*backend.PageSize*p.Heads
		return Operands{matrix("k", half, p.K, t, wide, p.LdK), matrix("v", half, p.V, t, wide, p.LdV), matrix("slots", "I32", p.Slots, t, 1, 1),
			matrix("K", half, p.PagesK, keys, p.HeadSize, p.HeadSize), matrix("V", half, p.PagesV, keys, p.HeadSize, p.HeadSize)}
	case kernels.GatherParams:
		of := types(c.Kernel.Name)
		return Operands{matrix("src", of[0].String(), p.Src, t+3, p.Cols, p.LdSrc), matrix("rows", "I32", p.Rows, t, 1, 1),
			matrix("dst", of[1].String(), p.Dst, t, p.Cols, p.LdDst)}
	case kernels.LogSoftmaxParams:
		return Operands{matrix("x", "F32", p.X, t, p.Cols, p.LdX), matrix("dst", "F32", p.Dst, t, p.Cols, p.LdDst)}
	}
	panic(fmt.Sprintf("study: %s: no operands for %T", c.Kernel.Name, params))
}
