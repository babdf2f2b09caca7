package tokenizer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// benchDirs are the tokenizers to measure: those kept outside the repository where they are there, else our own.
func benchDirs(b *testing.B) []string {
	b.Helper()
	dirs, _ := filepath.Glob(filepath.Join("..", "..", "shared", "tokenizers", "*", "tokenizer.json"))
	if len(dirs) == 0 {
		dirs, _ = filepath.Glob(filepath.Join("testdata", "*", "tokenizer.json"))
	}
	if len(dirs) == 0 {
		b.Fatal("no tokenizers")
	}
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	return dirs
}

// benchText is about a megabyte of the Go source and Markdown of this project.
func benchText(b *testing.B, pattern string) string {
	b.Helper()
	files, _ := filepath.Glob(pattern)
	var text strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		text.Write(data)
	}
	if text.Len() == 0 {
		b.Fatalf("no text at %s", pattern)
	}
	return strings.Repeat(text.String(), 1+(1<<20)/text.Len())
}

func BenchmarkOpen(b *testing.B) {
	for _, dir := range benchDirs(b) {
		b.Run(filepath.Base(dir), func(b *testing.B) {
			for b.Loop() {
				if _, err := Open(dir); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	texts := map[string]string{
		"code":   benchText(b, "*.go"),
		"prose":  benchText(b, "../../shared/research/*.md"),
		"letter": strings.Repeat("a", 1<<20),
		"spaces": strings.Repeat(" ", 1<<20),
		"cjk":    strings.Repeat("中", 1<<20/3),
	}
	for _, dir := range benchDirs(b) {
		tok, err := Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		for name, text := range texts {
			b.Run(filepath.Base(dir)+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					tok.Encode(text)
				}
			})
		}
	}
}
