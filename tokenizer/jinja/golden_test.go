package jinja

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// ordered reads JSON into the values of templates, keeping the order of fields.
func ordered(t testing.TB, d *json.Decoder) any {
	t.Helper()
	token, err := d.Token()
	require.NoError(t, err)
	switch token := token.(type) {
	case json.Number:
		if i, err := token.Int64(); err == nil {
			return i
		}
		f, err := token.Float64()
		require.NoError(t, err)
		return f
	case json.Delim:
		if token == '[' {
			list := []any{}
			for d.More() {
				list = append(list, ordered(t, d))
			}
			_, err = d.Token()
			require.NoError(t, err)
			return list
		}
		dict := NewDict()
		for d.More() {
			name, err := d.Token()
			require.NoError(t, err)
			dict.Set(name.(string), ordered(t, d))
		}
		_, err = d.Token()
		require.NoError(t, err)
		return dict
	}
	return token
}

func variables(t testing.TB, data []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return ordered(t, d).(*Dict).values
}

// TestGolden checks templates against what Jinja2 renders; tools/make_tokenizer_goldens.py asked it. Where Jinja2 gives an
// error, so must we.
func TestGolden(t *testing.T) {
	file, err := os.Open(filepath.Join("testdata", "goldens.jsonl"))
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		n++
		var line struct {
			Template string
			Cases    []golden
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line))
		for _, want := range line.Cases {
			want.check(t, line.Template)
		}
	}
	require.NoError(t, lines.Err())
	require.Greater(t, n, 80)
}

// golden is what Jinja2 makes of a template; Rendered is nil where it gives an error.
type golden struct {
	Vars     json.RawMessage
	Rendered *string
}

func (want golden) check(t *testing.T, source string) {
	template, err := Compile(source)
	got := ""
	if err == nil {
		got, err = template.Render(variables(t, want.Vars), DefaultLimits)
	}
	if want.Rendered == nil {
		require.Error(t, err, source)
		return
	}
	require.NoError(t, err, source)
	require.Equal(t, *want.Rendered, got, source)
}
