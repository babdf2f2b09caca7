package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// noSuchCommand is what the arguments of the program mean when they name no command.
func noSuchCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		hint = ": did you mean " + strings.Join(near, " or ") + "?"
	}
	return usage("unknown command %q%s\nsee `tiebreak --help`", args[0], hint)
}

// noArgs refuses arguments to a command that takes flags alone.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("got the argument %q, want flags alone", args[0])
	}
	return nil
}

// wantArgs asks for exactly the arguments of these names.
func wantArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usage("got %d arguments, want %d: %s\nsee `%s --help`", len(args), len(names), strings.Join(names, " and "), cmd.CommandPath())
		}
		return nil
	}
}

// cobraUsage gives a mistake that cobra finds itself, and reports as a plain error, the exit code and the hint of ours.
func cobraUsage(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	for _, start := range []string{"unknown command", "required flag", "accepts ", "requires ", "if any flags in the group", "at least one of the flags"} {
		if strings.HasPrefix(err.Error(), start) {
			return usage("%s\nsee `%s --help`", strings.TrimSpace(err.Error()), cmd.CommandPath())
		}
	}
	return err
}

// checkOutput finds before any work that a file cannot be written, or that it is the one that is read. "-" stands for stdin and stdout.
func checkOutput(input, output string) error {
	if output == "-" {
		return nil
	}
	if dir := filepath.Dir(output); !isFolder(dir) {
		return usage("--output %s: there is no folder %s", output, dir)
	}
	if isFolder(output) {
		return usage("--output %s: it is a folder, want the name of a file", output)
	}
	if sameFile(input, output) {
		return usage("--output %s: it is the input, which would be lost", output)
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// sameFile reports whether two names are of one regular file.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil || !x.Mode().IsRegular() {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// completes gives a flag's values to the shell's completion.
func completes(cmd *cobra.Command, flag string, values ...string) {
	must(cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
}
