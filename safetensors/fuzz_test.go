package safetensors

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzParse takes any bytes for a file. What is accepted must hold together: tensors that cover the data exactly, and a
// header in which encoding/json, too, sees the same tensors.
func FuzzParse(f *testing.F) {
	f.Add(build(`{}`, 0))
	f.Add(build(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}} `, 9))
	for _, c := range badHeaders {
		if len(c.header) < 1000 {
			f.Add(build(c.header, c.n))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("f", data)
		if err != nil {
			require.True(t, utf8.ValidString(err.Error()))
			require.Less(t, len(err.Error()), 2000)
			return
		}
		text, err := headerText("f", data)
		require.NoError(t, err)
		var loose map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(text, &loose))
		delete(loose, metadataKey)
		require.Len(t, file.Names(), len(loose))
		total := 0
		var infos []Info
		for _, name := range file.Names() {
			require.Contains(t, loose, name)
			x, err := file.Tensor(name)
			require.NoError(t, err)
			total += len(x.Data)
			if name != "" {
				infos = append(infos, Info{name, x.DType, x.Shape})
			}
		}
		require.Equal(t, len(data)-lengthBytes-len(text), total)

		// What was read can be written, but for a tensor without a name, and is then read in the same way.
		l, err := newLayout(infos, file.Metadata())
		require.NoError(t, err)
		size := int64(0)
		for _, s := range l.spans {
			size += s.size
		}
		again, err := Parse("g", append(l.head, make([]byte, size)...))
		require.NoError(t, err)
		require.Len(t, again.Names(), len(infos))
		require.Equal(t, file.Metadata(), again.Metadata())
	})
}

// FuzzIndex takes any bytes for an index. No accepted one leads out of its folder.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(index(`{"a":"one.safetensors"}`)))
	f.Add([]byte(index(`{"a":"../one.safetensors"}`)))
	f.Add([]byte(`{"weight_map":{"\ud83d\ude00":"a\u002esafetensors"},"x":[-1.5e-3,{"y":{}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		weights, err := parseIndex("f", data)
		if err != nil {
			require.True(t, utf8.ValidString(err.Error()))
			return
		}
		require.True(t, json.Valid(data))
		require.NotEmpty(t, weights)
		for _, name := range weights {
			require.NotContains(t, name, "/")
			require.NotContains(t, name, "\\")
			require.NotContains(t, name, "..safetensors/")
			require.NotEqual(t, "..", name)
		}
	})
}
