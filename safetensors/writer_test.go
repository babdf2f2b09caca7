package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"tiebreak/tensor"
)

// some are tensors of every size of element, with a scalar, an empty one and odd numbers of elements.
func some() []Named {
	u8 := tensor.Tensor{DType: tensor.U8, Shape: tensor.Shape{3}, Data: []byte{1, 2, 3}}
	f16 := tensor.Tensor{DType: tensor.F16, Shape: tensor.Shape{1, 3}, Data: []byte{4, 5, 6, 7, 8, 9}}
	return []Named{
		{"z", tensor.FromFloat32([]float32{1, -2}, 2)},
		{"bytes", u8},
		{"half é\"\n", f16},
		{"empty", tensor.New(tensor.F32, 4, 0)},
		{"scalar", tensor.FromInt32([]int32{-7})},
		{"a", tensor.New(tensor.F64, 2, 1)},
	}
}

// listing names the files of a directory.
func listing(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWriteReadsBack(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, SingleName)
	metadata := map[string]string{"format": "pt", "b": "2", "a": "<\u2028>"}
	require.NoError(t, Write(path, some(), metadata))
	require.Equal(t, []string{SingleName}, listing(t, dir))

	s, err := Open(path)
	require.NoError(t, err)
	defer s.Close()
	require.Equal(t, metadata, s.Metadata())
	require.Len(t, s.Names(), len(some()))
	for _, want := range some() {
		got, err := s.Tensor(want.Name)
		require.NoError(t, err)
		require.Equal(t, want.Tensor.Describe(), got.Describe())
		require.True(t, bytes.Equal(want.Tensor.Data, got.Data), want.Name)
	}

	first, err := os.ReadFile(path)
	require.NoError(t, err)
	shuffled := some()
	slices.Reverse(shuffled)
	require.NoError(t, Write(path, shuffled, metadata), "a file is replaced")
	second, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, first, second, "the order of the list does not matter")
}

// The header is what the format says, data starts at a multiple of 64 and each tensor at one of its element size.
func TestWriteLayout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, Write(path, []Named{
		{"b", tensor.New(tensor.BF16, 1)}, {"c", tensor.New(tensor.F32, 1)}, {"a", tensor.New(tensor.Bool, 1)}, {"aa", tensor.New(tensor.F32)},
	}, map[string]string{"k": "v"}))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	header := `{"__metadata__":{"k":"v"},"aa":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"c":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},` +
		`"b":{"dtype":"BF16","shape":[1],"data_offsets":[8,10]},"a":{"dtype":"BOOL","shape":[1],"data_offsets":[10,11]}}`
	header += strings.Repeat(" ", -(8+len(header))&63)
	require.Equal(t, build(header, 0), data[:len(data)-11])
	require.Zero(t, (len(data)-11)%64)

	require.NoError(t, Write(path, nil, nil))
	data, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, build("{}"+strings.Repeat(" ", 54), 0), data)
}

func TestWriteRefuses(t *testing.T) {
	x := tensor.New(tensor.U8, 1)
	for _, c := range []struct {
		name     string
		tensors  []Info
		metadata map[string]string
		want     string
	}{
		{"same name twice", []Info{{"x", tensor.U8, tensor.Shape{1}}, {"x", tensor.U8, tensor.Shape{2}}}, nil, `tensor "x": got it twice, want each name once`},
		{"name of the metadata", []Info{{"__metadata__", tensor.U8, nil}}, nil, `tensor "__metadata__": got a name that no tensor can have`},
		{"empty name", []Info{{"", tensor.U8, nil}}, nil, `tensor "": got a name that no tensor can have`},
		{"name not UTF-8", []Info{{"\xff", tensor.U8, nil}}, nil, `tensor "\xff": got a name that is not UTF-8`},
		{"metadata not UTF-8", nil, map[string]string{"k": "\xff"}, `metadata "k": got text that is not UTF-8`},
		{"no type", []Info{{"x", tensor.Invalid, nil}}, nil, `tensor "x": tensor: size of INVALID []: got no element size, want a known dtype`},
		{"nine dimensions", []Info{{"x", tensor.U8, make(tensor.Shape, 9)}}, nil, `tensor "x": got 9 dimensions, want at most 8`},
		{"overflow of one", []Info{{"x", tensor.U8, tensor.Shape{1 << 32, 1 << 32}}}, nil, `tensor "x": tensor: size of U8 [4294967296,4294967296]: got a product past 2^63-1 bytes at dimension 1`},
		{"overflow of the sum", []Info{{"x", tensor.U8, tensor.Shape{math.MaxInt64}}, {"y", tensor.U8, tensor.Shape{1}}}, nil, `tensor "y": got more than 2^63-1 bytes of data in one file`},
		{"too many", make([]Info, maxTensors+1), nil, `got 262145 tensors, want at most 262144`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			_, err := NewWriter(path, c.tensors, c.metadata)
			require.EqualError(t, err, "safetensors: write "+path+": "+c.want)
			require.Empty(t, listing(t, dir))
		})
	}
	err := Write(filepath.Join(t.TempDir(), "none", "f"), []Named{{"x", x}}, nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// from gives its bytes and then its error.
type from struct {
	data []byte
	err  error
}

func (f from) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(f.data)
	return int64(n), errors.Join(err, f.err)
}

// Whatever goes wrong after the file was begun, neither it nor the file for the time being stays, and what was there
// before is untouched.
func TestWriteLeavesNothingBehind(t *testing.T) {
	broken := errors.New("broken")
	good := Source{Info{"good", tensor.U8, tensor.Shape{2}}, from{data: []byte{1, 2}}}
	for _, c := range []struct {
		name string
		bad  io.WriterTo
		want string
	}{
		{"error", from{err: broken}, "broken"},
		{"error after the bytes", from{data: []byte{1, 2}, err: broken}, "broken"},
		{"too few bytes", from{data: []byte{1}}, "got 1 bytes, want 2"},
		{"too many bytes", from{data: []byte{1, 2, 3}}, "got at least 1 bytes too many"},
		{"far too many bytes", from{data: make([]byte, 1<<20)}, "got at least 1048574 bytes too many"},
	} {
		for _, before := range []int{0, 1, 9} { // good tensors ahead of the bad one: fewer and more than there are workers
			t.Run(c.name, func(t *testing.T) {
				dir := writeFiles(t, map[string]string{"f": "old"})
				path := filepath.Join(dir, "f")
				var sources []Source
				for i := range before {
					s := good
					s.Name = strings.Repeat("g", i+1)
					sources = append(sources, s)
				}
				sources = append(sources, Source{Info{"bad", tensor.U8, tensor.Shape{2}}, c.bad}, good)
				err := WriteSources(path, sources, nil)
				require.EqualError(t, err, "safetensors: write "+path+`: tensor "bad": `+c.want)
				require.Equal(t, []string{"f"}, listing(t, dir))
				old, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Equal(t, "old", string(old))
			})
		}
	}
}

func TestWriteToFolderFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	require.NoError(t, os.Mkdir(path, 0o755))
	err := Write(path, some(), nil)
	require.EqualError(t, err, "safetensors: write "+path+": got a folder, want the name of a file")
	require.Equal(t, []string{"f"}, listing(t, dir))
}

func TestWriterOneByOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	infos := []Info{{"a", tensor.U8, tensor.Shape{2}}, {"b", tensor.I16, tensor.Shape{1}}}
	w, err := NewWriter(path, infos, nil)
	require.NoError(t, err)
	require.NoError(t, w.WriteTensor("a", bytes.NewReader([]byte{1, 2})))
	require.EqualError(t, w.WriteTensor("a", bytes.NewReader(nil)), "safetensors: write "+path+`: tensor "a": got a tensor that is not to be written or has been`)
	require.EqualError(t, w.WriteTensor("c", bytes.NewReader(nil)), "safetensors: write "+path+`: tensor "c": got a tensor that is not to be written or has been`)
	require.EqualError(t, w.Commit(), "safetensors: write "+path+`: got 1 tensors left unwritten, the first being "b"`)
	require.Empty(t, listing(t, dir))
	require.EqualError(t, w.Commit(), "safetensors: write "+path+": got a file that is committed or aborted")

	w, err = NewWriter(path, infos, nil)
	require.NoError(t, err)
	require.NoError(t, w.WriteTensor("b", bytes.NewReader([]byte{3, 4})))
	require.NoError(t, w.WriteTensor("a", bytes.NewReader([]byte{1, 2})))
	require.Len(t, listing(t, dir), 1, "the file has another name before it is complete")
	require.NotContains(t, listing(t, dir), "f")
	require.NoError(t, w.Commit())
	require.NoError(t, w.Abort(), "an abort after the commit does nothing")
	s, err := Open(path)
	require.NoError(t, err)
	a, err := s.Tensor("a")
	require.NoError(t, err)
	require.Equal(t, []byte{1, 2}, a.Data)
	require.NoError(t, s.Close())
}

// sourcesOf makes U8 tensors of the given sizes, named t0, t1, … and filled with their number.
func sourcesOf(sizes ...int) []Source {
	var sources []Source
	for i, n := range sizes {
		data := bytes.Repeat([]byte{byte(i)}, n)
		sources = append(sources, Source{Info{"t" + string(rune('0'+i)), tensor.U8, tensor.Shape{n}}, bytes.NewReader(data)})
	}
	return sources
}

func TestWriteSharded(t *testing.T) {
	for _, c := range []struct {
		name  string
		sizes []int
		want  [][]string // tensors of each shard
	}{
		{"all in one", []int{4, 6}, [][]string{{"t0", "t1"}}},
		{"none", nil, [][]string{{}}},
		{"cut where it is full", []int{4, 6, 1, 9, 10, 3}, [][]string{{"t0", "t1"}, {"t2", "t3"}, {"t4"}, {"t5"}}},
		{"one too large", []int{1, 100, 1, 0}, [][]string{{"t0"}, {"t1"}, {"t2", "t3"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, WriteSharded(dir, 10, sourcesOf(c.sizes...), map[string]string{"format": "pt"}))
			s, err := OpenDir(dir)
			require.NoError(t, err)
			defer s.Close()
			require.Len(t, s.Files(), len(c.want))
			require.Equal(t, "pt", s.Metadata()["format"])
			for i, path := range s.Files() {
				file, err := Open(path)
				require.NoError(t, err)
				require.Equal(t, c.want[i], append([]string{}, file.Names()...))
				require.NoError(t, file.Close())
			}
			total := 0
			for i, n := range c.sizes {
				x, err := s.Tensor("t" + string(rune('0'+i)))
				require.NoError(t, err)
				require.Equal(t, bytes.Repeat([]byte{byte(i)}, n), append([]byte{}, x.Data...))
				total += n
			}
			if len(c.want) > 1 {
				text, err := os.ReadFile(filepath.Join(dir, IndexName))
				require.NoError(t, err)
				var index struct {
					Metadata map[string]int `json:"metadata"`
				}
				require.NoError(t, json.Unmarshal(text, &index))
				require.Equal(t, map[string]int{"total_size": total}, index.Metadata)
			}
		})
	}
}

func TestWriteShardedRefuses(t *testing.T) {
	dir := t.TempDir()
	twice := append(sourcesOf(8, 8), sourcesOf(8)...)
	err := WriteSharded(dir, 10, twice, nil)
	require.EqualError(t, err, "safetensors: write "+dir+`: tensor "t0": got it in model-00001-of-00003.safetensors and in model-00003-of-00003.safetensors, want each name once`)
	require.Empty(t, listing(t, dir))

	broken := sourcesOf(8, 8, 8)
	broken[2].Data = from{err: errors.New("broken")}
	require.ErrorContains(t, WriteSharded(dir, 10, broken, nil), `tensor "t2": broken`)
	require.Empty(t, listing(t, dir))

	huge := []Source{{Info{"x", tensor.U8, tensor.Shape{math.MaxInt64}}, nil}, {Info{"y", tensor.U8, tensor.Shape{1}}, nil}}
	require.ErrorContains(t, WriteSharded(dir, 10, huge, nil), `tensor "y": got more than 2^63-1 bytes of tensors`)

	require.NoError(t, WriteSharded(dir, 100, sourcesOf(8), nil))
	err = WriteSharded(dir, 100, sourcesOf(8), nil)
	require.ErrorIs(t, err, fs.ErrExist)
	require.EqualError(t, err, "safetensors: write "+dir+": got a directory with weights: file already exists")
}
