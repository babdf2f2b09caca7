// Package compile turns the CUDA C++ of package cuda/kernels into PTX and machine code. It drives two of NVIDIA's
// programs, taken from their Python wheels because those are small, pinned by version and need no GPU: the library NVRTC
// (CUDA C++ to PTX), through a C program of a page that opens it at run time, and the assembler ptxas. Building needs
// python3 with pip (to fetch), and a C compiler named cc.
package compile

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The wheels of which a tool kit is made. 12.4 is the newest whose PTX, version 8.4, the drivers of the smallest target
// (T4 hosts with driver 550) compile at load.
const (
	CompilerWheel  = "nvidia-cuda-nvrtc-cu12==12.4.127"
	AssemblerWheel = "nvidia-cuda-nvcc-cu12==12.4.131"
)

//go:embed front/nvrtc.c
var frontSource string

// Toolkit is a compiler and an assembler, ready to run.
type Toolkit struct {
	library string // libnvrtc
	front   string // the C program that drives it
	ptxas   string
}

// Fetch installs the wheels into a folder, unless they are there already.
func Fetch(ctx context.Context, dir string) error {
	if libraryIn(dir) != "" {
		return nil
	}
	pip := exec.CommandContext(ctx, "python3", "-m", "pip", "install", "--quiet", "--no-deps", "--target", dir, CompilerWheel, AssemblerWheel)
	if out, err := pip.CombinedOutput(); err != nil {
		return fmt.Errorf("compile: fetch the tool kit into %s: %w\n%s", dir, err, out)
	}
	return nil
}

// Open prepares the tool kit in a folder where the wheels have been installed. The C program is built into work, a folder
// that must outlive the Toolkit.
func Open(ctx context.Context, dir, work string) (*Toolkit, error) {
	t := &Toolkit{
		library: libraryIn(dir),
		front:   filepath.Join(work, "nvrtc"),
		ptxas:   filepath.Join(dir, "nvidia", "cuda_nvcc", "bin", "ptxas"),
	}
	if t.library == "" {
		return nil, fmt.Errorf("compile: no libnvrtc below %s: install %s and %s there", dir, CompilerWheel, AssemblerWheel)
	}
	if _, err := os.Stat(t.ptxas); err != nil {
		return nil, fmt.Errorf("compile: no ptxas: %w: install %s there", err, AssemblerWheel)
	}
	cc := exec.CommandContext(ctx, "cc", "-O1", "-x", "c", "-o", t.front, "-", "-ldl")
	cc.Stdin = strings.NewReader(frontSource)
	if out, err := cc.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile: build front/nvrtc.c: %w\n%s", err, out)
	}
	return t, nil
}

// libraryIn finds libnvrtc where the wheel puts it; "" if it is not there.
func libraryIn(dir string) string {
	found, err := filepath.Glob(filepath.Join(dir, "nvidia", "cuda_nvrtc", "lib", "libnvrtc.so.*"))
	if err != nil || len(found) == 0 {
		return ""
	}
	absolute, err := filepath.Abs(found[0])
	if err != nil {
		return ""
	}
	return absolute
}
