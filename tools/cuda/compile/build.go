package compile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"tiebreak/cuda/kernels"
)

// Files is what a build makes: path below the folder of package kernels → content.
type Files map[string][]byte

// Build makes everything that is generated in the folder of package kernels from the sources in it.
func (t *Toolkit) Build(ctx context.Context, src string) (Files, error) {
	made := Files{}
	manifest := kernels.Manifest{
		Generated: "by `make kernels` from the .cu and .cuh files beside this one; do not edit",
		Compiler:  CompilerWheel,
		Assembler: AssemblerWheel,
		Options:   Options,
	}
	var err error
	if manifest.Sources, err = Sources(src); err != nil {
		return nil, err
	}
	sources, err := filepath.Glob(filepath.Join(src, "*.cu"))
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	for _, path := range sources {
		m, err := t.module(ctx, src, strings.TrimSuffix(filepath.Base(path), ".cu"), made)
		if err != nil {
			return nil, err
		}
		manifest.Modules = append(manifest.Modules, m)
	}
	text, err := json.MarshalIndent(manifest, "", " ")
	if err != nil {
		return nil, fmt.Errorf("compile: manifest: %w", err)
	}
	made["resources.json"] = append(text, '\n')
	return made, nil
}

// module makes the PTX and the machine code of one module.
func (t *Toolkit) module(ctx context.Context, src, name string, made Files) (kernels.Module, error) {
	m := kernels.Module{Name: name, Target: kernels.Target(name)}
	ptx, err := t.PTX(ctx, src, name, m.Target)
	if err != nil {
		return m, err
	}
	made[name+".ptx"] = ptx
	m.PTX = digest(ptx)
	for _, arch := range kernels.Architectures(name) {
		code, need, err := t.Cubin(ctx, name, ptx, arch)
		if err != nil {
			return m, err
		}
		packed, err := compress(code)
		if err != nil {
			return m, err
		}
		file := fmt.Sprintf("cubin/%s.sm%s.zst", name, arch)
		made[file] = packed
		m.Binaries = append(m.Binaries, kernels.Binary{Arch: arch, File: file, SHA256: digest(packed), Bytes: len(code), Kernels: need})
	}
	return m, nil
}

// Sources hashes the sources in a folder: file name → SHA-256.
func Sources(src string) (map[string]string, error) {
	found, err := filepath.Glob(filepath.Join(src, "*.cu*"))
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	sums := map[string]string{}
	for _, path := range found {
		text, err := readFile(path)
		if err != nil {
			return nil, err
		}
		sums[filepath.Base(path)] = digest(text)
	}
	return sums, nil
}

// Write replaces the generated files in a folder by those of a build, and removes generated files that it did not make.
func (made Files) Write(dir string) error {
	for _, pattern := range []string{"*.ptx", "cubin/*.zst"} {
		old, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return fmt.Errorf("compile: %w", err)
		}
		for _, path := range old {
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("compile: remove an old file: %w", err)
			}
		}
	}
	for name, data := range made {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("compile: %w", err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("compile: %w", err)
		}
	}
	return nil
}

// compress packs machine code. One goroutine, so that the same version of the compressor makes the same bytes.
func compress(code []byte) ([]byte, error) {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	defer func() { _ = w.Close() }()
	return w.EncodeAll(code, nil), nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
