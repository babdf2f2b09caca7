package tokenizer

import "slices"

// Objects with a fixed set of fields, and how each is read.

// field is one name of an object with a fixed set of them, and how its value is read.
type field struct {
	name     string
	optional bool
	read     func(path string) error
}

// fields reads an object that has all fields that are not optional, each once, and no others.
func (r *jsonReader) fields(path string, fields ...field) error {
	seen := make([]bool, len(fields))
	err := r.object(path, func(name string) error {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			return r.fail(path, "field %q is not supported", name)
		}
		if seen[i] {
			return r.fail(path, "field %q is there twice", name)
		}
		seen[i] = true
		return fields[i].read(path + "." + name)
	})
	if err != nil {
		return err
	}
	for i, f := range fields {
		if !seen[i] && !f.optional {
			return r.fail(path, "field %q is missing", f.name)
		}
	}
	return nil
}

// The readers of single fields.

func (r *jsonReader) strTo(to *string) func(string) error {
	return func(path string) (err error) {
		*to, err = r.str(path)
		return err
	}
}

func (r *jsonReader) idTo(to *int32) func(string) error {
	return func(path string) (err error) {
		*to, err = r.id(path)
		return err
	}
}

func (r *jsonReader) boolTo(to *bool) func(string) error {
	return func(path string) (err error) {
		*to, err = r.boolean(path)
		return err
	}
}

// nullOr reads null as the absence of a value.
func (r *jsonReader) nullOr(read func(path string) error) func(string) error {
	return func(path string) error {
		if r.word("null") {
			return nil
		}
		return read(path)
	}
}
