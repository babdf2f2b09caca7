package safetensors

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"tiebreak/tensor"
)

// writeFiles makes a directory that holds the given files.
func writeFiles(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return dir
}

// bytesTensor is a file with one U8 tensor of n bytes under each name.
func bytesTensor(n int, names ...string) string {
	header := "{"
	for i, name := range names {
		if i > 0 {
			header += ","
		}
		header += fmt.Sprintf(`"%s":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]}`, name, n, i*n, (i+1)*n)
	}
	return string(build(header+"}", n*len(names)))
}

// The file is written by the reference implementation: testdata/make.py.
func TestOpenReferenceFile(t *testing.T) {
	s, err := Open("testdata/hf.safetensors")
	require.NoError(t, err)
	defer s.Close()
	require.Equal(t, map[string]string{"format": "pt", "note": "naïve \"quotes\"\n"}, s.Metadata())
	require.Len(t, s.Names(), 13)
	for _, name := range []string{"model.float64", "model.float32", "model.float16", "model.bfloat16"} {
		x, err := s.Tensor(name)
		require.NoError(t, err)
		require.Equal(t, tensor.Shape{2, 2}, x.Shape)
		values, err := x.Float32s()
		require.NoError(t, err)
		require.Equal(t, []float32{0, 1, 3, 100}, values, name)
	}
	for name, want := range map[string][]byte{
		"model.int16": {0, 0, 1, 0, 3, 0, 100, 0},
		"model.int8":  {0, 1, 3, 100},
		"model.uint8": {0, 1, 3, 100},
		"model.bool":  {0, 1, 1, 1},
		"odd":         {7, 8, 9},
		"empty":       {},
	} {
		x, err := s.Tensor(name)
		require.NoError(t, err)
		require.Equal(t, want, x.Data, name)
	}
	i32, err := s.Tensor("model.int32")
	require.NoError(t, err)
	require.Equal(t, []int32{0, 1, 3, 100}, tensor.LoadInt32(i32.Data))
	i64, err := s.Tensor("model.int64")
	require.NoError(t, err)
	require.Equal(t, []int64{0, 1, 3, 100}, tensor.LoadInt64(i64.Data))
	scalar, err := s.Tensor("scalar")
	require.NoError(t, err)
	require.Equal(t, "F32 []", scalar.Describe())
	require.Equal(t, []float32{-2.5}, tensor.LoadFloat32(scalar.Data))
}

// index is the text of an index with the given weight_map.
func index(weightMap string) string {
	return `{"metadata":{"total_size":3,"nested":{"a":[1.5e3,true,null,"x"]}},"weight_map":` + weightMap + `}`
}

func TestOpenIndex(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		IndexName:               index(`{"a":"one.safetensors","b":"two.safetensors","c":"one.safetensors"}`),
		"one.safetensors":       bytesTensor(1, "a", "c"),
		"two.safetensors":       bytesTensor(2, "b"),
		"unrelated.safetensors": "not looked at",
	})
	for _, path := range []string{dir, filepath.Join(dir, IndexName)} {
		s, err := Open(path)
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b", "c"}, s.Names())
		require.Equal(t, []string{filepath.Join(dir, "one.safetensors"), filepath.Join(dir, "two.safetensors")}, s.Files())
		require.Equal(t, filepath.Join(dir, "two.safetensors"), s.File("b"))
		require.Empty(t, s.File("d"))
		sizes := s.Sizes()
		require.Len(t, sizes, 2)
		require.EqualValues(t, len(bytesTensor(2, "b")), sizes[1])
		b, err := s.Tensor("b")
		require.NoError(t, err)
		require.Equal(t, []byte{0, 1}, b.Data)
		_, err = s.Tensor("d")
		require.EqualError(t, err, fmt.Sprintf(`safetensors: %s: tensor "d": got no such tensor`, filepath.Join(dir, IndexName)))
		require.NoError(t, s.Close())
	}
}

func TestOpenDirPrefersSingleFile(t *testing.T) {
	dir := writeFiles(t, map[string]string{SingleName: bytesTensor(1, "x"), IndexName: "not read"})
	s, err := OpenDir(dir)
	require.NoError(t, err)
	require.Equal(t, []string{"x"}, s.Names())
	require.NoError(t, s.Close())
}

func TestOpenIndexRefuses(t *testing.T) {
	for _, c := range []struct{ name, index, want string }{
		{"not JSON", `hello`, `JSON byte 0: got "h", want '{'`},
		{"empty", ``, `JSON byte 0: got the end, want '{'`},
		{"trailing text", index(`{"a":"one.safetensors"}`) + "{}", `JSON byte 103: got "{" after the index, want the end`},
		{"no weight_map", `{"metadata":{}}`, `got no weight_map, want one that maps each tensor to its file`},
		{"empty weight_map", index(`{}`), `got no weight_map, want one that maps each tensor to its file`},
		{"weight_map in other case", `{"Weight_Map":{"a":"one.safetensors"}}`, `got no weight_map, want one that maps each tensor to its file`},
		{"weight_map is null", index(`null`), `JSON byte 79: got "n", want '{'`},
		{"weight_map twice", `{"weight_map":{"a":"one.safetensors"},"weight_map":{}}`, `JSON byte 38: got the key "weight_map" a second time, want each key once`},
		{"tensor twice", index(`{"a":"one.safetensors","a":"one.safetensors"}`), `JSON byte 102: got the key "a" a second time, want each key once`},
		{"shard is a number", index(`{"a":1}`), `tensor "a": JSON byte 84: got "1", want '"'`},
		{"shard above", index(`{"a":"../one.safetensors"}`), `tensor "a": got the shard "../one.safetensors", want the plain name of a .safetensors file beside the index`},
		{"absolute shard", index(`{"a":"/one.safetensors"}`), `tensor "a": got the shard "/one.safetensors", want the plain name of a .safetensors file beside the index`},
		{"shard below", index(`{"a":"d/one.safetensors"}`), `tensor "a": got the shard "d/one.safetensors", want the plain name of a .safetensors file beside the index`},
		{"backslash in shard", index(`{"a":"..\\one.safetensors"}`), `tensor "a": got the shard "..\\one.safetensors", want the plain name of a .safetensors file beside the index`},
		{"drive in shard", index(`{"a":"c:one.safetensors"}`), `tensor "a": got the shard "c:one.safetensors", want the plain name of a .safetensors file beside the index`},
		{"zero in shard", index(`{"a":"one\u0000.safetensors"}`), `tensor "a": got the shard "one\x00.safetensors", want the plain name of a .safetensors file beside the index`},
		{"other ending", index(`{"a":"one.bin"}`), `tensor "a": got the shard "one.bin", want the plain name of a .safetensors file beside the index`},
		{"bad number in metadata", `{"metadata":{"a":0x10},"weight_map":{}}`, `JSON byte 17: got "0", want a value`},
		{"bad word in metadata", `{"metadata":{"a":NaN},"weight_map":{}}`, `JSON byte 17: got "N", want a value`},
		{"depth in metadata", `{"metadata":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[`, `JSON byte 43: got more than 32 levels of nesting`},
		{"tensor not in its shard", index(`{"a":"one.safetensors","c":"one.safetensors","b":"one.safetensors"}`), `tensor "b": got no such tensor in shard "one.safetensors", where the weight_map puts it`},
		{"tensor in another shard", index(`{"a":"one.safetensors","c":"two.safetensors","b":"two.safetensors"}`), `tensor "c": got it in shard "one.safetensors", want it in "two.safetensors" alone`},
		{"tensor not listed", index(`{"a":"one.safetensors"}`), `tensor "c": got it in shard "one.safetensors", want it listed in the weight_map`},
		{"tensor in two shards", index(`{"a":"one.safetensors","c":"one.safetensors","d":"again.safetensors"}`), `tensor "a": got it in shard "again.safetensors", want it in "one.safetensors" alone`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{
				IndexName:           c.index,
				"one.safetensors":   bytesTensor(1, "a", "c"),
				"two.safetensors":   bytesTensor(2, "b"),
				"again.safetensors": bytesTensor(1, "a", "d"),
			})
			path := filepath.Join(dir, IndexName)
			_, err := Open(path)
			require.EqualError(t, err, "safetensors: "+path+": "+c.want)
			format := (*FormatError)(nil)
			require.ErrorAs(t, err, &format)
		})
	}
}

func TestOpenIndexNamesBadShard(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		IndexName:         index(`{"a":"one.safetensors","b":"two.safetensors"}`),
		"one.safetensors": bytesTensor(1, "a"),
	})
	path := filepath.Join(dir, IndexName)
	two := filepath.Join(dir, "two.safetensors")
	_, err := Open(path)
	require.EqualError(t, err, fmt.Sprintf(`safetensors: %s: shard "two.safetensors": open %s: no such file or directory`, path, two))
	require.ErrorIs(t, err, fs.ErrNotExist)

	require.NoError(t, os.WriteFile(two, []byte("{}"), 0o644))
	_, err = Open(path)
	require.EqualError(t, err, "safetensors: "+two+": got a file of 2 bytes, want at least the 8 of the header length")
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)

	_, err = Open(dir)
	require.EqualError(t, err, fmt.Sprintf("safetensors: open %s: got a directory with no weights, want %s or %s: file does not exist", dir, SingleName, IndexName))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "model.gguf"), nil, 0o644))
	_, err = Open(dir)
	require.ErrorContains(t, err, `got a directory with "model.gguf", want`)

	require.NoError(t, os.Mkdir(filepath.Join(dir, SingleName), 0o755))
	_, err = OpenDir(dir)
	require.ErrorContains(t, err, "want a regular file")

	empty := filepath.Join(dir, "empty.safetensors")
	require.NoError(t, os.WriteFile(empty, nil, 0o644))
	_, err = Open(empty)
	require.EqualError(t, err, "safetensors: "+empty+": got a file of 0 bytes, want at least the 8 of the header length")
}

func TestOpenThroughLink(t *testing.T) {
	dir := writeFiles(t, map[string]string{"blob": bytesTensor(1, "x")})
	link := filepath.Join(t.TempDir(), SingleName)
	require.NoError(t, os.Symlink(filepath.Join(dir, "blob"), link))
	s, err := Open(link)
	require.NoError(t, err, "the cache of a hub is made of links")
	require.NoError(t, s.Close())
}

func TestClose(t *testing.T) {
	dir := writeFiles(t, map[string]string{SingleName: bytesTensor(1, "x")})
	s, err := Open(dir)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "a second time does nothing")
	require.False(t, s.Has("x"))
	require.Empty(t, s.Names())
	_, err = s.Tensor("x")
	require.EqualError(t, err, fmt.Sprintf(`safetensors: %s: tensor "x": got a closed set`, filepath.Join(dir, SingleName)))
}

func TestUnchanged(t *testing.T) {
	dir := writeFiles(t, map[string]string{SingleName: bytesTensor(1, "x")})
	path := filepath.Join(dir, SingleName)
	s, err := Open(path)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Unchanged())

	require.NoError(t, os.Chtimes(path, time.Time{}, time.Unix(1, 0)))
	require.ErrorContains(t, s.Unchanged(), "want it left alone while in use")
	require.NoError(t, os.Remove(path))
	require.ErrorIs(t, s.Unchanged(), fs.ErrNotExist)
}

// goldens is the folder of reference results that the project is developed against, or the test is skipped.
func goldens(t *testing.T) string {
	if dir := os.Getenv("TIEBREAK_GOLDENS"); dir != "" {
		return dir
	}
	const beside = "../../shared/goldens"
	if _, err := os.Stat(beside); err != nil {
		t.Skip("no reference results: TIEBREAK_GOLDENS is not set and ../shared/goldens is absent")
	}
	return beside
}

// All files that the reference implementation wrote for the goldens are accepted, and the sharded one adds up.
func TestOpenGoldens(t *testing.T) {
	files := 0
	err := filepath.WalkDir(goldens(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".safetensors" {
			return err
		}
		files++
		s, err := Open(path)
		require.NoError(t, err)
		require.NotEmpty(t, s.Names(), path)
		return s.Close()
	})
	require.NoError(t, err)
	require.NotZero(t, files)

	dir := filepath.Join(goldens(t), "models", "llama31")
	s, err := Open(dir)
	require.NoError(t, err)
	defer s.Close()
	text, err := os.ReadFile(filepath.Join(dir, IndexName))
	require.NoError(t, err)
	var want struct {
		Metadata  struct{ Total_size int }
		WeightMap map[string]string `json:"weight_map"`
	}
	require.NoError(t, json.Unmarshal(text, &want))
	require.Len(t, s.Names(), len(want.WeightMap))
	total := 0
	for name, file := range want.WeightMap {
		x, err := s.Tensor(name)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(dir, file), s.File(name))
		total += len(x.Data)
	}
	require.Equal(t, want.Metadata.Total_size, total)
}
