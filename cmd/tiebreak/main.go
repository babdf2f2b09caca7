// Command tiebreak predicts which of two chatbot answers people prefer, with a transformer runtime of its own.
//
// This package holds flags, picks the backend, wires the packages together and prints. One file a subcommand; what a
// subcommand does lives in the packages it calls.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the default action is back, so that a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}

// stdio is where a command reads and writes: data goes to out, words to err.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, std stdio) int {
	app := &app{std: std}
	root := app.root()
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	cmd, err := root.ExecuteContextC(ctx)
	return app.report(ctx, cobraUsage(cmd, err))
}

// app is what all subcommands share.
type app struct {
	std   stdio
	flags shared
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "tiebreak",
		Short:         "Predict which of two chatbot answers people prefer",
		Long:          rootHelp,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: 2,
		// All commands take all shared flags; a wrong value is found before anything is read.
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.flags.check() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%v\nsee `%s --help`", err, cmd.CommandPath())
	})
	a.flags.register(root)
	root.AddCommand(a.predict(), a.eval(), a.logits(), a.generate(), a.tokenize(), a.convert(), a.inspect(), a.devices(), a.bench(), a.ptx())
	return root
}

const rootHelp = `tiebreak predicts which of two chatbot answers people prefer.

It is a transformer runtime of its own (Llama family, Phi-3): it reads Hugging Face model directories,
scores each pair of answers in both orders with one forward pass each, and writes probabilities for
"A wins", "B wins" and "tie". No Python, no network.

  tiebreak predict --model DIR --input pairs.csv --output submission.csv
  tiebreak eval --predictions submission.csv --labels pairs.csv

Exit codes: 0 done · 1 failed at run time · 2 wrong usage · 3 complete, but some rows got the prior ·
5 device or memory does not suffice · 6 bad input data · 130 interrupted`
