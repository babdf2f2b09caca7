//go:build !linux

package cpu

import "math"

// mapPages returns nil: memory comes from Go's heap.
func mapPages(int) []byte { return nil }

func unmapPages([]byte) {}

// systemMemory does not know; nothing is refused beforehand.
func systemMemory() (total, free int64) { return math.MaxInt64, math.MaxInt64 }

func modelName() string { return "" }
