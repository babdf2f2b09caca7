// Package publish makes files and directories appear under their names whole or not at all.
//
// What is written goes to a hidden neighbour in the same folder first, is put on disk, and then gets its name by a
// rename, which the folder is made to remember. Whoever opens the name, at any moment and after a crash too, finds what was
// there before or what came after, never a part. When something fails, or the work is given up, the neighbour is removed.
//
// The errors are those of the operating system and of the functions handed in; callers add what they were about.
package publish

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
)

// beside is a name for the time being, hidden and of its own, in the folder of path.
func beside(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+strconv.FormatUint(rand.Uint64(), 36)+".tmp")
}

// syncFolder puts the names in a folder on disk: what was synced and renamed is found again after a power cut. Where the
// system or its file system cannot do that for folders, a rename is as good as it gets.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
