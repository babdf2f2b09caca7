package main

import (
	"errors"
	"path/filepath"

	"tiebreak/backend"
	"tiebreak/engine"
	"tiebreak/tokenizer"
)

// session is a model that is ready to compute.
type session struct {
	devices []backend.Backend
	engine  *engine.Engine
}

func (s *session) Close() error { return errors.Join(s.engine.Close(), closeAll(s.devices)) }

// openEngine loads the model directory on the devices of the flags. opt.Compute is set from --dtype, opt.Split from --split.
func (a *app) openEngine(dir string, opt engine.Options) (*session, error) {
	if err := a.flags.fill(&opt); err != nil {
		return nil, err
	}
	devices, err := a.openDevices()
	if err != nil {
		return nil, err
	}
	e, err := engine.OpenOn(devices, dir, opt)
	if err != nil {
		return nil, errors.Join(engineError(err), closeAll(devices))
	}
	if a.flags.verbose > 0 {
		for _, be := range devices {
			d := be.Device()
			a.say("device %s: %s (%s)", d.ID, d.Name, d.Detail)
		}
	}
	if a.flags.verbose > 0 || len(devices) > 1 {
		a.say("plan: %v", e.Plan)
	}
	return &session{devices, e}, nil
}

// engineError gives an error of opening or planning an engine its exit code.
func engineError(err error) error {
	switch {
	case errors.Is(err, engine.ErrMemory):
		return resources(err)
	case errors.Is(err, engine.ErrOptions):
		return coded(exitUsage, err)
	}
	return badData(err)
}

// openTokenizer reads the tokenizer of a model directory.
func openTokenizer(dir string) (*tokenizer.Tokenizer, error) {
	tok, err := tokenizer.Open(dir)
	return tok, badData(err)
}

// modelDir is the directory of --model, or where `make model` puts the one of the demo.
func modelDir(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	dir, err := cacheDir()
	if err != nil {
		return "", usage("--model: no model is named, and %v", err)
	}
	dir = filepath.Join(dir, "smollm2-135m-instruct")
	if !exists(filepath.Join(dir, "config.json")) {
		return "", usage("--model: no model is named, and there is none at %s; name a model directory, or run `make model` once", dir)
	}
	return dir, nil
}
