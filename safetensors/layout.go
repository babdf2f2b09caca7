package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"tiebreak/tensor"
)

// dataAlign is what the first byte of the data of a written file lies on: a cache line, and the widest vector load.
const dataAlign = 64

// layout is where everything of a file to be written goes.
type layout struct {
	head  []byte // length, header and padding
	spans map[string]span
}

// span is the place of a tensor in a file.
type span struct{ at, size int64 }

// newLayout places tensors: elements of more bytes first, then by name. So each tensor is aligned to its element type, no
// padding is needed between them (the format allows none), and the file does not depend on the order of the list.
func newLayout(tensors []Info, metadata map[string]string) (*layout, error) {
	if len(tensors) > maxTensors {
		return nil, fmt.Errorf("got %d tensors, want at most %d", len(tensors), maxTensors)
	}
	ordered := slices.Clone(tensors)
	slices.SortFunc(ordered, func(a, b Info) int {
		return cmp.Or(-cmp.Compare(a.DType.Size(), b.DType.Size()), cmp.Compare(a.Name, b.Name))
	})
	text := []byte{'{'}
	if len(metadata) > 0 {
		var err error
		if text, err = appendMetadata(text, metadata); err != nil {
			return nil, err
		}
	}
	spans := make(map[string]span, len(ordered))
	end := int64(0)
	for _, t := range ordered {
		size, err := t.check()
		if err == nil && size > math.MaxInt64-end {
			err = fmt.Errorf("got more than 2^63-1 bytes of data in one file")
		}
		if _, twice := spans[t.Name]; twice {
			err = fmt.Errorf("got it twice, want each name once")
		}
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote(t.Name), err)
		}
		spans[t.Name] = span{end, size}
		text = appendEntry(text, t, end, end+size)
		end += size
	}
	text = append(text, '}')
	text = append(text, bytes.Repeat([]byte{' '}, -(lengthBytes+len(text))&(dataAlign-1))...)
	if len(text) > maxHeader {
		return nil, fmt.Errorf("got a header of %d bytes, want at most %d", len(text), maxHeader)
	}
	l := &layout{head: binary.LittleEndian.AppendUint64(nil, uint64(len(text))), spans: spans}
	l.head = append(l.head, text...)
	for name, s := range spans {
		spans[name] = span{s.at + int64(len(l.head)), s.size}
	}
	return l, nil
}

// check holds a tensor against what Parse accepts and gives its size in bytes.
func (t Info) check() (int64, error) {
	switch {
	case t.Name == "" || t.Name == metadataKey:
		return 0, fmt.Errorf("got a name that no tensor can have")
	case !utf8.ValidString(t.Name):
		return 0, fmt.Errorf("got a name that is not UTF-8")
	case len(t.Shape) > maxDims:
		return 0, fmt.Errorf("got %d dimensions, want at most %d", len(t.Shape), maxDims)
	}
	return tensor.CheckedBytes(t.DType, t.Shape)
}

// appendEntry adds the header entry of a tensor whose data lies at begin to end.
func appendEntry(text []byte, t Info, begin, end int64) []byte {
	if len(text) > 1 {
		text = append(text, ',')
	}
	text = appendJSON(text, t.Name)
	return fmt.Appendf(text, `:{"dtype":"%v","shape":%v,"data_offsets":[%d,%d]}`, t.DType, t.Shape, begin, end)
}

// appendMetadata adds the __metadata__ entry, by ascending key.
func appendMetadata(text []byte, metadata map[string]string) ([]byte, error) {
	text = append(text, `"`+metadataKey+`":{`...)
	for i, key := range slices.Sorted(maps.Keys(metadata)) {
		if !utf8.ValidString(key) || !utf8.ValidString(metadata[key]) {
			return nil, fmt.Errorf("metadata %s: got text that is not UTF-8", quote(key))
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = appendJSON(text, key)
		text = append(text, ':')
		text = appendJSON(text, metadata[key])
	}
	return append(text, '}'), nil
}

// appendJSON adds valid UTF-8 as a JSON string.
func appendJSON(text []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can always be encoded
	}
	return append(text, quoted...)
}
