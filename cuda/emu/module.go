package emu

import (
	"fmt"
	"path"

	"tiebreak/cuda/driver"
	"tiebreak/cuda/ptx"
)

// module is a loaded PTX file.
type module struct {
	ctx       *Context
	ptx       *ptx.Module
	symbols   map[string]symbol // variables in global and constant memory
	constants []byte
	functions map[string]*function
	unloaded  bool
}

// symbol is a variable of the module and where it lies.
type symbol struct {
	variable *ptx.Variable
	address  uint64
}

// function is a compiled kernel. It implements driver.Function.
type function struct {
	mod        *module
	prog       *program
	maxDynamic int
}

// load parses and compiles a module.
func (c *Context) load(name string, text []byte) (*module, error) {
	const call = "cuModuleLoadData"
	parsed, err := ptx.Parse(name, text)
	if err != nil {
		return nil, c.err(call, driver.InvalidPTX, "%v", err)
	}
	if cc := c.drv.opts.ComputeCapability; parsed.SM > cc {
		return nil, c.err(call, driver.NoBinaryForGPU, "%s is for %s, the device is sm_%d", name, parsed.Target, cc)
	}
	m := &module{ctx: c, ptx: parsed, symbols: map[string]symbol{}, functions: map[string]*function{}}
	if err := m.variables(); err != nil {
		return nil, err
	}
	for _, k := range parsed.Kernels() {
		p, err := compile(m, k)
		if err != nil {
			return nil, c.err(call, driver.InvalidPTX, "%v", err)
		}
		if p.shared > staticShared || p.local > mostLocal {
			return nil, c.err(call, driver.InvalidPTX, "kernel %s declares %d bytes of shared and %d of local memory, want at most %d and %d",
				k.Name, p.shared, p.local, staticShared, mostLocal)
		}
		m.functions[k.Name] = &function{mod: m, prog: p, maxDynamic: staticShared - p.shared}
	}
	return m, nil
}

// variables places the module's variables in global and constant memory.
func (m *module) variables() error {
	for _, v := range m.ptx.Variables() {
		switch v.Space {
		case ptx.Global:
			a := m.ctx.mem.alloc(int64(max(v.Size(), 1)), "variable "+v.Name)
			if a == nil {
				return m.ctx.err("cuModuleLoadData", driver.OutOfMemory, "no room for variable %s of %d bytes", v.Name, v.Size())
			}
			initialize(a.data, v)
			a.valid.set(0, len(a.data))
			m.symbols[v.Name] = symbol{v, a.base}
		case ptx.Const:
			at := place(len(m.constants), v)
			if at+v.Size() > mostConst {
				return m.ctx.err("cuModuleLoadData", driver.InvalidPTX, "variable %s ends at byte %d of constant memory, which has %d",
					v.Name, at+v.Size(), mostConst)
			}
			m.constants = append(m.constants, make([]byte, at+v.Size()-len(m.constants))...)
			initialize(m.constants[at:], v)
			m.symbols[v.Name] = symbol{v, uint64(at)}
		}
	}
	return nil
}

// initialize writes the values that a variable begins with; the rest of its memory is zero already.
func initialize(data []byte, v *ptx.Variable) {
	var word [8]byte
	for i, bits := range v.Init {
		le.PutUint64(word[:], bits)
		copy(data[i*v.Type.Size():], word[:v.Type.Size()])
	}
}

// Function finds a kernel.
func (m *module) Function(name string) (driver.Function, error) {
	const call = "cuModuleGetFunction"
	if err := m.ctx.ready(call); err != nil {
		return nil, err
	}
	f, ok := m.functions[name]
	if !ok || m.unloaded {
		return nil, m.ctx.err(call, driver.NotFound, "%s has no kernel %q", m.ptx.Name, name)
	}
	return f, nil
}

// Unload frees the module's variables.
func (m *module) Unload() error {
	if m.unloaded {
		return m.ctx.err("cuModuleUnload", driver.InvalidHandle, "%s is unloaded already", m.ptx.Name)
	}
	m.unloaded = true
	for _, s := range m.symbols {
		if s.variable.Space == ptx.Global {
			m.ctx.mem.free(driver.Pointer(s.address))
		}
	}
	return m.ctx.ready("cuModuleUnload")
}

// Attributes says what the kernel declares. Registers are not known: the emulator gives a thread all it asks for.
func (f *function) Attributes() (driver.FunctionAttributes, error) {
	a := driver.FunctionAttributes{MaxThreads: f.maxThreads(), StaticShared: f.prog.shared, Local: f.prog.local}
	return a, f.mod.ctx.ready("cuFuncGetAttribute")
}

// maxThreads is the most threads of a block: what .maxntid allows.
func (f *function) maxThreads() int {
	t := f.prog.kernel.MaxThreads
	if t == [3]int{} {
		return maxThreads
	}
	return min(maxThreads, min(t[0], maxThreads)*min(t[1], maxThreads)*min(t[2], maxThreads))
}

// SetMaxDynamicShared allows more dynamic shared memory, up to what the device has.
func (f *function) SetMaxDynamicShared(n int) error {
	c := f.mod.ctx
	if most := c.Device().SharedPerBlock - f.prog.shared; n < 0 || n > most {
		return c.err("cuFuncSetAttribute", driver.InvalidValue, "kernel %s: got %d bytes of dynamic shared memory, want at most %d",
			f.prog.kernel.Name, n, most)
	}
	f.maxDynamic = n
	return c.ready("cuFuncSetAttribute")
}

// source is the place in the source file that an op came from: "gemm.cu:17"; "" if the PTX does not say.
func (p *program) source(o *op) string {
	file := p.mod.ptx.SourceFile(o.file)
	if file == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", path.Base(file), o.line)
}
