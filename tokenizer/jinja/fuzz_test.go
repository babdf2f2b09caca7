package jinja

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzRender renders any template with any message: it must end within its limits, without a panic, in valid text.
func FuzzRender(f *testing.F) {
	file, err := os.Open(filepath.Join("testdata", "goldens.jsonl"))
	require.NoError(f, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var seed struct{ Template string }
		require.NoError(f, json.Unmarshal(lines.Bytes(), &seed))
		f.Add(seed.Template, "Hi <b>there</b>\n")
	}
	require.NoError(f, lines.Err())
	for _, h := range hostile {
		if len(h.template) < 1000 {
			f.Add(h.template, "")
		}
	}
	limits := Limits{Steps: 20_000, Output: 1 << 16, Time: 10 * time.Second}
	f.Fuzz(func(t *testing.T, source, content string) {
		template, err := Compile(source)
		if err != nil {
			return
		}
		message := NewDict()
		message.Set("role", "user")
		message.Set("content", strings.ToValidUTF8(content, "?"))
		vars := map[string]any{"messages": []any{message}, "add_generation_prompt": true, "bos_token": "<s>"}
		text, err := template.Render(vars, limits)
		if err != nil {
			require.NotContains(t, err.Error(), "internal error", "a panic")
			require.Empty(t, text)
			return
		}
		require.LessOrEqual(t, len(text), limits.Output)
		require.True(t, utf8.ValidString(text), "%q", text)
	})
}
