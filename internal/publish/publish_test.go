package publish

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

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

func listing(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	require.NoError(t, File(path, writes("one")))
	require.Equal(t, "one", content(t, path))

	require.NoError(t, os.Chmod(path, 0o640))
	require.NoError(t, File(path, func(w io.Writer) error {
		require.NoError(t, writes("two")(w))
		require.Equal(t, "one", content(t, path), "nothing shows before it is whole")
		return nil
	}))
	require.Equal(t, "two", content(t, path))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o640), info.Mode().Perm(), "the permissions stay")

	broken := errors.New("broken")
	err = File(path, func(w io.Writer) error { return errors.Join(writes("thr")(w), broken) })
	require.ErrorIs(t, err, broken)
	require.Equal(t, "two", content(t, path), "a failure leaves the old file")
	require.Equal(t, []string{"f"}, listing(t, dir), "nothing is left behind")
}

func TestFileFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(target, nil, 0o600))
	require.NoError(t, os.Symlink(target, link))
	require.NoError(t, File(link, writes("new")))
	require.Equal(t, "new", content(t, target))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&fs.ModeSymlink)
}

func TestFileElsewhere(t *testing.T) {
	require.NoError(t, File(os.DevNull, writes("gone")))
	dir := t.TempDir()
	require.EqualError(t, File(dir, writes("x")), "got a folder, want the name of a file")
	require.ErrorIs(t, File(filepath.Join(dir, "none", "f"), writes("x")), fs.ErrNotExist)
	require.Empty(t, listing(t, dir))
}

// A pipe is written to and stays, whether the work succeeds or not.
func TestFileIntoPipe(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	path := fmt.Sprintf("/dev/fd/%d", w.Fd())
	if _, err := os.Stat(path); err != nil {
		t.Skip("no /dev/fd here")
	}
	broken := errors.New("broken")
	require.ErrorIs(t, File(path, func(w io.Writer) error { return errors.Join(writes("some")(w), broken) }), broken)
	require.NoError(t, File(path, writes(" all")))
	got := make([]byte, 8)
	_, err = io.ReadFull(r, got)
	require.NoError(t, err)
	require.Equal(t, "some all", string(got))
}

func TestPending(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	p, err := Begin(path)
	require.NoError(t, err)
	_, err = p.WriteAt([]byte("cd"), 2)
	require.NoError(t, err)
	_, err = p.Write([]byte("ab"))
	require.NoError(t, err)
	require.Len(t, listing(t, dir), 1)
	require.NotContains(t, listing(t, dir), "f")
	require.False(t, p.Done())
	require.NoError(t, p.Commit())
	require.True(t, p.Done())
	require.NoError(t, p.Abort(), "an abort after the commit does nothing")
	require.ErrorIs(t, p.Commit(), fs.ErrClosed)
	require.Equal(t, "abcd", content(t, path))

	p, err = Begin(path)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o755))
	require.ErrorContains(t, p.Commit(), "rename", "the name was taken by a folder meanwhile")
	require.Equal(t, []string{"f"}, listing(t, dir))
}

func TestDirectory(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "above", "out")
	fill := func(name string) func(string) error {
		return func(d string) error { return Bytes(filepath.Join(d, name), []byte(name)) }
	}
	require.NoError(t, Directory(dir+"/", false, fill("one")))
	require.Equal(t, []string{"one"}, listing(t, dir))
	require.Error(t, Directory(dir, false, fill("two")), "the name is taken")
	require.Equal(t, []string{"one"}, listing(t, dir))
	require.NoError(t, Directory(dir, true, fill("two")))
	require.Equal(t, []string{"two"}, listing(t, dir))

	broken := errors.New("broken")
	err := Directory(dir, true, func(d string) error { return errors.Join(fill("three")(d), broken) })
	require.ErrorIs(t, err, broken)
	require.Equal(t, []string{"two"}, listing(t, dir), "a failure leaves the old directory")
	require.ErrorIs(t, Directory(filepath.Join(dir, "none"), true, fill("x")), fs.ErrNotExist, "there is nothing to replace")
	require.Equal(t, []string{"two"}, listing(t, dir))
	require.Equal(t, []string{"out"}, listing(t, filepath.Dir(dir)), "nothing is left behind")
}
