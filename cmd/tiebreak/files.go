package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// cacheDir is the folder for models that were fetched: TIEBREAK_CACHE, or tiebreak in the user's cache folder.
func cacheDir() (string, error) {
	if dir := os.Getenv("TIEBREAK_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("the user has no cache folder: %w", err)
	}
	return filepath.Join(dir, "tiebreak"), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// openInput opens a file to read, or stdin for "-".
func (a *app) openInput(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(a.std.in), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, badData(err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, badData(fmt.Errorf("open %s: got a folder, want a file", path))
	}
	return f, nil
}

// printJSON writes one document to stdout.
func (a *app) printJSON(v any) error {
	w := bufio.NewWriter(a.std.out)
	if err := encodeJSON(w, v); err != nil {
		return err
	}
	return w.Flush()
}

// encodeJSON writes v and a line feed, with < > & as they are.
func encodeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
