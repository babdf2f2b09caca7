package emu

import (
	"encoding/binary"

	"tiebreak/cuda/ptx"
)

var le = binary.LittleEndian

// compileLd compiles loads. A value narrower than its register is extended by the sign of its type.
func compileLd(c *compiler, in *ptx.Instruction, o *op) (err error) {
	t := in.Type()
	if o.rowsD, err = c.vector(in.Operands[0], t, true); err != nil {
		return err
	}
	if o.mem, err = c.address(in.Operands[1], in.Space, t.Size(), in.Vector); err != nil {
		return err
	}
	load := loaders[t.Size()]
	if t.Signed() && t.Size() < 8 {
		narrow, mask := load, widthMask(c.width(in.Operands[0]))
		load = func(d *lanes, p *piece, addr *addresses, off uint64) {
			narrow(d, p, addr, off)
			for m := p.mask; m != 0; m &= m - 1 {
				i := firstLane(m)
				d[i] = uint64(signed(d[i], t.Size())) & mask
			}
		}
	}
	o.run = func(w *warp, o *op, mask uint32) {
		// The address row may be among the destinations: touch has copied the addresses.
		w.touch(o, o.mem, mask, func(p *piece) {
			for j, d := range o.rowsD {
				load(&w.rows[d], p, &w.addr, uint64(j*o.mem.part)-p.start)
			}
		})
	}
	return nil
}

// width is the size in bytes of the first register of a destination.
func (c *compiler) width(o ptx.Operand) int {
	if o.Kind == ptx.VectorOperand {
		o = o.Elements[0]
	}
	if o.Register == ptx.NoRegister {
		return 8
	}
	return c.kernel.Registers[o.Register].Type.Size()
}

// loaders read one element of each lane of a piece, by its size in bytes.
var loaders = map[int]func(d *lanes, p *piece, addr *addresses, off uint64){
	1: func(d *lanes, p *piece, addr *addresses, off uint64) {
		for m := p.mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			d[i] = uint64(p.data[addr[i]+off])
		}
	},
	2: func(d *lanes, p *piece, addr *addresses, off uint64) {
		for m := p.mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			d[i] = uint64(le.Uint16(p.data[addr[i]+off:]))
		}
	},
	4: func(d *lanes, p *piece, addr *addresses, off uint64) {
		if p.mask == everyLane {
			for i := range d {
				d[i] = uint64(le.Uint32(p.data[addr[i]+off:]))
			}
			return
		}
		for m := p.mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			d[i] = uint64(le.Uint32(p.data[addr[i]+off:]))
		}
	},
	8: func(d *lanes, p *piece, addr *addresses, off uint64) {
		for m := p.mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			d[i] = le.Uint64(p.data[addr[i]+off:])
		}
	},
}

// compileSt compiles stores.
func compileSt(c *compiler, in *ptx.Instruction, o *op) (err error) {
	t := in.Type()
	if o.mem, err = c.address(in.Operands[0], in.Space, t.Size(), in.Vector); err != nil {
		return err
	}
	o.mem.write = true
	if o.rowsA, err = c.vector(in.Operands[1], t, false); err != nil {
		return err
	}
	store := storers[t.Size()]
	o.run = func(w *warp, o *op, mask uint32) {
		w.touch(o, o.mem, mask, func(p *piece) {
			for j, a := range o.rowsA {
				store(&w.rows[a], p, &w.addr, uint64(j*o.mem.part)-p.start)
			}
		})
	}
	return nil
}

// storers write one element of each lane of a piece. Where lanes write one address the highest lane wins.
var storers = map[int]func(v *lanes, p *piece, addr *addresses, off uint64){
	1: func(v *lanes, p *piece, addr *addresses, off uint64) {
		for m := p.mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			p.data[addr[i]+off] = byte(v[i])
		}
	},
	2: func(v *lanes, p *piece, addr *addresses, off uint64) {
		for m := p.mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			le.PutUint16(p.data[addr[i]+off:], uint16(v[i]))
		}
	},
	4: func(v *lanes, p *piece, addr *addresses, off uint64) {
		for m := p.mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			le.PutUint32(p.data[addr[i]+off:], uint32(v[i]))
		}
	},
	8: func(v *lanes, p *piece, addr *addresses, off uint64) {
		for m := p.mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			le.PutUint64(p.data[addr[i]+off:], v[i])
		}
	},
}

// compileCvta compiles conversions between the addresses of a space and generic ones.
func compileCvta(c *compiler, in *ptx.Instruction, o *op) error {
	window := map[ptx.Space]uint64{ptx.Shared: sharedWindow, ptx.Local: localWindow}[in.Space]
	if in.Has("to") {
		window = -window
	}
	o.d = c.destination(in.Operands[0])
	o.b = c.constant(window)
	o.run, o.compute = runCompute, lift(func(a, b, _ uint64) uint64 { return a + b })
	return c.sources(o, in.Operands[1:], ptx.U64)
}
