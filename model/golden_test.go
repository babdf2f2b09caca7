package model_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cpu"
	"tiebreak/model/goldentest"
)

// TestGolden runs every reference on the cpu backend.
func TestGolden(t *testing.T) {
	be, err := cpu.New(cpu.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, be.Close()) }()
	goldentest.Run(t, be)
}
