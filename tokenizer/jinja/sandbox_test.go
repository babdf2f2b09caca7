package jinja

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostile are templates that would run for ever, or take all memory, and what ends them.
var hostile = []struct{ name, template, want string }{
	{"huge range", "{% for i in range(1000000000) %}{% endfor %}", "steps"},
	{"huge range, not gone through", "{{ range(10**9) }}", "expected"},
	{"range to text", "{{ range(999999999) | string }}", "steps"},
	{"nested loops", strings.Repeat("{% for i in range(1000) %}", 6) + strings.Repeat("{% endfor %}", 6), "steps"},
	{"nested loops that write", "{% for i in range(5000) %}{% for j in range(5000) %}x{% endfor %}{% endfor %}", "steps"},
	{"recursive macro", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "too deep"},
	{"macros that double", "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(30) }}", "steps"},
	{"mutual macros", "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}", "too deep"},
	{"doubled string", "{% set ns = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}", "longer than"},
	{"repeated string", "{{ 'a' * 999999999999 }}", "longer than"},
	{"repeated repeats", "{{ ('a' * 4000000) * 4000000 }}", "longer than"},
	{"replaced string", "{% set x = 'a' * 100000 %}{{ x | replace('a', x) }}", "longer than"},
	{"replaced nothing", "{% set x = 'a' * 100000 %}{{ x.replace('', x) }}", "longer than"},
	{"joined", "{% set x = 'a' * 100000 %}{{ range(1000) | join(x) }}", "longer than"},
	{"indented", "{{ ('\\n' * 100000) | indent(100000, true, true) }}", "longer than"},
	{"doubled list", "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", "steps"},
	{"nested list, rendered", "{% set ns = namespace(x=[1]) %}{% for i in range(50) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}", "steps"},
	{"nested list, as JSON", "{% set ns = namespace(x=[1]) %}{% for i in range(50) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}", "steps"},
	{"nested list, compared", "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(50) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}", "steps"},
	{"deep list, rendered", "{% set ns = namespace(x=1) %}{% for i in range(10000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}", "nested deeper"},
	{"deep list, compared", "{% set ns = namespace(x=1) %}{% for i in range(20000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x == ns.x }}", ""},
	{"long output", "{% for i in range(10000) %}" + strings.Repeat("x", 1000) + "{% endfor %}", "longer than"},
	{"long output in a macro", "{% macro m() %}" + strings.Repeat("{{ x }}", 1000) + "{% endmacro %}{% set x = 'a' * 100000 %}{{ m() }}", "longer than"},
	{"long output in a set", "{% set x = 'a' * 100000 %}{% set y %}" + strings.Repeat("{{ x }}", 1000) + "{% endset %}", "longer than"},
	{"quadratic unique", "{{ range(50000) | unique | list }}", "steps"},
	{"quadratic strip", "{% set x = 'a' * 1000000 %}{{ x.strip(x) }}", "64 bytes"},
	{"chain of methods", "{{ 'x'" + strings.Repeat(".strip()", 400) + " }}", ""},
	{"6000 brackets", "{{ " + strings.Repeat("(", 6000) + "1" + strings.Repeat(")", 6000) + " }}", "nested deeper"},
	{"10000 ifs", strings.Repeat("{% if true %}", 10000) + strings.Repeat("{% endif %}", 10000), "nested deeper"},
	{"100000 elifs", "{% if false %}" + strings.Repeat("{% elif false %}", 20000) + "{% endif %}", "tokens"},
	{"long sum", "{{ 1" + strings.Repeat(" + 1", 100000) + " }}", "tokens"},
	{"long chain of conditions", "{{ 1" + strings.Repeat(" if 0 else 1", 400) + " }}", ""},
	{"too large", strings.Repeat("x", maxSource+1), "bytes"},
	{"class escape", "{{ ''.__class__.__mro__ }}", "undefined"},
	{"function attributes", "{{ range.__globals__.os }}", "undefined"},
	{"file", "{% include '/etc/passwd' %}", "not found"},
	{"import", "{% import 'os' as os %}", "not found"},
	{"from", "{% from 'os' import path %}", "not found"},
	{"extends", "{% extends '/etc/passwd' %}", "not found"},
	{"clock", "{{ strftime_now('%Y') }}", "undefined"},
	{"random", "{{ [1, 2] | random }}", "not supported"},
	{"lipsum", "{{ lipsum(1000000) }}", "undefined"},
}

// TestHostileTemplates runs each under the default limits: it must end, in an error that says why, or in a text.
func TestHostileTemplates(t *testing.T) {
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			begin := time.Now()
			_, err := render(h.template, DefaultLimits)
			if h.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, h.want)
			}
			t.Logf("%s", time.Since(begin))
		})
	}
}

func render(source string, limits Limits) (string, error) {
	template, err := Compile(source)
	if err != nil {
		return "", err
	}
	return template.Render(map[string]any{"messages": []any{}}, limits)
}

func TestLimits(t *testing.T) {
	steps := Limits{Steps: 100, Output: 1000, Time: time.Hour}
	_, err := render("{% for i in range(1000) %}{% endfor %}", steps)
	require.ErrorContains(t, err, "more than 100 steps")
	_, err = render("{{ 'a' * 1001 }}", steps)
	require.ErrorContains(t, err, "longer than 1000 bytes")
	text, err := render("{{ 'a' * 1000 }}", steps)
	require.NoError(t, err)
	require.Len(t, text, 1000)

	late := Limits{Steps: 1 << 40, Output: 1 << 20, Time: time.Nanosecond}
	_, err = render("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", late)
	require.ErrorContains(t, err, "longer than 1ns")
}

// TestErrorsNameTheLine checks that an error leads to its place.
func TestErrorsNameTheLine(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{"a\n\n{{ x.y }}", `jinja: line 3: "x" is undefined`},
		{"{% if true %}\n{% for i in [1] %}\n{{ 1 + '' }}{% endfor %}{% endif %}", "jinja: line 3: operator + is not supported between an integer and a string"},
		{"\n{{ 'a' ? }}", "jinja: line 2: unexpected character '?'"},
		{"a\n{% if x %}\n\n", `jinja: line 3: "if" has no end`},
		{"{{ raise_exception('no') }}", "jinja: line 1: the template refuses the conversation: no"},
		{"{{ 1 < 2 < 3 }}", "without parentheses"},
		{"{{ 1 + 2 is odd }}", "wants parentheses"},
		{"{{ 'a' is string | upper }}", "wants parentheses"},
		{"{{ 1 if 2 if 3 else 4 }}", "without parentheses"},
		{"{{ 0x10 }}", "number 0… is not supported"},
		{"{% for i in [1] recursive %}{% endfor %}", "recursive"},
		{"{{ {1: 2} }}", "a dict with an integer for a key is not supported"},
		{"{{ 'x' | tojson(sort_keys=true) }}", "not supported"},
	} {
		_, err := render(c.template, DefaultLimits)
		require.ErrorContains(t, err, c.want, c.template)
	}
	_, err := render("{{ raise_exception('no') }}", DefaultLimits)
	var raised *RaisedError
	require.ErrorAs(t, err, &raised)
	require.Equal(t, "no", raised.Message)
}

// TestConcurrentRenders checks that a template can be shared.
func TestConcurrentRenders(t *testing.T) {
	template, err := Compile("{% set ns = namespace(n=0) %}{% for i in range(100) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}{{ messages | length }}")
	require.NoError(t, err)
	results := make(chan string)
	for range 8 {
		go func() {
			text, err := template.Render(map[string]any{"messages": []any{}}, DefaultLimits)
			results <- fmt.Sprint(text, err)
		}()
	}
	for range 8 {
		require.Equal(t, "49500<nil>", <-results)
	}
}
