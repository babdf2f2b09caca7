//go:build !unix

package bench

import "time"

// The system's counters are not read here; fields of a Result that need them stay empty.

func cpuTime() time.Duration { return 0 }

func maxRSS() int { return 0 }
