package safetensors

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"tiebreak/tensor"
)

// build makes the bytes of a file from the text of its header and n bytes of data, which count up from 0.
func build(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	for i := range n {
		b = append(b, byte(i))
	}
	return b
}

func TestParse(t *testing.T) {
	f, err := Parse("f", build(`{"__metadata__":{"format":"pt","k":"\u00e9\ud83d\ude00\/\n"},
		"b":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},
		"empty":{"data_offsets":[8,8],"shape":[0,7],"dtype":"F64"},
		"a":{"dtype":"I16","shape":[],"data_offsets":[8,10]}}   `, 10))
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "empty"}, f.Names())
	require.Equal(t, map[string]string{"format": "pt", "k": "é😀/\n"}, f.Metadata())
	require.True(t, f.Has("a"))
	require.False(t, f.Has("__metadata__"))

	b, err := f.Tensor("b")
	require.NoError(t, err)
	require.Equal(t, tensor.Tensor{DType: tensor.F32, Shape: tensor.Shape{2, 1}, Data: []byte{0, 1, 2, 3, 4, 5, 6, 7}}, b)
	require.Equal(t, 8, cap(b.Data), "an append must not reach the next tensor")
	scalar, err := f.Tensor("a")
	require.NoError(t, err)
	require.Equal(t, tensor.Tensor{DType: tensor.I16, Shape: tensor.Shape{}, Data: []byte{8, 9}}, scalar)
	empty, err := f.Tensor("empty")
	require.NoError(t, err)
	require.Equal(t, "F64 [0,7]", empty.Describe())
	require.Empty(t, empty.Data)

	b.Shape[0] = 99
	again, err := f.Tensor("b")
	require.NoError(t, err)
	require.Equal(t, tensor.Shape{2, 1}, again.Shape, "a caller cannot change what was checked")
}

func TestParseWithoutTensors(t *testing.T) {
	f, err := Parse("f", build(`{}`, 0))
	require.NoError(t, err)
	require.Empty(t, f.Names())
	require.Empty(t, f.Metadata())
}

func TestTensorNames(t *testing.T) {
	entry := `{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`
	f, err := Parse("w", build(fmt.Sprintf(`{"model.layers.0.mlp.up_proj.weight":%s,"model.norm.weight":%[1]s,"x":%[1]s}`, entry), 0))
	require.NoError(t, err)
	for name, want := range map[string]string{
		"model.nrom.weight":                  `; closest are "model.norm.weight"`,
		"norm.weight":                        `; closest are "model.norm.weight"`,
		"base.model.norm.weight":             `; closest are "model.norm.weight"`,
		"model.layers.0.mlp.gate_proj.weigh": `; closest are "model.layers.0.mlp.up_proj.weight"`,
		"lm_head.weight":                     "",
		"":                                   "",
	} {
		_, err := f.Tensor(name)
		want = "safetensors: w: tensor " + fmt.Sprintf("%q", name) + ": got no such tensor" + want
		if name == "" {
			want = "safetensors: w: got no such tensor"
		}
		require.EqualError(t, err, want)
	}
}

// Every tensor of every type must load from an odd offset.
func TestUnalignedData(t *testing.T) {
	for _, d := range []tensor.DType{tensor.F32, tensor.F16, tensor.BF16, tensor.I64, tensor.I32} {
		header := fmt.Sprintf(`{"pad":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"%v","shape":[2],"data_offsets":[1,%d]}}`, d, 1+2*d.Size())
		data := build(header, 1+2*d.Size())
		for shift := range 8 { // one of these puts the tensor at each alignment
			moved := append(make([]byte, shift, shift+len(data)), data...)[shift:]
			f, err := Parse("f", moved)
			require.NoError(t, err)
			x, err := f.Tensor("x")
			require.NoError(t, err)
			switch d {
			case tensor.I32:
				require.Equal(t, []int32{0x04030201, 0x08070605}, tensor.LoadInt32(x.Data))
			case tensor.I64:
				require.Equal(t, int64(0x0807060504030201), tensor.LoadInt64(x.Data)[0])
			default:
				values, err := x.Float32s()
				require.NoError(t, err)
				require.Len(t, values, 2)
				require.NotZero(t, values[1])
			}
		}
	}
}

// one is a header with the tensor "x" whose fields are given.
func one(dtype, shape, offsets string) string {
	return fmt.Sprintf(`{"x":{"dtype":%s,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
}

// pair is a header with the U8 tensors "a" and "b", whose extent and offsets are given.
func pair(a, aBegin, aEnd, b, bBegin, bEnd int) string {
	return fmt.Sprintf(`{"a":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]},"b":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]}}`,
		a, aBegin, aEnd, b, bBegin, bEnd)
}

// badHeaders are headers with n bytes of data, and the error that each one gives.
var badHeaders = []struct {
	name, header string
	n            int
	want         string
}{
	{"empty header", ``, 0, `got a header that starts with "", want '{'`},
	{"not an object", `[]`, 0, `got a header that starts with "[]", want '{'`},
	{"leading space", ` {}`, 0, `got a header that starts with " {}", want '{'`},
	{"cut object", `{`, 0, `header: JSON byte 1: got the end, want '"'`},
	{"trailing text", `{} x`, 0, `header: JSON byte 2: got "x" after the header, want only spaces`},
	{"trailing newline", "{}\n", 0, `header: JSON byte 2: got "\n" after the header, want only spaces`},
	{"trailing zero", "{}\x00", 0, `header: JSON byte 2: got "\x00" after the header, want only spaces`},
	{"key without quotes", `{x:1}`, 0, `header: JSON byte 1: got "x", want '"'`},
	{"no colon", `{"x"}`, 0, `header: JSON byte 4: got "}", want ':'`},
	{"trailing comma", `{"__metadata__":{},}`, 0, `header: JSON byte 19: got "}", want '"'`},
	{"bad UTF-8", "{\"\xff\":1}", 0, `header: JSON byte 2: got "\xff", which is not UTF-8`},
	{"cut UTF-8", "{\"\xe2\x82\":1}", 0, `header: JSON byte 2: got "\xe2", which is not UTF-8`},
	{"surrogate in UTF-8", "{\"\xed\xa0\x80\":1}", 0, `header: JSON byte 2: got "\xed", which is not UTF-8`},
	{"lone surrogate", `{"\ud83d":1}`, 0, `header: JSON byte 2: got the lone surrogate \ud83d, want a pair`},
	{"lone low surrogate", `{"\ude00":1}`, 0, `header: JSON byte 2: got the lone surrogate \ude00, want a pair`},
	{"half a pair", `{"\ud83d\u0041":1}`, 0, `header: JSON byte 2: got the lone surrogate \ud83d, want a pair`},
	{"bad hex", `{"\u00g0":1}`, 0, `header: JSON byte 4: got "00g0" in an escape, want four hexadecimal digits`},
	{"signed hex", `{"\u+041":1}`, 0, `header: JSON byte 4: got "+041" in an escape, want four hexadecimal digits`},
	{"cut hex", `{"\u00`, 0, `header: JSON byte 4: got the end in an escape, want four hexadecimal digits`},
	{"unknown escape", `{"\x41":1}`, 0, `header: JSON byte 2: got the unknown escape "\\x"`},
	{"cut escape", `{"\`, 0, `header: JSON byte 2: got the end after a backslash`},
	{"control character", "{\"a\nb\":1}", 0, `header: JSON byte 3: got the control character "\n" in a string, want an escape`},
	{"cut string", `{"a`, 0, `header: JSON byte 3: got the end in a string, want '"'`},
	{"depth", `{"x":` + strings.Repeat("[", 20000), 0, `tensor "x": header: JSON byte 5: got "[", want '{'`},
	{"tensor is a number", `{"x":1}`, 0, `tensor "x": header: JSON byte 5: got "1", want '{'`},
	{"tensor is null", `{"x":null}`, 0, `tensor "x": header: JSON byte 5: got "n", want '{'`},
	{"same tensor twice", `{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1, `header: JSON byte 53: got the key "x" a second time, want each key once`},
	{"same tensor twice, by escape", `{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0078":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1, `header: JSON byte 53: got the key "x" a second time, want each key once`},
	{"same field twice", `{"x":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 1, `tensor "x": header: JSON byte 19: got the key "dtype" a second time, want each key once`},
	{"metadata twice", `{"__metadata__":{},"__metadata__":{}}`, 0, `header: JSON byte 19: got the key "__metadata__" a second time, want each key once`},
	{"metadata key twice", `{"__metadata__":{"a":"1","a":"2"}}`, 0, `header: JSON byte 25: got the key "a" a second time, want each key once`},
	{"metadata of numbers", `{"__metadata__":{"a":1}}`, 0, `header: JSON byte 21: got "1", want '"'`},
	{"metadata of null", `{"__metadata__":null}`, 0, `header: JSON byte 16: got "n", want '{'`},
	{"unknown field", `{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"offset":0}}`, 1, `tensor "x": got the field "offset", want dtype, shape and data_offsets alone`},
	{"field in other case", `{"x":{"DType":"U8","shape":[1],"data_offsets":[0,1]}}`, 1, `tensor "x": got the field "DType", want dtype, shape and data_offsets alone`},
	{"no fields", `{"x":{}}`, 0, `tensor "x": got 0 fields, want dtype, shape and data_offsets`},
	{"no shape", `{"x":{"dtype":"U8","data_offsets":[0,1]}}`, 1, `tensor "x": got 2 fields, want dtype, shape and data_offsets`},
	{"unknown dtype", one(`"F8_E4M3"`, `[1]`, `[0,1]`), 1, `tensor "x": got the dtype "F8_E4M3", want one of F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL`},
	{"dtype in other case", one(`"u8"`, `[1]`, `[0,1]`), 1, `tensor "x": got the dtype "u8", want one of F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL`},
	{"dtype that means none", one(`"INVALID"`, `[1]`, `[0,0]`), 0, `tensor "x": got the dtype "INVALID", want one of F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL`},
	{"dtype is a number", one(`3`, `[1]`, `[0,1]`), 1, `tensor "x": header: JSON byte 14: got "3", want '"'`},
	{"shape is a number", one(`"U8"`, `1`, `[0,1]`), 1, `tensor "x": header: JSON byte 27: got "1", want '['`},
	{"negative extent", one(`"U8"`, `[-1]`, `[0,1]`), 1, `tensor "x": header: JSON byte 28: got "-", want an integer of 0 or more`},
	{"extent with a point", one(`"U8"`, `[1.0]`, `[0,1]`), 1, `tensor "x": header: JSON byte 29: got "." in a number, want digits alone`},
	{"extent with an exponent", one(`"U8"`, `[1e3]`, `[0,1]`), 1, `tensor "x": header: JSON byte 29: got "e" in a number, want digits alone`},
	{"extent with a leading 0", one(`"U8"`, `[01]`, `[0,1]`), 1, `tensor "x": header: JSON byte 28: got an integer with a leading 0`},
	{"extent of 2^63", one(`"U8"`, `[9223372036854775808]`, `[0,1]`), 1, `tensor "x": header: JSON byte 28: got an integer past 2^63-1`},
	{"extent of 2^64", one(`"U8"`, `[18446744073709551616]`, `[0,0]`), 0, `tensor "x": header: JSON byte 28: got an integer past 2^63-1`},
	{"extent is a string", one(`"U8"`, `["1"]`, `[0,1]`), 1, `tensor "x": header: JSON byte 28: got "\"", want an integer of 0 or more`},
	{"extent is null", one(`"U8"`, `[null]`, `[0,1]`), 1, `tensor "x": header: JSON byte 28: got "n", want an integer of 0 or more`},
	{"nine dimensions", one(`"U8"`, `[1,1,1,1,1,1,1,1,1]`, `[0,1]`), 1, `tensor "x": got more than 8 dimensions`},
	{"product of 2^64", one(`"U8"`, `[4294967296,4294967296]`, `[0,0]`), 0, `tensor "x": tensor: size of U8 [4294967296,4294967296]: got a product past 2^63-1 bytes at dimension 1`},
	{"product that wraps to 4", one(`"I8"`, `[4194305,4194305,211106198978564]`, `[0,4]`), 4, `tensor "x": tensor: size of I8 [4194305,4194305,211106198978564]: got a product past 2^63-1 bytes at dimension 2`},
	{"product past 2^63 only in bytes", one(`"F64"`, `[2305843009213693952]`, `[0,0]`), 0, `tensor "x": tensor: size of F64 [2305843009213693952]: got a product past 2^63-1 bytes at dimension 0`},
	{"product past 2^63, then 0", one(`"U8"`, `[4294967296,4294967296,0]`, `[0,0]`), 0, `tensor "x": tensor: size of U8 [4294967296,4294967296,0]: got a product past 2^63-1 bytes at dimension 1`},
	{"no offsets", one(`"U8"`, `[1]`, `[]`), 1, `tensor "x": got 0 data_offsets, want begin and end`},
	{"one offset", one(`"U8"`, `[1]`, `[0]`), 1, `tensor "x": got 1 data_offsets, want begin and end`},
	{"three offsets", one(`"U8"`, `[1]`, `[0,1,1]`), 1, `tensor "x": got more than 2 data_offsets, want begin and end`},
	{"negative offset", one(`"U8"`, `[1]`, `[-1,0]`), 1, `tensor "x": header: JSON byte 47: got "-", want an integer of 0 or more`},
	{"offsets reversed", one(`"U8"`, `[1]`, `[1,0]`), 1, `tensor "x": got data_offsets [1,0], want begin at most end`},
	{"offset of 2^63-1", one(`"U8"`, `[1]`, `[9223372036854775806,9223372036854775807]`), 1, `tensor "x": got data_offsets [9223372036854775806,9223372036854775807], which leave a hole after the start of the data, want begin 0`},
	{"size is not that of the shape", one(`"F32"`, `[2]`, `[0,4]`), 4, `tensor "x": got data_offsets [0,4] of 4 bytes, want 8 for F32 [2]`},
	{"empty shape with bytes", one(`"F32"`, `[0]`, `[0,4]`), 4, `tensor "x": got data_offsets [0,4] of 4 bytes, want 0 for F32 [0]`},
	{"past the end", one(`"U8"`, `[4]`, `[0,4]`), 3, `tensor "x": got data_offsets [0,4] in 3 bytes of data: is the download cut short?`},
	{"trailing bytes", one(`"U8"`, `[4]`, `[0,4]`), 5, `got 5 bytes of data, want 4, where tensor "x" ends: bytes that belong to no tensor are refused`},
	{"data without tensors", `{}`, 1, `got 1 bytes of data, want 0, where the start of the data ends: bytes that belong to no tensor are refused`},
	{"hole at the start", one(`"U8"`, `[1]`, `[1,2]`), 2, `tensor "x": got data_offsets [1,2], which leave a hole after the start of the data, want begin 0`},
	{"hole between", pair(1, 0, 1, 1, 2, 3), 3, `tensor "b": got data_offsets [2,3], which leave a hole after tensor "a", want begin 1`},
	{"overlap", pair(2, 0, 2, 2, 1, 3), 3, `tensor "b": got data_offsets [1,3], which overlap tensor "a", want begin 2`},
	{"same bytes twice", pair(2, 0, 2, 2, 0, 2), 2, `tensor "b": got data_offsets [0,2], which overlap tensor "a", want begin 2`},
	{"empty tensor inside another", pair(2, 0, 2, 0, 1, 1), 2, `tensor "b": got data_offsets [1,1], which overlap tensor "a", want begin 2`},
	{"empty tensor past the end", one(`"U8"`, `[0]`, `[5,5]`), 0, `tensor "x": got data_offsets [5,5], which leave a hole after the start of the data, want begin 0`},
	{"long name", `{"` + strings.Repeat("é", 200) + `":1}`, 0, `tensor "` + strings.Repeat(`\u00e9`, 60) + `"…: header: JSON byte 404: got "1", want '{'`},
}

func TestParseRefuses(t *testing.T) {
	for _, c := range badHeaders {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse("f.safetensors", build(c.header, c.n))
			require.EqualError(t, err, "safetensors: f.safetensors: "+c.want)
			require.Nil(t, f, "nothing can be read from a file that is refused")
			require.IsType(t, &FormatError{}, err)
		})
	}
}

func TestParseRefusesLengths(t *testing.T) {
	for _, c := range []struct{ name, bytes, want string }{
		{"empty file", "", "got a file of 0 bytes, want at least the 8 of the header length"},
		{"seven bytes", "\x02\x00\x00\x00\x00\x00\x00", "got a file of 7 bytes, want at least the 8 of the header length"},
		{"length 0", strings.Repeat("\x00", 8), `got a header that starts with "", want '{'`},
		{"length past the file", "\x03\x00\x00\x00\x00\x00\x00\x00{}", "got a header length of 3 bytes, want at most the 2 bytes that follow: is the download cut short?"},
		{"length at the cap", "\x00\xe1\xf5\x05\x00\x00\x00\x00{}", "got a header length of 100000000 bytes, want at most the 2 bytes that follow: is the download cut short?"},
		{"length past the cap", "\x01\xe1\xf5\x05\x00\x00\x00\x00{}", "got a header length of 100000001 bytes, want at most 100000000"},
		{"length 2^31", "\x00\x00\x00\x80\x00\x00\x00\x00{}", "got a header length of 2147483648 bytes, want at most 100000000"},
		{"length 2^32+2", "\x02\x00\x00\x00\x01\x00\x00\x00{}", "got a header length of 4294967298 bytes, want at most 100000000"},
		{"length 2^63-1", "\xff\xff\xff\xff\xff\xff\xff\x7f{}", "got a header length of 9223372036854775807 bytes, want at most 100000000"},
		{"length 2^64-1", "\xff\xff\xff\xff\xff\xff\xff\xff{}", "got a header length of 18446744073709551615 bytes, want at most 100000000"},
		{"LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00", "got a header length of 2336927755350992246 bytes, want at most 100000000; this looks like a Git LFS pointer: fetch the file itself with git lfs pull"},
		{"GGUF", "GGUF\x03\x00\x00\x00", "got a header length of 14064895815 bytes, want at most 100000000; this looks like a GGUF file: convert it first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("f", []byte(c.bytes))
			require.EqualError(t, err, "safetensors: f: "+c.want)
		})
	}
}

// A file that is cut anywhere is refused, and so is one with any byte added.
func TestParseRefusesEveryCut(t *testing.T) {
	whole := build(one(`"F32"`, `[2,3]`, `[0,24]`), 24)
	_, err := Parse("f", whole)
	require.NoError(t, err)
	for n := range whole {
		_, err := Parse("f", whole[:n])
		require.Error(t, err, "cut to %d bytes", n)
	}
	_, err = Parse("f", append(whole, 0))
	require.Error(t, err)
}

// The densest header there can be must not make us allocate much more than its own size.
func TestParseBoundsMemory(t *testing.T) {
	var b strings.Builder
	b.WriteString("{")
	for i := range maxTensors + 1 {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `"%x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, i)
	}
	b.WriteString("}")
	data := build(b.String(), 0)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, err := Parse("f", data)
	runtime.ReadMemStats(&after)
	require.ErrorContains(t, err, "got more than 262144 tensors")
	require.Less(t, after.HeapInuse-min(after.HeapInuse, before.HeapInuse), uint64(128<<20), "heap growth on a header of %d bytes", len(data))
}
