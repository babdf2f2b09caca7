// Package libcuda implements package driver over NVIDIA's driver library, through gorgonia.org/cu. It is the only package
// of the project that uses cgo, and does so under the build tag cuda (linux, amd64); without it New returns an error.
//
// # One binary for machines with and without a GPU
//
// gorgonia.org/cu links the driver library and ends the process where it cannot be initialised. So this package defines the
// functions itself, each a jump through a table (trampolines.S, symbols.h): nothing of the driver is needed to link or to
// start. At first the table answers "no device"; the first call of Devices or Open fills it from libcuda.so.1 if there is
// one. A process that never asks for a GPU never loads the driver. The linker finds -lcuda in lib/libcuda.a, which is empty.
//
// To compile, cgo needs a cuda.h and nothing else of CUDA: include/cuda.h is one, written for this project, and the Makefile's
// targets ending in -cuda point CGO_CFLAGS at it.
//
// # Threads
//
// CUDA keeps the current context per thread and goroutines move between threads, so every call makes its context current
// on the thread it runs on, which costs less than handing the work to a thread of its own as cu.Ctx does.
//
// # What is ours beside gorgonia.org/cu
//
// Its package-level functions and the methods of Device, Module, Stream and Event are used as they are. Not used, because
// unsound here: cu.NewContext (panics), cu.Ctx (loses errors of calls without a result), Function.Launch (reads 8 bytes of
// every parameter and allocates twice). Lacking, and called by this package through the same trampolines: function
// attributes beyond reading, page-locked memory, launches with a packed block of parameters, capture and launch of graphs,
// texts of errors.
//
// # Errors and the watchdog
//
// A fault of device code, or a device that makes no progress for Config.Patience, breaks the context: see progress.go.
// Nothing here waits inside the driver for device work; waits poll, so that a kernel that never ends is an error and not
// a process that cannot be stopped.
//
// # Tests without a GPU
//
// Under the build tags cuda,twin the table can be pointed at any other driver.Driver: see Twin.
package libcuda
