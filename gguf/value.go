package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// kind is the type of a metadata value, by its number in the file.
type kind uint32

const (
	kindUint8 kind = iota
	kindInt8
	kindUint16
	kindInt16
	kindUint32
	kindInt32
	kindFloat32
	kindBool
	kindString
	kindArray
	kindUint64
	kindInt64
	kindFloat64
)

// kinds gives the name of each kind and the bytes of a value; strings and arrays have no fixed size.
var kinds = [...]struct {
	name string
	size uint64
}{
	{"uint8", 1}, {"int8", 1}, {"uint16", 2}, {"int16", 2}, {"uint32", 4}, {"int32", 4}, {"float32", 4},
	{"bool", 1}, {"string", 0}, {"array", 0}, {"uint64", 8}, {"int64", 8}, {"float64", 8},
}

func (k kind) String() string {
	if int(k) >= len(kinds) {
		return fmt.Sprintf("type %d", uint32(k))
	}
	return kinds[k].name
}

// value is one metadata value: one element, or the elements of an array.
type value struct {
	kind  kind // of the elements
	array bool
	raw   []byte   // numbers and bools, little-endian
	text  []string // strings
}

// describe says what a value is, for errors.
func (v value) describe() string {
	if v.array {
		return "an array of " + v.kind.String()
	}
	return "a value of type " + v.kind.String()
}

// readValue reads the type of a value and the value.
func (c *cursor) readValue() (value, error) {
	k, err := c.uint32()
	if err != nil {
		return value{}, err
	}
	v, n := value{kind: kind(k)}, uint64(1)
	if v.kind == kindArray {
		v.array = true
		if k, err = c.uint32(); err != nil {
			return v, err
		}
		if n, err = c.uint64(); err != nil {
			return v, err
		}
		v.kind = kind(k)
	}
	switch {
	case int(v.kind) >= len(kinds):
		return v, fmt.Errorf("got the unknown %v, want 0 to %d", v.kind, len(kinds)-1)
	case v.kind == kindArray:
		return v, fmt.Errorf("got an array of arrays, want one of plain values")
	case v.kind == kindString:
		v.text, err = c.texts(n)
	default:
		v.raw, err = c.numbers(v.kind, n)
	}
	return v, err
}

// texts reads n strings.
func (c *cursor) texts(n uint64) ([]string, error) {
	const least = 8 // bytes that each string takes
	if n > uint64(c.size-int64(c.pos))/least {
		return nil, fmt.Errorf("got %d strings in the %d bytes to the end of the file", n, c.size-int64(c.pos))
	}
	var list []string // grows with what is there, not with what is said to be
	for range n {
		s, err := c.text()
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// numbers reads n values of a fixed size.
func (c *cursor) numbers(k kind, n uint64) ([]byte, error) {
	size := kinds[k].size
	if n > uint64(c.size-int64(c.pos))/size {
		return nil, fmt.Errorf("got %d values of type %v in the %d bytes to the end of the file", n, k, c.size-int64(c.pos))
	}
	b, err := c.take(n * size)
	if err != nil {
		return nil, err
	}
	if k == kindBool && slices.ContainsFunc(b, func(x byte) bool { return x > 1 }) {
		return nil, fmt.Errorf("got a bool that is neither 0 nor 1")
	}
	return slices.Clone(b), nil
}

// integers gives the elements of an integer value; ok is false for another type, or where one is past 2^63-1.
func (v value) integers() (list []int64, ok bool) {
	if int(v.kind) >= len(kinds) || v.kind == kindFloat32 || v.kind == kindFloat64 || v.kind == kindBool || v.kind == kindString {
		return nil, false
	}
	size := int(kinds[v.kind].size)
	list = make([]int64, 0, len(v.raw)/size)
	for b := v.raw; len(b) > 0; b = b[size:] {
		n, fits := v.kind.integer(b)
		if !fits {
			return nil, false
		}
		list = append(list, n)
	}
	return list, true
}

// integer decodes one element.
func (k kind) integer(b []byte) (n int64, fits bool) {
	switch k {
	case kindUint8:
		return int64(b[0]), true
	case kindInt8:
		return int64(int8(b[0])), true
	case kindUint16:
		return int64(binary.LittleEndian.Uint16(b)), true
	case kindInt16:
		return int64(int16(binary.LittleEndian.Uint16(b))), true
	case kindUint32:
		return int64(binary.LittleEndian.Uint32(b)), true
	case kindInt32:
		return int64(int32(binary.LittleEndian.Uint32(b))), true
	}
	u := binary.LittleEndian.Uint64(b)
	return int64(u), k == kindInt64 || u <= math.MaxInt64
}

// float gives a float value. A float32 is read as the decimal number that it was most likely written for: 1e-05, not
// 9.999999747378752e-06.
func (v value) float() (f float64, ok bool) {
	switch {
	case v.array:
		return 0, false
	case v.kind == kindFloat32:
		short := float64(math.Float32frombits(binary.LittleEndian.Uint32(v.raw)))
		f, err := strconv.ParseFloat(strconv.FormatFloat(short, 'g', -1, 32), 64)
		return f, err == nil
	case v.kind == kindFloat64:
		return math.Float64frombits(binary.LittleEndian.Uint64(v.raw)), true
	}
	return 0, false
}
