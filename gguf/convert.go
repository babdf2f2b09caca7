package gguf

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"tiebreak/internal/publish"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// ConvertOptions is how a model is converted. The zero value is the usual way.
type ConvertOptions struct {
	DType tensor.DType // of the weights written: BF16, F16 or F32; BF16 if not set
	Force bool         // replace an output directory that holds a model
}

// shardBytes is the largest file of weights; larger models are cut into several.
const shardBytes = 5_000_000_000

// Convert writes the model in the GGUF file in as a Hugging Face directory: config.json, model.safetensors (or shards and
// their index), tokenizer.json and tokenizer_config.json. Weights are decoded and rounded to nearest, ties to even.
//
// The directory appears under its name when it is complete; on an error, or when ctx is done, nothing is left behind. An
// output directory that exists must be empty or, with Force, hold nothing but what Convert writes. Errors about the file are
// *FormatError and name the key or the tensor.
func Convert(ctx context.Context, in, outDir string, opt ConvertOptions) error {
	if opt.DType == tensor.Invalid {
		opt.DType = tensor.BF16
	}
	if opt.DType != tensor.BF16 && opt.DType != tensor.F16 && opt.DType != tensor.F32 {
		return fmt.Errorf("gguf: convert %s: got the dtype %v, want BF16, F16 or F32", in, opt.DType)
	}
	f, err := Open(in)
	if err != nil {
		return err
	}
	defer f.Close()
	m, err := f.llama()
	if err != nil {
		return err
	}
	parts := m.parts()
	if err := f.checkParts(parts); err != nil {
		return err
	}
	v, err := f.vocabulary(m.vocab)
	if err != nil {
		return err
	}
	replace, err := checkTarget(outDir, opt.Force)
	if err != nil {
		return err
	}
	err = publish.Directory(outDir, replace, func(dir string) error {
		for name, text := range map[string][]byte{
			"config.json":           indent(m.config(v, opt.DType)),
			"tokenizer.json":        encode(v.tokenizerJSON()), // on one line: it has a line's worth for each merge
			"tokenizer_config.json": indent(v.tokenizerConfig(m)),
		} {
			if err := publish.Bytes(filepath.Join(dir, name), text); err != nil {
				return err
			}
		}
		return safetensors.WriteSharded(dir, shardBytes, f.sources(ctx, parts, opt.DType), map[string]string{"format": "pt"})
	})
	if err != nil {
		return fmt.Errorf("gguf: write %s: %w", outDir, err)
	}
	return nil
}

// encode gives a value as JSON, without the escapes that HTML would need.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // strings, numbers and maps of them can always be encoded
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// indent gives a value as JSON with one key a line.
func indent(v any) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, encode(v), "", "  "); err != nil {
		panic(err) // encode has made it
	}
	b.WriteByte('\n')
	return b.Bytes()
}
