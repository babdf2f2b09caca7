package tensor

import "fmt"

// DType is the type of a tensor's elements. Elements are little-endian, as in safetensors files.
type DType uint8

// The element types a tensor may have. Invalid is the zero value, so that a forgotten type is noticed.
const (
	Invalid DType = iota
	F64
	F32
	F16  // IEEE 754 binary16
	BF16 // the upper half of a binary32
	I64
	I32
	I16
	I8
	U8
	Bool // one byte, 0 or 1
)

// dtypes lists, for each DType, its name in a safetensors header and its size in bytes.
var dtypes = [...]struct {
	name string
	size int
}{
	Invalid: {"INVALID", 0},
	F64:     {"F64", 8},
	F32:     {"F32", 4},
	F16:     {"F16", 2},
	BF16:    {"BF16", 2},
	I64:     {"I64", 8},
	I32:     {"I32", 4},
	I16:     {"I16", 2},
	I8:      {"I8", 1},
	U8:      {"U8", 1},
	Bool:    {"BOOL", 1},
}

// String gives the name that safetensors headers use, such as "BF16".
func (d DType) String() string {
	if int(d) >= len(dtypes) {
		return fmt.Sprintf("DType(%d)", uint8(d))
	}
	return dtypes[d].name
}

// Size is the number of bytes of one element; 0 for Invalid.
func (d DType) Size() int {
	if int(d) >= len(dtypes) {
		return 0
	}
	return dtypes[d].size
}

// IsFloat reports whether the type is one of F64, F32, F16, BF16.
func (d DType) IsFloat() bool { return d >= F64 && d <= BF16 }

// ParseDType finds the type with the given safetensors name ("BF16"). The names are case-sensitive.
func ParseDType(name string) (DType, error) {
	for d := F64; int(d) < len(dtypes); d++ {
		if dtypes[d].name == name {
			return d, nil
		}
	}
	return Invalid, fmt.Errorf("tensor: dtype %+q: got an unknown name, want one of F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL", clip(name))
}

// clip shortens text from a file so that an error stays readable.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
