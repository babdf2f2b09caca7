// Package layering holds the import order of the project as a table, and the test that keeps it.
package layering

import (
	"encoding/json"
	"io"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// order lists the packages, lowest first; a package may import those on lines above its own. A pattern ending in /...
// names a folder and all below it. Any package may import those of internal.
// Do not widen it to mend a build: move the code, or say in RATIONALE.md why the arrow is right.
var order = [][]string{
	{"tensor"},
	{"safetensors", "tokenizer/jinja", "backend"},
	{"tokenizer"},
	{"gguf", "backend/backendtest", "cpu", "cuda/driver"},
	{"cuda/ptx", "cuda/kernels", "cuda/libcuda", "cuda/driver/drivertest"},
	{"cuda", "cuda/emu"},
	{"kvcache"},
	{"model"},
	{"model/goldentest"},
	{"cuda/cudatest"},
	{"engine"},
	{"judge"},
	{"bench"},
	{"cuda/emu/study"},
	{"cuda/emu/..."},
	{"cmd/..."},
}

// forbidden are arrows that go down and are wrong all the same.
var forbidden = []struct{ from, to, why string }{
	{"judge", "cpu", "a judge speaks to a model through an interface of its own"},
	{"judge", "backend", "a judge speaks to a model through an interface of its own"},
	{"engine", "cpu", "an engine runs on any backend"},
	{"model", "cpu", "a model runs on any backend"},
	{"gguf", "backend", "conversion is file to file"},
	{"cuda", "cuda/ptx", "the backend launches kernels and does not read them"},
	{"cuda/emu", "cuda", "a driver does not know who drives it"},
}

const module = "tiebreak"

type pkg struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func TestImportsGoDown(t *testing.T) {
	for _, p := range list(t) {
		from := strings.TrimPrefix(p.ImportPath, module+"/")
		if strings.HasPrefix(from, "internal/") || p.ImportPath == module || tool(from) {
			continue
		}
		level := levelOf(from)
		require.GreaterOrEqual(t, level, 0, "%s is not in the table: give it a line in internal/layering", from)
		for _, imported := range p.Imports {
			to, ours := strings.CutPrefix(imported, module+"/")
			if !ours || strings.HasPrefix(to, "internal/") || strings.HasPrefix(to, from+"/") {
				continue
			}
			require.Less(t, levelOf(to), level, "%s imports %s, which is not below it", from, to)
			for _, f := range forbidden {
				require.False(t, f.from == from && f.to == to, "%s imports %s: %s", from, to, f.why)
			}
		}
	}
}

// TestEmulatorIsADriverAmongOthers holds the knowledge that an emulator exists to the program and to the emulator's own tests.
func TestEmulatorIsADriverAmongOthers(t *testing.T) {
	for _, p := range list(t) {
		if slices.Contains(p.Imports, module+"/cuda/emu") {
			may := strings.HasPrefix(p.ImportPath, module+"/cmd/") || strings.HasPrefix(p.ImportPath, module+"/cuda/emu/")
			require.True(t, may, "%s imports cuda/emu; only the program and what lies under cuda/emu may", p.ImportPath)
		}
	}
}

// TestCgoInOnePlace finds import "C", which only the real CUDA driver may need.
func TestCgoInOnePlace(t *testing.T) {
	for _, p := range list(t) {
		if slices.Contains(p.Imports, "C") {
			require.Equal(t, module+"/cuda/libcuda", p.ImportPath, "import \"C\" belongs in cuda/libcuda alone")
		}
	}
}

// TestUnsafeInFewPlaces lists who may import unsafe: memory is viewed as numbers in one package, and bytes from files are
// never reinterpreted elsewhere.
func TestUnsafeInFewPlaces(t *testing.T) {
	may := map[string]bool{"tensor": true, "cuda/libcuda": true}
	for _, p := range list(t) {
		if slices.Contains(p.Imports, "unsafe") {
			from := strings.TrimPrefix(p.ImportPath, module+"/")
			require.True(t, may[from], "%s imports unsafe; only %v may", from, slices.Sorted(maps.Keys(may)))
		}
	}
}

// tool reports whether a package is a program of the build, which nothing imports.
func tool(from string) bool {
	return strings.HasPrefix(from, "tools/") || path.Base(from) == "asmgen"
}

func levelOf(p string) int {
	return slices.IndexFunc(order, func(line []string) bool {
		return slices.ContainsFunc(line, func(pattern string) bool {
			if dir, ok := strings.CutSuffix(pattern, "/..."); ok {
				return p == dir || strings.HasPrefix(p, dir+"/")
			}
			return p == pattern
		})
	})
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-tags", "cuda", "-json=ImportPath,Imports,Standard", module+"/...")
	out, err := cmd.Output()
	require.NoError(t, err, "go list")
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
		pkgs = append(pkgs, p)
	}
	require.NotEmpty(t, pkgs)
	return pkgs
}
