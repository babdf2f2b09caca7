package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// The exit codes of the command line; scripts rely on them.
const (
	exitDone        = 0
	exitFailed      = 1   // failed at run time
	exitUsage       = 2   // wrong usage
	exitPartial     = 3   // output is complete, but some rows got the fallback prior
	exitResources   = 5   // device or memory does not suffice
	exitBadData     = 6   // bad input data
	exitInterrupted = 130 // a signal ended the work
)

// failure is an error with the exit code it leads to.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usage is a mistake in the command line.
func usage(format string, args ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, args...)}
}

// badData marks an error of the files the user gave; nil stays nil.
func badData(err error) error { return coded(exitBadData, err) }

// resources marks an error of device or memory; nil stays nil.
func resources(err error) error { return coded(exitResources, err) }

func coded(code int, err error) error {
	if err == nil {
		return nil
	}
	var already *failure
	if errors.As(err, &already) || errors.Is(err, context.Canceled) {
		return err
	}
	return &failure{code, err}
}

// report prints the error of a command, if any, and gives its exit code.
func (a *app) report(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	code := exitFailed
	var f *failure
	switch {
	case errors.As(err, &f):
		code = f.code
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		code, err = exitInterrupted, errors.New("interrupted")
	}
	if a.flags.quiet > 1 {
		return code
	}
	if a.flags.json {
		text, marshalErr := json.Marshal(map[string]any{"error": err.Error(), "exit_code": code})
		if marshalErr == nil {
			fmt.Fprintf(a.std.err, "%s\n", text)
			return code
		}
	}
	fmt.Fprintf(a.std.err, "tiebreak: %v\n", err)
	return code
}
