package safetensors

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"tiebreak/tensor"
)

const (
	lengthBytes = 8           // the header length that a file starts with
	maxHeader   = 100_000_000 // the largest header the format allows
	maxTensors  = 1 << 18     // far above any model; bounds what a hostile header can make us allocate
	maxDims     = 8
)

// Info describes a tensor without its data.
type Info struct {
	Name  string
	DType tensor.DType
	Shape tensor.Shape
}

// File is the contents of one safetensors file. One exists only when every check has passed.
type File struct {
	name     string
	data     []byte // what follows the header
	tensors  map[string]entry
	metadata map[string]string
}

// entry is a tensor of a header: data[begin:end] holds it.
type entry struct {
	dtype      tensor.DType
	shape      tensor.Shape
	begin, end int64
}

// Parse checks the bytes of a file. Tensors of the result are views of data, which must not change as long as they are used.
// The name is used in errors alone. An error about the contents is a *FormatError.
func Parse(name string, data []byte) (*File, error) {
	text, err := headerText(name, data)
	if err != nil {
		return nil, err
	}
	h := &header{file: name, tensors: map[string]entry{}}
	if err := h.parse(text); err != nil {
		return nil, err
	}
	body := data[lengthBytes+len(text):]
	if err := h.checkLayout(int64(len(body))); err != nil {
		return nil, err
	}
	return &File{name: name, data: body, tensors: h.tensors, metadata: h.metadata}, nil
}

// headerText finds the JSON header in the bytes of a file.
func headerText(name string, data []byte) ([]byte, error) {
	if len(data) < lengthBytes {
		return nil, problem(name, "", "got a file of %d bytes, want at least the %d of the header length", len(data), lengthBytes)
	}
	n := binary.LittleEndian.Uint64(data)
	if n > maxHeader {
		return nil, problem(name, "", "got a header length of %d bytes, want at most %d%s", n, maxHeader, mistakenFor(data))
	}
	rest := data[lengthBytes:]
	if n > uint64(len(rest)) {
		return nil, problem(name, "", "got a header length of %d bytes, want at most the %d bytes that follow: is the download cut short?", n, len(rest))
	}
	text := rest[:n]
	if n == 0 || text[0] != '{' {
		return nil, problem(name, "", "got a header that starts with %s, want '{'", quote(string(text[:min(n, 8)])))
	}
	return text, nil
}

// mistakenFor names the file that was probably meant, for the files most often found under a safetensors name.
func mistakenFor(data []byte) string {
	for _, kind := range []struct{ start, hint string }{
		{"version https://git-lfs", "a Git LFS pointer: fetch the file itself with git lfs pull"},
		{"GGUF", "a GGUF file: convert it first"},
		{"PK\x03\x04", "a PyTorch or zip archive: save the model as safetensors first"},
		{"<", "a web page: the download was answered with HTML"},
	} {
		if strings.HasPrefix(string(data[:min(len(data), 64)]), kind.start) {
			return "; this looks like " + kind.hint
		}
	}
	return ""
}

// Names lists the tensors in ascending byte order.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.tensors)) }

// Has reports whether the file holds a tensor of that name.
func (f *File) Has(name string) bool {
	_, ok := f.tensors[name]
	return ok
}

// Tensor is a view of the tensor of that name. Its Data may lie at any alignment.
func (f *File) Tensor(name string) (tensor.Tensor, error) {
	e, ok := f.tensors[name]
	if !ok {
		return tensor.Tensor{}, problem(f.name, name, "got no such tensor%s", closest(name, f.Names()))
	}
	return e.view(f.data), nil
}

// view makes the tensor of an entry that checkLayout has passed.
func (e entry) view(data []byte) tensor.Tensor {
	t, err := tensor.View(e.dtype, slices.Clone(e.shape), data[e.begin:e.end:e.end])
	if err != nil {
		panic(err) // the same sizes were checked when the header was parsed
	}
	return t
}

// Metadata is a copy of the __metadata__ of the header, never nil.
func (f *File) Metadata() map[string]string {
	if f.metadata == nil {
		return map[string]string{}
	}
	return maps.Clone(f.metadata)
}
