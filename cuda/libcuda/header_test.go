//go:build cuda && cgo && linux && amd64

package libcuda

import (
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHeaderAgreesWithCUDA compiles include/cuda.h and CUDA's own header and compares what the compiler made of them:
// every signature, every value of an enumeration, every layout and every constant that ours has.
func TestHeaderAgreesWithCUDA(t *testing.T) {
	theirInclude := toolkitInclude(t)
	text, err := os.ReadFile("include/cuda.h")
	require.NoError(t, err)
	list, err := os.ReadFile("symbols.h")
	require.NoError(t, err)
	calls := regexp.MustCompile(`SYMBOL\((\w+)\)`).FindAllStringSubmatch(string(list), -1)
	ours, theirs := declarations(t, "include", calls), declarations(t, theirInclude, calls)
	require.Greater(t, len(ours), len(calls)+250, "signatures, enumerators and structures were found")
	for name, o := range ours {
		require.Equal(t, theirs[name], o, name)
	}
	constants := regexp.MustCompile(`(?m)^#define (CU_\w+) `).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, constants)
	require.Equal(t, printed(t, theirInclude, constants), printed(t, "include", constants), "constants")
}

// printed compiles and runs a program that prints constants.
func printed(t *testing.T, include string, constants [][]string) string {
	source := "#include <cuda.h>\n#include <stdio.h>\nint main(void) {\n"
	for _, c := range constants {
		source += fmt.Sprintf("printf(\"%s %%llu\\n\", (unsigned long long)%s);\n", c[1], c[1])
	}
	program := compile(t, include, source+"}\n")
	out, err := exec.Command(program).Output()
	require.NoError(t, err)
	return string(out)
}

// declarations describes what a header declares: signatures by function, values by enumerator, layouts by structure.
func declarations(t *testing.T, include string, calls [][]string) map[string]string {
	source := "#include <cuda.h>\n"
	for _, c := range calls {
		source += fmt.Sprintf("__typeof__(%s) *call_%s;\n", c[1], c[1])
	}
	f, err := elf.Open(compile(t, include, source, "-c", "-g", "-fno-eliminate-unused-debug-types"))
	require.NoError(t, err)
	defer f.Close()
	data, err := f.DWARF()
	require.NoError(t, err)
	found := map[string]string{}
	for r := data.Reader(); ; {
		entry, err := r.Next()
		require.NoError(t, err)
		if entry == nil {
			return found
		}
		name, _ := entry.Val(dwarf.AttrName).(string)
		switch {
		case entry.Tag == dwarf.TagVariable && strings.HasPrefix(name, "call_"):
			typ, err := data.Type(entry.Val(dwarf.AttrType).(dwarf.Offset))
			require.NoError(t, err)
			found[strings.TrimPrefix(name, "call_")] = describeType(typ.(*dwarf.PtrType).Type)
		case entry.Tag == dwarf.TagEnumerationType || entry.Tag == dwarf.TagStructType:
			typ, err := data.Type(entry.Offset)
			require.NoError(t, err)
			note(found, typ)
		}
	}
}

// note describes the enumerators of an enumeration, or a structure, of the CUDA API.
func note(found map[string]string, typ dwarf.Type) {
	switch typ := typ.(type) {
	case *dwarf.EnumType:
		for _, v := range typ.Val {
			if strings.HasPrefix(v.Name, "CU") {
				found[v.Name] = fmt.Sprintf("%d in %d bytes of %s", v.Val, typ.ByteSize, typ.EnumName)
			}
		}
	case *dwarf.StructType:
		if strings.HasPrefix(typ.StructName, "CU") && !typ.Incomplete {
			s := fmt.Sprintf("%d bytes", typ.ByteSize)
			for _, f := range typ.Field {
				s += fmt.Sprintf("; %d %s %s", f.ByteOffset, f.Name, describeType(f.Type))
			}
			found[typ.StructName] = s
		}
	}
}

// describeType writes a type without the names of typedefs, which are no part of the binary interface.
func describeType(t dwarf.Type) string {
	switch t := t.(type) {
	case *dwarf.TypedefType:
		return describeType(t.Type)
	case *dwarf.PtrType:
		return "*" + describeType(t.Type)
	case *dwarf.QualType:
		return t.Qual + " " + describeType(t.Type)
	case *dwarf.StructType:
		return t.StructName
	case *dwarf.EnumType:
		return t.EnumName
	case *dwarf.FuncType:
		s := describeType(t.ReturnType) + "("
		for _, p := range t.ParamType {
			s += describeType(p) + ","
		}
		return s + ")"
	}
	return t.String()
}

// compile runs gcc and returns the file it made.
func compile(t *testing.T, include, source string, flags ...string) string {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "probe.c"), filepath.Join(dir, "probe")
	require.NoError(t, os.WriteFile(in, []byte(source), 0o644))
	gcc := exec.Command("gcc", append(flags, "-w", "-I"+include, in, "-o", out)...)
	text, err := gcc.CombinedOutput()
	require.NoError(t, err, string(text))
	return out
}
