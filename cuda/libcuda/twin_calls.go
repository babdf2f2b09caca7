//go:build cuda && twin && cgo && linux && amd64

package libcuda

/*
#include <stdlib.h>
#include <string.h>
#include "cuda.h"
#include "twin.h"
*/
import "C"

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
	"unsafe"

	"tiebreak/cuda/driver"
)

// The functions that the table leads to: devices, contexts, memory and modules. Each does what CUDA documents for the
// function whose name it ends in, by calls of the other driver.

//export twinInit
func twinInit(C.uint) C.CUresult { return C.CUDA_SUCCESS }

//export twinGetErrorString
func twinGetErrorString(code C.CUresult, text **C.char) C.CUresult {
	current.mu.Lock()
	s := current.said[driver.Code(code)]
	current.mu.Unlock()
	*text = current.text(s)
	return C.CUDA_SUCCESS
}

//export twinGetErrorName
func twinGetErrorName(code C.CUresult, name **C.char) C.CUresult {
	*name = current.text(driver.Code(code).String())
	return C.CUDA_SUCCESS
}

// twinDevice describes a device of the other driver.
func twinDevice(device C.CUdevice) (driver.Device, error) {
	all, err := current.d.Devices()
	if err == nil && (device < 0 || int(device) >= len(all)) {
		err = &driver.Error{Code: driver.InvalidDevice}
	}
	if err != nil {
		return driver.Device{}, err
	}
	return all[device], nil
}

//export twinDeviceGetCount
func twinDeviceGetCount(n *C.int) C.CUresult {
	all, err := current.d.Devices()
	*n = C.int(len(all))
	return answer(err)
}

//export twinDeviceGet
func twinDeviceGet(device *C.CUdevice, ordinal C.int) C.CUresult {
	*device = C.CUdevice(ordinal)
	_, err := twinDevice(*device)
	return answer(err)
}

//export twinDeviceGetName
func twinDeviceGetName(name *C.char, size C.int, device C.CUdevice) C.CUresult {
	d, err := twinDevice(device)
	b := unsafe.Slice((*byte)(unsafe.Pointer(name)), size)
	b[copy(b[:size-1], d.Name)] = 0
	return answer(err)
}

//export twinDeviceTotalMem
func twinDeviceTotalMem(n *C.size_t, device C.CUdevice) C.CUresult {
	d, err := twinDevice(device)
	*n = C.size_t(d.Memory)
	return answer(err)
}

//export twinDeviceGetAttribute
func twinDeviceGetAttribute(value *C.int, attribute C.CUdevice_attribute, device C.CUdevice) C.CUresult {
	d, err := twinDevice(device)
	values := map[C.CUdevice_attribute]int{
		C.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:          d.Major,
		C.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:          d.Minor,
		C.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:              d.Multiprocessors,
		C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: d.SharedPerBlock,
		C.CU_DEVICE_ATTRIBUTE_WARP_SIZE:                         d.WarpSize,
		C.CU_DEVICE_ATTRIBUTE_CLOCK_RATE:                        d.ClockKHz,
	}
	v, known := values[attribute]
	if err == nil && !known {
		err = &driver.Error{Code: driver.InvalidValue}
	}
	*value = C.int(v)
	return answer(err)
}

//export twinDevicePrimaryCtxRetain
func twinDevicePrimaryCtxRetain(context *C.CUcontext, device C.CUdevice) C.CUresult {
	current.opening.Lock()
	defer current.opening.Unlock()
	c := current.primary[device]
	if c == nil {
		opened, err := current.d.Open(int(device))
		if err != nil {
			return answer(err)
		}
		c = &twinContext{Context: opened, device: device}
		c.handle = current.handle(c)
		current.primary[device] = c
	}
	c.users++
	*context = C.CUcontext(c.handle)
	return C.CUDA_SUCCESS
}

//export twinDevicePrimaryCtxRelease
func twinDevicePrimaryCtxRelease(device C.CUdevice) C.CUresult {
	current.opening.Lock()
	defer current.opening.Unlock()
	c := current.primary[device]
	if c == nil {
		return C.CUDA_ERROR_INVALID_CONTEXT
	}
	if c.users--; c.users > 0 {
		return C.CUDA_SUCCESS
	}
	delete(current.primary, device)
	current.forget(c.handle)
	return answer(c.Context.Close())
}

//export twinCtxSetCurrent
func twinCtxSetCurrent(context C.CUcontext) C.CUresult {
	_, err := object[*twinContext](unsafe.Pointer(context))
	if err == nil {
		C.libcuda_twin_make_current(unsafe.Pointer(context))
	}
	return answer(err)
}

//export twinCtxEnablePeerAccess
func twinCtxEnablePeerAccess(peer C.CUcontext, _ C.uint) C.CUresult {
	c, err := here()
	other, wrong := object[*twinContext](unsafe.Pointer(peer))
	if err := firstError(err, wrong); err != nil {
		return answer(err)
	}
	return answer(c.EnablePeer(other.Context))
}

//export twinMemGetInfo
func twinMemGetInfo(free, total *C.size_t) C.CUresult {
	c, err := here()
	if err != nil {
		return answer(err)
	}
	f, t, err := c.MemInfo()
	*free, *total = C.size_t(f), C.size_t(t)
	return answer(err)
}

//export twinMemAlloc
func twinMemAlloc(pointer *C.CUdeviceptr, n C.size_t) C.CUresult {
	c, err := here()
	if err != nil {
		return answer(err)
	}
	p, err := c.Alloc(int64(n))
	*pointer = C.CUdeviceptr(p)
	return answer(err)
}

//export twinMemFree
func twinMemFree(pointer C.CUdeviceptr) C.CUresult {
	c, err := here()
	if err != nil {
		return answer(err)
	}
	return answer(c.Free(driver.Pointer(pointer)))
}

//export twinMemHostAlloc
func twinMemHostAlloc(pointer *unsafe.Pointer, n C.size_t, _ C.uint) C.CUresult {
	c, err := here()
	if err != nil {
		return answer(err)
	}
	b, err := c.AllocHost(int(n))
	if err == nil {
		*pointer = current.keep(c, b)
	}
	return answer(err)
}

//export twinMemFreeHost
func twinMemFreeHost(pointer unsafe.Pointer) C.CUresult {
	current.mu.Lock()
	free := current.host[pointer]
	delete(current.host, pointer)
	current.mu.Unlock()
	if free == nil {
		return answer(errHandle)
	}
	return answer(free())
}

//export twinModuleLoadDataEx
func twinModuleLoadDataEx(module *C.CUmodule, image unsafe.Pointer, n C.uint, options *C.CUjit_option,
	values *unsafe.Pointer) C.CUresult {
	c, err := here()
	if err != nil {
		return answer(err)
	}
	m, err := c.LoadModule("image", twinImage(image))
	if err != nil {
		code := answer(err)
		twinLog(current.said[driver.Code(code)], unsafe.Slice(options, n), unsafe.Slice((*uintptr)(unsafe.Pointer(values)), n))
		return code
	}
	*module = C.CUmodule(current.handle(m))
	return C.CUDA_SUCCESS
}

// twinImage finds the end of an image: text ends at a zero, an ELF file after the later of its two header tables.
func twinImage(image unsafe.Pointer) []byte {
	const header = 64
	if C.strncmp((*C.char)(image), current.text(elf.ELFMAG), 4) != 0 {
		return []byte(C.GoString((*C.char)(image)))
	}
	var h elf.Header64
	if err := binary.Read(bytes.NewReader(unsafe.Slice((*byte)(image), header)), binary.LittleEndian, &h); err != nil {
		return nil
	}
	end := max(h.Shoff+uint64(h.Shnum)*uint64(h.Shentsize), h.Phoff+uint64(h.Phnum)*uint64(h.Phentsize))
	return slices.Clone(unsafe.Slice((*byte)(image), end))
}

// twinLog writes a text into the caller's buffer for errors, if the options name one.
func twinLog(text string, options []C.CUjit_option, values []uintptr) {
	at := slices.Index(options, C.CU_JIT_ERROR_LOG_BUFFER)
	size := slices.Index(options, C.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
	if at < 0 || size < 0 {
		return
	}
	C.strncpy(*(**C.char)(unsafe.Pointer(&values[at])), current.text(text), C.size_t(values[size])-1)
}

//export twinModuleUnload
func twinModuleUnload(module C.CUmodule) C.CUresult {
	m, err := object[driver.Module](unsafe.Pointer(module))
	if err != nil {
		return answer(err)
	}
	current.forget(unsafe.Pointer(module))
	return answer(m.Unload())
}

//export twinModuleGetFunction
func twinModuleGetFunction(function *C.CUfunction, module C.CUmodule, name *C.char) C.CUresult {
	m, err := object[driver.Module](unsafe.Pointer(module))
	if err != nil {
		return answer(err)
	}
	f, err := m.Function(C.GoString(name))
	if err == nil {
		*function = C.CUfunction(current.handle(f))
	}
	return answer(err)
}

//export twinFuncGetAttribute
func twinFuncGetAttribute(value *C.int, attribute C.CUfunction_attribute, function C.CUfunction) C.CUresult {
	f, err := object[driver.Function](unsafe.Pointer(function))
	if err != nil {
		return answer(err)
	}
	a, err := f.Attributes()
	switch attribute {
	case C.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
		*value = C.int(a.MaxThreads)
	case C.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
		*value = C.int(a.StaticShared)
	case C.CU_FUNC_ATTRIBUTE_NUM_REGS:
		*value = C.int(a.Registers)
	case C.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
		*value = C.int(a.Local)
	default:
		return C.CUDA_ERROR_INVALID_VALUE
	}
	return answer(err)
}

//export twinFuncSetAttribute
func twinFuncSetAttribute(function C.CUfunction, attribute C.CUfunction_attribute, value C.int) C.CUresult {
	f, err := object[driver.Function](unsafe.Pointer(function))
	if err != nil {
		return answer(err)
	}
	if attribute != C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES {
		return C.CUDA_ERROR_INVALID_VALUE
	}
	return answer(f.SetMaxDynamicShared(int(value)))
}
