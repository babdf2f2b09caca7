package gguf

import (
	"bytes"
	"context"
	"io"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"tiebreak/tensor"
)

// FuzzParse takes any bytes for a file. What is accepted can be read whole: metadata, vocabulary and tensors.
func FuzzParse(f *testing.F) {
	f.Add(start(2, 1).key("a", kindArray).u32(uint32(kindString)).u64(1).text("b").tensor("x", F16, 0, 3, 2).tensor("y", Q4_K, 32, 256).data(32, 32+144))
	for _, c := range badFiles() {
		if len(c.data) < 1000 {
			f.Add(c.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parse(data)
		if err != nil {
			require.True(t, utf8.ValidString(err.Error()))
			require.Less(t, len(err.Error()), 2000)
			return
		}
		for _, k := range file.Keys() {
			asInt, intErr := file.Int(k)
			asFloat, floatErr := file.Float(k)
			require.False(t, intErr == nil && floatErr == nil, "%v and %v", asInt, asFloat)
		}
		for _, info := range file.Tensors() {
			w := &weight{context.Background(), file, info, 0, tensor.F32}
			n, err := w.WriteTo(io.Discard)
			if err == nil {
				require.EqualValues(t, 4*info.Shape.Elements(), n)
			}
		}
	})
}

// FuzzConvert changes single bytes of a small model: it is converted or refused.
func FuzzConvert(f *testing.F) {
	sound := tinyModel()
	f.Add(0, byte(0))
	f.Add(sound.Len()-1, byte(255))
	f.Fuzz(func(t *testing.T, at int, change byte) {
		data := bytes.Clone(sound.Bytes())
		if at >= 0 && at < len(data) {
			data[at] ^= change
		}
		file, err := parse(data)
		if err != nil {
			return
		}
		m, err := file.llama()
		if err != nil {
			return
		}
		if file.checkParts(m.parts()) != nil {
			return
		}
		v, err := file.vocabulary(m.vocab)
		if err != nil {
			return
		}
		require.NotEmpty(t, encode(v.tokenizerJSON()))
		require.NotEmpty(t, encode(v.tokenizerConfig(m)))
		require.NotEmpty(t, encode(m.config(v, tensor.BF16)))
	})
}
