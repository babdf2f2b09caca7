package gguf

import (
	"context"
	"fmt"
	"io"
	"math"

	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// weight gives a tensor of a file as safetensors data: decoded, its rows put in order, rounded to another type.
type weight struct {
	ctx   context.Context
	file  *File
	info  Info
	heads int // of the rows, if they are permuted; else 0
	dtype tensor.DType
}

// sources lists the weights of the parts. Their data can be had as long as the file is open and ctx is not done.
func (f *File) sources(ctx context.Context, parts []part, d tensor.DType) []safetensors.Source {
	list := make([]safetensors.Source, len(parts))
	for i, p := range parts {
		list[i] = safetensors.Source{
			Info: safetensors.Info{Name: p.hf, DType: d, Shape: p.shape},
			Data: &weight{ctx, f, f.tensors[f.byName[p.name]], p.heads, d},
		}
	}
	return list
}

// WriteTo writes the tensor, some rows at a time.
func (w *weight) WriteTo(out io.Writer) (int64, error) {
	const chunk = 1 << 16 // elements: a few hundred KiB in the forms that they go through, which a second-level cache holds
	e := encodings[w.info.Type]
	cols := w.info.Shape[len(w.info.Shape)-1]
	rows := w.info.Shape.Elements() / cols
	step := max(1, chunk/cols)
	if w.heads > 0 {
		step = rows / w.heads // a head at a time: rows are permuted within one
	}
	rowBytes := int(w.info.size) / rows
	raw := make([]byte, min(step, rows)*rowBytes)
	values := make([]float32, min(step, rows)*cols)
	written := int64(0)
	for at := 0; at < rows; at += step {
		if err := w.ctx.Err(); err != nil {
			return written, err
		}
		n := min(step, rows-at)
		if _, err := w.file.r.ReadAt(raw[:n*rowBytes], w.info.offset+int64(at)*int64(rowBytes)); err != nil {
			return written, fmt.Errorf("gguf: read %s: tensor %s: %w", w.file.name, quote(w.info.Name), err)
		}
		w.decode(e, values[:n*cols], raw[:n*rowBytes], n)
		if err := w.checkRange(values[:n*cols], int64(at)*int64(cols)); err != nil {
			return written, err
		}
		data, err := tensor.FromFloat32(values[:n*cols], n, cols).Convert(w.dtype)
		if err != nil {
			return written, err
		}
		wrote, err := out.Write(data.Data)
		written += int64(wrote)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// decode decodes rows, those of a head in the order of Hugging Face.
//
// Rotary embeddings turn pairs of elements of a head. Hugging Face pairs element i with element i + D/2, llama.cpp pairs 2i
// with 2i + 1; so the rows of q_proj and k_proj that make these elements lie in another order in a GGUF file.
func (w *weight) decode(e encoding, dst []float32, raw []byte, rows int) {
	if w.heads == 0 {
		e.decode(dst, raw)
		return
	}
	cols, rowBytes := len(dst)/rows, len(raw)/rows
	for r := range rows {
		from := 2*(r%(rows/2)) + r/(rows/2)
		e.decode(dst[r*cols:][:cols], raw[from*rowBytes:][:rowBytes])
	}
}

// checkRange refuses values that are not finite, or would not be after rounding. The first value is element at of the tensor.
func (w *weight) checkRange(values []float32, at int64) error {
	most := float32(math.MaxFloat32)
	switch w.dtype {
	case tensor.F16:
		most = math.Nextafter32(tensor.F16MaxFinite+16, 0)
	case tensor.BF16:
		most = math.Float32frombits(0x7f7f7fff) // the next rounds up to infinity
	}
	for i, v := range values {
		if !(v >= -most && v <= most) { // so that NaN is caught too
			return problem(w.file.name, tensorNamed(w.info.Name), "got the value %v in element %d, want a finite one that %v can hold", v, at+int64(i), w.dtype)
		}
	}
	return nil
}
