package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// comparisons lists all that is measured. Work of ours alone has one contender. Full-size models are measured where
// tools/fullsize has put them: DIR/phi3-mini and DIR/llama31-8b.
func comparisons(s setup) []comparison {
	model := filepath.Join(s.dir, "smollm2")
	ids := filepath.Join(s.dir, "prompts.jsonl")
	with := func(args ...string) []string { return append(args, "--model", model) }
	rows := []string{"predict", "--model", model, "--input", s.input, "--swap=false", "--repeat", "3", "--write-ids", ids}
	list := []comparison{
		{"prefill 512 bf16", []contender{ours("", with("prefill", "--tokens", "512", "--dtype", "bf16")...), llama("bf16", 512, 0), torch("smollm2", "prefill", "--tokens", "512")}},
		{"prefill 2048 bf16", []contender{ours("", with("prefill", "--tokens", "2048", "--dtype", "bf16")...), llama("bf16", 2048, 0), torch("smollm2", "prefill", "--tokens", "2048")}},
		{"prefill 512 f32", []contender{ours("", with("prefill", "--tokens", "512", "--dtype", "f32")...), torch("smollm2", "prefill", "--tokens", "512", "--dtype", "float32")}},
		{"prefill 512 avx2", []contender{ours("avx2", with("prefill", "--tokens", "512", "--dtype", "f32")...), llama("f16", 512, 0)}},
		{"decode bf16", []contender{ours("", with("decode", "--tokens", "64", "--dtype", "bf16")...), llama("bf16", 0, 64), torch("smollm2", "decode", "--tokens", "64")}},
		{"predict bf16", []contender{ours("", append(rows, "--dtype", "bf16")...), torch("smollm2", "predict", "--ids", ids, "--repeat", "1")}},
		alone("gemm bf16", "gemm", "--dtype", "bf16"),
		alone("gemm f32", "gemm", "--dtype", "f32"),
		alone("gemm f32 by bf16", "gemm", "--dtype", "f32", "--weights", "bf16"),
		alone("attention bf16", "attention", "--dtype", "bf16"),
		alone("attention bf16 2048", "attention", "--dtype", "bf16", "--tokens", "2048"),
	}
	for _, tokens := range []int{128, 256, 512, 1024, 2048, 4096, 8192} {
		list = append(list, alone(fmt.Sprintf("growth tokens %d", tokens), with("prefill", "--tokens", strconv.Itoa(tokens), "--repeat", "3")...))
	}
	for _, batch := range []int{1, 2, 4, 8, 16, 32} {
		list = append(list, alone(fmt.Sprintf("growth batch %d", batch), with("prefill", "--tokens", "128", "--batch", strconv.Itoa(batch))...))
	}
	for _, n := range []int{8, 16, 32, 64, 128} {
		list = append(list, alone(fmt.Sprintf("growth rows %d", n), with("predict", "--input", s.input, "--swap=false", "--repeat", "1", "--rows", strconv.Itoa(n))...))
	}
	for _, name := range []string{"phi3-mini", "llama31-8b"} {
		dir := filepath.Join(s.dir, name)
		if _, err := os.Stat(filepath.Join(dir, "config.json")); err == nil {
			list = append(list, alone("full "+name, "prefill", "--model", dir, "--tokens", "512", "--repeat", "1"))
		}
	}
	return list
}

// alone is work that only we do.
func alone(name string, args ...string) comparison {
	return comparison{name, []contender{ours("", args...)}}
}
