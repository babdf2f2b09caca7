// Command fullsize writes model directories of the full size of LLaMA 3.1 8B (16.06 GB in four shards) or Phi-3 Mini 4K
// (7.64 GB in two), with random weights: what loading, memory and speed need to be measured, where the checkpoints
// themselves cannot be had. config.json says what those of the published checkpoints say. The weights are the same on every
// machine and in every run; what the model says is nonsense.
//
//	go run ./tools/fullsize [-tokenizer DIR] llama31-8b|phi3-mini DIR
package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tiebreak/model"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

func main() {
	tokenizer := flag.String("tokenizer", "", "directory whose tokenizer.json and tokenizer_config.json are copied")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: fullsize [-tokenizer DIR] %s DIR\n", strings.Join(names(), "|"))
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := write(flag.Arg(0), flag.Arg(1), *tokenizer, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// shardBytes is the most that the published checkpoints put into a file.
const shardBytes = 5_000_000_000

func names() []string { return slices.Sorted(maps.Keys(configs)) }

// write makes the directory of a model.
func write(name, dir, tokenizer string, log io.Writer) error {
	config, ok := configs[name]
	if !ok {
		return fmt.Errorf("fullsize: got model %q, want one of %s", name, strings.Join(names(), ", "))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := copyTokenizer(tokenizer, dir); err != nil {
		return err
	}
	sources, bytes, err := weights(config)
	if err != nil {
		return fmt.Errorf("fullsize: %s: %w", name, err)
	}
	start := time.Now()
	if err := safetensors.WriteSharded(dir, shardBytes, sources, map[string]string{"format": "pt"}); err != nil {
		return err
	}
	// config.json comes last: a directory without it is no model.
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644); err != nil {
		return err
	}
	took := time.Since(start).Seconds()
	_, err = fmt.Fprintf(log, "%s: %d tensors, %.2f GB in %.1f s, %.0f MB/s\n", dir, len(sources), float64(bytes)/1e9, took, float64(bytes)/1e6/took)
	return err
}

// weights lists the tensors of a model in the order of their names.
func weights(config string) (list []safetensors.Source, bytes int64, err error) {
	c, err := model.ParseConfig([]byte(config))
	if err != nil {
		return nil, 0, err
	}
	shapes := c.Shapes()
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		info := safetensors.Info{Name: name, DType: tensor.BF16, Shape: shapes[name]}
		list = append(list, safetensors.Source{Info: info, Data: newNoise(info)})
		bytes += 2 * int64(info.Shape.Elements())
	}
	return list, bytes, nil
}

func copyTokenizer(from, to string) error {
	if from == "" {
		return nil
	}
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return fmt.Errorf("fullsize: copy the tokenizer: %w", err)
		}
		if err := os.WriteFile(filepath.Join(to, name), text, 0o644); err != nil {
			return fmt.Errorf("fullsize: copy the tokenizer: %w", err)
		}
	}
	return nil
}
