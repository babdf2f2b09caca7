package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExitCodes holds the codes that scripts rely on, and that each message says where the fault is.
func TestExitCodes(t *testing.T) {
	dir, out := tinyModel(t, tinyConfig), filepath.Join(t.TempDir(), "out.csv")
	bad := filepath.Join(t.TempDir(), "bad.csv")
	require.NoError(t, os.WriteFile(bad, []byte("id,promt,response_a,response_b\n"), 0o644))
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no such command":  {[]string{"predicd"}, exitUsage, "predicd"},
		"no such flag":     {[]string{"predict", "--inptu", "x"}, exitUsage, "--inptu"},
		"missing flag":     {[]string{"predict", "--input", sample}, exitUsage, "output"},
		"no such device":   {[]string{"predict", "--model", dir, "--input", sample, "--output", out, "--device", "tpu"}, exitUsage, "tpu"},
		"no such type":     {[]string{"predict", "--model", dir, "--input", sample, "--output", out, "--dtype", "q4"}, exitUsage, "q4"},
		"no such template": {[]string{"predict", "--model", dir, "--input", sample, "--output", out, "--template", "x"}, exitUsage, "rounds-1"},
		"no room":          {[]string{"predict", "--model", dir, "--input", sample, "--output", out, "--max-tokens", "20"}, exitUsage, "20"},
		"batch of none":    {[]string{"predict", "--model", dir, "--input", sample, "--output", out, "--batch", "0"}, exitUsage, "--batch 0"},
		"no such emulator": {[]string{"predict", "--model", dir, "--input", sample, "--output", out, "--device", "emu:9"}, exitResources, "emu:9"},
		"no such input":    {[]string{"predict", "--model", dir, "--input", "nowhere.csv", "--output", out}, exitBadData, "nowhere.csv"},
		"wrong header":     {[]string{"predict", "--model", dir, "--input", bad, "--output", out}, exitBadData, "promt"},
		"no such model":    {[]string{"predict", "--model", "nowhere", "--input", sample, "--output", out}, exitBadData, "nowhere"},
		"no predictions":   {[]string{"eval", "--predictions", bad, "--labels", sample}, exitBadData, "bad.csv"},
		"half a pair":      {[]string{"eval", "--predictions", sample}, exitUsage, "labels"},
		"bad ids":          {[]string{"generate", "--model", dir, "--ids", "1,x"}, exitUsage, `"x"`},
		"id out of range":  {[]string{"generate", "--model", dir, "--ids", "9999"}, exitUsage, "9999"},
		"no gguf":          {[]string{"convert", sample, filepath.Join(t.TempDir(), "m")}, exitBadData, "sample.csv"},
		"nothing asked":    {[]string{"eval"}, exitUsage, "tiebreak eval --help"},
		"one argument":     {[]string{"convert", sample}, exitUsage, "a GGUF file and a directory to write"},
		"too many":         {[]string{"devices", "all"}, exitUsage, `"all"`},
		"near a command":   {[]string{"predicd"}, exitUsage, "did you mean predict?"},
		"no such progress": {[]string{"devices", "--progress", "loud"}, exitUsage, "loud"},
		"a million":        {[]string{"devices", "--threads", "1000000"}, exitUsage, "1 to 1024"},
		"output of input":  {[]string{"predict", "--model", dir, "--input", bad, "--output", bad}, exitUsage, "it is the input"},
		"output a folder":  {[]string{"predict", "--model", dir, "--input", sample, "--output", dir}, exitUsage, "it is a folder"},
		"output nowhere":   {[]string{"predict", "--model", dir, "--input", sample, "--output", "no/where.csv"}, exitUsage, "there is no folder no"},
		"nothing there":    {[]string{"inspect", "nowhere"}, exitBadData, "nowhere"},
	} {
		got := tiebreak(t, "", c.args...)
		require.Equal(t, c.code, got.code, "%s: %s", name, got.err)
		require.Contains(t, got.err, c.says, name)
		require.NoFileExists(t, out, name)

		asJSON := tiebreak(t, "", append(c.args, "--json")...)
		if !strings.HasPrefix(name, "no such flag") { // the flags were not read
			var e struct {
				Error string `json:"error"`
				Code  int    `json:"exit_code"`
			}
			require.NoError(t, json.Unmarshal([]byte(asJSON.err), &e), "%s: %s", name, asJSON.err)
			require.Equal(t, c.code, e.Code)
		}
	}
}

func TestTokenizeRefuses(t *testing.T) {
	dir := tinyModel(t, tinyConfig)
	for line, want := range map[string]string{
		`hello`:                             `want an object with "text" or`,
		`["hello"]`:                         "got JSON of type array, want an object",
		`{"text": 5}`:                       "text: got JSON of type number",
		`{"txt": ""}`:                       `unknown field "txt"`,
		`{}`:                                "want one of them",
		`{"text": "", "messages": []}`:      "want one of them",
		`{"text": ""} {"text": ""}`:         "got more after the end",
		`{"messages": []}`:                  "got no messages",
		`{"messages": {}}`:                  `want an array of {"role": S, "content": S}`,
		`{"messages": [{"content": "x"}]}`:  "message 0: got no role",
		`{"messages": [{"role": "user"}]}`:  "message 0: got no content",
		`{"messages": [{"roles": "user"}]}`: `unknown field "roles"`,
	} {
		got := tiebreak(t, "{\"text\": \"first\"}\n\n"+line, "tokenize", "--model", dir, "--jsonl")
		require.Equal(t, exitBadData, got.code, line)
		require.Contains(t, got.err, "tokenize: stdin line 3: ", line)
		require.Contains(t, got.err, want, line)
		require.Equal(t, 1, strings.Count(got.out, "\n"), "the line before has been answered")
	}
}

func TestTwiceQuietSaysNothing(t *testing.T) {
	require.Contains(t, tiebreak(t, "", "inspect", "nowhere", "-q").err, "nowhere")
	require.Equal(t, result{code: exitBadData}, tiebreak(t, "", "inspect", "nowhere", "-qq"))
}

// TestHelp holds that every command says what it does, by an example too, and that no placeholder went wrong.
func TestHelp(t *testing.T) {
	root := (&app{}).root()
	for _, cmd := range root.Commands() {
		help := tiebreak(t, "", cmd.Name(), "--help")
		require.Equal(t, exitDone, help.code)
		require.NotContains(t, help.out, "--model make")
		require.Contains(t, help.out, "  tiebreak "+cmd.Name()+" ", "an example of %s", cmd.Name())
	}
	got := tiebreak(t, "", "__complete", "predict", "--dtype", "")
	require.Contains(t, got.out, "bf16\n", got.err)
	require.Contains(t, tiebreak(t, "", "completion", "bash").out, "__start_tiebreak")
}
