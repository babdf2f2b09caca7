//go:build cuda && twin && cgo && linux && amd64

#include "twin.h"

#include "_cgo_export.h"
#include "table.h"

static __thread void *current;

void *libcuda_twin_current(void) { return current; }
void libcuda_twin_make_current(void *context) { current = context; }

static CUresult not_supported(void) { return CUDA_ERROR_NOT_SUPPORTED; }

static const struct {
	const char *name;
	libcuda_call call;
} calls[] = {
	{"cuInit", (libcuda_call)twinInit},
	{"cuGetErrorName", (libcuda_call)twinGetErrorName},
	{"cuGetErrorString", (libcuda_call)twinGetErrorString},
	{"cuDeviceGetCount", (libcuda_call)twinDeviceGetCount},
	{"cuDeviceGet", (libcuda_call)twinDeviceGet},
	{"cuDeviceGetName", (libcuda_call)twinDeviceGetName},
	{"cuDeviceTotalMem_v2", (libcuda_call)twinDeviceTotalMem},
	{"cuDeviceGetAttribute", (libcuda_call)twinDeviceGetAttribute},
	{"cuDevicePrimaryCtxRetain", (libcuda_call)twinDevicePrimaryCtxRetain},
	{"cuDevicePrimaryCtxRelease_v2", (libcuda_call)twinDevicePrimaryCtxRelease},
	{"cuCtxSetCurrent", (libcuda_call)twinCtxSetCurrent},
	{"cuCtxEnablePeerAccess", (libcuda_call)twinCtxEnablePeerAccess},
	{"cuMemGetInfo_v2", (libcuda_call)twinMemGetInfo},
	{"cuMemAlloc_v2", (libcuda_call)twinMemAlloc},
	{"cuMemFree_v2", (libcuda_call)twinMemFree},
	{"cuMemHostAlloc", (libcuda_call)twinMemHostAlloc},
	{"cuMemFreeHost", (libcuda_call)twinMemFreeHost},
	{"cuModuleLoadDataEx", (libcuda_call)twinModuleLoadDataEx},
	{"cuModuleUnload", (libcuda_call)twinModuleUnload},
	{"cuModuleGetFunction", (libcuda_call)twinModuleGetFunction},
	{"cuFuncGetAttribute", (libcuda_call)twinFuncGetAttribute},
	{"cuFuncSetAttribute", (libcuda_call)twinFuncSetAttribute},
	{"cuStreamCreate", (libcuda_call)twinStreamCreate},
	{"cuStreamDestroy_v2", (libcuda_call)twinStreamDestroy},
	{"cuStreamQuery", (libcuda_call)twinStreamQuery},
	{"cuStreamWaitEvent", (libcuda_call)twinStreamWaitEvent},
	{"cuMemcpyHtoDAsync_v2", (libcuda_call)twinMemcpyHtoDAsync},
	{"cuMemcpyDtoHAsync_v2", (libcuda_call)twinMemcpyDtoHAsync},
	{"cuMemcpyDtoDAsync_v2", (libcuda_call)twinMemcpyDtoDAsync},
	{"cuMemcpyPeerAsync", (libcuda_call)twinMemcpyPeerAsync},
	{"cuMemsetD8Async", (libcuda_call)twinMemsetD8Async},
	{"cuLaunchKernel", (libcuda_call)twinLaunchKernel},
	{"cuEventCreate", (libcuda_call)twinEventCreate},
	{"cuEventDestroy_v2", (libcuda_call)twinEventDestroy},
	{"cuEventRecord", (libcuda_call)twinEventRecord},
	{"cuEventQuery", (libcuda_call)twinEventQuery},
	{"cuEventElapsedTime", (libcuda_call)twinEventElapsedTime},
	{"cuStreamBeginCapture_v2", (libcuda_call)twinStreamBeginCapture},
	{"cuStreamEndCapture", (libcuda_call)twinStreamEndCapture},
	{"cuGraphInstantiateWithFlags", (libcuda_call)twinGraphInstantiate},
	{"cuGraphDestroy", (libcuda_call)twinGraphDestroy},
	{"cuGraphLaunch", (libcuda_call)twinGraphLaunch},
	{"cuGraphExecDestroy", (libcuda_call)twinGraphExecDestroy},
};

void libcuda_twin(void) {
	libcuda_fill((libcuda_call)not_supported);
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		if (!libcuda_set(calls[i].name, calls[i].call)) abort(); /* a name that symbols.h lacks */
	}
}
