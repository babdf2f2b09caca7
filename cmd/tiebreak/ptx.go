package main

import (
	"errors"

	"github.com/spf13/cobra"

	"tiebreak/cuda/emu/study"
)

const ptxHelp = `ptx shows what the CUDA kernels do, on any machine: it runs the very PTX that ships on an emulator.

  tiebreak ptx list --sm 75
  tiebreak ptx run gemm_f16_sm75_128x128 --shape K=3072
  tiebreak ptx step gemm_f16_sm80_64x64 --break gemm.cuh:171
  tiebreak ptx page attention_prefill_f16_sm80_d64 --shape T=128 --output attention.html

A shape names extents by letter: M, N, K of a product; T queries, P earlier tokens, S sequences, H query heads, G key/value
heads, D head size and W window of attention; T, C, V, H, G, D of the others. Letters left out have usual values.
docs/kernels.md is a walk through two kernels with it.`

func (a *app) ptx() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ptx",
		Short: "List, run, step through and draw the CUDA kernels on an emulator",
		Long:  ptxHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.ptxList(), a.ptxRun(), a.ptxStep(), a.ptxPage())
	return cmd
}

// ptxCase are the flags that choose a case of a kernel.
type ptxCase struct {
	shape string
	sm    int
	float bool
}

func (p *ptxCase) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.shape, "shape", "", "extents by letter, such as M=64,N=128,K=256")
	cmd.Flags().IntVar(&p.sm, "sm", 0, "compute capability to emulate, 75 or 80 (0: the least that runs the kernel)")
	cmd.Flags().BoolVar(&p.float, "float", false, "a product writes f32, as into the residual stream, instead of its own type")
}

// open makes the case of a kernel; whatever is wrong with it is the user's mistake.
func (p *ptxCase) open(kernel string, seed int64) (*study.Case, error) {
	shape, err := study.ParseShape(p.shape)
	if err != nil {
		return nil, usage("--shape: %w", err)
	}
	c, err := study.NewCase(kernel, shape, p.sm)
	if err != nil {
		return nil, usage("%w", err)
	}
	c.Seed, c.Float = uint64(seed), p.float
	return c, nil
}

// ptxError tells a shape that a kernel is not launched for, the user's mistake, from failures.
func ptxError(err error) error {
	var m *study.Misfit
	if errors.As(err, &m) {
		return usage("%w", err)
	}
	return err
}
