package bench

import (
	"fmt"
	"slices"
	"strings"
)

// Geometry is the extents of a model, as far as they decide what an operation costs.
type Geometry struct {
	Name                    string
	Hidden, FeedForward     int
	Heads, KVHeads, HeadDim int
}

// Geometries are the models whose operations are measured: the one of the demo and the two that the project is for, as
// their config.json files give them.
func Geometries() []Geometry {
	return []Geometry{
		{"smollm2", 576, 1536, 9, 3, 64},
		{"phi3", 3072, 8192, 32, 32, 96},
		{"llama", 4096, 14336, 32, 8, 128},
	}
}

// Select keeps the geometries of the names given, all if there are none. The error lists those there are.
func Select(names ...string) ([]Geometry, error) {
	all := Geometries()
	var known []string
	for _, g := range all {
		known = append(known, g.Name)
	}
	var chosen []Geometry
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, fmt.Errorf("bench: shapes: got %q, want %s", name, strings.Join(known, ", "))
		}
		chosen = append(chosen, all[i])
	}
	if len(chosen) == 0 {
		return all, nil
	}
	return chosen, nil
}

// product is x [T,K] by a weight [N,K].
type product struct {
	name  string
	n, k  int
	gated bool
}

// products lists the matrix products of a decoder layer.
func (g Geometry) products() []product {
	q, kv := g.Heads*g.HeadDim, g.KVHeads*g.HeadDim
	return []product{
		{g.Name + " qkv", q + 2*kv, g.Hidden, false},
		{g.Name + " o", g.Hidden, q, false},
		{g.Name + " gate_up", 2 * g.FeedForward, g.Hidden, true},
		{g.Name + " down", g.Hidden, g.FeedForward, false},
	}
}
