package compile

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"tiebreak/cuda/kernels"
)

// Cubin assembles PTX for an architecture such as "86" or "90a" and returns the machine code with what each kernel needs.
func (t *Toolkit) Cubin(ctx context.Context, module string, ptx []byte, arch string) ([]byte, map[string]kernels.Resources, error) {
	dir, err := os.MkdirTemp("", "tiebreak-ptxas-")
	if err != nil {
		return nil, nil, fmt.Errorf("compile: %s: %w", module, err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.WriteFile(filepath.Join(dir, module+".ptx"), ptx, 0o600); err != nil {
		return nil, nil, fmt.Errorf("compile: %s: %w", module, err)
	}
	cmd := exec.CommandContext(ctx, t.ptxas, "--verbose", "--suppress-debug-info", "--gpu-name=sm_"+arch, "--output-file", "out.cubin", module+".ptx")
	cmd.Dir = dir
	log, err := cmd.CombinedOutput()
	if err != nil {
		return nil, nil, fmt.Errorf("compile: assemble %s for sm_%s: %w\n%s", module, arch, err, bytes.TrimSpace(log))
	}
	code, err := readFile(filepath.Join(dir, "out.cubin"))
	if err != nil {
		return nil, nil, err
	}
	need, err := parseResources(string(log))
	if err != nil {
		return nil, nil, fmt.Errorf("compile: assemble %s for sm_%s: %w", module, arch, err)
	}
	return code, need, nil
}

var (
	entryLine = regexp.MustCompile(`Compiling entry function '([^']+)'`)
	count     = regexp.MustCompile(`(?:(\d+) (bytes stack frame|bytes spill stores|bytes spill loads|bytes smem|barriers)|(?:Used (\d+) (registers)))`)
)

// parseResources reads what ptxas --verbose prints: for each kernel a line that names it, then lines of counts.
func parseResources(log string) (map[string]kernels.Resources, error) {
	all := map[string]kernels.Resources{}
	name := ""
	for line := range strings.Lines(log) {
		if m := entryLine.FindStringSubmatch(line); m != nil {
			name = m[1]
			all[name] = kernels.Resources{}
			continue
		}
		need, known := all[name]
		if !known {
			continue
		}
		for _, m := range count.FindAllStringSubmatch(line, -1) {
			if err := setResource(&need, m[1]+m[3], m[2]+m[4]); err != nil {
				return nil, err
			}
		}
		all[name] = need
	}
	for name, need := range all {
		if need.Registers == 0 {
			return nil, fmt.Errorf("no register count for %s in the assembler's report", name)
		}
	}
	return all, nil
}

func setResource(need *kernels.Resources, number, what string) error {
	n, err := strconv.Atoi(number)
	if err != nil {
		return fmt.Errorf("resource count %q: %w", number, err)
	}
	switch what {
	case "registers":
		need.Registers = n
	case "bytes stack frame":
		need.Stack = n
	case "bytes spill stores":
		need.SpillStores = n
	case "bytes spill loads":
		need.SpillLoads = n
	case "bytes smem":
		need.Shared = n
	case "barriers":
		need.Barriers = n
	}
	return nil
}

func readFile(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return data, nil
}
