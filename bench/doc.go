// Package bench measures how fast the project computes and how near that is to what the machine can do.
//
//	shapes.go               the products and attentions of the models that matter here
//	product.go, attention.go  one operation at those shapes
//	model.go                prefill, decode and scoring of prompts, through an engine
//	check.go                what an operation must prove before it is timed
//	sample.go, result.go    repetitions, and what is said of them
//
// # What a figure means
//
// Every figure is the median of repetitions, beside their minimum and maximum, and stands beside the bound that the same
// run measured on the same threads (see Limits): a fraction of a peak from a data sheet, or from a quieter hour, would say
// little. The peak is the best of many short bursts spread over the run.
//
// A machine may be shared. CPUShare is the processor time that the process got during the median repetition, divided by
// what its threads could have had: near 1 the machine was ours; below, wall-clock figures measure the neighbours as well,
// and CPUFraction, which divides by processor time instead of wall-clock time, is the one to compare.
//
// # Refusal
//
// A wrong result can be had at any speed. Before an operation is timed, a case of it is computed on the backend under
// test and by the plain reference, and compared; a benchmark whose case differs returns an error that matches ErrWrong. It
// is a guard, with one small case an operation; package backend/backendtest is the full suite.
package bench
