package judge

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// PublishFile calls write with a writer and makes what it wrote the content of path: all of it, or, where anything fails or
// write returns an error, none, and a file that was there before is untouched. A crash leaves the old file or the new one.
//
// It writes to a hidden file in the same folder, syncs that to the disk, renames it, and syncs the folder. What is at
// path but is no regular file (a pipe, /dev/stdout) is written to directly; a symbolic link is followed.
func PublishFile(path string, write func(io.Writer) error) error {
	mode := fs.FileMode(0o666) // less the umask
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	if info, err := os.Stat(path); err == nil {
		if info.IsDir() {
			return fmt.Errorf("judge: publish %s: it is a folder, want a file name", path)
		}
		if !info.Mode().IsRegular() {
			return writeDirectly(path, write)
		}
		mode = info.Mode().Perm()
	}
	f, err := createHidden(path, mode)
	if err != nil {
		return fmt.Errorf("judge: publish %s: %w", path, err)
	}
	if err := fill(f, write); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(fmt.Errorf("judge: publish: %w", err), os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

// createHidden makes a file of a new name beside path; a leftover of another process is stepped over.
func createHidden(path string, mode fs.FileMode) (*os.File, error) {
	for i := 0; ; i++ {
		name := fmt.Sprintf(".%s.%d.%d.part", filepath.Base(path), os.Getpid(), i)
		f, err := os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// fill writes, syncs and closes f.
func fill(f *os.File, write func(io.Writer) error) error {
	err := write(f)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

func writeDirectly(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("judge: publish: %w", err)
	}
	err = write(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// syncFolder makes a rename last. Some file systems cannot sync a folder and say so; there the rename is as good as it gets.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("judge: publish: %w", err)
	}
	_ = d.Sync()
	return d.Close()
}
