package kernels

import "fmt"

// Kernel is one entry of a module and how it is launched. Its source file has the rest of the contract.
type Kernel struct {
	Name   string // symbol in the module
	Module string // stem of its files
	Block  int    // threads of a block; a block is one-dimensional

	// What a block covers. Of row-wise kernels: one row. Of products: Rows x Cols elements of dst. Of attention: Rows packed
	// query rows (attention.cuh) and, for decode, TileKeys keys. Of attention_combine: Rows pairs of query and head.
	Rows, Cols int

	HeadSize  int  // attention: the largest D it serves
	Unaligned bool // products: takes x and W at any address and stride
	Params    any  // zero value of the struct that it takes
}

// TileKeys is the number of keys in a tile of attention, whose partial results decode keeps.
const TileKeys = 64

// Table lists every kernel.
var Table = table()

func table() []Kernel {
	all := []Kernel{
		{Module: "store_kv", Name: "store_kv_b16", Block: 128, Rows: 1, Params: StoreKVParams{}},
		{Module: "log_softmax", Name: "log_softmax_f32", Block: 512, Rows: 1, Params: LogSoftmaxParams{}},
	}
	for _, src := range []string{"f32", "f16", "bf16"} {
		for _, dst := range []string{"f32", "f16", "bf16"} {
			all = append(all, Kernel{Module: "gather_rows", Name: "gather_rows_" + src + "_" + dst, Block: 256, Rows: 1, Params: GatherParams{}})
		}
	}
	for _, t := range []string{"f16", "bf16"} {
		all = append(all,
			Kernel{Module: "rms_norm", Name: "rms_norm_" + t, Block: 256, Rows: 1, Params: RMSNormParams{}},
			Kernel{Module: "rope", Name: "rope_" + t, Block: 128, Rows: 1, Params: RopeParams{}},
			Kernel{Module: "attention_combine", Name: "attention_combine_" + t, Block: 128, Rows: 4, Params: CombineParams{}})
	}
	for _, suffix := range []string{"_f16_sm75", "_f16_sm80", "_bf16_sm80"} {
		all = append(all, products(suffix)...)
		all = append(all, attention(suffix)...)
	}
	return all
}

// products lists gemm and gated_gemm for one type and generation, widest tile first.
func products(suffix string) []Kernel {
	var all []Kernel
	for _, tile := range []struct{ block, rows, cols int }{{128, 128, 128}, {128, 64, 64}, {64, 16, 32}} {
		gated := tile.cols / 2
		if tile.rows == 16 {
			gated = 32 // a warp there has as many columns of gate and of up as one of gemm has in all
		}
		all = append(all, Kernel{Module: "gemm" + suffix, Block: tile.block, Rows: tile.rows, Cols: tile.cols},
			Kernel{Module: "gated_gemm" + suffix, Block: tile.block, Rows: tile.rows, Cols: gated})
	}
	for i := range all {
		all[i].Name = fmt.Sprintf("%s_%dx%d", all[i].Module, all[i].Rows, all[i].Cols)
	}
	all = append(all, Kernel{Module: "gemm" + suffix, Name: "gemm" + suffix + "_unaligned", Block: 128, Rows: 64, Cols: 64, Unaligned: true},
		Kernel{Module: "gated_gemm" + suffix, Name: "gated_gemm" + suffix + "_unaligned", Block: 128, Rows: 64, Cols: 32, Unaligned: true})
	for i := range all {
		all[i].Params = GemmParams{}
	}
	return all
}

// attention lists the attention kernels for one type and generation, smallest head first.
func attention(suffix string) []Kernel {
	var all []Kernel
	for _, size := range []int{32, 64, 96, 128} {
		for _, op := range []Kernel{
			{Module: "attention_prefill", Block: 256, Rows: 128},
			{Module: "attention_decode", Block: 32, Rows: 16},
		} {
			op.Module += suffix
			op.Name = fmt.Sprintf("%s_d%d", op.Module, size)
			op.HeadSize, op.Params = size, AttentionParams{}
			all = append(all, op)
		}
	}
	return all
}

// Find is the kernel of that name. It panics if there is none.
func Find(name string) Kernel {
	for _, k := range Table {
		if k.Name == name {
			return k
		}
	}
	panic("kernels: no kernel " + name)
}

// OfModule lists the kernels of a module in the order of Table.
func OfModule(module string) []Kernel {
	var found []Kernel
	for _, k := range Table {
		if k.Module == module {
			found = append(found, k)
		}
	}
	return found
}
