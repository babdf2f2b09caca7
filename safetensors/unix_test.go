//go:build unix

package safetensors

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A named pipe without a writer must not keep us waiting.
func TestOpenRefusesPipe(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{SingleName, IndexName} {
		path := filepath.Join(dir, name)
		require.NoError(t, unix.Mkfifo(path, 0o644))
		_, err := Open(path)
		require.EqualError(t, err, "safetensors: open "+path+": got a file of type p---------, want a regular file")
	}
}
