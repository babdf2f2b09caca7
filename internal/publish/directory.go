package publish

import (
	"errors"
	"os"
	"path/filepath"
)

// Directory makes a directory of what fill writes into the one it is given. Where replace is set, there is a directory of that
// name, which goes away in exchange; otherwise the name must be free. Folders above it are made as needed.
// fill puts its own files on disk, for example with File.
func Directory(dir string, replace bool, fill func(dir string) error) (err error) {
	dir = filepath.Clean(dir)
	temp := beside(dir)
	if err := os.MkdirAll(temp, 0o777); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	if err := fill(temp); err != nil {
		return err
	}
	if err := syncFolder(temp); err != nil {
		return err
	}
	if err := swap(temp, dir, replace); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(dir))
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
