package kvcache_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/cpu"
	"tiebreak/kvcache"
	"tiebreak/tensor"
)

func newCPU(t *testing.T) backend.Backend {
	t.Helper()
	be, err := cpu.New(cpu.Options{Threads: 2})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, be.Close()) })
	return be
}

// TestMemoryCopy copies tokens of some pages to others, with different bits in every element: what was copied is there in
// all layers, and the rest of the memory keeps its bits.
func TestMemoryCopy(t *testing.T) {
	const pages = 7
	be := newCPU(t)
	for _, d := range []tensor.DType{tensor.F32, tensor.BF16, tensor.F16} {
		for _, heads := range []int{1, 3} {
			shape := kvcache.Shape{Layers: 2, Heads: heads, HeadDim: 4, DType: d}
			m, err := kvcache.NewMemory(be, shape, pages)
			require.NoError(t, err)
			want := fill(be, m)
			copies := []kvcache.Copy{{From: 5, To: 0, Tokens: 15}, {}, {From: 5, To: 2, Tokens: 1}, {From: 3, To: 6, Tokens: 16}}
			require.NoError(t, m.Copy(copies))
			row := shape.HeadDim * d.Size()
			for _, all := range want {
				for _, c := range copies {
					for g := range heads {
						from, to := (int(c.From)*heads+g)*backend.PageSize*row, (int(c.To)*heads+g)*backend.PageSize*row
						copy(all[to:to+c.Tokens*row], all[from:])
					}
				}
			}
			require.Equal(t, want, read(t, be, m), "%v, %d heads", d, heads)
			m.Free()
		}
	}
}

// fill numbers the elements of a memory, from a number of its own for each tensor, and returns the bytes.
func fill(be backend.Backend, m kvcache.Memory) [][]byte {
	var all [][]byte
	for i, t := range tensors(m) {
		data := tensor.Allocate(int(t.Bytes()), 64)
		for at := 0; at < len(data); at += t.DType.Size() {
			n := 1000*(i+1) + at/t.DType.Size() // of finite numbers in all types
			data[at], data[at+1] = byte(n), byte(n>>8)
		}
		be.Upload(t, tensor.Tensor{DType: t.DType, Shape: tensor.Shape{t.Rows, t.Cols}, Data: data})
		all = append(all, data)
	}
	return all
}

func read(t *testing.T, be backend.Backend, m kvcache.Memory) [][]byte {
	t.Helper()
	var all [][]byte
	for _, from := range tensors(m) {
		data := tensor.Allocate(int(from.Bytes()), 64)
		require.NoError(t, be.Download(tensor.Tensor{DType: from.DType, Shape: tensor.Shape{from.Rows, from.Cols}, Data: data}, from))
		all = append(all, data)
	}
	return all
}

func tensors(m kvcache.Memory) []backend.Tensor {
	var all []backend.Tensor
	for _, layer := range m.KV {
		all = append(all, layer.K, layer.V)
	}
	return all
}

func TestMemoryBytes(t *testing.T) {
	be := newCPU(t)
	shape := kvcache.Shape{Layers: 3, Heads: 2, HeadDim: 8, DType: tensor.BF16}
	m, err := kvcache.NewMemory(be, shape, 5)
	require.NoError(t, err)
	var sum int64
	for _, x := range tensors(m) {
		sum += x.Bytes()
	}
	require.Equal(t, 5*shape.PageBytes(), sum)
	m.Free()
}

// failing is a backend that runs out of memory after a number of blocks, and counts those that are held.
type failing struct {
	backend.Backend
	left, held int
}

func (f *failing) Alloc(d tensor.DType, rows, cols int) (backend.Tensor, error) {
	if f.left == 0 {
		return backend.Tensor{}, errNoMemory
	}
	f.left--
	f.held++
	return f.Backend.Alloc(d, rows, cols)
}

func (f *failing) Free(t backend.Tensor) {
	f.held--
	f.Backend.Free(t)
}

type noMemory struct{}

var errNoMemory = noMemory{}

func (noMemory) Error() string { return "no memory is left" }

// TestMemoryRunsOut gives every block back when one cannot be had.
func TestMemoryRunsOut(t *testing.T) {
	f := &failing{Backend: newCPU(t), left: 3}
	shape := kvcache.Shape{Layers: 2, Heads: 2, HeadDim: 4, DType: tensor.F32}
	_, err := kvcache.NewMemory(f, shape, 5)
	require.ErrorIs(t, err, errNoMemory)
	require.ErrorContains(t, err, "kvcache: 5 pages of 2048 bytes")
	require.Zero(t, f.held)
	f.left = 4
	m, err := kvcache.NewMemory(f, shape, 5)
	require.NoError(t, err)
	for blocks := range 4 {
		f.left = blocks
		require.ErrorContains(t, m.Copy([]kvcache.Copy{{From: 1, To: 2, Tokens: 3}}), "kvcache: copy 3 tokens in pages: no memory is left")
		require.Equal(t, 4, f.held)
	}
	require.NoError(t, m.Copy(nil))
	m.Free()
	require.Zero(t, f.held)
}
