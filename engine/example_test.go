package engine_test

import (
	"context"
	"fmt"
	"log"

	"tiebreak/cpu"
	"tiebreak/engine"
	"tiebreak/tensor"
)

// Three prompts of different lengths share one pass; each gets the logits of its own last token.
func Example() {
	be, err := cpu.New(cpu.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer be.Close()
	e, err := engine.Open(be, "../model/testdata/goldens/llama31", engine.Options{Compute: tensor.F32, Labels: []int32{65, 66}})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	prompts := [][]int32{{1, 17, 30}, {1, 5}, {1, 9, 12, 44, 7}}
	verdicts := make([]string, len(prompts))
	err = e.Score(context.Background(), prompts, func(p int, logits []float32, err error) {
		verdicts[p] = fmt.Sprintf("%+.2f %+.2f %v", logits[0], logits[1], err)
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, v := range verdicts {
		fmt.Println(v)
	}
	// Output:
	// +1.94 -0.31 <nil>
	// +0.75 -1.03 <nil>
	// +2.08 +0.27 <nil>
}
