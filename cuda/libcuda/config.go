package libcuda

import "time"

// Config says how the driver is used. The zero Config is right for most.
type Config struct {
	// Patience is how long a device may make no progress before it is given up with code LaunchTimeout; 0 means
	// DefaultPatience. It must exceed the longest run of eight kernels (progress is seen at every eighth).
	Patience time.Duration

	// Blocking waits after each launch, so that an error is reported by the launch that caused it. Slow; for finding
	// faults. The environment variable CUDA_LAUNCH_BLOCKING=1 sets it.
	Blocking bool
}

// DefaultPatience is the Patience of a zero Config. Kernels of this project take milliseconds.
const DefaultPatience = 60 * time.Second
