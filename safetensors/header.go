package safetensors

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"tiebreak/tensor"
)

// metadataKey is the one key of a header that names no tensor.
const metadataKey = "__metadata__"

// header collects what the JSON header of one file says.
type header struct {
	file     string
	tensors  map[string]entry
	metadata map[string]string
}

// parse reads the text of the header, which starts with '{'.
func (h *header) parse(text []byte) error {
	s := &scanner{data: text}
	current := "" // the tensor being read, to name it in errors
	err := s.object(func(key string) error {
		if key == metadataKey {
			return h.parseMetadata(s)
		}
		if len(h.tensors) == maxTensors {
			return s.fail(s.pos, "got more than %d tensors", maxTensors)
		}
		current = key
		e, err := h.parseEntry(s, key)
		if err != nil {
			return err
		}
		h.tensors[key] = e
		current = ""
		return nil
	})
	if err == nil {
		if rest := strings.Trim(string(text[s.pos:]), " "); rest != "" {
			err = s.fail(s.pos, "got %s after the header, want only spaces", quote(rest))
		}
	}
	if syntax, ok := err.(*syntaxError); ok {
		return problem(h.file, current, "header: %v", syntax)
	}
	return err
}

// parseMetadata reads the object that maps strings to strings.
func (h *header) parseMetadata(s *scanner) error {
	h.metadata = map[string]string{}
	return s.object(func(key string) error {
		if len(h.metadata) == maxTensors {
			return s.fail(s.pos, "got more than %d keys of %s", maxTensors, metadataKey)
		}
		value, err := s.text()
		h.metadata[key] = value
		return err
	})
}

// parseEntry reads dtype, shape and data_offsets of one tensor and checks them against each other.
func (h *header) parseEntry(s *scanner, name string) (entry, error) {
	var e entry
	fields := 0
	err := s.object(func(key string) (err error) {
		fields++
		switch key {
		case "dtype":
			e.dtype, err = h.parseDType(s, name)
		case "shape":
			e.shape, err = h.parseShape(s, name)
		case "data_offsets":
			e.begin, e.end, err = h.parseOffsets(s, name)
		default:
			err = problem(h.file, name, "got the field %s, want dtype, shape and data_offsets alone", quote(key))
		}
		return err
	})
	if err != nil {
		return e, err
	}
	if fields != 3 { // no field can come twice, so three are all three
		return e, problem(h.file, name, "got %d fields, want dtype, shape and data_offsets", fields)
	}
	return e, h.checkSize(name, e)
}

func (h *header) parseDType(s *scanner, name string) (tensor.DType, error) {
	text, err := s.text()
	if err != nil {
		return tensor.Invalid, err
	}
	d, err := tensor.ParseDType(text)
	if err != nil {
		return d, problem(h.file, name, "got the dtype %s, want one of %s", quote(text), knownDTypes())
	}
	return d, nil
}

func knownDTypes() string {
	var names []string
	for d := tensor.F64; d.Size() > 0; d++ {
		names = append(names, d.String())
	}
	return strings.Join(names, " ")
}

func (h *header) parseShape(s *scanner, name string) (tensor.Shape, error) {
	shape := tensor.Shape{}
	err := s.array(func() error {
		n, err := s.natural()
		if err != nil {
			return err
		}
		if len(shape) == maxDims {
			return problem(h.file, name, "got more than %d dimensions", maxDims)
		}
		if n > math.MaxInt {
			return problem(h.file, name, "got the extent %d, more than this machine can address", n)
		}
		shape = append(shape, int(n))
		return nil
	})
	return shape, err
}

func (h *header) parseOffsets(s *scanner, name string) (begin, end int64, err error) {
	var offsets []int64
	err = s.array(func() error {
		n, err := s.natural()
		if err != nil {
			return err
		}
		if offsets = append(offsets, n); len(offsets) > 2 {
			return problem(h.file, name, "got more than 2 data_offsets, want begin and end")
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	if len(offsets) != 2 {
		return 0, 0, problem(h.file, name, "got %d data_offsets, want begin and end", len(offsets))
	}
	return offsets[0], offsets[1], nil
}

// checkSize holds the offsets of a tensor against the size of its shape.
func (h *header) checkSize(name string, e entry) error {
	size, err := tensor.CheckedBytes(e.dtype, e.shape)
	if err != nil {
		return problem(h.file, name, "%v", err)
	}
	if e.begin > e.end {
		return problem(h.file, name, "got data_offsets [%d,%d], want begin at most end", e.begin, e.end)
	}
	if e.end-e.begin != size {
		return problem(h.file, name, "got data_offsets [%d,%d] of %d bytes, want %d for %v %v", e.begin, e.end, e.end-e.begin, size, e.dtype, e.shape)
	}
	return nil
}

// checkLayout sees that the tensors, in the order of their offsets, cover the data from its first byte to its last.
func (h *header) checkLayout(size int64) error {
	type span struct {
		name string
		entry
	}
	spans := make([]span, 0, len(h.tensors))
	for name, e := range h.tensors {
		spans = append(spans, span{name, e})
	}
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.name, b.name))
	})
	end, before := int64(0), "the start of the data"
	for _, s := range spans {
		switch {
		case s.begin < end:
			return problem(h.file, s.name, "got data_offsets [%d,%d], which overlap %s, want begin %d", s.begin, s.end, before, end)
		case s.begin > end:
			return problem(h.file, s.name, "got data_offsets [%d,%d], which leave a hole after %s, want begin %d", s.begin, s.end, before, end)
		}
		end, before = s.end, "tensor "+quote(s.name)
		if end > size {
			return problem(h.file, s.name, "got data_offsets [%d,%d] in %d bytes of data: is the download cut short?", s.begin, s.end, size)
		}
	}
	if end != size {
		return problem(h.file, "", "got %d bytes of data, want %d, where %s ends: bytes that belong to no tensor are refused", size, end, before)
	}
	return nil
}
