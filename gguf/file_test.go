package gguf

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"tiebreak/tensor"
)

func TestParse(t *testing.T) {
	b := start(2, 6)
	b.key("u8", kindUint8).u8(200)
	b.key("i32", kindInt32).u32(math.MaxUint32)
	b.key("f32", kindFloat32).u32(math.Float32bits(1e-5))
	b.key("yes", kindBool).u8(1)
	b.key("names", kindArray).u32(uint32(kindString)).u64(2).text("a").text("")
	b.key("numbers", kindArray).u32(uint32(kindInt8)).u64(3).u8(1).u8(255).u8(128)
	b.tensor("x", F16, 0, 3, 2).tensor("y", Q8_0, 32, 64, 1)
	f, err := parse(b.data(32, 32+68))
	require.NoError(t, err)
	require.NoError(t, f.Close(), "there is nothing to close")
	require.Equal(t, []string{"f32", "i32", "names", "numbers", "u8", "yes"}, f.Keys())

	u8, err := f.Int("u8")
	require.NoError(t, err)
	require.EqualValues(t, 200, u8)
	i32, err := f.Int("i32")
	require.NoError(t, err)
	require.EqualValues(t, -1, i32)
	f32, err := f.Float("f32")
	require.NoError(t, err)
	require.Equal(t, 1e-5, f32, "and not the float64 next to the float32")
	yes, err := f.Bool("yes")
	require.NoError(t, err)
	require.True(t, yes)
	names, err := f.Strings("names")
	require.NoError(t, err)
	require.Equal(t, []string{"a", ""}, names)
	numbers, err := f.Ints("numbers")
	require.NoError(t, err)
	require.Equal(t, []int64{1, -1, -128}, numbers)

	_, err = f.Int("none")
	require.EqualError(t, err, `gguf: f: key "none": got no such key, want an integer`)
	_, err = f.Int("f32")
	require.EqualError(t, err, `gguf: f: key "f32": got a value of type float32, want an integer`)
	_, err = f.Int("numbers")
	require.EqualError(t, err, `gguf: f: key "numbers": got an array of int8, want an integer`)
	_, err = f.Ints("u8")
	require.EqualError(t, err, `gguf: f: key "u8": got a value of type uint8, want an array of integers`)
	_, err = f.Float("u8")
	require.EqualError(t, err, `gguf: f: key "u8": got a value of type uint8, want a floating-point number`)
	_, err = f.Bool("u8")
	require.EqualError(t, err, `gguf: f: key "u8": got a value of type uint8, want a bool`)
	_, err = f.String("names")
	require.EqualError(t, err, `gguf: f: key "names": got an array of string, want a string`)
	_, err = f.Strings("none")
	require.EqualError(t, err, `gguf: f: key "none": got no such key, want an array of strings`)

	list := f.Tensors()
	require.Len(t, list, 2)
	require.Equal(t, tensor.Shape{2, 3}, list[0].Shape, "the slowest dimension comes first")
	require.Equal(t, F16, list[0].Type)
	require.EqualValues(t, 12, list[0].size)
	require.Equal(t, list[0].offset+32, list[1].offset)
}

// All kinds of numbers, at the ends of their ranges.
func TestNumbers(t *testing.T) {
	b := start(0, 8)
	b.key("i8", kindInt8).u8(0x80)
	b.key("u16", kindUint16).u8(0xff).u8(0xff)
	b.key("i16", kindInt16).u8(0).u8(0x80)
	b.key("u32", kindUint32).u32(math.MaxUint32)
	b.key("u64", kindUint64).u64(math.MaxInt64)
	b.key("big", kindUint64).u64(math.MaxInt64 + 1)
	b.key("i64", kindInt64).u64(1 << 63)
	b.key("f64", kindFloat64).u64(math.Float64bits(math.Inf(1)))
	f, err := parse(b.Bytes())
	require.NoError(t, err)
	for name, want := range map[string]int64{"i8": -128, "u16": 65535, "i16": -32768, "u32": 1<<32 - 1, "u64": math.MaxInt64, "i64": math.MinInt64} {
		got, err := f.Int(name)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	_, err = f.Int("big")
	require.EqualError(t, err, `gguf: f: key "big": got a value of type uint64, want an integer`)
	_, err = f.Float("f64")
	require.EqualError(t, err, `gguf: f: key "f64": got +Inf, want a finite number`)
}

func TestAlignment(t *testing.T) {
	b := start(2, 1).key(alignmentKey, kindUint32).u32(64).tensor("x", F32, 0, 1).tensor("y", F32, 64, 1)
	f, err := parse(b.data(64, 68))
	require.NoError(t, err)
	require.Zero(t, f.Tensors()[1].offset%64)
}

// badFiles are files and the error that each one gives: the cases of the tests of llama.cpp, and more.
func badFiles() map[string]struct {
	data []byte
	want string
} {
	type file = struct {
		data []byte
		want string
	}
	raw := func(s string) []byte { return []byte(s) }
	return map[string]file{
		"empty":                    {nil, `byte 0: got 0 bytes to the end of the file, want 8: is the download cut short?`},
		"magic":                    {raw("FUGG\x03\x00\x00\x00"), `got a file that starts with "FUGG", want "GGUF"`},
		"version 0":                {raw("GGUF\x00\x00\x00\x00"), `got version 0, want 2 or 3`},
		"version 1":                {raw("GGUF\x01\x00\x00\x00"), `got version 1, want 2 or 3`},
		"version 4":                {raw("GGUF\x04\x00\x00\x00"), `got version 4, want 2 or 3`},
		"big-endian":               {raw("GGUF\x00\x00\x00\x03"), `got a big-endian file of version 3, want a little-endian one`},
		"cut in counts":            {start(0, 0).Bytes()[:20], `byte 16: got 4 bytes to the end of the file, want 8: is the download cut short?`},
		"-1 tensors":               {start(math.MaxUint64, 0).Bytes(), `got 18446744073709551615 tensors and 0 keys, want at most 262144 and 65536`},
		"too many tensors":         {start(maxTensors+1, 0).Bytes(), `got 262145 tensors and 0 keys, want at most 262144 and 65536`},
		"-1 keys":                  {start(0, math.MaxUint64).Bytes(), `got 0 tensors and 18446744073709551615 keys, want at most 262144 and 65536`},
		"more keys than there are": {start(0, 2).key("a", kindUint8).u8(1).Bytes(), `key 1: byte 38: got 0 bytes to the end of the file, want 8: is the download cut short?`},
		"key size -1":              {start(0, 1).u64(math.MaxUint64).Bytes(), `key 0: byte 32: got 0 bytes to the end of the file, want 18446744073709551615: is the download cut short?`},
		"key size 2^63":            {start(0, 1).u64(1 << 63).Bytes(), `key 0: byte 32: got 0 bytes to the end of the file, want 9223372036854775808: is the download cut short?`},
		"empty key":                {start(0, 1).key("", kindUint8).u8(1).Bytes(), `key "": got a key of 0 bytes, want 1 to 65535 bytes of UTF-8`},
		"long key":                 {start(0, 1).key(strings.Repeat("k", 1<<16), kindUint8).u8(1).Bytes(), `key "` + strings.Repeat("k", 120) + `"…: got a key of 65536 bytes, want 1 to 65535 bytes of UTF-8`},
		"key not UTF-8":            {start(0, 1).key("\xff", kindUint8).u8(1).Bytes(), `key "\xff": got a key of 1 bytes, want 1 to 65535 bytes of UTF-8`},
		"duplicate key":            {start(0, 2).key("a", kindUint8).u8(1).key("a", kindUint8).u8(1).Bytes(), `key "a": got it a second time, want each key once`},
		"unknown type":             {start(0, 1).key("a", 13).u64(1).Bytes(), `key "a": got the unknown type 13, want 0 to 12`},
		"type -1":                  {start(0, 1).key("a", math.MaxUint32).Bytes(), `key "a": got the unknown type 4294967295, want 0 to 12`},
		"unknown array type":       {start(0, 1).key("a", kindArray).u32(99).u64(1).Bytes(), `key "a": got the unknown type 99, want 0 to 12`},
		"array of arrays":          {start(0, 1).key("a", kindArray).u32(9).u64(1).Bytes(), `key "a": got an array of arrays, want one of plain values`},
		"array size -1":            {start(0, 1).key("a", kindArray).u32(uint32(kindUint64)).u64(math.MaxUint64).Bytes(), `key "a": got 18446744073709551615 values of type uint64 in the 0 bytes to the end of the file`},
		"array size that wraps":    {start(0, 1).key("a", kindArray).u32(uint32(kindUint64)).u64(1 << 61).u64(0).Bytes(), `key "a": got 2305843009213693952 values of type uint64 in the 8 bytes to the end of the file`},
		"strings -1":               {start(0, 1).key("a", kindArray).u32(uint32(kindString)).u64(math.MaxUint64).Bytes(), `key "a": got 18446744073709551615 strings in the 0 bytes to the end of the file`},
		"cut string in an array":   {start(0, 1).key("a", kindArray).u32(uint32(kindString)).u64(2).text("").u64(9).Bytes(), `key "a": byte 65: got 0 bytes to the end of the file, want 9: is the download cut short?`},
		"bool 2":                   {start(0, 1).key("a", kindBool).u8(2).Bytes(), `key "a": got a bool that is neither 0 nor 1`},
		"cut value":                {start(0, 1).key("a", kindUint32).u8(2).Bytes(), `key "a": got 1 values of type uint32 in the 1 bytes to the end of the file`},
		"cut type":                 {start(0, 1).text("a").Bytes(), `key "a": byte 33: got 0 bytes to the end of the file, want 4: is the download cut short?`},
		"cut array type":           {start(0, 1).key("a", kindArray).Bytes(), `key "a": byte 37: got 0 bytes to the end of the file, want 4: is the download cut short?`},
		"cut array size":           {start(0, 1).key("a", kindArray).u32(4).Bytes(), `key "a": byte 41: got 0 bytes to the end of the file, want 8: is the download cut short?`},
		"metadata past the limit":  {append(start(0, 1).key("a", kindString).u64(maxHeader).Bytes(), make([]byte, maxHeader)...), `key "a": byte 45: got metadata that goes on for 67108864 bytes, want at most 67108864 in all`},
		"alignment of other type":  {start(0, 1).key(alignmentKey, kindUint64).u64(32).Bytes(), `key "general.alignment": got a value of type uint64, want a value of type uint32`},
		"alignment 0":              {start(0, 1).key(alignmentKey, kindUint32).u32(0).Bytes(), `key "general.alignment": got 0, want a power of two from 8 to 65536`},
		"alignment 13":             {start(0, 1).key(alignmentKey, kindUint32).u32(13).Bytes(), `key "general.alignment": got 13, want a power of two from 8 to 65536`},
		"alignment 2^31":           {start(0, 1).key(alignmentKey, kindUint32).u32(1 << 31).Bytes(), `key "general.alignment": got 2147483648, want a power of two from 8 to 65536`},

		"cut name":                 {start(1, 0).u64(1).Bytes(), `tensor 0: byte 32: got 0 bytes to the end of the file, want 1: is the download cut short?`},
		"empty name":               {start(1, 0).tensor("", F32, 0, 1).data(32, 4), `tensor "": got a name of 0 bytes, want 1 to 64 bytes of UTF-8`},
		"long name":                {start(1, 0).tensor(strings.Repeat("n", 65), F32, 0, 1).data(32, 4), `tensor "` + strings.Repeat("n", 65) + `": got a name of 65 bytes, want 1 to 64 bytes of UTF-8`},
		"name not UTF-8":           {start(1, 0).tensor("\xff", F32, 0, 1).data(32, 4), `tensor "\xff": got a name of 1 bytes, want 1 to 64 bytes of UTF-8`},
		"duplicate name":           {start(2, 0).tensor("x", F32, 0, 1).tensor("x", F32, 32, 1).data(32, 36), `tensor "x": got it a second time, want each name once`},
		"no dimensions":            {start(1, 0).tensor("x", F32, 0).data(32, 4), `tensor "x": got 0 dimensions, want 1 to 4`},
		"five dimensions":          {start(1, 0).tensor("x", F32, 0, 1, 1, 1, 1, 1).data(32, 4), `tensor "x": got 5 dimensions, want 1 to 4`},
		"dimensions -1":            {start(1, 0).text("x").u32(math.MaxUint32).Bytes(), `tensor "x": got 4294967295 dimensions, want 1 to 4`},
		"cut dimensions":           {start(1, 0).text("x").Bytes(), `tensor "x": byte 33: got 0 bytes to the end of the file, want 4: is the download cut short?`},
		"cut extent":               {start(1, 0).text("x").u32(1).Bytes(), `tensor "x": byte 37: got 0 bytes to the end of the file, want 8: is the download cut short?`},
		"cut tensor type":          {start(1, 0).text("x").u32(1).u64(1).Bytes(), `tensor "x": byte 45: got 0 bytes to the end of the file, want 4: is the download cut short?`},
		"cut offset":               {start(1, 0).text("x").u32(1).u64(1).u32(0).Bytes(), `tensor "x": byte 49: got 0 bytes to the end of the file, want 8: is the download cut short?`},
		"extent 0":                 {start(1, 0).tensor("x", F32, 0, 0).data(32, 0), `tensor "x": got the extent 0 in dimension 0, want 1 or more`},
		"extent -1":                {start(1, 0).tensor("x", F32, 0, 1, math.MaxUint64).data(32, 4), `tensor "x": got the extent -1 in dimension 1, want 1 or more`},
		"product of 2^64":          {start(1, 0).tensor("x", F32, 0, 1<<32, 1<<32).data(32, 4), `tensor "x": tensor: size of F32 [4294967296,4294967296]: got a product past 2^63-1 bytes at dimension 1`},
		"product that wraps":       {start(1, 0).tensor("x", F32, 0, 1<<31, 1<<31, 4).data(32, 4), `tensor "x": tensor: size of F32 [4,2147483648,2147483648]: got a product past 2^63-1 bytes at dimension 2`},
		"tensor type -1":           {start(1, 0).tensor("x", math.MaxUint32, 0, 1).data(32, 4), `tensor "x": got type 4294967295, want one of F32 F16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K BF16`},
		"tensor type not known":    {start(1, 0).tensor("x", 10, 0, 256).data(32, 84), `tensor "x": got Q2_K, want one of F32 F16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K BF16`},
		"half a block":             {start(1, 0).tensor("x", Q4_0, 0, 48, 2).data(32, 54), `tensor "x": got rows of 48 elements, want a multiple of 32 for Q4_0`},
		"first offset not 0":       {start(1, 0).tensor("x", F32, 32, 1).data(32, 36), `tensor "x": got the offset 32, want 0, where the tensor before it ends and padding to 32`},
		"offset not aligned":       {start(1, 0).tensor("x", F32, 4, 1).data(32, 36), `tensor "x": got the offset 4, want 0, where the tensor before it ends and padding to 32`},
		"offset of 2^63":           {start(1, 0).tensor("x", F32, 1<<63, 1).data(32, 36), `tensor "x": got the offset 9223372036854775808, want at most 2^63-1`},
		"overlap":                  {start(2, 0).tensor("x", F32, 0, 9).tensor("y", F32, 32, 1).data(32, 68), `tensor "y": got the offset 32, want 64, where the tensor before it ends and padding to 32`},
		"hole":                     {start(2, 0).tensor("x", F32, 0, 1).tensor("y", F32, 64, 1).data(32, 68), `tensor "y": got the offset 64, want 32, where the tensor before it ends and padding to 32`},
		"no data":                  {start(1, 0).tensor("x", F32, 0, 1).Bytes(), `tensor "x": got 4 bytes of data at 64 in a file of 57 bytes: is the download cut short?`},
		"data cut":                 {start(1, 0).tensor("x", F32, 0, 2).data(32, 7), `tensor "x": got 8 bytes of data at 64 in a file of 71 bytes: is the download cut short?`},
		"far more data than there": {start(1, 0).tensor("x", F32, 0, 1<<60).data(32, 4), `tensor "x": got 4611686018427387904 bytes of data at 64 in a file of 68 bytes: is the download cut short?`},
		"trailing bytes":           {start(1, 0).tensor("x", F32, 0, 1).data(32, 33), `got 29 bytes after the last tensor, want at most padding to 32`},
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range badFiles() {
		t.Run(name, func(t *testing.T) {
			f, err := parse(c.data)
			require.EqualError(t, err, "gguf: f: "+c.want)
			require.Nil(t, f, "nothing can be read from a file that is refused")
			require.IsType(t, &FormatError{}, err)
		})
	}
}

// A file that is cut anywhere is refused, but for the padding at its end.
func TestParseRefusesEveryCut(t *testing.T) {
	whole := start(1, 1).key("a", kindArray).u32(uint32(kindString)).u64(2).text("b").text("c").tensor("x", F16, 0, 3, 2).data(32, 12)
	_, err := parse(append(bytes.Clone(whole), make([]byte, 20)...))
	require.NoError(t, err)
	for n := range whole {
		_, err := parse(whole[:n])
		require.Error(t, err, "cut to %d bytes", n)
	}
}

// A count in the metadata must not make us allocate what is not there.
func TestParseBoundsMemory(t *testing.T) {
	const n = 1 << 20
	b := start(0, 1).key("a", kindArray).u32(uint32(kindString)).u64(n)
	b.Write(make([]byte, 8*(n-1))) // empty strings
	b.u64(1)                       // the last one is cut
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, err := parse(b.Bytes())
	runtime.ReadMemStats(&after)
	require.ErrorContains(t, err, "is the download cut short?")
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(192<<20), "allocated in all for a file of 8 MiB")
}

// failing fails to read from byte n on.
type failing struct {
	data []byte
	n    int64
}

var errDisk = errors.New("disk on fire")

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.n {
		return 0, errDisk
	}
	return bytes.NewReader(f.data).ReadAt(p, off)
}

func TestParseReportsReadErrors(t *testing.T) {
	data := start(0, 1).key("a", kindUint8).u8(1).Bytes()
	_, err := Parse("f", failing{data, 3}, int64(len(data)))
	require.EqualError(t, err, "gguf: f: byte 0: disk on fire")
}

func TestOpen(t *testing.T) {
	f, err := Open("testdata/tiny.gguf")
	require.NoError(t, err)
	require.Len(t, f.Tensors(), 3+2*9)
	require.NoError(t, f.Close())

	dir := t.TempDir()
	_, err = Open(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open(dir)
	require.EqualError(t, err, "gguf: "+dir+": got a file of type d---------, want a regular file")
	bad := filepath.Join(dir, "bad")
	require.NoError(t, os.WriteFile(bad, []byte("GGUF"), 0o644))
	_, err = Open(bad)
	require.EqualError(t, err, "gguf: "+bad+": byte 0: got 4 bytes to the end of the file, want 8: is the download cut short?")
}

// A larger file than what is read ahead is read on as it is needed.
func TestParseLargeMetadata(t *testing.T) {
	b := start(0, 3)
	for _, name := range []string{"a", "b", "c"} {
		b.key(name, kindString).text(strings.Repeat(name, 1<<20))
	}
	f, err := Parse("f", io.NewSectionReader(bytes.NewReader(b.Bytes()), 0, int64(b.Len())), int64(b.Len()))
	require.NoError(t, err)
	for _, name := range f.Keys() {
		s, err := f.String(name)
		require.NoError(t, err)
		require.True(t, s == strings.Repeat(name, 1<<20))
	}
}
