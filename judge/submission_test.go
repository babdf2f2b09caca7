package judge

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSubmissionFormat(t *testing.T) {
	require.Equal(t, "id,winner_model_a,winner_model_b,winner_tie\n136060,0.345,0.345,0.31\n", submission(t, "136060", Fallback))
	require.Equal(t, "id,winner_model_a,winner_model_b,winner_tie\n\"a,\"\"b\"\"\",0.0001,0.3333333333333333,0.5\n",
		submission(t, `a,"b"`, Probs{1e-4, 1.0 / 3, .5}))
}

type brokenWriter struct{ err error }

func (b brokenWriter) Write([]byte) (int, error) { return 0, b.err }

func TestSubmissionReportsWriteErrors(t *testing.T) {
	full := errors.New("disk full")
	s, err := NewSubmission(brokenWriter{full})
	require.NoError(t, err, "it is buffered")
	require.ErrorIs(t, s.Flush(), full)
	require.ErrorIs(t, s.Add("1", Fallback), full)
}

func writes(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func content(t *testing.T, path string) string {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func TestPublishFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "submission.csv")
	require.NoError(t, PublishFile(path, writes("one")))
	require.Equal(t, "one", content(t, path))

	require.NoError(t, os.Chmod(path, 0o640))
	require.NoError(t, PublishFile(path, writes("two")))
	require.Equal(t, "two", content(t, path))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm(), "the mode stays")

	failed := errors.New("interrupted")
	require.ErrorIs(t, PublishFile(path, func(w io.Writer) error { return errors.Join(writes("thr")(w), failed) }), failed)
	require.Equal(t, "two", content(t, path), "a failure leaves the old file")

	require.NoError(t, PublishFile(path, func(io.Writer) error {
		require.Equal(t, "two", content(t, path), "nothing shows before it is whole")
		return nil
	}))
	require.Empty(t, content(t, path))

	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing is left behind")
}

func TestPublishFileFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target.csv"), filepath.Join(dir, "link.csv")
	require.NoError(t, os.WriteFile(target, nil, 0o600))
	require.NoError(t, os.Symlink(target, link))
	require.NoError(t, PublishFile(link, writes("new")))
	require.Equal(t, "new", content(t, target))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink)
}

func TestPublishFileStepsOverLeftovers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.csv")
	f, err := createHidden(path, 0o600)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, PublishFile(path, writes("x")))
	require.Equal(t, "x", content(t, path))
}

func TestPublishFileElsewhere(t *testing.T) {
	require.NoError(t, PublishFile(os.DevNull, writes("gone")))
	require.ErrorContains(t, PublishFile(t.TempDir(), writes("x")), "it is a folder, want a file name")
	require.ErrorIs(t, PublishFile(filepath.Join(t.TempDir(), "no", "such", "folder.csv"), writes("x")), os.ErrNotExist)
}

func labels(t *testing.T, data string, need Need) *Reader {
	r, err := NewReader("labels.csv", strings.NewReader(data), need)
	require.NoError(t, err)
	return r
}

func TestJoin(t *testing.T) {
	const data = "id,winner_model_a,winner_model_b,winner_tie\n7,0,1,0\n8,0,0,1\n"
	p := map[string]Probs{"8": {.1, .2, .7}, "7": {.5, .25, .25}}
	examples, err := Join(p, "s.csv", labels(t, data, Labels))
	require.NoError(t, err)
	require.Equal(t, []Example{
		{ID: "7", Label: Probs{0, 1, 0}, Probs: Probs{.5, .25, .25}},
		{ID: "8", Label: Probs{0, 0, 1}, Probs: Probs{.1, .2, .7}}}, examples)

	for name, c := range map[string]struct {
		change func(map[string]Probs)
		data   string
		want   string
	}{
		"missing": {func(m map[string]Probs) { delete(m, "7") }, data,
			`judge: read s.csv: got no prediction for 1 of 2 labelled rows ("7"), want one for each row of labels.csv`},
		"extra": {func(m map[string]Probs) {
			for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
				m[id] = Fallback
			}
		}, data, `judge: read s.csv: got 6 predictions without a labelled row ("a", "b", "c", "d", "e", …), want the ids of labels.csv and no others`},
		"no rows":   {func(m map[string]Probs) { clear(m) }, data[:strings.Index(data, "7")], "judge: read labels.csv: got no rows, want at least one to measure"},
		"bad label": {func(map[string]Probs) {}, data + "9,1,1,0\n", "judge: read labels.csv: row 3 (line 4, id \"9\")"},
	} {
		t.Run(name, func(t *testing.T) {
			m := map[string]Probs{"8": {.1, .2, .7}, "7": {.5, .25, .25}}
			c.change(m)
			_, err := Join(m, "s.csv", labels(t, c.data, Labels))
			var bad *DataError
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestJoinMeasuresTexts(t *testing.T) {
	data := strings.TrimSuffix(header, "\n") + ",winner_model_a,winner_model_b,winner_tie\n" +
		strings.TrimSuffix(line("1", `["p"]`, `["né"]`, `[""]`), "\n") + ",1,0,0\n" + "2,x,[],[],0,0,1\n"
	examples, err := Join(map[string]Probs{"1": Fallback, "2": Fallback}, "s.csv", labels(t, data, Texts|Labels))
	require.NoError(t, err)
	require.Equal(t, &Features{Rounds: 1, PromptLength: 1, LengthA: 2, Empty: true}, examples[0].Features)
	require.Nil(t, examples[1].Features, "texts that cannot be read have none, but the row counts")
}

func TestReadSubmissionRefuses(t *testing.T) {
	const head = "id,winner_model_a,winner_model_b,winner_tie\n"
	for name, c := range map[string]struct{ data, want string }{
		"a sum":    {head + "1,.5,.5,.000001\n", "got 1.000001, want 1"},
		"a column": {"id,winner_model_a,winner_model_b,tie\n", "column winner_tie: got only"},
		"an id":    {head + "1,.5,.5,0\n1,.5,.5,0\n", "an id that row 1 has too"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadSubmission("s.csv", strings.NewReader(c.data))
			var bad *DataError
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestFeatures(t *testing.T) {
	null := []Turn{{Null: true}}
	for name, c := range map[string]struct {
		row  Row
		want Features
	}{
		"no turns":          {Row{}, Features{Identical: true, Empty: true}},
		"characters":        {Row{Prompt: text("é你", "x"), A: text("😀"), B: text("ab")}, Features{Rounds: 2, PromptLength: 3, LengthA: 1, LengthB: 2, Uneven: true}},
		"identical":         {Row{Prompt: text("p"), A: text("a"), B: text("a")}, Features{Rounds: 1, PromptLength: 1, LengthA: 1, LengthB: 1, Identical: true}},
		"null is not empty": {Row{Prompt: text("p"), A: null, B: text("")}, Features{Rounds: 1, PromptLength: 1, Empty: true, Nulls: 1}},
		"replaced":          {Row{Prompt: text("p"), A: []Turn{{Text: "\uFFFD", Replaced: 1}}, B: text("b")}, Features{Rounds: 1, PromptLength: 1, LengthA: 1, LengthB: 1, Replaced: 1}},
	} {
		require.Equal(t, c.want, c.row.Features(), name)
	}
}
