// Command cuda rebuilds what is generated in package cuda/kernels: PTX, compressed machine code and resources.json. It is
// run by `make kernels` from the root of the repository:
//
//	go run ./tools/cuda [-toolkit DIR] [-kernels DIR]
//
// The compiler and the assembler are fetched once into the user's cache folder, or taken from -toolkit (or the environment
// variable TIEBREAK_CUDA_TOOLKIT). See package compile for what it needs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"tiebreak/tools/cuda/compile"
)

func main() {
	toolkit := flag.String("toolkit", os.Getenv("TIEBREAK_CUDA_TOOLKIT"), "folder of the CUDA wheels; empty: fetch them into the user's cache")
	src := flag.String("kernels", filepath.Join("cuda", "kernels"), "folder of the sources and of what is made from them")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *toolkit, *src); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, src string) error {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return fmt.Errorf("compile: no folder for the tool kit: %w: name one with -toolkit", err)
		}
		dir = filepath.Join(cache, "tiebreak", "cuda-12.4")
		if err := compile.Fetch(ctx, dir); err != nil {
			return err
		}
	}
	work, err := os.MkdirTemp("", "tiebreak-cuda-")
	if err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	t, err := compile.Open(ctx, dir, work)
	if err != nil {
		return err
	}
	made, err := t.Build(ctx, src)
	if err != nil {
		return err
	}
	return made.Write(src)
}
