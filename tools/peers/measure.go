package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tiebreak/bench"
)

// setup says where everything is.
type setup struct {
	dir, tiebreak, input string
	threads              int
}

// contender is one program that does the work of a comparison.
type contender struct {
	Name    string
	command func(s setup) *exec.Cmd
	parse   func(out []byte) (bench.Result, error)
}

// comparison is work and those who do it; the first is ours.
type comparison struct {
	Name       string
	contenders []contender
}

// outcome is the results of a comparison.
type outcome struct {
	Names []string         // of the contenders
	Runs  [][]bench.Result // by contender, one a round
	Load  []float64        // of the system before each round: programs that want to run, ours not among them
}

// measure runs all comparisons and keeps results after each.
func measure(s setup, rounds int, only string, results map[string]*outcome, keep func() error) error {
	for _, c := range comparisons(s) {
		if only != "" && !strings.HasPrefix(c.Name, only) {
			continue
		}
		o := &outcome{Runs: make([][]bench.Result, len(c.contenders))}
		for _, x := range c.contenders {
			o.Names = append(o.Names, x.Name)
		}
		for range rounds {
			o.Load = append(o.Load, systemLoad())
			for i, x := range c.contenders {
				r, err := x.run(s)
				if err != nil {
					return fmt.Errorf("%s: %s: %w", c.Name, x.Name, err)
				}
				fmt.Fprintf(os.Stderr, "%-24s %-12s %10.1f tok/s %8.1f GFLOP/s %8.1f GB/s  %d MiB\n", c.Name, x.Name, r.TokensPS, r.GFLOPS, r.GBPS, r.MaxRSSMiB)
				o.Runs[i] = append(o.Runs[i], r)
			}
		}
		results[c.Name] = o
		if err := keep(); err != nil {
			return err
		}
	}
	return nil
}

func (c contender) run(s setup) (bench.Result, error) {
	cmd := c.command(s)
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		return bench.Result{}, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, lastLines(words.String()))
	}
	return c.parse(out)
}

func lastLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// systemLoad is the load average over the last minute, 0 where the system does not say.
func systemLoad() float64 {
	raw, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(raw), " ")
	v, _ := strconv.ParseFloat(first, 64)
	return v
}

// ours is `tiebreak bench` with arguments, on the instruction set named ("" for the best).
func ours(isa string, args ...string) contender {
	c := contender{Name: "tiebreak", parse: parseResult}
	c.command = func(s setup) *exec.Cmd {
		cmd := exec.Command(s.tiebreak, append([]string{"bench"}, append(args, "--json", "--device", "cpu", "--threads", strconv.Itoa(s.threads))...)...)
		cmd.Env = append(os.Environ(), "TIEBREAK_ISA="+isa)
		return cmd
	}
	return c
}

// torch is torch_peer.py with arguments.
func torch(model string, args ...string) contender {
	return contender{Name: "PyTorch", parse: parseResult, command: func(s setup) *exec.Cmd {
		all := append([]string{"tools/peers/torch_peer.py", filepath.Join(s.dir, model)}, args...)
		return exec.Command(filepath.Join(s.dir, "venv/bin/python"), append(all, "--threads", strconv.Itoa(s.threads))...)
	}}
}

func parseResult(out []byte) (r bench.Result, err error) { return r, json.Unmarshal(out, &r) }

// llama is llama-bench on smollm2-TYPE.gguf, for a prompt (p) or for generated tokens (g).
func llama(kind string, p, g int) contender {
	return contender{Name: "llama.cpp", parse: parseLlama, command: func(s setup) *exec.Cmd {
		return exec.Command(filepath.Join(s.dir, "llama-bench"), "-m", filepath.Join(s.dir, "smollm2-"+kind+".gguf"),
			"-p", strconv.Itoa(p), "-n", strconv.Itoa(g), "-t", strconv.Itoa(s.threads), "-r", "3", "-o", "json")
	}}
}

// parseLlama reads what llama-bench says of its one test.
func parseLlama(out []byte) (bench.Result, error) {
	var tests []struct {
		Type    string    `json:"model_type"`
		Speeds  []float64 `json:"samples_ts"`
		Threads int       `json:"n_threads"`
	}
	if err := json.Unmarshal(out, &tests); err != nil {
		return bench.Result{}, err
	}
	if len(tests) != 1 || len(tests[0].Speeds) == 0 {
		return bench.Result{}, fmt.Errorf("got %d tests of llama-bench, want 1 with samples", len(tests))
	}
	t := tests[0]
	return bench.Result{DType: t.Type, Threads: t.Threads, TokensPS: median(t.Speeds)}, nil
}

func median(v []float64) float64 {
	sorted := slices.Sorted(slices.Values(v))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
