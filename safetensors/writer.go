package safetensors

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"tiebreak/internal/publish"
	"tiebreak/tensor"
)

// Named is a tensor with its name.
type Named struct {
	Name   string
	Tensor tensor.Tensor
}

// Source is a tensor whose bytes are made when they are written, so that a file may be larger than memory.
type Source struct {
	Info
	Data io.WriterTo // writes exactly the bytes of the tensor, little-endian; called once, perhaps beside that of other sources
}

// Write makes a file of the tensors. The bytes of the file depend on the tensors and the metadata alone, not on their order.
// The file appears under its name, replacing what was there, only when it is complete and on disk; on an error nothing
// is left behind.
func Write(path string, tensors []Named, metadata map[string]string) error {
	sources := make([]Source, len(tensors))
	for i, n := range tensors {
		sources[i] = Source{Info{n.Name, n.Tensor.DType, n.Tensor.Shape}, bytes.NewReader(n.Tensor.Data)}
	}
	return WriteSources(path, sources, metadata)
}

// WriteSources is Write for tensors that are made while they are written. A few sources at a time write, each in a
// goroutine of its own.
func WriteSources(path string, sources []Source, metadata map[string]string) error {
	infos := make([]Info, len(sources))
	for i, s := range sources {
		infos[i] = s.Info
	}
	w, err := NewWriter(path, infos, metadata)
	if err != nil {
		return err
	}
	if err := w.writeAll(sources); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Commit()
}

// Writer writes a file whose tensors are known beforehand and come one by one, in any order. Nothing appears under the
// file's name before Commit.
type Writer struct {
	path string
	file *publish.Pending

	mu      sync.Mutex
	missing map[string]span // tensors yet to be written
}

// NewWriter begins a file of the given tensors.
func NewWriter(path string, tensors []Info, metadata map[string]string) (*Writer, error) {
	l, err := newLayout(tensors, metadata)
	if err != nil {
		return nil, fmt.Errorf("safetensors: write %s: %w", path, err)
	}
	file, err := publish.Begin(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: write %s: %w", path, err)
	}
	w := &Writer{path: path, file: file, missing: l.spans}
	if _, err := file.Write(l.head); err != nil {
		return nil, errors.Join(w.failed(err), w.Abort())
	}
	return w, nil
}

// failed wraps an error of the operating system or of a source; nil stays nil.
func (w *Writer) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("safetensors: write %s: %w", w.path, err)
}

// WriteTensor writes one tensor, which must give exactly the bytes of its shape. Different tensors may be written at the
// same time. After an error the file can only be aborted.
func (w *Writer) WriteTensor(name string, data io.WriterTo) error {
	w.mu.Lock()
	place, ok := w.missing[name]
	delete(w.missing, name)
	w.mu.Unlock()
	if !ok {
		return w.failed(fmt.Errorf("tensor %s: got a tensor that is not to be written or has been", quote(name)))
	}
	to := &spanWriter{file: w.file, at: place.at, left: place.size}
	buffer := bufio.NewWriterSize(to, 1<<16)
	_, err := data.WriteTo(buffer)
	if err = cmp.Or(err, buffer.Flush()); err == nil && to.left > 0 {
		err = fmt.Errorf("got %d bytes, want %d", place.size-to.left, place.size)
	}
	if err != nil {
		w.mu.Lock()
		w.missing[name] = place
		w.mu.Unlock()
		return w.failed(fmt.Errorf("tensor %s: %w", quote(name), err))
	}
	return nil
}

// spanWriter writes a part of a file and refuses to write past it.
type spanWriter struct {
	file     io.WriterAt
	at, left int64
}

func (s *spanWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > s.left {
		return 0, fmt.Errorf("got at least %d bytes too many", int64(len(p))-s.left)
	}
	n, err := s.file.WriteAt(p, s.at)
	s.at += int64(n)
	s.left -= int64(n)
	return n, err
}

// writeAll writes the sources, a few at a time, and stops early on an error.
func (w *Writer) writeAll(sources []Source) error {
	const workers = 4
	next := make(chan Source)
	failed := make(chan error, workers)
	var group sync.WaitGroup
	for range min(workers, len(sources)) {
		group.Go(func() {
			for s := range next {
				if err := w.WriteTensor(s.Name, s.Data); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	var err error
	for _, s := range sources {
		select {
		case next <- s:
			continue
		case err = <-failed:
		}
		break
	}
	close(next)
	group.Wait()
	if err == nil && len(failed) > 0 {
		err = <-failed
	}
	return err
}

// Commit puts the complete file on disk and gives it its name. If it fails, nothing is left behind.
func (w *Writer) Commit() error {
	if w.file.Done() {
		return w.failed(errors.New("got a file that is committed or aborted"))
	}
	if len(w.missing) > 0 {
		first := slices.Min(slices.Collect(maps.Keys(w.missing)))
		return errors.Join(w.failed(fmt.Errorf("got %d tensors left unwritten, the first being %s", len(w.missing), quote(first))), w.Abort())
	}
	return w.failed(w.file.Commit())
}

// Abort removes what was written. After Commit it does nothing, so that it can be deferred.
func (w *Writer) Abort() error { return w.failed(w.file.Abort()) }
