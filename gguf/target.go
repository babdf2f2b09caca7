package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// checkTarget sees that nothing is lost when dir gets new contents, and reports whether there is a directory to replace.
func checkTarget(dir string, force bool) (replace bool, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("gguf: output: %w", err)
	}
	for _, e := range entries {
		if !force {
			return false, fmt.Errorf("gguf: output %s: got a directory that holds %s, want an empty one or none (or force its replacement)", dir, quote(e.Name()))
		}
		if !isOurs(e.Name()) || e.IsDir() {
			return false, fmt.Errorf("gguf: output %s: got a directory that holds %s, which a conversion does not write: move it away first", dir, quote(e.Name()))
		}
	}
	return true, nil
}

// isOurs holds for the names of files that Convert writes, now or for another model.
func isOurs(name string) bool {
	switch name {
	case "config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors.index.json":
		return true
	}
	return strings.HasPrefix(name, "model") && strings.HasSuffix(name, ".safetensors")
}
