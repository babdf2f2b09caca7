package jinja

import (
	"fmt"
	"strconv"
	"strings"
)

// tojson is the filter tojson as transformers defines it: Python's json.dumps, which keeps what is not ASCII and, unlike
// Jinja's own filter, what HTML gives a meaning.
func tojson(s *state, v any, a arguments) (any, error) {
	args, err := a.take(0, "indent", "ensure_ascii", "separators", "sort_keys")
	if err != nil {
		return nil, err
	}
	for _, other := range args[1:] {
		if given(other) && other != false {
			return nil, fmt.Errorf("arguments other than indent are not supported")
		}
	}
	indent, err := intOr(args[0], -1)
	if err != nil || indent > 64 {
		return nil, fmt.Errorf("indent is no integer up to 64")
	}
	w := jsonWriter{s: s, indent: int(indent)}
	err = w.value(v, 0)
	return w.String(), err
}

// jsonWriter writes a value as json.dumps does.
type jsonWriter struct {
	strings.Builder
	s      *state
	indent int // -1 for all on one line
}

func (w *jsonWriter) value(v any, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("a value is nested deeper than %d", maxDepth)
	}
	if err := w.s.grow(&w.Builder, 0); err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		w.WriteString("null")
	case bool:
		w.WriteString(strconv.FormatBool(v))
	case int64:
		w.WriteString(strconv.FormatInt(v, 10))
	case float64:
		w.WriteString(floatText(v))
	case string:
		return w.text(v)
	case []any:
		return w.list(v, depth)
	case tuple:
		return w.list(v, depth)
	case *Dict:
		return w.items("{}", len(v.keys), depth, func(i int) error {
			if err := w.text(v.keys[i]); err != nil {
				return err
			}
			w.WriteString(": ")
			return w.value(v.values[v.keys[i]], depth+1)
		})
	default:
		return fmt.Errorf("can not write %s as JSON", kindOf(v))
	}
	return nil
}

func (w *jsonWriter) list(list []any, depth int) error {
	return w.items("[]", len(list), depth, func(i int) error { return w.value(list[i], depth+1) })
}

// items writes n items between brackets.
func (w *jsonWriter) items(brackets string, n, depth int, item func(i int) error) error {
	w.WriteByte(brackets[0])
	for i := range n {
		if i > 0 {
			w.WriteByte(',')
		}
		if w.indent >= 0 {
			w.newline(depth + 1)
		} else if i > 0 {
			w.WriteByte(' ')
		}
		if err := item(i); err != nil {
			return err
		}
	}
	if n > 0 && w.indent >= 0 {
		w.newline(depth)
	}
	w.WriteByte(brackets[1])
	return nil
}

func (w *jsonWriter) newline(depth int) {
	w.WriteByte('\n')
	w.WriteString(strings.Repeat(" ", depth*w.indent))
}

// text writes a string.
func (w *jsonWriter) text(v string) error {
	if err := w.s.grow(&w.Builder, len(v)); err != nil {
		return err
	}
	w.WriteByte('"')
	for i := 0; i < len(v); i++ {
		c := v[i]
		if at := strings.IndexByte("\"\\\b\f\n\r\t", c); at >= 0 {
			w.WriteByte('\\')
			w.WriteByte(`"\bfnrt`[at])
		} else if c < ' ' {
			fmt.Fprintf(w, `\u%04x`, c)
		} else {
			w.WriteByte(c)
		}
	}
	w.WriteByte('"')
	return nil
}
