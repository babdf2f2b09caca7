package cpu

func runnable() []*isa { return []*isa{plain} }

func features() []string { return nil }
