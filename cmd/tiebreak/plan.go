package main

import (
	"fmt"

	"tiebreak/engine"
	"tiebreak/model"
	"tiebreak/safetensors"
)

// plan prints what a run would take, for --dry-run, and fails with the numbers where it would not fit.
func (j *judgeSession) plan(a *app) error {
	compute, err := a.flags.compute()
	if err != nil {
		return err
	}
	j.options.Compute = compute
	be, err := a.openBackend()
	if err != nil {
		return err
	}
	defer be.Close()
	config, err := model.ReadConfig(j.dir)
	if err != nil {
		return badData(err)
	}
	weights, err := safetensors.Open(j.dir)
	if err != nil {
		return badData(err)
	}
	defer weights.Close()
	p, err := engine.NewPlan(be.Device(), config, weights, j.options)
	if err != nil {
		return engineError(err)
	}
	a.say("plan: %v", p)
	if a.flags.json {
		if err := a.printJSON(p); err != nil {
			return err
		}
	}
	if p.Total() > p.Free {
		return resources(fmt.Errorf("the plan needs %s and %s has %s free: lower --max-tokens or --batch", gib(p.Total()), be.Device().ID, gib(p.Free)))
	}
	return nil
}
