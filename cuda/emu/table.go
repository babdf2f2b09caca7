package emu

import "tiebreak/cuda/ptx"

// compilers says, for each opcode, how its instructions are compiled.
var compilers map[ptx.Op]func(*compiler, *ptx.Instruction, *op) error

// either chooses between the integer and the floating-point meaning of an opcode.
func either(integer, float meaning) func(*compiler, *ptx.Instruction, *op) error {
	return computes(func(in *ptx.Instruction) scalar {
		if in.Type().Float() {
			return float(in)
		}
		return integer(in)
	})
}

// ignored compiles an instruction that has no effect here.
func ignored(_ *compiler, _ *ptx.Instruction, o *op) error {
	o.run = func(*warp, *op, uint32) {}
	return nil
}

func init() {
	compilers = map[ptx.Op]func(*compiler, *ptx.Instruction, *op) error{
		ptx.Abs: either(absInteger, absFloat), ptx.Add: either(addInteger, addFloat), ptx.Sub: either(subInteger, subFloat),
		ptx.Mul: either(mulInteger, mulFloat), ptx.Mad: either(mulInteger, fmaFloat), ptx.Fma: computes(fmaFloat),
		ptx.Div: either(divInteger, divFloat), ptx.Rem: computes(remInteger), ptx.Neg: either(negInteger, negFloat),
		ptx.Min: either(minInteger, minFloat), ptx.Max: either(maxInteger, maxFloat),

		ptx.And: compilePredicateLogic(and), ptx.Or: compilePredicateLogic(or), ptx.Xor: compilePredicateLogic(xor),
		ptx.Not: compilePredicateLogic(not), ptx.Shl: computes(shl), ptx.Shr: computes(shr), ptx.Shf: computes(shf),
		ptx.Popc: computes(popc), ptx.Clz: computes(clz), ptx.Brev: computes(brev), ptx.Bfind: computes(bfind),
		ptx.Bfe: computes(bfe), ptx.Bfi: compileBfi, ptx.Prmt: computes(prmt), ptx.Lop3: compileLop3,

		ptx.Ex2: computes(ex2), ptx.Lg2: computes(lg2), ptx.Rcp: computes(rcp), ptx.Sqrt: computes(sqrt),
		ptx.Rsqrt: computes(rsqrt), ptx.Sin: computes(sin), ptx.Cos: computes(cos), ptx.Tanh: computes(tanh),

		ptx.Cvt: compileCvt, ptx.Cvta: compileCvta, ptx.Mov: compileMov, ptx.Setp: compileSetp, ptx.Testp: compileTestp,
		ptx.Selp: compileSelp, ptx.Slct: computes(slct),

		ptx.Ld: compileLd, ptx.St: compileSt, ptx.Atom: compileAtom, ptx.Red: compileAtom, ptx.Cp: compileCp,
		ptx.Ldmatrix: compileLdmatrix, ptx.Mma: compileMma, ptx.Prefetch: ignored,

		ptx.Bra: compileBra, ptx.Ret: compileExit, ptx.Exit: compileExit, ptx.Trap: compileTrap, ptx.Nanosleep: ignored,
		ptx.Bar: compileBar, ptx.Barrier: compileBar, ptx.Membar: ignored, ptx.Fence: ignored,
		ptx.Shfl: compileShfl, ptx.Vote: compileVote, ptx.Match: compileMatch, ptx.Redux: compileRedux,
		ptx.Activemask: compileActivemask,
	}
}

func compileTrap(_ *compiler, _ *ptx.Instruction, o *op) error {
	o.run = runTrap
	return nil
}
