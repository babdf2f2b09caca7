//go:build cuda && cgo && linux && amd64

/*
 * The functions of the driver library that this program calls, each a jump through its slot of libcuda_table. A jump
 * leaves registers and stack as they are, so one form fits every signature. The symbols are hidden: a driver library
 * loaded later must not find ours in place of its own.
 */
#define SYMBOL(name)               \
	.globl name;                   \
	.hidden name;                  \
	.type name, @function;         \
	.balign 8;                     \
name:                              \
	jmp *libcuda_slot_##name(%rip); \
	.size name, . - name;

	.text
#include "symbols.h"

#undef SYMBOL
#define SYMBOL(name) libcuda_slot_##name: .skip 8;

	.bss
	.balign 8
	.globl libcuda_table
	.hidden libcuda_table
libcuda_table:
#include "symbols.h"

	.section .note.GNU-stack, "", @progbits
