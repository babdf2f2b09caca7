package safetensors_test

import (
	"fmt"
	"log"
	"os"

	"tiebreak/safetensors"
	"tiebreak/tensor"
)

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := dir + "/" + safetensors.SingleName

	norm := tensor.FromFloat32([]float32{1, 0.5, 0.25}, 3) // [C] F32
	if err := safetensors.Write(path, []safetensors.Named{{Name: "model.norm.weight", Tensor: norm}}, nil); err != nil {
		log.Fatal(err)
	}

	weights, err := safetensors.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer weights.Close()
	for _, name := range weights.Names() {
		x, err := weights.Tensor(name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, x.Describe())
	}
	// Output: model.norm.weight F32 [3]
}
