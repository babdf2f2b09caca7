package drivertest

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/driver"
	"tiebreak/tensor"
)

// vector is one instruction, or a few that belong together, with values. The code reads registers %a, %b, %c, %e of the types
// in and writes %d (or %d0, %d1, … where out names several types). It runs for one warp: each lane gets one case.
type vector struct {
	name string
	sm   int    // least architecture; 0 means sm_75
	in   string // types of the inputs: "b32 b32"
	out  string // types of the outputs: b16, b32, b64, or f16, bf16, f16x2, bf16x2, f32, f64 to compare as numbers
	code string

	cases [][]uint64                                 // inputs, then outputs; for lanes 0, 1, …; the last one fills the warp
	lanes func(lane int) (in []uint64, out []uint64) // instead of cases
	ulps  float64                                    // error allowed, in units of the last place of the wanted number
}

const warp = 32

// sizes of the types that vectors use.
var sizes = map[string]int{"b16": 2, "f16": 2, "bf16": 2, "b32": 4, "f32": 4, "f16x2": 4, "bf16x2": 4, "b64": 8, "f64": 8}

// values lists inputs and outputs of a lane.
func (v *vector) values(lane int) (in, out []uint64) {
	if v.lanes != nil {
		return v.lanes(lane)
	}
	c := v.cases[min(lane, len(v.cases)-1)]
	n := len(strings.Fields(v.in))
	return c[:n], c[n:]
}

// kernel writes the PTX of the i-th vector. Inputs and outputs lie in rows of eight 64-bit words a lane.
func (v *vector) kernel(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".visible .entry v%d(.param .u64 in, .param .u64 out)\n{\n", i)
	b.WriteString(".reg .b32 %lane; .reg .b64 %in, %out, %skip;\n")
	b.WriteString("mov.u32 %lane, %tid.x; mul.wide.u32 %skip, %lane, 64;\n")
	b.WriteString("ld.param.u64 %in, [in]; add.s64 %in, %in, %skip; ld.param.u64 %out, [out]; add.s64 %out, %out, %skip;\n")
	for j, t := range strings.Fields(v.in) {
		bits := 8 * sizes[t]
		r := "%" + string("abce"[j])
		fmt.Fprintf(&b, ".reg .b%d %s; ld.global.b%d %s, [%%in+%d];\n", bits, r, bits, r, 8*j)
	}
	outs := strings.Fields(v.out)
	for j, t := range outs {
		fmt.Fprintf(&b, ".reg .b%d %s;\n", 8*sizes[t], result(j, len(outs)))
	}
	b.WriteString(v.code + "\n")
	for j, t := range outs {
		fmt.Fprintf(&b, "st.global.b%d [%%out+%d], %s;\n", 8*sizes[t], 8*j, result(j, len(outs)))
	}
	b.WriteString("ret;\n}\n")
	return b.String()
}

// result names an output register.
func result(j, n int) string {
	if n == 1 {
		return "%d"
	}
	return fmt.Sprintf("%%d%d", j)
}

// Vectors runs every instruction vector that device 0 has the instructions for.
func Vectors(t *testing.T, d driver.Driver) {
	c, s := open(t, d, 0)
	all := vectors()
	for _, sm := range []int{75, 80} {
		if c.Device().SM() < sm {
			continue
		}
		text := fmt.Sprintf(".version 7.4\n.target sm_%d\n.address_size 64\n", sm)
		for i := range all {
			if max(all[i].sm, 75) == sm {
				text += all[i].kernel(i)
			}
		}
		m, err := c.LoadModule(fmt.Sprintf("vectors_sm%d.ptx", sm), []byte(text))
		require.NoError(t, err)
		for i := range all {
			if max(all[i].sm, 75) == sm {
				t.Run(all[i].name, func(t *testing.T) { all[i].run(t, c, s, m, i) })
			}
		}
	}
}

// run launches one vector and compares.
func (v *vector) run(t *testing.T, c driver.Context, s driver.Stream, m driver.Module, i int) {
	in := make([]byte, warp*64)
	for lane := range warp {
		values, _ := v.values(lane)
		for j, x := range values {
			binary.LittleEndian.PutUint64(in[lane*64+8*j:], x)
		}
	}
	pin := upload(t, c, s, in)
	pout := upload(t, c, s, make([]byte, warp*64))
	f, err := m.Function(fmt.Sprintf("v%d", i))
	require.NoError(t, err)
	var p driver.Params
	p.Pointer(pin).Pointer(pout)
	require.NoError(t, s.Launch(f, driver.Launch{Block: driver.Dim{X: warp}, Params: p.Bytes()}))
	out := download(t, s, pout, warp*64)
	for lane := range warp {
		inputs, want := v.values(lane)
		for j, typ := range strings.Fields(v.out) {
			got := binary.LittleEndian.Uint64(out[lane*64+8*j:])
			if !same(typ, got, want[j], v.ulps) {
				t.Fatalf("%s: lane %d: inputs %#x: output %d: got %#x (%s), want %#x (%s)", v.code, lane, inputs, j, got,
					show(typ, got), want[j], show(typ, want[j]))
			}
		}
	}
	require.NoError(t, c.Free(pin))
	require.NoError(t, c.Free(pout))
}

// number reads the bits of a floating-point type; ok is false for other types.
func number(typ string, bits uint64) (v float64, ok bool) {
	switch typ {
	case "f16":
		return float64(tensor.F16Value(uint16(bits))), true
	case "bf16":
		return float64(tensor.BF16Value(uint16(bits))), true
	case "f32":
		return float64(math.Float32frombits(uint32(bits))), true
	case "f64":
		return math.Float64frombits(bits), true
	}
	return 0, false
}

// fractions is the number of fraction bits of each floating-point type.
var fractions = map[string]int{"f16": 10, "bf16": 7, "f32": 23, "f64": 52}

// same compares results: bits, but any NaN is as good as another, and numbers may differ by some units of the last place.
func same(typ string, got, want uint64, ulps float64) bool {
	if one, ok := strings.CutSuffix(typ, "x2"); ok {
		return same(one, got&0xffff, want&0xffff, ulps) && same(one, got>>16, want>>16, ulps)
	}
	g, ok := number(typ, got)
	w, _ := number(typ, want)
	switch {
	case !ok:
		return got == want
	case w != w:
		return g != g
	case got == want:
		return true
	case ulps == 0 || math.IsInf(w, 0):
		return false
	}
	_, e := math.Frexp(w)
	return math.Abs(g-w) <= ulps*math.Ldexp(1, e-1-fractions[typ])
}

// show prints a value for a message.
func show(typ string, bits uint64) string {
	if v, ok := number(typ, bits); ok {
		return fmt.Sprintf("%g", v)
	}
	return fmt.Sprintf("%d", bits)
}
