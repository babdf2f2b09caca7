// Command peers measures this project beside llama.cpp and PyTorch on the same work and writes docs/performance.md with its
// plots. setup.sh in this folder sets the others up.
//
//	go run ./tools/peers [-rounds 3] [-tiebreak bin/tiebreak] [-input FILE.csv] PEERS_DIR
//	go run ./tools/peers -render PEERS_DIR     the page alone, from the results of the last run
//
// The contenders of a comparison run in turn, A B C A B C, so that a neighbour on the machine, or a clock that changes,
// meets all of them; what counts is the median over the rounds.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	var s setup
	rounds := flag.Int("rounds", 3, "how often each comparison is run")
	render := flag.Bool("render", false, "only write the page, from the results of the last run")
	only := flag.String("only", "", "only measure what has this name, keeping other results of the last run")
	docs := flag.String("docs", "docs", "folder of performance.md and img/")
	flag.StringVar(&s.tiebreak, "tiebreak", "bin/tiebreak", "our program")
	flag.StringVar(&s.input, "input", "examples/sample.csv", "CSV of rows for predict")
	flag.IntVar(&s.threads, "threads", 2, "threads for each contender")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: peers [flags] PEERS_DIR, as tools/peers/setup.sh made it")
		flag.PrintDefaults()
		os.Exit(2)
	}
	s.dir = flag.Arg(0)
	if err := run(s, *rounds, *render, *only, *docs); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(s setup, rounds int, render bool, only, docs string) error {
	path := filepath.Join(s.dir, "results.json")
	results, err := load(path)
	if err != nil && (render || only != "") {
		return err
	}
	if !render {
		if err := measure(s, rounds, only, results, func() error { return save(path, results) }); err != nil {
			return err
		}
	}
	return writePage(docs, results)
}

// load reads the results of the last run; there are none without an error of its own.
func load(path string) (map[string]*outcome, error) {
	results := map[string]*outcome{}
	raw, err := os.ReadFile(path)
	if err != nil {
		return results, err
	}
	return results, json.Unmarshal(raw, &results)
}

func save(path string, results map[string]*outcome) error {
	raw, err := json.MarshalIndent(results, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}
