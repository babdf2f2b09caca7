package ptx

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// files lists the PTX of this package's testdata and that which ships with the project.
func files(t testing.TB) []string {
	var out []string
	for _, glob := range []string{"testdata/*.ptx", "../kernels/*.ptx"} {
		found, err := filepath.Glob(glob)
		require.NoError(t, err)
		out = append(out, found...)
	}
	require.NotEmpty(t, out)
	return out
}

// normal is the text as tokens, with numbers in one notation and initial zeros of vectors' spacing gone.
func normal(t testing.TB, text string) []string {
	toks, err := tokens("text", text)
	require.NoError(t, err)
	var out []string
	for i := 0; i < len(toks); i++ {
		s := toks[i].text
		if s == "-" && digits(toks[i+1].text) {
			i++
			s += toks[i].text
		}
		if n, err := strconv.ParseUint(s, 0, 64); err == nil {
			s = strconv.FormatInt(int64(n), 10)
		}
		out = append(out, s)
	}
	return out
}

func TestPrintedModuleHasTheTokensOfItsText(t *testing.T) {
	for _, f := range files(t) {
		t.Run(filepath.Base(f), func(t *testing.T) {
			text, err := os.ReadFile(f)
			require.NoError(t, err)
			m, err := Parse(f, text)
			require.NoError(t, err)
			printed := m.String()
			require.Equal(t, normal(t, string(text)), normal(t, printed))
			again, err := Parse(f, []byte(printed))
			require.NoError(t, err)
			require.Equal(t, printed, again.String())
		})
	}
}

// wrap puts one statement into a kernel with registers of each size; it stands on line 9.
func wrap(statement string) string {
	return `.version 8.4
.target sm_80
.address_size 64
.visible .entry k(.param .u64 p, .param .align 4 .b8 s[12])
{
.reg .pred %p<9>; .reg .b16 %rs<9>; .reg .b32 %r<9>; .reg .f32 %f<9>; .reg .b64 %rd<9>; .reg .f64 %fd<9>;
.shared .align 16 .b8 tile[64];

` + statement + `
DONE:
ret;
}`
}

// parseOne parses one statement in a kernel.
func parseOne(t *testing.T, statement string) (*Kernel, *Instruction) {
	m, err := Parse("k.ptx", []byte(wrap(statement)))
	require.NoError(t, err)
	k := m.Kernels()[0]
	for _, st := range k.Body {
		if in, ok := st.(*Instruction); ok {
			return k, in
		}
	}
	t.Fatal("no instruction")
	return nil, nil
}

func TestInstructionIsDecoded(t *testing.T) {
	k, in := parseOne(t, "@!%p3 ld.global.nc.L1::no_allocate.v4.u32 {%r1,%r2,_,%r4}, [%rd5+-16];")
	require.Equal(t, Ld, in.Op)
	require.Equal(t, 9, in.Line)
	require.Equal(t, "%p3", k.Registers[in.Guard.Register].Name)
	require.True(t, in.Guard.Not)
	require.Equal(t, Global, in.Space)
	require.Equal(t, []Type{U32}, in.Types)
	require.Equal(t, 4, in.Vector)
	require.True(t, in.Has("nc"))
	require.Len(t, in.Operands[0].Elements, 4)
	require.Equal(t, NoRegister, in.Operands[0].Elements[2].Register)
	require.Equal(t, -16, int(in.Operands[1].Value))

	_, in = parseOne(t, "cvt.rzi.ftz.s32.f32 %r1, %f2;")
	require.Equal(t, []Type{S32, F32}, in.Types)
	require.Equal(t, RZI, in.Round)
	_, in = parseOne(t, "setp.hi.and.u32 %p1|%p2, %r1, 0x10, !%p3;")
	require.Equal(t, HI, in.Compare)
	require.True(t, in.Operands[3].Not)
	_, in = parseOne(t, "cp.async.cg.shared.global [tile+16], [%rd1], 16, %r3;")
	require.Equal(t, Shared, in.Space)
	require.Equal(t, 80, in.MinSM)
	require.Equal(t, "tile", in.Operands[0].Name)
}

func TestEveryFormIsAcceptedAndPrinted(t *testing.T) {
	for _, s := range []string{
		"mov.b32 %f1, {%rs1, 0};", "mov.b64 {%r1, %r2}, %rd1;", "mov.u32 %r1, %tid.x;", "mov.u64 %rd1, tile;",
		"mov.u32 %r1, WARP_SZ;", "mov.pred %p1, %p2;", "and.pred %p1, %p2, !%p3;",
		"mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r1, %r2}, {%r3}, {%f1, %f2, %f3, %f4};",
		"ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r1}, [%r2];", "shfl.sync.bfly.b32 %r1|%p1, %r2, 16, 31, -1;",
		"shfl.sync.idx.b32 %r1, %r2, 0, 31, -1;", "bar.sync 0;", "bar.sync 1, 64;", "bar.warp.sync -1;", "exit;",
		"atom.global.add.u32 %r1, [%rd1], 1;", "red.shared.add.f32 [%r1], %f1;", "mad.wide.u32 %rd1, %r1, %r2, %rd2;",
		"cp.async.wait_group 2;", "cp.async.commit_group;", "cvt.rn.bf16x2.f32 %r1, %f1, %f2;", "ret;", "bra.uni DONE;",
		"@%p1 bra DONE;", "lop3.b32 %r1, %r2, %r3, %r4, 150;", "vote.sync.any.pred %p1, %p2, -1;", "st.param.u32 [s], 1;",
	} {
		if strings.HasPrefix(s, "st.param") {
			_, err := Parse("k.ptx", []byte(wrap(s)))
			require.Error(t, err, "parameters of a kernel cannot be written")
			continue
		}
		k, in := parseOne(t, s)
		require.Equal(t, s, k.Text(in)+";")
	}
}

func TestErrorsNameFileLineAndInstruction(t *testing.T) {
	for text, want := range map[string]string{
		"wmma.load.a %r1;":          `ptx: k.ptx:9: instruction wmma.load.a %r1: unknown opcode "wmma"`,
		"add.rn.s32 %r1, %r2, %r3;": `ptx: k.ptx:9: instruction add.rn.s32 %r1, %r2, %r3: unknown form of add`,
		"add.s32 %r1, %rd2, %r3;":   `ptx: k.ptx:9: instruction add.s32 %r1, %rd2, %r3: operands of the wrong kind, number or size`,
		"add.s32 %r1, %p2, %r3;":    `ptx: k.ptx:9: instruction add.s32 %r1, %p2, %r3: operands of the wrong kind, number or size`,
		"add.s32 %r1, %r2;":         `ptx: k.ptx:9: instruction add.s32 %r1, %r2: operands of the wrong kind, number or size`,
		"mov.u32 %r99, 1;":          `ptx: k.ptx:9: register %r99: not declared`,
		"bra NOWHERE;":              `ptx: k.ptx:9: label NOWHERE: not in kernel k`,
		"cvt.f32.bf16 %f1, %rs1;":   `ptx: k.ptx:9: instruction cvt.f32.bf16 %f1, %rs1: needs sm_90, the module's target is sm_80`,
		"DONE:":                     `ptx: k.ptx:10: label DONE: already at line 9`,
		"@%r1 ret;":                 `ptx: k.ptx:9: got "%r1", want a predicate register`,
		".reg .b32 %r<4>;":          `ptx: k.ptx:9: register %r0: declared twice`,
		"add.s32 %r1, %r2, \x01;":   `ptx: k.ptx:9: byte 0x01 begins no token of PTX`,
		".shared .b8 x[0];":         `ptx: k.ptx:9: variable x: 0 elements of b8: want a size that memory can have`,
		"ld.u32 %r1, [%rs1];":       `ptx: k.ptx:9: instruction ld.u32 %r1, [%rs1]: operands of the wrong kind, number or size`,
	} {
		_, err := Parse("k.ptx", []byte(wrap(text)))
		require.EqualError(t, err, want)
	}
	_, err := Parse("m.ptx", []byte(".version 8.4\n.target tpu\n.address_size 64"))
	require.EqualError(t, err, "ptx: m.ptx:2: .target tpu: want an architecture such as sm_75")
	_, err = Parse("m.ptx", []byte(strings.TrimSuffix(wrap(""), "}")))
	require.ErrorContains(t, err, "the end of the file")
}

func TestRegistersOfABlockHideThoseOutside(t *testing.T) {
	m, err := Parse("k.ptx", []byte(wrap("{ .reg .f16 %r1, low; mov.b32 {%r1, low}, %r2; }")))
	require.NoError(t, err)
	k := m.Kernels()[0]
	in := k.Body[len(k.Body)-4].(*Instruction)
	require.Equal(t, F16, k.Registers[in.Operands[0].Elements[0].Register].Type)
	require.Equal(t, B32, k.Registers[in.Operands[1].Register].Type)
}

func TestOpcodesAreThoseOfTheTable(t *testing.T) {
	seen := map[string]bool{}
	for row := range strings.Lines(strings.TrimSpace(formTable)) {
		seen[strings.Fields(row)[0]] = true
	}
	require.Len(t, seen, len(opNames))
	for op, fs := range forms {
		require.NotEmpty(t, fs, Op(op).String())
	}
}

// FuzzParse checks that no bytes make the parser panic, and that what it accepts it prints and reads back alike.
func FuzzParse(f *testing.F) {
	for _, name := range files(f) {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(text[:min(len(text), 4096)])
	}
	f.Add([]byte(wrap("ld.global.v2.u32 {%r1,%r2}, [%rd1+4];")))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse("fuzz.ptx", text)
		if err != nil {
			return
		}
		printed := m.String()
		again, err := Parse("printed.ptx", []byte(printed))
		require.NoError(t, err, printed)
		require.Equal(t, printed, again.String())
	})
}
