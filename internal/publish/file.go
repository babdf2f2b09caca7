package publish

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File makes what write writes the content of path. If write fails, the file that was there before is untouched. See Begin
// for what path may be.
func File(path string, write func(io.Writer) error) error {
	p, err := Begin(path)
	if err != nil {
		return err
	}
	if err := write(p); err != nil {
		return errors.Join(err, p.Abort())
	}
	return p.Commit()
}

// Bytes is File for contents that are at hand.
func Bytes(path string, data []byte) error {
	return File(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Pending is a file that is being written. It ends with Commit or Abort.
type Pending struct {
	file   *os.File // nil once committed or aborted
	target string   // the name it will get; empty where it is written in place
}

// Begin starts a file that will be named path. A file of that name is replaced and hands on its permissions; a symbolic link is
// followed; a pipe or a device, which cannot be replaced, is written to directly. A folder of that name is refused at once.
func Begin(path string) (*Pending, error) {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	mode := fs.FileMode(0o666) // less the user's mask
	old, err := os.Stat(path)
	switch {
	case err != nil: // there is none, or the creation below says what is wrong
	case old.IsDir():
		return nil, errors.New("got a folder, want the name of a file")
	case !old.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &Pending{file: f}, err
	default:
		mode = old.Mode().Perm()
	}
	f, err := os.OpenFile(beside(path), os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return nil, err
	}
	return &Pending{f, path}, nil
}

// Write appends to the file.
func (p *Pending) Write(b []byte) (int, error) { return p.file.Write(b) }

// WriteAt writes at an offset, as os.File does. It may be called by several goroutines at the same time.
func (p *Pending) WriteAt(b []byte, at int64) (int, error) { return p.file.WriteAt(b, at) }

// Done reports whether the file has been committed or aborted.
func (p *Pending) Done() bool { return p.file == nil }

// Commit puts the file on disk and gives it its name. If that fails, nothing is left behind.
func (p *Pending) Commit() error {
	if p.Done() {
		return fs.ErrClosed
	}
	if p.target == "" {
		f := p.file
		p.file = nil
		return f.Close()
	}
	err := cmp.Or(p.file.Sync(), p.file.Close())
	if err == nil {
		err = os.Rename(p.file.Name(), p.target)
	}
	if err != nil {
		return errors.Join(err, p.Abort())
	}
	p.file = nil
	return syncFolder(filepath.Dir(p.target))
}

// Abort removes the file, if it has not got its name, so that it can be deferred.
func (p *Pending) Abort() error {
	if p.Done() {
		return nil
	}
	f := p.file
	p.file = nil
	f.Close() // the file goes away; that it could not be written any more does not matter
	if p.target == "" {
		return nil
	}
	return os.Remove(f.Name())
}
