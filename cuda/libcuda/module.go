//go:build cuda && cgo && linux && amd64

package libcuda

// #include "cuda.h"
import "C"

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gorgonia.org/cu"

	"tiebreak/cuda/driver"
)

// module is a driver.Module.
type module struct {
	c      *context
	name   string
	handle cu.Module
	closed bool
}

// logBytes is how much of the PTX compiler's complaints is kept.
const logBytes = 8 << 10

// LoadModule loads PTX or a cubin. What makes an image one for another device is decided here where it can be, as the
// driver's codes for it differ between versions.
func (c *context) LoadModule(name string, image []byte) (driver.Module, error) {
	const call = "cuModuleLoadDataEx"
	if c.broken != nil {
		return nil, c.broken
	}
	if code, wrong := unfit(image, c.described.SM()); wrong != "" {
		return nil, c.invalid(call, code, "%s: %s", name, wrong)
	}
	m := &module{c: c, name: name}
	text := &cu.JITErrorLogBuffer{Buffer: make([]byte, logBytes)}
	code := c.raw(func() (err error) { m.handle, err = cu.LoadDataEx(string(image), text); return err })
	if code != 0 {
		log, _, _ := bytes.Cut(text.Buffer, []byte{0})
		return nil, c.outcome(call, anotherImage(code), join(name, strings.TrimSpace(string(log))))
	}
	c.modules = append(c.modules, m)
	return m, nil
}

// anotherImage maps the codes of images that are sound and cannot run on this driver to the one that says so.
func anotherImage(code driver.Code) driver.Code {
	if code == driver.UnsupportedPTXVersion || code == noPTXCompiler {
		return driver.NoBinaryForGPU
	}
	return code
}

// unfit says what is wrong with an image for a device of that compute capability, "" if nothing is known to be.
func unfit(image []byte, sm int) (driver.Code, string) {
	if bytes.HasPrefix(image, []byte(elf.ELFMAG)) {
		return driver.InvalidImage, truncated(image)
	}
	return unfitPTX(image, sm)
}

// truncated finds an ELF file that points behind its end, which the driver, not being told the size, would follow.
func truncated(image []byte) string {
	f, err := elf.NewFile(bytes.NewReader(withPlainVersion(image)))
	if err != nil {
		return err.Error()
	}
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NOBITS && (s.Offset > uint64(len(image)) || s.FileSize > uint64(len(image))-s.Offset) {
			return fmt.Sprintf("section %s ends at byte %d of %d", s.Name, s.Offset+s.FileSize, len(image))
		}
	}
	return ""
}

// withPlainVersion is a copy of an ELF file that package elf reads: the assembler writes its own version (124 for CUDA 12.4)
// into the field e_version, at byte 20, where the standard has only 1.
func withPlainVersion(image []byte) []byte {
	image = bytes.Clone(image)
	if len(image) >= 24 {
		binary.LittleEndian.PutUint32(image[20:], uint32(elf.EV_CURRENT))
	}
	return image
}

// target is the directive that names the architecture, with its suffix if it is for that one alone.
var target = regexp.MustCompile(`(?m)^\s*\.target\s+sm_(\d+)([a-z]?)`)

// unfitPTX checks the directive: PTX runs on its own architecture and later ones.
func unfitPTX(image []byte, sm int) (driver.Code, string) {
	if bytes.IndexByte(image, 0) >= 0 {
		return driver.InvalidImage, "neither PTX text nor an ELF file"
	}
	found := target.FindSubmatch(image)
	if found == nil {
		return driver.InvalidPTX, "no .target directive: neither PTX text nor an ELF file"
	}
	wants, err := strconv.Atoi(string(found[1]))
	if err != nil {
		return driver.InvalidPTX, err.Error()
	}
	if wants > sm || len(found[2]) > 0 && wants != sm {
		return driver.NoBinaryForGPU, fmt.Sprintf("PTX for sm_%s%s, the device is sm_%d", found[1], found[2], sm)
	}
	return 0, ""
}

// Function finds a kernel.
func (m *module) Function(name string) (driver.Function, error) {
	const call = "cuModuleGetFunction"
	if m.closed {
		return nil, m.c.invalid(call, driver.InvalidHandle, "module %s is unloaded", m.name)
	}
	if m.c.broken != nil {
		return nil, m.c.broken
	}
	f := &function{module: m, name: name}
	code := m.c.raw(func() (err error) { f.handle, err = m.handle.Function(name); return err })
	if code != 0 {
		return nil, m.c.outcome(call, code, fmt.Sprintf("kernel %s in %s", name, m.name))
	}
	f.params = m.c.paramBytes(f.handle)
	return f, nil
}

// Unload removes the module, once no kernel of it can be running.
func (m *module) Unload() error {
	const call = "cuModuleUnload"
	if m.closed {
		return m.c.invalid(call, driver.InvalidHandle, "module %s is unloaded already", m.name)
	}
	if err := m.c.Synchronize(); err != nil {
		return err
	}
	return m.c.do(call, m.unload)
}

func (m *module) unload() error {
	m.closed = true
	m.c.modules = drop(m.c.modules, m)
	return m.handle.Unload()
}

// function is a driver.Function.
type function struct {
	module *module
	name   string
	handle cu.Function
	params int // bytes of parameters; -1 where the driver is older than 12.4 and does not say
}

// paramBytes asks for the size of a kernel's parameters: the end of the last one.
func (c *context) paramBytes(f cu.Function) int {
	end := 0
	for i := range C.size_t(driver.MaxParams) {
		var offset, size C.size_t
		switch c.raw(func() error { return asError(C.cuFuncGetParamInfo(functionHandle(f), i, &offset, &size)) }) {
		case 0:
			end = int(offset + size)
		case driver.InvalidValue: // no such parameter
			return end
		default:
			return -1
		}
	}
	return -1
}

// Attributes says what the kernel needs.
func (f *function) Attributes() (driver.FunctionAttributes, error) {
	var a driver.FunctionAttributes
	err := f.do("cuFuncGetAttribute", func() (err error) {
		for _, w := range []struct {
			attribute cu.FunctionAttribute
			to        *int
		}{
			{cu.FnMaxThreadsPerBlock, &a.MaxThreads},
			{cu.SharedSizeBytes, &a.StaticShared},
			{cu.NumRegs, &a.Registers},
			{cu.LocalSizeBytes, &a.Local},
		} {
			if err == nil {
				*w.to, err = f.handle.Attribute(w.attribute)
			}
		}
		return err
	})
	return a, err
}

// SetMaxDynamicShared allows that much dynamic shared memory.
func (f *function) SetMaxDynamicShared(bytes int) error {
	const call = "cuFuncSetAttribute"
	if bytes < 0 || bytes > f.module.c.described.SharedPerBlock {
		return f.module.c.invalid(call, driver.InvalidValue, "kernel %s: got %d bytes of shared memory, want 0 to %d",
			f.name, bytes, f.module.c.described.SharedPerBlock)
	}
	return f.do(call, func() error {
		return asError(C.cuFuncSetAttribute(functionHandle(f.handle), C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, C.int(bytes)))
	})
}

// do makes a call on the function, unless its module is gone.
func (f *function) do(call string, do func() error) error {
	if f.module.c.broken == nil && f.module.closed {
		return f.module.c.invalid(call, driver.InvalidHandle, "kernel %s: module %s is unloaded", f.name, f.module.name)
	}
	return f.module.c.do(call, do)
}
