package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func (a *app) ptxPage() *cobra.Command {
	var p ptxCase
	var output string
	cmd := &cobra.Command{
		Use:   "page KERNEL --output F.html",
		Short: "Draw a kernel's run: who reads and writes which tile, and when",
		Long: `page writes one HTML file, which needs no network: a time line of every warp, the operands with what each block reads and writes
of them, and the banks of shared memory. Small shapes make readable pages.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return ptxError(a.runPtxPage(args[0], p, output)) },
	}
	p.register(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "the file to write")
	if err := cmd.MarkFlagRequired("output"); err != nil {
		panic(err)
	}
	return cmd
}

func (a *app) runPtxPage(kernel string, p ptxCase, output string) error {
	c, err := p.open(kernel, a.flags.seed)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	trace, err := c.Trace()
	if err != nil {
		return err
	}
	if err := trace.WritePage(&page); err != nil {
		return err
	}
	if a.flags.dryRun {
		a.say("%s: %d bytes would be written", output, page.Len())
		return nil
	}
	if err := os.WriteFile(output, page.Bytes(), 0o644); err != nil {
		return fmt.Errorf("ptx page: %w", err)
	}
	a.say("%s: %d bytes, %d warps, %d accesses to memory", output, page.Len(), trace.Warps(), trace.Accesses())
	return nil
}
