//go:build cuda && cgo && linux && amd64

package libcuda

/*
// as-needed comes before gorgonia.org/cu's -lcuda: where the linker finds a real libcuda.so first, the program must not
// come to depend on it.
#cgo LDFLAGS: -L${SRCDIR}/lib -Wl,--as-needed -ldl
#cgo CFLAGS: -Wall -Wextra -Wno-unused-parameter
#include <stdlib.h>
#include "cuda.h"
#include "table.h"
*/
import "C"

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"

	"tiebreak/cuda/driver"
)

// paths are where the driver library is looked for: the linker's way, then the places of WSL and of hosted notebooks,
// which it does not always search.
var paths = []string{
	"libcuda.so.1",
	"/usr/lib/wsl/lib/libcuda.so.1",
	"/usr/lib64-nvidia/libcuda.so.1",
	"/usr/local/nvidia/lib64/libcuda.so.1",
}

// loaded is the state of the table, which the process has once.
var loaded struct {
	sync.Mutex
	done  bool
	fault error  // the driver is there and does not work
	none  string // why there is no driver
}

// load fills the table once. It returns an error where a driver is installed that does not work; where there is none it
// returns why, and the table answers for a machine without a device.
func load() (none string, fault error) {
	loaded.Lock()
	defer loaded.Unlock()
	if !loaded.done {
		loaded.done = true
		loaded.none, loaded.fault = find(paths)
	}
	return loaded.none, loaded.fault
}

// find loads the first library that can be loaded and initialises it. Where there is none, the table is as at the start.
func find(paths []string) (none string, fault error) {
	C.libcuda_reset()
	var tried []string
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil && filepath.IsAbs(p) {
			continue
		}
		why := dlopen(p)
		if why == "" {
			return initialise(p)
		}
		tried = append(tried, why)
	}
	return strings.Join(tried, "; "), nil
}

// initialise calls cuInit. A driver without a device, or the stub that tool kits have for linking, is as good as none.
func initialise(path string) (none string, fault error) {
	code := driver.Code(C.cuInit(0))
	if code == 0 {
		return "", nil
	}
	text := errorText(code)
	C.libcuda_reset()
	if code == driver.NoDevice || code == stubLibrary {
		return fmt.Sprintf("%s: %s", path, text), nil
	}
	return "", &driver.Error{Call: "cuInit", Code: code, Detail: fmt.Sprintf("%s: %s", path, text)}
}

// dlopen fills the table from a library; it returns why it could not.
func dlopen(path string) (why string) {
	const size = 512
	p, buf := C.CString(path), (*C.char)(C.malloc(size))
	defer C.free(unsafe.Pointer(p))
	defer C.free(unsafe.Pointer(buf))
	if C.libcuda_load(p, buf, size) == 0 {
		return C.GoString(buf)
	}
	return ""
}
