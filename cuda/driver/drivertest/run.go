package drivertest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/driver"
)

// Run checks a driver on its device 0, and its first two devices where it has as many. It fails where there is no device.
func Run(t *testing.T, d driver.Driver) {
	devices, err := d.Devices()
	require.NoError(t, err)
	require.NotEmpty(t, devices, "want at least one device")
	t.Run("Contract", func(t *testing.T) { contract(t, d) })
	t.Run("Vectors", func(t *testing.T) { Vectors(t, d) })
	if len(devices) > 1 {
		t.Run("Peers", func(t *testing.T) { peers(t, d) })
	}
}

// open opens a device with one stream, and closes both when the test ends.
func open(t *testing.T, d driver.Driver, ordinal int) (driver.Context, driver.Stream) {
	c, err := d.Open(ordinal)
	require.NoError(t, err)
	s, err := c.NewStream()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c, s
}

// upload puts bytes into new device memory.
func upload(t *testing.T, c driver.Context, s driver.Stream, b []byte) driver.Pointer {
	p, err := c.Alloc(int64(len(b)))
	require.NoError(t, err)
	require.NoError(t, s.CopyToDevice(p, b))
	return p
}

// download reads device memory.
func download(t *testing.T, s driver.Stream, p driver.Pointer, n int) []byte {
	b := make([]byte, n)
	require.NoError(t, s.CopyToHost(b, p))
	require.NoError(t, s.Synchronize())
	return b
}
