package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// fields reads one JSON object key by key and collects what is wrong with it. Keys are compared exactly: encoding/json
// would take "Hidden_Size" for hidden_size. A null counts as absent, as it does for transformers.
type fields struct {
	path     string // dotted prefix of the keys, "" for the top level
	values   map[string]json.RawMessage
	problems *[]string // shared by nested objects
}

// parseFields splits the text of one JSON object into its values. A key that occurs twice is an error.
func parseFields(raw []byte) (*fields, error) {
	f := &fields{problems: new([]string)}
	var err error
	if f.values, err = members(raw); err != nil {
		return nil, err
	}
	return f, nil
}

func members(raw []byte) (map[string]json.RawMessage, error) {
	if !json.Valid(raw) {
		var syntax *json.SyntaxError
		err := json.Unmarshal(raw, new(json.RawMessage))
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("JSON at byte %d: %w", syntax.Offset, err)
		}
		return nil, fmt.Errorf("JSON: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("JSON: got %s, want an object", clip(raw))
	}
	out := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("JSON: %w", err)
		}
		key := t.(string) // a valid object has nothing else here
		if _, twice := out[key]; twice {
			return nil, fmt.Errorf("JSON: key %s: got it twice, want it once", quote(key))
		}
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil && err != io.EOF {
			return nil, fmt.Errorf("JSON: %w", err)
		}
		if string(v) != "null" {
			out[key] = v
		}
	}
	return out, nil
}

// problem notes that a field has a value it must not have.
func (f *fields) problem(name, got, want string) {
	*f.problems = append(*f.problems, fmt.Sprintf("%s%s: got %s, want %s", f.path, name, got, want))
}

// err joins the problems found so far.
func (f *fields) err() error {
	if len(*f.problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(*f.problems, "; "))
}

func (f *fields) has(name string) bool { return f.values[name] != nil }

// count reads an integer from 1 to most. Absent, it is fallback, or an error where fallback is 0.
func (f *fields) count(name string, fallback, most int) int {
	v := f.values[name]
	if v == nil {
		if fallback == 0 {
			f.problem(name, "nothing", fmt.Sprintf("an integer from 1 to %d", most))
		}
		return fallback
	}
	n, err := strconv.Atoi(string(v))
	if err != nil || n < 1 || n > most {
		f.problem(name, clip(v), fmt.Sprintf("an integer from 1 to %d", most))
		return 0
	}
	return n
}

// number reads a finite number above low and at most high. Absent, it is fallback, or an error where that is NaN.
func (f *fields) number(name string, fallback, low, high float64) float64 {
	v := f.values[name]
	if v == nil {
		if math.IsNaN(fallback) {
			f.problem(name, "nothing", "a number")
		}
		return fallback
	}
	x, err := strconv.ParseFloat(string(v), 64)
	if err != nil || !(x > low && x <= high) {
		f.problem(name, clip(v), fmt.Sprintf("a number above %v, at most %v", low, high))
		return math.NaN()
	}
	return x
}

// flag reads a boolean; absent is false.
func (f *fields) flag(name string) bool {
	switch v := f.values[name]; string(v) {
	case "true":
		return true
	case "", "false":
		return false
	default:
		f.problem(name, clip(v), "true or false")
		return false
	}
}

// text reads a string; absent is fallback.
func (f *fields) text(name, fallback string) string {
	v := f.values[name]
	if v == nil {
		return fallback
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		f.problem(name, clip(v), "a string")
	}
	return s
}

// allow notes a problem unless the field is the one string that is supported; absent is fallback.
func (f *fields) allow(name, fallback, only string) {
	if s := f.text(name, fallback); s != only {
		f.problem(name, quote(s), only)
	}
}

// strings reads a list of strings; absent is none.
func (f *fields) strings(name string) []string {
	var s []string
	if v := f.values[name]; v != nil && json.Unmarshal(v, &s) != nil {
		f.problem(name, clip(v), "a list of strings")
	}
	return s
}

// tokens reads one token id or a list of them; absent is none.
func (f *fields) tokens(name string) []int32 {
	v := f.values[name]
	if v == nil {
		return nil
	}
	if v[0] != '[' {
		v = slices.Concat([]byte("["), v, []byte("]"))
	}
	var ids []int32
	if err := json.Unmarshal(v, &ids); err != nil || slices.ContainsFunc(ids, func(id int32) bool { return id < 0 }) {
		f.problem(name, clip(f.values[name]), "a token id of 0 or more, or a list of them")
		return nil
	}
	return ids
}

// object reads a nested object; absent is an empty one.
func (f *fields) object(name string) *fields {
	inner := &fields{path: f.path + name + ".", problems: f.problems}
	if v := f.values[name]; v != nil {
		var err error
		if inner.values, err = members(v); err != nil {
			f.problem(name, clip(v), "an object with each key once")
		}
	}
	return inner
}

// maxClasses bounds the classes of a sequence classifier.
const maxClasses = 1 << 16

// classes reads the names of a classifier's classes from id2label or, unnamed, their number from num_labels. Where both
// are absent there are two: transformers does not write its default.
func (f *fields) classes() []string {
	n := f.count("num_labels", 2, maxClasses)
	if !f.has("id2label") {
		return make([]string, n)
	}
	labels := f.object("id2label")
	if f.has("num_labels") && n != len(labels.values) {
		f.problem("id2label", fmt.Sprintf("%d classes", len(labels.values)), fmt.Sprintf("num_labels %d", n))
	}
	if len(labels.values) == 0 || len(labels.values) > maxClasses {
		f.problem("id2label", fmt.Sprintf("%d classes", len(labels.values)), fmt.Sprintf("1 to %d", maxClasses))
		return nil
	}
	names := make([]string, len(labels.values))
	for i := range names {
		key := strconv.Itoa(i)
		if !labels.has(key) {
			f.problem("id2label", "no class "+key, fmt.Sprintf("the keys 0 to %d", len(names)-1))
			return nil
		}
		names[i] = labels.text(key, "")
	}
	return names
}

// quote shows text from a file in a message.
func quote(s string) string { return clip([]byte(strconv.QuoteToASCII(s))) }

// clip shortens a value from a file so that a message stays readable.
func clip(v []byte) string {
	const most = 64
	if len(v) > most {
		return string(v[:most]) + "…"
	}
	return string(v)
}
