package driver

import "time"

// Pointer is an address in the memory of a device. Addresses of different devices never coincide, so that a pointer used
// on the wrong device is an error and not another device's data. The zero Pointer is never an allocation.
type Pointer uint64

// Driver is the entry to all devices of one kind.
type Driver interface {
	// Devices describes the devices that can be opened; the index is the ordinal. A machine without any has an empty
	// list and no error (cuDeviceGetCount, cuDeviceGetAttribute).
	Devices() ([]Device, error)

	// Open makes a context on the device with that ordinal (cuDevicePrimaryCtxRetain).
	Open(ordinal int) (Context, error)
}

// Device describes one device.
type Device struct {
	Name            string
	Major, Minor    int   // compute capability: 7, 5 for a T4
	Multiprocessors int   // SMs
	Memory          int64 // bytes in all
	SharedPerBlock  int   // most bytes of shared memory a block can have, after Function.SetMaxDynamicShared
	WarpSize        int   // 32
	ClockKHz        int   // peak clock of an SM; 0 where that has no meaning
}

// SM is the compute capability as the number in sm_75: 75.
func (d Device) SM() int { return d.Major*10 + d.Minor }

// Context is an open device: its memory, code and queues.
type Context interface {
	// Device describes the device that the context is open on, as Driver.Devices does.
	Device() Device

	// MemInfo gives the bytes that can still be had and the bytes in all (cuMemGetInfo).
	MemInfo() (free, total int64, err error)

	// Alloc reserves bytes > 0 of device memory, aligned to 256. Its contents are undefined. Where memory does not
	// suffice the code is OutOfMemory (cuMemAlloc).
	Alloc(bytes int64) (Pointer, error)

	// Free gives back what Alloc returned: exactly that pointer. Work queued before on any stream of the context still
	// sees the memory (cuMemFree).
	Free(p Pointer) error

	// AllocHost reserves page-locked host memory, from which copies run beside the host (cuMemHostAlloc).
	AllocHost(bytes int) ([]byte, error)

	// FreeHost gives back the slice that AllocHost returned (cuMemFreeHost).
	FreeHost(b []byte) error

	// EnablePeer lets this context's copies and kernels reach the memory of another context's device. The code is
	// PeerAccessUnsupported where the hardware cannot; CopyPeer works all the same (cuCtxEnablePeerAccess).
	EnablePeer(other Context) error

	// LoadModule loads an image: PTX text or a cubin (an ELF file). The name is that of the file it came from and appears
	// in errors. An image for another architecture, or of a kind that this driver cannot run, has code NoBinaryForGPU:
	// the caller may then try another image. A defective image has code InvalidPTX or InvalidImage (cuModuleLoadData).
	LoadModule(name string, image []byte) (Module, error)

	// NewStream makes a queue of work that does not synchronise with any other (cuStreamCreate, non-blocking).
	NewStream() (Stream, error)

	// NewEvent makes an event that takes the time (cuEventCreate).
	NewEvent() (Event, error)

	// Synchronize waits for all work of the context (cuCtxSynchronize).
	Synchronize() error

	// Close frees everything that belongs to the context. The context cannot be used afterwards.
	Close() error
}

// Module is loaded code.
type Module interface {
	// Function finds a kernel by its name; code NotFound (cuModuleGetFunction).
	Function(name string) (Function, error)

	// Unload removes the module. Its functions may no longer be launched (cuModuleUnload).
	Unload() error
}

// Function is a kernel.
type Function interface {
	// Attributes says what the kernel needs (cuFuncGetAttribute).
	Attributes() (FunctionAttributes, error)

	// SetMaxDynamicShared allows launches with that many bytes of dynamic shared memory. More than 48 KiB of static and
	// dynamic shared memory together needs this call first (cuFuncSetAttribute).
	SetMaxDynamicShared(bytes int) error
}

// FunctionAttributes says what a kernel needs. A value that the driver does not know is 0.
type FunctionAttributes struct {
	MaxThreads   int // most threads a block may have
	StaticShared int // bytes of shared memory the kernel declares
	Registers    int // per thread
	Local        int // bytes of local memory per thread: spills and arrays
}

// Stream is an ordered queue of work.
type Stream interface {
	// CopyToDevice copies all of src to dst (cuMemcpyHtoDAsync).
	CopyToDevice(dst Pointer, src []byte) error

	// CopyToHost fills dst from src (cuMemcpyDtoHAsync).
	CopyToHost(dst []byte, src Pointer) error

	// Copy copies within the device; the ranges do not overlap (cuMemcpyDtoDAsync).
	Copy(dst, src Pointer, bytes int64) error

	// CopyPeer copies from the memory of another context to this one's (cuMemcpyPeerAsync). The caller orders it
	// against the work of the other context.
	CopyPeer(dst Pointer, from Context, src Pointer, bytes int64) error

	// Fill sets bytes to one value (cuMemsetD8Async).
	Fill(dst Pointer, value byte, bytes int64) error

	// Launch runs a kernel (cuLaunchKernel).
	Launch(f Function, l Launch) error

	// Record marks this place in the queue with an event (cuEventRecord).
	Record(e Event) error

	// Wait holds back later work of this stream until the event's last Record has been reached; the event may be of
	// another context (cuStreamWaitEvent).
	Wait(e Event) error

	// Synchronize waits until the queue is empty (cuStreamSynchronize).
	Synchronize() error

	// Close gives the stream back once its work is done (cuStreamDestroy).
	Close() error
}

// Launch says how a kernel is run.
type Launch struct {
	Grid   Dim    // blocks
	Block  Dim    // threads of one block
	Shared int    // bytes of dynamic shared memory
	Params []byte // the parameters as Params packs them
}

// Dim is an extent in three dimensions. A field of 0 counts as 1, so that Dim{X: n} is a line.
type Dim struct{ X, Y, Z int }

// Full replaces fields of 0 by 1.
func (d Dim) Full() Dim { return Dim{max(d.X, 1), max(d.Y, 1), max(d.Z, 1)} }

// Count is the number of points.
func (d Dim) Count() int { d = d.Full(); return d.X * d.Y * d.Z }

// Event is a place in a stream, and the time at which it was reached.
type Event interface {
	// Synchronize waits until the event's last Record has been reached (cuEventSynchronize).
	Synchronize() error

	// Since is the time from an earlier event to this one; both have been recorded and reached (cuEventElapsedTime).
	Since(earlier Event) (time.Duration, error)

	// Close gives the event back (cuEventDestroy).
	Close() error
}
