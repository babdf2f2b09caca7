package safetensors

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tiebreak/tensor"
)

// The names under which a model directory holds its weights.
const (
	SingleName = "model.safetensors"
	IndexName  = "model.safetensors.index.json"
)

// Set is the tensors of one file, or of all the shards of an index. It may be used by several goroutines at once; Close
// must come after all other uses.
type Set struct {
	path   string // as opened
	shards []*shard
	owner  map[string]*shard // nil once closed
}

// shard is one mapped file.
type shard struct {
	*File
	path   string
	memory mapping
	info   fs.FileInfo // as it was when the file was mapped
}

// Open maps a *.safetensors file, the shards of a *.index.json, or the weights of a model directory (see OpenDir), and
// checks all of it. The error names the file, and the tensor where it is one's; it is a *FormatError if the contents are
// at fault.
func Open(path string) (*Set, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: open: %w", err)
	}
	if info.IsDir() {
		return OpenDir(path)
	}
	return openFile(path)
}

// openFile opens an index or a single file, as its name says.
func openFile(path string) (*Set, error) {
	if strings.HasSuffix(path, ".index.json") {
		return openIndex(path)
	}
	sh, err := openShard(path)
	if err != nil {
		return nil, withPrefix("safetensors: ", err)
	}
	return newSet(path, sh), nil
}

// OpenDir maps the weights of a Hugging Face model directory: model.safetensors if it is there, else the shards that
// model.safetensors.index.json lists. Other safetensors files in the directory are left alone.
func OpenDir(dir string) (*Set, error) {
	for _, name := range []string{SingleName, IndexName} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return openFile(path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("safetensors: open: %w", err)
		}
	}
	return nil, fmt.Errorf("safetensors: open %s: got a directory with %s, want %s or %s: %w",
		dir, weightsIn(dir), SingleName, IndexName, fs.ErrNotExist)
}

// weightsIn names the files of a directory that may be the weights that were meant.
func weightsIn(dir string) string {
	entries, _ := os.ReadDir(dir) // what cannot be listed cannot be proposed
	var found []string
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".safetensors", ".gguf", ".bin", ".pth":
			found = append(found, quote(e.Name()))
		}
	}
	if len(found) == 0 {
		return "no weights"
	}
	const most = 5
	if len(found) > most {
		found = append(found[:most], fmt.Sprintf("and %d more", len(found)-most))
	}
	return strings.Join(found, ", ")
}

// withPrefix puts words before an error of the operating system; a FormatError has them already.
func withPrefix(words string, err error) error {
	if format := (*FormatError)(nil); errors.As(err, &format) {
		return err
	}
	return fmt.Errorf("%s%w", words, err)
}

// newSet gathers shards whose tensors are all different.
func newSet(path string, shards ...*shard) *Set {
	s := &Set{path: path, shards: shards, owner: map[string]*shard{}}
	for _, sh := range shards {
		for name := range sh.tensors {
			s.owner[name] = sh
		}
	}
	return s
}

// openShard maps and checks one file.
func openShard(path string) (*shard, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > math.MaxInt {
		return nil, problem(path, "", "got %d bytes, more than this machine can address", info.Size())
	}
	memory, err := newMapping(f, int(info.Size()))
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	file, err := Parse(path, memory.data)
	if err != nil {
		return nil, errors.Join(err, memory.close())
	}
	return &shard{File: file, path: path, memory: memory, info: info}, nil
}

// openRegular opens a file that is, perhaps through links, a regular one. It does not wait for anything.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, openFlags, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("open %s: got a file of type %v, want a regular file", path, info.Mode().Type())
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// Close unmaps all files. Tensors of the set must no longer be touched: their memory is gone.
func (s *Set) Close() error {
	var errs []error
	for _, sh := range s.shards {
		errs = append(errs, sh.memory.close())
	}
	s.shards, s.owner = nil, nil
	return errors.Join(errs...)
}

// Names lists all tensors in ascending byte order.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.owner)) }

// Has reports whether the set holds a tensor of that name.
func (s *Set) Has(name string) bool { return s.owner[name] != nil }

// Tensor is a view of the tensor of that name, without a copy. It is read-only, lives until Close, and its Data may lie
// at any alignment. The error for a name that is not there proposes those that come closest.
func (s *Set) Tensor(name string) (tensor.Tensor, error) {
	if s.owner == nil {
		return tensor.Tensor{}, fmt.Errorf("safetensors: %s: tensor %s: got a closed set", s.path, quote(name))
	}
	if sh := s.owner[name]; sh != nil {
		return sh.Tensor(name)
	}
	return tensor.Tensor{}, problem(s.path, name, "got no such tensor%s", closest(name, s.Names()))
}

// File is the path of the file that holds a tensor, or "" if none does.
func (s *Set) File(name string) string {
	if sh := s.owner[name]; sh != nil {
		return sh.path
	}
	return ""
}

// Files lists the paths of all files, those of an index sorted by name.
func (s *Set) Files() []string {
	paths := make([]string, len(s.shards))
	for i, sh := range s.shards {
		paths[i] = sh.path
	}
	return paths
}

// Sizes lists the number of bytes of each of Files.
func (s *Set) Sizes() []int64 {
	sizes := make([]int64, len(s.shards))
	for i, sh := range s.shards {
		sizes[i] = sh.info.Size()
	}
	return sizes
}

// Metadata merges the __metadata__ of all files. Where two differ on a key, the first file holds.
func (s *Set) Metadata() map[string]string {
	all := map[string]string{}
	for _, sh := range slices.Backward(s.shards) {
		maps.Copy(all, sh.metadata)
	}
	return all
}

// Unchanged tells whether a file was replaced, written or cut since Open. A file that shrinks under a mapping kills the process
// on the next access, and one that is overwritten changes weights in mid-run; long runs call this once all weights are
// loaded, and at their end.
func (s *Set) Unchanged() error {
	for _, sh := range s.shards {
		now, err := os.Stat(sh.path)
		if err != nil {
			return fmt.Errorf("safetensors: check: %w", err)
		}
		if !os.SameFile(now, sh.info) || now.Size() != sh.info.Size() || !now.ModTime().Equal(sh.info.ModTime()) {
			return problem(sh.path, "", "got a file of %d bytes changed at %v, want it left alone while in use: %d bytes, %v",
				now.Size(), now.ModTime(), sh.info.Size(), sh.info.ModTime())
		}
	}
	return nil
}
