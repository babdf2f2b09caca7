//go:build !amd64

package cpu

func runnable() []*isa { return []*isa{plain} }

func features() []string { return nil }
