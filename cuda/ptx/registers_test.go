package ptx

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRegistersReadAndWritten(t *testing.T) {
	for text, want := range map[string][2][]string{
		"@!%p1 add.s32 %r1, %r2, 5;":                       {{"%r1"}, {"%p1", "%r2"}},
		"ld.global.v2.u32 {%r1, _}, [%rd3+8];":             {{"%r1"}, {"%rd3"}},
		"st.shared.v2.u32 [%r1], {%r2, %r3};":              {nil, {"%r1", "%r2", "%r3"}},
		"shfl.sync.bfly.b32 %r1|%p2, %r2, 1, 31, -1;":      {{"%r1", "%p2"}, {"%r2"}},
		"setp.lt.and.s32 %p1|%p2, %r1, %r2, %p3;":          {{"%p1", "%p2"}, {"%r1", "%r2", "%p3"}},
		"cp.async.ca.shared.global [%r1], [%rd1], 8, %r2;": {nil, {"%r1", "%rd1", "%r2"}},
		"mov.b32 {%rs1, %rs2}, %r1;":                       {{"%rs1", "%rs2"}, {"%r1"}},
		"bar.sync %r1;":                                    {nil, {"%r1"}},
		"ret;":                                             {nil, nil},
	} {
		k, in := parseOne(t, text)
		names := func(rs []int) (out []string) {
			for _, r := range rs {
				out = append(out, k.Registers[r].Name)
			}
			return out
		}
		require.Equal(t, want, [2][]string{names(in.Writes()), names(in.Reads())}, text)
	}
}
