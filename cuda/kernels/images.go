package kernels

import (
	"embed"
	"fmt"
	"strings"

	"github.com/klauspost/compress/zstd"
)

//go:embed *.cu *.cuh *.ptx cubin/*.zst resources.json
var files embed.FS

// Image is code in a form that a driver loads.
type Image struct {
	Name string // file it came from, for messages
	Data []byte
}

// Modules lists the modules that run on a device of compute capability sm (75 for 7.5), by name. Where a generation has
// tensor-core kernels of its own, those of the generation before are left out.
func Modules(sm int) []string {
	var names []string
	for _, m := range Load().Modules {
		old := strings.HasSuffix(m.Name, "_sm75") && sm >= 80
		if m.Target <= sm && !old {
			names = append(names, m.Name)
		}
	}
	return names
}

// PTX is the text of a module, for a driver that compiles it or for the emulator. It panics if there is no such module.
func PTX(module string) Image {
	name := module + ".ptx"
	data, err := files.ReadFile(name)
	if err != nil {
		panic("kernels: no module " + module)
	}
	return Image{Name: name, Data: data}
}

// Images lists the forms of a module in the order in which to try them on a device of compute capability sm: machine code
// if there is any that it runs, then PTX. Machine code runs on its own architecture and on later ones of the same major
// number; sm_90a on 9.0 alone.
func Images(module string, sm int) ([]Image, error) {
	images := []Image{PTX(module)}
	best, file := 0, ""
	for _, b := range find(module).Binaries {
		arch, exact := archNumber(b.Arch)
		if arch == sm || !exact && arch/10 == sm/10 && arch < sm && arch > best {
			best, file = arch, b.File
		}
	}
	if file == "" {
		return images, nil
	}
	code, err := decompress(file)
	if err != nil {
		return nil, err
	}
	return append([]Image{{Name: file, Data: code}}, images...), nil
}

// Source is the text of a .cu or .cuh file, as the line numbers in the PTX count it; ok is false if there is none.
func Source(file string) (text string, ok bool) {
	data, err := files.ReadFile(file)
	return string(data), err == nil
}

func find(module string) Module {
	for _, m := range Load().Modules {
		if m.Name == module {
			return m
		}
	}
	panic("kernels: no module " + module)
}

// archNumber splits "90a" into 90 and whether it is bound to exactly that architecture.
func archNumber(arch string) (n int, exact bool) {
	_, err := fmt.Sscanf(arch, "%d", &n)
	if err != nil {
		panic("kernels: architecture " + arch)
	}
	return n, strings.HasSuffix(arch, "a")
}

func decompress(file string) ([]byte, error) {
	packed, err := files.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("kernels: %s: %w", file, err)
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("kernels: %s: %w", file, err)
	}
	defer d.Close()
	code, err := d.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("kernels: %s: decompress: %w", file, err)
	}
	return code, nil
}
