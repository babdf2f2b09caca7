//go:build cuda && cgo && linux && amd64

#include "table.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "cuda.h"

#define SYMBOL(name) #name,
static const char *const names[] = {
#include "symbols.h"
};
enum { count = sizeof names / sizeof *names };

extern libcuda_call libcuda_table[count]; /* in trampolines.S */

static CUresult no_device(void) { return CUDA_ERROR_NO_DEVICE; }

/* What a driver older than the call answers. */
static CUresult no_symbol(void) { return CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND; }

static CUresult init_nothing(unsigned int flags) {
	(void)flags;
	return CUDA_SUCCESS;
}

static CUresult zero_devices(int *n) {
	*n = 0;
	return CUDA_SUCCESS;
}

void libcuda_fill(libcuda_call call) {
	for (int i = 0; i < count; i++) libcuda_table[i] = call;
}

int libcuda_set(const char *name, libcuda_call call) {
	for (int i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0) {
			libcuda_table[i] = call;
			return 1;
		}
	}
	return 0;
}

/* A constructor, because gorgonia.org/cu calls cuInit before main. */
__attribute__((constructor)) void libcuda_reset(void) {
	libcuda_fill((libcuda_call)no_device);
	libcuda_set("cuInit", (libcuda_call)init_nothing);
	libcuda_set("cuDeviceGetCount", (libcuda_call)zero_devices);
}

int libcuda_load(const char *path, char *why, size_t size) {
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* stays loaded: the driver does not support being unloaded */
	if (!library) {
		snprintf(why, size, "%s", dlerror());
		return 0;
	}
	for (int i = 0; i < count; i++) {
		void *found = dlsym(library, names[i]);
		libcuda_table[i] = found ? (libcuda_call)found : (libcuda_call)no_symbol;
	}
	return 1;
}
