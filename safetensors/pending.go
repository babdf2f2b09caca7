package safetensors

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// pending is a file that is being written and gets its name when it is complete and on disk.
type pending struct {
	*os.File // hidden, in the folder of path; nil once committed or aborted
	path     string
}

// newPending makes a new file beside path, with a name of its own and the permissions that the user's mask gives.
func newPending(path string) (*pending, error) {
	name := "." + filepath.Base(path) + "." + strconv.FormatUint(rand.Uint64(), 36) + ".tmp"
	f, err := os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, err
	}
	return &pending{f, path}, nil
}

// commit syncs the file and gives it its name; what had the name before is replaced. If that fails, nothing is left behind.
func (p *pending) commit() error {
	err := cmp.Or(p.Sync(), p.Close())
	if err == nil {
		err = os.Rename(p.Name(), p.path)
	}
	if err != nil {
		return errors.Join(err, p.abort())
	}
	p.File = nil
	return syncDir(filepath.Dir(p.path))
}

// abort removes the file, if it has not got its name.
func (p *pending) abort() error {
	if p.File == nil {
		return nil
	}
	p.Close() // the file goes away; that it could not be written any more does not matter
	err := os.Remove(p.Name())
	p.File = nil
	return err
}

// writeFile writes a small file whole or not at all.
func writeFile(path string, data []byte) error {
	p, err := newPending(path)
	if err != nil {
		return err
	}
	if _, err := p.Write(data); err != nil {
		return errors.Join(err, p.abort())
	}
	return p.commit()
}
