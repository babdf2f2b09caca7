package cpu

import (
	"runtime"
)

// SystemInfo describes the processor and its memory.
type SystemInfo struct {
	Model    string   // the maker's name; the architecture where that is unknown
	Cores    int      // logical processors that Go may use
	Features []string // instruction set extensions found, of those this package knows
	ISAs     []string // instruction sets that run here, the fastest first
	Total    int64    // bytes of memory
	Free     int64    // bytes of memory available
}

// Info looks at the machine. Free changes from call to call.
func Info() SystemInfo {
	total, free := systemMemory()
	info := SystemInfo{
		Model:    modelName(),
		Cores:    runtime.NumCPU(),
		Features: features(),
		ISAs:     ISAs(),
		Total:    total,
		Free:     free,
	}
	if info.Model == "" {
		info.Model = runtime.GOARCH
	}
	return info
}
