package safetensors

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// parseIndex reads the text of an index: which tensor lies in which file. File names are plain: no index can make us
// read outside its folder.
func parseIndex(file string, text []byte) (map[string]string, error) {
	var weights map[string]string
	current := ""
	s := &scanner{data: text}
	err := s.object(func(key string) error {
		if key != "weight_map" {
			return s.skip()
		}
		weights = map[string]string{}
		return s.object(func(tensor string) error {
			if len(weights) == maxTensors {
				return s.fail(s.pos, "got more than %d tensors", maxTensors)
			}
			current = tensor
			name, err := s.text()
			if err != nil {
				return err
			}
			if !isShardName(name) {
				return problem(file, tensor, "got the shard %s, want the plain name of a .safetensors file beside the index", quote(name))
			}
			weights[tensor] = name
			current = ""
			return nil
		})
	})
	if err == nil && s.peek() != 0 {
		err = s.fail(s.pos, "got %s after the index, want the end", s.got())
	}
	if syntax, ok := err.(*syntaxError); ok {
		return nil, problem(file, current, "%v", syntax)
	}
	if err == nil && len(weights) == 0 {
		err = problem(file, "", "got no weight_map, want one that maps each tensor to its file")
	}
	if err != nil {
		return nil, err
	}
	return weights, nil
}

// isShardName holds for names that can only mean a file in the folder of the index, whatever the operating system.
func isShardName(name string) bool {
	return strings.HasSuffix(name, ".safetensors") && !strings.ContainsAny(name, "/\\:\x00") && filepath.IsLocal(name)
}

// openIndex maps all shards of an index.
func openIndex(path string) (*Set, error) {
	text, err := readIndex(path)
	if err != nil {
		return nil, err
	}
	weights, err := parseIndex(path, text)
	if err != nil {
		return nil, err
	}
	var shards []*shard
	for _, name := range slices.Compact(slices.Sorted(maps.Values(weights))) {
		var sh *shard
		if sh, err = openShard(filepath.Join(filepath.Dir(path), name)); err != nil {
			err = withPrefix(fmt.Sprintf("safetensors: %s: shard %s: ", path, quote(name)), err)
			break
		}
		shards = append(shards, sh)
	}
	set := &Set{path: path, shards: shards}
	if err == nil {
		err = checkShards(path, weights, shards)
	}
	if err != nil {
		return nil, errors.Join(err, set.Close())
	}
	return newSet(path, shards...), nil
}

// readIndex reads the text of an index file, which may be as long as a header.
func readIndex(path string) ([]byte, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	defer f.Close()
	if info.Size() > maxHeader {
		return nil, problem(path, "", "got an index of %d bytes, want at most %d", info.Size(), maxHeader)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxHeader))
	if err != nil {
		return nil, fmt.Errorf("safetensors: read %s: %w", path, err)
	}
	return text, nil
}

// checkShards holds the shards against the index: each tensor where it is said to be, once, and none besides.
func checkShards(path string, weights map[string]string, shards []*shard) error {
	for _, sh := range shards {
		name := filepath.Base(sh.path)
		for _, tensor := range sh.Names() {
			switch want, listed := weights[tensor]; {
			case !listed:
				return problem(path, tensor, "got it in shard %s, want it listed in the weight_map", quote(name))
			case want != name:
				return problem(path, tensor, "got it in shard %s, want it in %s alone", quote(name), quote(want))
			}
		}
	}
	byName := map[string]*shard{}
	for _, sh := range shards {
		byName[filepath.Base(sh.path)] = sh
	}
	for _, tensor := range slices.Sorted(maps.Keys(weights)) {
		if name := weights[tensor]; !byName[name].Has(tensor) {
			return problem(path, tensor, "got no such tensor in shard %s, where the weight_map puts it", quote(name))
		}
	}
	return nil
}
