/* The C side of the twin: see twin.go. */
#ifndef LIBCUDA_TWIN_H
#define LIBCUDA_TWIN_H

/* Points the table at the functions of twin_calls.go; calls that it has not are not supported. */
void libcuda_twin(void);

/* The context that is current on this thread, which the real driver keeps per thread as well. */
void *libcuda_twin_current(void);
void libcuda_twin_make_current(void *context);

#endif
