package gguf

import (
	"maps"
	"math"
	"slices"
)

// Keys lists the metadata keys in ascending order.
func (f *File) Keys() []string { return slices.Sorted(maps.Keys(f.values)) }

// Has reports whether there is metadata under the key.
func (f *File) Has(name string) bool {
	_, ok := f.values[name]
	return ok
}

// wrongType is the error for a key that is missing or holds something else than was wanted.
func (f *File) wrongType(name, want string) error {
	if v, ok := f.values[name]; ok {
		return problem(f.name, key(name), "got %s, want %s", v.describe(), want)
	}
	return problem(f.name, key(name), "got no such key, want %s", want)
}

// Int is the integer under a key, of whatever integer type, up to 2^63-1.
func (f *File) Int(name string) (int64, error) {
	v := f.values[name]
	if list, ok := v.integers(); ok && !v.array && len(list) == 1 {
		return list[0], nil
	}
	return 0, f.wrongType(name, "an integer")
}

// Ints is the array of integers under a key.
func (f *File) Ints(name string) ([]int64, error) {
	v := f.values[name]
	if list, ok := v.integers(); ok && v.array {
		return list, nil
	}
	return nil, f.wrongType(name, "an array of integers")
}

// Float is the finite number under a key, a float32 or a float64. A float32 is read as the shortest decimal number that
// rounds to it.
func (f *File) Float(name string) (float64, error) {
	v, ok := f.values[name].float()
	if !ok {
		return 0, f.wrongType(name, "a floating-point number")
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, problem(f.name, key(name), "got %v, want a finite number", v)
	}
	return v, nil
}

// Bool is the truth value under a key.
func (f *File) Bool(name string) (bool, error) {
	if v := f.values[name]; v.kind == kindBool && !v.array {
		return v.raw[0] == 1, nil
	}
	return false, f.wrongType(name, "a bool")
}

// String is the text under a key. It need not be UTF-8.
func (f *File) String(name string) (string, error) {
	if v := f.values[name]; v.kind == kindString && !v.array {
		return v.text[0], nil
	}
	return "", f.wrongType(name, "a string")
}

// Strings is the array of texts under a key. It must not be changed.
func (f *File) Strings(name string) ([]string, error) {
	if v := f.values[name]; v.kind == kindString && v.array {
		return v.text, nil
	}
	return nil, f.wrongType(name, "an array of strings")
}
