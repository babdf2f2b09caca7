package safetensors

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"tiebreak/internal/publish"
)

// WriteSharded writes the weights of a model directory: model.safetensors if maxBytes of data suffice for all tensors,
// else shards of at most that size and model.safetensors.index.json. Tensors go to shards in the order given; one that is
// larger than maxBytes gets a shard of its own. The directory must hold no weights under these names yet. The index,
// without which the shards are not a model, comes last; on an error all files of the call are removed.
func WriteSharded(dir string, maxBytes int64, sources []Source, metadata map[string]string) (err error) {
	for _, name := range []string{SingleName, IndexName} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("safetensors: write %s: got a directory with weights: %w", dir, cmp.Or(err, fs.ErrExist))
		}
	}
	parts, total, err := split(sources, maxBytes)
	if err != nil {
		return fmt.Errorf("safetensors: write %s: %w", dir, err)
	}
	if len(parts) < 2 {
		return WriteSources(filepath.Join(dir, SingleName), sources, metadata)
	}
	var written []string
	defer func() {
		for _, path := range written {
			if err != nil {
				err = errors.Join(err, os.Remove(path))
			}
		}
	}()
	weights := map[string]string{}
	for i, part := range parts {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(parts))
		path := filepath.Join(dir, name)
		if err := WriteSources(path, part, metadata); err != nil {
			return err
		}
		written = append(written, path)
		for _, s := range part {
			if first, twice := weights[s.Name]; twice {
				return fmt.Errorf("safetensors: write %s: tensor %s: got it in %s and in %s, want each name once", dir, quote(s.Name), first, name)
			}
			weights[s.Name] = name
		}
	}
	return writeIndex(filepath.Join(dir, IndexName), total, weights)
}

// split cuts the list of tensors into parts of at most maxBytes, or of one tensor, and sums up their sizes.
func split(sources []Source, maxBytes int64) (parts [][]Source, total int64, err error) {
	start, size := 0, int64(0)
	for i, s := range sources {
		n, err := s.check()
		if err != nil {
			return nil, 0, fmt.Errorf("tensor %s: %w", quote(s.Name), err)
		}
		if n > math.MaxInt64-total {
			return nil, 0, fmt.Errorf("tensor %s: got more than 2^63-1 bytes of tensors", quote(s.Name))
		}
		if i > start && n > maxBytes-size {
			parts = append(parts, sources[start:i])
			start, size = i, 0
		}
		size += n
		total += n
	}
	return append(parts, sources[start:]), total, nil
}

// writeIndex writes the file that says which tensor lies in which shard.
func writeIndex(path string, total int64, weights map[string]string) error {
	type metadata struct {
		TotalSize int64 `json:"total_size"`
	}
	text, err := json.MarshalIndent(struct {
		Metadata  metadata          `json:"metadata"`
		WeightMap map[string]string `json:"weight_map"`
	}{metadata{total}, weights}, "", "  ")
	if err != nil {
		panic(err) // strings and numbers can always be encoded
	}
	if err := publish.Bytes(path, append(text, '\n')); err != nil {
		return fmt.Errorf("safetensors: write %s: %w", path, err)
	}
	return nil
}
