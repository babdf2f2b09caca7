package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"tiebreak/gguf"
	"tiebreak/tensor"
)

func (a *app) convert() *cobra.Command {
	var as string
	var force bool
	cmd := &cobra.Command{
		Use:   "convert F.gguf DIR",
		Short: "A GGUF file into a Hugging Face model directory",
		Long: `convert decodes the weights of a GGUF file and writes config.json, model.safetensors, tokenizer.json and
tokenizer_config.json. The folder appears under its name when it is complete.`,
		Example: `  tiebreak convert smollm2-135m-instruct-q8_0.gguf smollm2
  tiebreak convert model.gguf DIR --as f16 --force`,
		Args: wantArgs("a GGUF file", "a directory to write"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runConvert(cmd.Context(), args[0], args[1], as, force)
		},
	}
	cmd.Flags().StringVar(&as, "as", "bf16", "type of the weights written: bf16, f16 or f32")
	completes(cmd, "as", "bf16", "f16", "f32")
	cmd.Flags().BoolVar(&force, "force", false, "replace a folder that holds a model")
	return cmd
}

func (a *app) runConvert(ctx context.Context, in, out, as string, force bool) error {
	types := map[string]tensor.DType{"bf16": tensor.BF16, "f16": tensor.F16, "f32": tensor.F32}
	dtype, ok := types[as]
	if !ok {
		return usage("--as %q: want bf16, f16 or f32", as)
	}
	opt := gguf.ConvertOptions{DType: dtype, Force: force}
	if a.flags.dryRun {
		if err := gguf.Check(in, out, opt); err != nil {
			return ggufError(err)
		}
		a.say("%s can be converted to %s (%s)", in, out, as)
		return nil
	}
	began := time.Now()
	if err := gguf.Convert(ctx, in, out, opt); err != nil {
		return ggufError(err)
	}
	if a.flags.json {
		return a.printJSON(map[string]any{"output": out, "dtype": as, "seconds": time.Since(began).Seconds()})
	}
	a.say("wrote %s (%s) in %.1f s", out, as, time.Since(began).Seconds())
	return nil
}

// ggufError gives an error of package gguf its exit code.
func ggufError(err error) error {
	var format *gguf.FormatError
	if errors.As(err, &format) || errors.Is(err, errNotExist) {
		return badData(err)
	}
	return err
}
