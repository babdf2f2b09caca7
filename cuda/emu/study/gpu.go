package study

// GPU holds what the predictions need to know of a device: rates, and the room that a multiprocessor has for blocks.
type GPU struct {
	Name  string
	Arch  string // of its machine code, as in kernels.Binary
	SMs   int
	Clock float64 // Hz, the boost clock

	Matrix    float64 // flop/s of mma.sync, f16 or bf16 with sums in f32
	Bandwidth float64 // bytes/s of the memory
	L2        float64 // bytes/s from the second-level cache, as micro-benchmarks measure it

	// Lanes of a multiprocessor: how many threads' instructions of a kind it executes a cycle.
	Float, Integer, Special int

	// What a multiprocessor has for the blocks on it.
	Registers, Shared, Threads, Blocks int
	BlockShared                        int // bytes of shared memory that the system takes for each block
}

// GPUs lists the devices that predictions are made for. Sources: NVIDIA's data sheets and architecture white papers, and
// "CUDA C++ Programming Guide" 12.4, tables of throughput and of technical specifications. Three figures are not nominal:
// a T4's 70 W hold its tensor cores at about 42 of 65 TFLOPS; an H100's reach about 62 % of their peak by mma.sync, whose
// operands come through registers; and the L2 figures are from micro-benchmarks (Jia et al. 2019, arXiv:1903.07486, for
// the T4; Luo et al. 2024, arXiv:2402.13499, for the others), to two digits.
var GPUs = []GPU{
	{Name: "T4", Arch: "75", SMs: 40, Clock: 1.59e9, Matrix: 42e12, Bandwidth: 320e9, L2: 1.2e12,
		Float: 64, Integer: 64, Special: 16, Registers: 64 << 10, Shared: 64 << 10, Threads: 1024, Blocks: 16},
	{Name: "A100", Arch: "80", SMs: 108, Clock: 1.41e9, Matrix: 312e12, Bandwidth: 1555e9, L2: 4.5e12,
		Float: 64, Integer: 64, Special: 16, Registers: 64 << 10, Shared: 164 << 10, Threads: 2048, Blocks: 32, BlockShared: 1 << 10},
	{Name: "L4", Arch: "89", SMs: 58, Clock: 2.04e9, Matrix: 121e12, Bandwidth: 300e9, L2: 2.0e12,
		Float: 128, Integer: 64, Special: 16, Registers: 64 << 10, Shared: 100 << 10, Threads: 1536, Blocks: 24, BlockShared: 1 << 10},
	{Name: "H100", Arch: "90a", SMs: 132, Clock: 1.83e9, Matrix: 613e12, Bandwidth: 3350e9, L2: 5.6e12,
		Float: 128, Integer: 64, Special: 16, Registers: 64 << 10, Shared: 228 << 10, Threads: 2048, Blocks: 32, BlockShared: 1 << 10},
}
