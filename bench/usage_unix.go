//go:build unix

package bench

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the processor time that the process has used, that of the system for it included.
func cpuTime() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// maxRSS is the most memory, in MiB, that was resident at any time so far, pages of mapped files included.
func maxRSS() int {
	kib := int(usage().Maxrss)
	if runtime.GOOS == "darwin" {
		kib /= 1024 // it counts bytes
	}
	return kib / 1024
}

func usage() (u unix.Rusage) {
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic("bench: getrusage: " + err.Error()) // the arguments are right by construction
	}
	return u
}
