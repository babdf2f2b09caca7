package emu

import (
	"sync"

	"tiebreak/cuda/ptx"
)

// lanes is the value of one register in each lane of a warp, zero-extended from the register's width.
type lanes [warpSize]uint64

// everyLane is the mask of a whole warp.
const everyLane = ^uint32(0)

// program is a compiled kernel.
type program struct {
	kernel    *ptx.Kernel
	mod       *module
	ops       []op
	registers int            // rows of the register file
	preds     int            // predicate registers
	entry     []int32        // rows that may be read before they are written
	initial   []initial      // rows that hold constants
	special   []specialRow   // rows that hold special registers
	rows      []int32        // row of each PTX register that is no predicate
	predRows  []int32        // index of each PTX register that is one
	shared    int            // bytes of static shared memory
	sharedAt  map[string]int // offsets of shared variables
	dynamic   int            // offset at which dynamic shared memory begins
	local     int            // bytes of local memory of a thread
	params    int            // bytes of parameters
	variables map[string]ptx.Space
	idle      sync.Pool // of *block, left by earlier launches
}

// initial is a row whose lanes all hold one value throughout.
type initial struct {
	row   int32
	value uint64
}

// specialRow is a row that holds a special register.
type specialRow struct {
	row int32
	reg ptx.Special
}

// op is a compiled instruction.
type op struct {
	run        func(w *warp, o *op, mask uint32) // executes it for the lanes in mask, which is not 0
	compute    func(d, a, b, c *lanes)           // for runCompute
	test       func(a, b *lanes) uint32          // for runTest
	d, a, b, c int32                             // rows
	guard      int32                             // predicate, or none
	pd, pa     int32                             // predicates written and read, or none
	pd2        int32                             // the second predicate of a pair, or none
	guardNot   bool
	paNot      bool
	class      Class
	target     int32   // of a branch
	join       int32   // where the lanes that a branch divides meet again, or noJoin
	mem        *access // of a memory instruction
	rowsA      []int32 // rows of a vector operand
	rowsB      []int32
	rowsC      []int32
	rowsD      []int32
	imm        int
	reads      int // values that compute reads
	in         *ptx.Instruction
	file, line int // source
}

const (
	none   = -1 // no predicate
	noJoin = -1 // lanes meet at the end of the kernel
)
