package backendtest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// testDevice checks the description of the device, and that asking for more memory than there is fails with the numbers
// and does no harm.
func (s *suite) testDevice(t *testing.T) {
	b := s.start(t)
	dev := b.be.Device()
	require.NotEmpty(t, dev.ID)
	require.NotEmpty(t, dev.Name)
	require.NotEmpty(t, dev.Compute, "a device has a compute type")
	require.Positive(t, dev.Total)
	require.Positive(t, dev.Free)
	for _, d := range dev.Compute {
		require.True(t, d.IsFloat(), "compute type %v", d)
	}

	_, err := b.be.Alloc(tensor.F32, 1<<24, 1<<24)
	require.ErrorContains(t, err, fmt.Sprint(int64(1)<<50), "the error of Alloc tells how much was wanted")
	require.NoError(t, b.be.Sync(), "memory that was refused is no error of the device")

	for range 8 {
		x, err := b.be.Alloc(tensor.F32, 1<<10, 1<<10)
		require.NoError(t, err)
		b.be.Free(x)
	}
	require.NoError(t, b.be.Sync())
}

// testCopies checks Upload and Download: all types, whole tensors and views, and that host data may change afterwards.
func (s *suite) testCopies(t *testing.T) {
	b := s.start(t)
	for _, d := range floats {
		s.each(b, 0, d.String(), func(c *bench, r *rand.Rand) {
			for _, shape := range [][2]int{{1, 1}, {1, 37}, {37, 1}, {5, 48}} {
				m := normal(r, d, shape[0], shape[1], 1)
				c.same("upload and download", c.get(c.put(m)), m)
				view := c.target(d, m.rows, m.cols)
				c.be.Upload(view, m.host())
				c.same("upload and download of a view", c.get(view), m)
			}
			m := normal(r, d, 3, 8, 1)
			host := m.host()
			dst := c.alloc(d, 3, 8)
			c.be.Upload(dst, host)
			clear(host.Data)
			c.same("upload of data that changes afterwards", c.get(dst), m)
		})
	}
	s.each(b, 0, "I32", func(c *bench, r *rand.Rand) {
		want := []int32{-1 << 31, -1, 0, 1<<31 - 1}
		got := tensor.New(tensor.I32, 4, 1)
		require.NoError(c, c.be.Download(got, c.ints(want)))
		require.Equal(c, want, tensor.LoadInt32(got.Data))
	})
}

// testPanics checks that operands that do not fit are refused before anything runs, with their shapes in the message.
func (s *suite) testPanics(t *testing.T) {
	b := s.start(t)
	b.eachCompute(func(b *bench, d tensor.DType) {
		f := func(rows, cols int) backend.Tensor { return b.alloc(tensor.F32, rows, cols) }
		h := func(rows, cols int) backend.Tensor { return b.alloc(d, rows, cols) }
		index := b.ints([]int32{0, 0})
		mul := b.weight(backend.ForMatMul, tensor.New(d, 32, 16))
		gate := b.weight(backend.ForGated, tensor.New(d, 32, 16))
		table := b.weight(backend.ForGather, tensor.New(d, 32, 16))
		g := geometry{heads: 2, kvHeads: 1, size: 16}
		p := b.newPages(newRand("pages"), d, g, []int{2})
		batch := b.batch(p, []sequence{{0, 2}})
		for name, misuse := range map[string]func(){
			"gather: columns":             func() { b.be.Gather(h(2, 16), h(4, 32), index) },
			"gather: indices":             func() { b.be.Gather(h(3, 16), h(4, 16), index) },
			"rms_norm: columns":           func() { b.be.RMSNorm(h(2, 16), f(2, 32), backend.Tensor{}, f(1, 32), 1) },
			"rms_norm: weight":            func() { b.be.RMSNorm(h(2, 16), f(2, 16), backend.Tensor{}, f(1, 32), 1) },
			"rms_norm: add":               func() { b.be.RMSNorm(h(2, 16), f(2, 16), f(1, 16), f(1, 16), 1) },
			"matmul: K":                   func() { b.be.MatMul(h(2, 32), h(2, 32), mul, backend.Epilogue{}) },
			"matmul: N":                   func() { b.be.MatMul(h(2, 16), h(2, 16), mul, backend.Epilogue{}) },
			"matmul: T":                   func() { b.be.MatMul(h(3, 32), h(2, 16), mul, backend.Epilogue{}) },
			"matmul: not prepared":        func() { b.be.MatMul(h(2, 32), h(2, 16), gate, backend.Epilogue{}) },
			"gated_matmul: N":             func() { b.be.GatedMatMul(h(2, 32), h(2, 16), gate) },
			"gated_matmul: not prepared":  func() { b.be.GatedMatMul(h(2, 16), h(2, 16), mul) },
			"table: not prepared":         func() { mul.Table() },
			"matmul: a table":             func() { b.be.MatMul(h(2, 32), h(2, 16), table, backend.Epilogue{}) },
			"rope: head":                  func() { b.be.Rope(h(2, 24), index, f(4, 16)) },
			"rope: positions":             func() { b.be.Rope(h(3, 16), index, f(4, 16)) },
			"store_kv: heads":             func() { b.be.StoreKV(p.kv, h(2, 32), h(2, 32), index) },
			"store_kv: slots":             func() { b.be.StoreKV(p.kv, h(3, 16), h(3, 16), index) },
			"attention: heads":            func() { b.be.Attention(h(2, 48), h(2, 48), p.kv, batch, g.options()) },
			"attention: tokens":           func() { b.be.Attention(h(3, 32), h(3, 32), p.kv, batch, g.options()) },
			"log_softmax: columns":        func() { b.be.LogSoftmax(f(2, 16), f(2, 32)) },
			"upload: elements":            func() { b.be.Upload(h(2, 16), tensor.New(d, 2, 15)) },
			"upload: type":                func() { b.be.Upload(h(2, 16), tensor.New(tensor.I32, 2, 16)) },
			"download: elements":          func() { _ = b.be.Download(tensor.New(d, 2, 15), h(2, 16)) },
			"weight: parts of two widths": func() { _, _ = b.be.Weight(backend.ForMatMul, tensor.New(d, 2, 16), tensor.New(d, 2, 8)) },
			"weight: no parts":            func() { _, _ = b.be.Weight(backend.ForMatMul) },
			"weight: odd and gated":       func() { _, _ = b.be.Weight(backend.ForGated, tensor.New(d, 3, 16)) },
		} {
			b.Run(name, func(t *testing.T) {
				require.NotEmpty(t, panicText(misuse), "want a panic")
			})
		}
		require.Contains(b, panicText(func() { b.be.Gather(h(2, 16), h(4, 32), index) }), "[4,32]", "the panic names the shapes")
		require.NoError(b, b.be.Sync(), "an operation that was refused is no error of the device")
	})
}

// panicText is what a function panics with; "" if it does not.
func panicText(f func()) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprint(r)
		}
	}()
	f()
	return ""
}
