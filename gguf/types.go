package gguf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Type is the encoding of a tensor's elements, by its number in the file.
type Type uint32

// The encodings that can be read. Those with Q hold blocks of elements: integers of as many bits as the digit says, and a
// scale (_0), or a scale and a minimum (_1). _K has blocks of 256 whose parts have scales of their own.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q4_1 Type = 3
	Q5_0 Type = 6
	Q5_1 Type = 7
	Q8_0 Type = 8
	Q4_K Type = 12
	Q5_K Type = 13
	Q6_K Type = 14
	BF16 Type = 30
)

// encoding is how the elements of a type are stored.
type encoding struct {
	name     string
	elements int // of one block
	bytes    int // of one block
	// decode writes the elements of whole blocks. len(src)/bytes == len(dst)/elements.
	decode func(dst []float32, src []byte)
}

var encodings = map[Type]encoding{
	F32:  {"F32", 1, 4, decodeF32},
	F16:  {"F16", 1, 2, decodeF16},
	BF16: {"BF16", 1, 2, decodeBF16},
	Q4_0: {"Q4_0", 32, 18, decodeQ4_0},
	Q4_1: {"Q4_1", 32, 20, decodeQ4_1},
	Q5_0: {"Q5_0", 32, 22, decodeQ5_0},
	Q5_1: {"Q5_1", 32, 24, decodeQ5_1},
	Q8_0: {"Q8_0", 32, 34, decodeQ8_0},
	Q4_K: {"Q4_K", 256, 144, decodeQ4_K},
	Q5_K: {"Q5_K", 256, 176, decodeQ5_K},
	Q6_K: {"Q6_K", 256, 210, decodeQ6_K},
}

// otherTypes are the names of types that cannot be read.
var otherTypes = map[Type]string{
	9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL",
	21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0",
	35: "TQ2_0", 39: "MXFP4",
}

// String gives the name of a type, such as "Q4_1".
func (t Type) String() string {
	if e, ok := encodings[t]; ok {
		return e.name
	}
	if name, ok := otherTypes[t]; ok {
		return name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// knownTypes lists the types that can be read.
func knownTypes() string {
	var names []string
	for _, t := range slices.Sorted(maps.Keys(encodings)) {
		names = append(names, t.String())
	}
	return strings.Join(names, " ")
}
