package gguf

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
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
	c, err := openConversion(in, opt)
	if err != nil {
		return err
	}
	defer c.file.Close()
	replace, err := checkTarget(outDir, opt.Force)
	if err != nil {
		return err
	}
	err = publish.Directory(outDir, replace, func(dir string) error { return c.write(ctx, dir) })
	if err != nil {
		return fmt.Errorf("gguf: write %s: %w", outDir, err)
	}
	return nil
}

// Check finds all that would keep Convert from beginning to write, and writes nothing. What can still fail is the values of
// weights, the disk and ctx.
func Check(in, outDir string, opt ConvertOptions) error {
	c, err := openConversion(in, opt)
	if err != nil {
		return err
	}
	defer c.file.Close()
	_, err = checkTarget(outDir, opt.Force)
	return err
}

// conversion is a model that can be converted.
type conversion struct {
	file  *File
	model *llama
	vocab *vocabulary
	parts []part
	dtype tensor.DType
}

// openConversion opens the file and checks that its model can be written.
func openConversion(in string, opt ConvertOptions) (*conversion, error) {
	c := &conversion{dtype: cmp.Or(opt.DType, tensor.BF16)}
	if c.dtype != tensor.BF16 && c.dtype != tensor.F16 && c.dtype != tensor.F32 {
		return nil, fmt.Errorf("gguf: convert %s: got the dtype %v, want BF16, F16 or F32", in, c.dtype)
	}
	var err error
	if c.file, err = Open(in); err != nil {
		return nil, err
	}
	if err := c.read(); err != nil {
		return nil, errors.Join(err, c.file.Close())
	}
	return c, nil
}

// read makes sense of the metadata.
func (c *conversion) read() (err error) {
	if c.model, err = c.file.llama(); err != nil {
		return err
	}
	c.parts = c.model.parts()
	if err := c.file.checkParts(c.parts); err != nil {
		return err
	}
	c.vocab, err = c.file.vocabulary(c.model.vocab)
	return err
}

// write fills a directory.
func (c *conversion) write(ctx context.Context, dir string) error {
	for name, text := range map[string][]byte{
		"config.json":           indent(c.model.config(c.vocab, c.dtype)),
		"tokenizer.json":        encode(c.vocab.tokenizerJSON()), // on one line: it has a line's worth for each merge
		"tokenizer_config.json": indent(c.vocab.tokenizerConfig(c.model)),
	} {
		if err := publish.Bytes(filepath.Join(dir, name), text); err != nil {
			return err
		}
	}
	return safetensors.WriteSharded(dir, shardBytes, c.file.sources(ctx, c.parts, c.dtype), map[string]string{"format": "pt"})
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
