package main

import (
	"tiebreak/engine"
	"tiebreak/model"
	"tiebreak/safetensors"
)

// plan prints what a run would take, for --dry-run, and fails with the numbers where it would not fit.
func (a *app) plan(dir string, opt engine.Options) error {
	if err := a.flags.fill(&opt); err != nil {
		return err
	}
	devices, err := a.openDevices()
	if err != nil {
		return err
	}
	defer closeAll(devices)
	config, err := model.ReadConfig(dir)
	if err != nil {
		return badData(err)
	}
	weights, err := safetensors.Open(dir)
	if err != nil {
		return badData(err)
	}
	defer weights.Close()
	p, err := engine.NewPlan(devices, config, weights, opt)
	if err != nil {
		return engineError(err)
	}
	a.say("plan: %v", p)
	if a.flags.json {
		if err := a.printJSON(p); err != nil {
			return err
		}
	}
	return resources(p.Check())
}
