package gguf

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// publish makes a directory whole or not at all: fill writes into a hidden one beside it, which then gets its name.
func publish(dir string, force bool, fill func(dir string) error) (err error) {
	dir = filepath.Clean(dir)
	replace, err := checkTarget(dir, force)
	if err != nil {
		return err
	}
	temp := beside(dir)
	if err := os.MkdirAll(temp, 0o777); err != nil {
		return fmt.Errorf("gguf: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	if err := fill(temp); err != nil {
		return err
	}
	if err = syncDir(temp); err == nil {
		err = swap(temp, dir, replace)
	}
	if err == nil {
		err = syncDir(filepath.Dir(dir))
	}
	if err != nil {
		return fmt.Errorf("gguf: %w", err)
	}
	return nil
}

// beside is a name for the time being, in the folder of dir.
func beside(dir string) string {
	return filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+"."+strconv.FormatUint(rand.Uint64(), 36)+".tmp")
}

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

// swap gives the directory temp the name dir. What had it before is kept until then and removed after.
func swap(temp, dir string, replace bool) error {
	if !replace {
		return os.Rename(temp, dir)
	}
	old := beside(dir)
	if err := os.Rename(dir, old); err != nil {
		return err
	}
	if err := os.Rename(temp, dir); err != nil {
		return errors.Join(err, os.Rename(old, dir))
	}
	return os.RemoveAll(old)
}

// writeSynced writes a file and puts it on disk.
func writeSynced(path string, data []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("gguf: %w", err)
	}
	_, err = f.Write(data)
	if err = cmp.Or(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("gguf: write %s: %w", path, err)
	}
	return nil
}

// syncDir puts the names of a folder on disk, where the system can.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
