/* The table behind the trampolines: which function each name of symbols.h leads to. Not to be changed while calls run. */
#ifndef LIBCUDA_TABLE_H
#define LIBCUDA_TABLE_H

#include <stddef.h>

/* Any function of the driver library; the real signature is the caller's. */
typedef void (*libcuda_call)(void);

/* Answers as a machine without a device: initialisation succeeds, there are 0 devices, all else is an error. */
void libcuda_reset(void);

/* Leads every name to one function. */
void libcuda_fill(libcuda_call call);

/* Leads a name to a function; 0 if the name is not in the table. */
int libcuda_set(const char *name, libcuda_call call);

/* Fills the table from a shared library. On failure returns 0, writes why and changes nothing. */
int libcuda_load(const char *path, char *why, size_t size);

#endif
