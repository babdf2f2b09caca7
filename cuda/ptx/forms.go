package ptx

// formTable is the language that this package accepts: one row for each form of an instruction, as
//
//	opcode  modifiers in order | operands in order | least architecture, if above sm_75
//
// A modifier is a word, alternatives a|b (without spaces), or a class of classWords in capitals; ? makes it optional.
// An operand is a kind and, after a colon, the type that its size must match: a number for the n-th type of the
// instruction (0 if nothing is said; 1+ allows a wider register), w for twice the first type, + for the first type or wider,
// or the name of a type.
//
//	dst    register                       val    register or constant
//	pdst   predicate                      pred   predicate, possibly negated
//	dst/p  register, or register|predicate   pdst/p the same with two predicates
//	mem    address in brackets            imm    constant
//	vdst   register or vector written     vval   register, constant or vector read (as many elements as .v2 or .v4 says)
//	dpack  register, or its parts in braces  spack  that, a constant, a special register or a variable's address
//	Dn Sn  vector of n registers written, read
//	label  place in the kernel
//
// A ? after the operand makes it optional. The first row that fits is taken. Each row, with each of its modifiers, has been
// put to ptxas 12.4, which takes them all (but .sat between equal integer types).
const formTable = `
abs       s16|s32|s64                              | dst val
abs       ftz? f32                                 | dst val
abs       f64|f16|f16x2                            | dst val
abs       bf16|bf16x2                              | dst val              | 80
activemask b32                                     | dst
add       INT                                      | dst val val
add       sat s32                                  | dst val val
add       RND? ftz? sat? f32                       | dst val val
add       rn? f64                                  | dst val val
add       rn? sat? f16|f16x2                       | dst val val
and       BITS                                     | dst val val
and       pred                                     | pdst pred pred
atom      ORDER? SCOPE? global|shared? add u32|s32|u64|f32|f64        | dst mem val
atom      ORDER? SCOPE? global|shared? min|max u32|s32|u64|s64        | dst mem val
atom      ORDER? SCOPE? global|shared? and|or|xor|exch b32|b64        | dst mem val
atom      ORDER? SCOPE? global|shared? inc|dec u32                    | dst mem val
atom      ORDER? SCOPE? global|shared? cas b32|b64                    | dst mem val val
bar       sync                                     | val:b32 val?:b32
bar       arrive                                   | val:b32 val:b32
bar       warp sync                                | val:b32
barrier   sync aligned?                            | val:b32 val?:b32
bfe       u32|u64|s32|s64                          | dst val val:b32 val:b32
bfi       b32|b64                                  | dst val val val:b32 val:b32
bfind     shiftamt? u32|u64|s32|s64                | dst:b32 val
bra       uni?                                     | label
brev      b32|b64                                  | dst val
clz       b32|b64                                  | dst:b32 val
cos       approx ftz? f32                          | dst val
cp        async ca|cg shared global HINT?          | mem mem imm val?:b32  | 80
cp        async commit_group                       |                      | 80
cp        async wait_group                         | imm                  | 80
cp        async wait_all                           |                      | 80
cvt       sat? INT8 INT8                           | dst:+ val:1+
cvt       IRND ftz? sat? INT8 f32                  | dst:+ val:1
cvt       IRND sat? INT8 f16|f64                   | dst:+ val:1
cvt       RND ftz? sat? f32 u8|u16|u32|s8|s16|s32    | dst val:1+
cvt       rn ftz? sat? f32 u64|s64                 | dst val:1+
cvt       rn sat? f16|f64 INT8                     | dst val:1+
cvt       ftz? sat? f64 f32                        | dst val:1
cvt       f32|f64 f16                              | dst val:1
cvt       ftz f32 f16                              | dst val:1
cvt       f32 bf16                                 | dst val:1            | 90
cvt       RND ftz? sat? f32 f64                    | dst val:1
cvt       RND ftz? sat? f16 f32                    | dst val:1
cvt       rn|rz relu? bf16 f32                     | dst val:1            | 80
cvt       rn|rz relu? f16x2|bf16x2 f32             | dst val:1 val:1      | 80
cvt       IRND? ftz? sat? f32 f32                  | dst val:1
cvt       IRND? sat? f64 f64                       | dst val:1
cvt       IRND? sat? f16 f16                       | dst val:1
cvta      to? global|shared|local u64                           | dst spack
div       INT                                      | dst val val
div       approx|full|rn ftz? f32                  | dst val val
div       rn f64                                   | dst val val
ex2       approx ftz? f32                          | dst val
ex2       approx f16|f16x2                         | dst val
exit                                               |
fence     sc|acq_rel SCOPE                         |
fma       RND ftz? sat? f32                        | dst val val val
fma       rn f64                                   | dst val val val
fma       rn sat? f16|f16x2                        | dst val val val
fma       rn relu? f16|f16x2|bf16|bf16x2           | dst val val val      | 80
ld        weak? SPACE? ca|cg|cs|lu|cv? EVICT? HINT? VEC? MEMORY      | vdst:+ mem
ld        global ca|cg|cs? nc EVICT? HINT? VEC? MEMORY               | vdst:+ mem
ld        relaxed|acquire SCOPE global|shared? EVICT? HINT? VEC? MEMORY  | vdst:+ mem
ld        volatile global|shared? VEC? MEMORY      | vdst:+ mem
ldmatrix  sync aligned m8n8 x1 trans? shared b16   | D1:b32 mem
ldmatrix  sync aligned m8n8 x2 trans? shared b16   | D2:b32 mem
ldmatrix  sync aligned m8n8 x4 trans? shared b16   | D4:b32 mem
lg2       approx ftz? f32                          | dst val
lop3      b32                                      | dst val val val imm
mad       lo INT                                   | dst val val val
mad       hi INT                                   | dst val val val
mad       wide u16|u32|s16|s32                     | dst:w val val val:w
mad       RND ftz? sat? f32                        | dst val val val
match     any sync b32|b64                         | dst:b32 val val:b32
match     all sync b32|b64                         | dst/p:b32 val val:b32
max       INT                                      | dst val val
max       ftz? f32                                 | dst val val
max       f64                                      | dst val val
max       ftz? NaN f32                             | dst val val          | 80
max       NaN? f16|f16x2                           | dst val val          | 80
max       NaN? bf16|bf16x2                         | dst val val          | 80
membar    cta|gl|sys                               |
min       INT                                      | dst val val
min       ftz? f32                                 | dst val val
min       f64                                      | dst val val
min       ftz? NaN f32                             | dst val val          | 80
min       NaN? f16|f16x2                           | dst val val          | 80
min       NaN? bf16|bf16x2                         | dst val val          | 80
mma       sync aligned m16n8k8 row col f32 f16 f16 f32     | D4:f32 S2:b32 S1:b32 S4:f32
mma       sync aligned m16n8k8 row col f16 f16 f16 f16     | D2:b32 S2:b32 S1:b32 S2:b32
mma       sync aligned m16n8k8 row col f32 bf16 bf16 f32   | D4:f32 S2:b32 S1:b32 S4:f32 | 80
mma       sync aligned m16n8k16 row col f32 f16 f16 f32    | D4:f32 S4:b32 S2:b32 S4:f32 | 80
mma       sync aligned m16n8k16 row col f16 f16 f16 f16    | D2:b32 S4:b32 S2:b32 S2:b32 | 80
mma       sync aligned m16n8k16 row col f32 bf16 bf16 f32  | D4:f32 S4:b32 S2:b32 S4:f32 | 80
mov       pred                                     | pdst pred
mov       pred                                     | pdst imm
mov       MOVE                                     | dpack spack
mul       lo|hi INT                                | dst val val
mul       wide u16|u32|s16|s32                     | dst:w val val
mul       RND? ftz? sat? f32                       | dst val val
mul       rn? f64                                  | dst val val
mul       rn? sat? f16|f16x2                       | dst val val
nanosleep u32                                      | val
neg       s16|s32|s64                              | dst val
neg       ftz? f32                                 | dst val
neg       f64|f16|f16x2                            | dst val
neg       bf16|bf16x2                              | dst val              | 80
not       BITS                                     | dst val
not       pred                                     | pdst pred
or        BITS                                     | dst val val
or        pred                                     | pdst pred pred
popc      b32|b64                                  | dst:b32 val
prefetch  global? L1|L2                            | mem
prmt      b32                                      | dst val val val
rcp       approx ftz? f32                          | dst val
rcp       rn ftz? f32                              | dst val
rcp       rn f64                                   | dst val
red       relaxed|release? SCOPE? global|shared? add u32|s32|u64|f32|f64        | mem val
red       relaxed|release? SCOPE? global|shared? min|max u32|s32|u64|s64        | mem val
red       relaxed|release? SCOPE? global|shared? and|or|xor b32|b64             | mem val
red       relaxed|release? SCOPE? global|shared? inc|dec u32                    | mem val
redux     sync add|min|max u32|s32                 | dst val val:b32      | 80
redux     sync and|or|xor b32                      | dst val val:b32      | 80
rem       INT                                      | dst val val
ret       uni?                                     |
rsqrt     approx ftz? f32                          | dst val
selp      SELECT                                   | dst val val pred
setp      BCMP b16|b32|b64                         | pdst/p val val
setp      BCMP BOOL b16|b32|b64                    | pdst/p val val pred
setp      SCMP s16|s32|s64                         | pdst/p val val
setp      SCMP BOOL s16|s32|s64                    | pdst/p val val pred
setp      UCMP u16|u32|u64                         | pdst/p val val
setp      UCMP BOOL u16|u32|u64                    | pdst/p val val pred
setp      FCMP ftz? f32                            | pdst/p val val
setp      FCMP BOOL ftz? f32                       | pdst/p val val pred
setp      FCMP f64                                 | pdst/p val val
setp      FCMP BOOL f64                            | pdst/p val val pred
setp      FCMP f16                                 | pdst val val
shf       l|r wrap|clamp b32                       | dst val val val
shfl      sync up|down|bfly|idx b32                | dst/p val val val val
shl       BITS                                     | dst val val:b32
shr       BITS|INT                                 | dst val val:b32
sin       approx ftz? f32                          | dst val
slct      SELECT s32                               | dst val val val:1
slct      ftz? SELECT f32                          | dst val val val:1
sqrt      approx ftz? f32                          | dst val
sqrt      rn ftz? f32                              | dst val
sqrt      rn f64                                   | dst val
st        weak? global|shared|local? wb|cg|cs|wt? EVICT? VEC? MEMORY  | mem vval:+
st        relaxed|release SCOPE global|shared? EVICT? VEC? MEMORY      | mem vval:+
st        volatile global|shared? VEC? MEMORY      | mem vval:+
sub       INT                                      | dst val val
sub       sat s32                                  | dst val val
sub       RND? ftz? sat? f32                       | dst val val
sub       rn? f64                                  | dst val val
sub       rn? sat? f16|f16x2                       | dst val val
tanh      approx f32                               | dst val
tanh      approx f16|f16x2                         | dst val
testp     finite|infinite|number|notanumber|normal|subnormal f32|f64  | pdst val
trap                                               |
vote      sync any|all|uni pred                    | pdst pred val:b32
vote      sync ballot b32                          | dst pred val:b32
xor       BITS                                     | dst val val
xor       pred                                     | pdst pred pred
`

// classWords spells out the classes of modifiers that formTable names.
var classWords = map[string]string{
	"INT":    "u16|u32|u64|s16|s32|s64",
	"INT8":   "u8|u16|u32|u64|s8|s16|s32|s64",
	"BITS":   "b16|b32|b64",
	"MOVE":   "b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64",
	"SELECT": "b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64",
	"MEMORY": "b8|b16|b32|b64|u8|u16|u32|u64|s8|s16|s32|s64|f32|f64",
	"RND":    "rn|rz|rm|rp",
	"IRND":   "rni|rzi|rmi|rpi",
	"BCMP":   "eq|ne",
	"SCMP":   "eq|ne|lt|le|gt|ge",
	"UCMP":   "eq|ne|lt|le|gt|ge|lo|ls|hi|hs",
	"FCMP":   "eq|ne|lt|le|gt|ge|equ|neu|ltu|leu|gtu|geu|num|nan",
	"BOOL":   "and|or|xor",
	"VEC":    "v2|v4",
	"SPACE":  "global|shared|local|const|param",
	"ORDER":  "relaxed|acquire|release|acq_rel",
	"SCOPE":  "cta|gpu|sys",
	"EVICT":  "L1::evict_normal|L1::evict_unchanged|L1::evict_first|L1::evict_last|L1::no_allocate",
	"HINT":   "L2::64B|L2::128B|L2::256B",
}
