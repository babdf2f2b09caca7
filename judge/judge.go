// Package judge turns rows of Arena data (a prompt and two answers, A and B) into the probabilities that people
// prefer A, prefer B, or call it a tie, and measures such probabilities against labels.
//
// The path of a row, one file for each step:
//
//	arena.go, table.go, turns.go   CSV -> Row          streaming, strict, every error names file, row and column
//	pack.go, share.go              Row -> Packed       whole rounds within a token budget, in both orders
//	template.go, codec.go          the words around the texts, the label tokens, pieces of a prompt to tokens
//	predict.go                     Packed -> Scorer -> Prediction, windows of bounded memory, rows in input order
//	submission.go, atomic.go       Prediction -> CSV   published whole or not at all
//	features.go                    what is known of a row without a model
//	metrics.go, report.go, eval.go  probabilities and labels -> Report
//
// The package holds no tensors and no model: it declares the two things it needs, a Tokenizer and a Scorer, and
// whoever calls it supplies them. All of it is deterministic.
//
// # Swapping the answers
//
// A judge must not care which answer is printed first, so every row is scored in both orders and averaged
// (FairEval, Wang et al. 2023, "balanced position calibration"). With p1 the probabilities for the order (A, B) and p2
// those for the order (B, A), both as printed,
//
//	p_A = (p1_A + p2_B) / 2    p_B = (p1_B + p2_A) / 2    p_tie = (p1_tie + p2_tie) / 2
//
// Exchanging the answers of the row exchanges p1 and p2. Addition of two floats is commutative, so p_A and p_B
// change places bit for bit; two identical answers give p_A == p_B exactly.
//
// # Errors
//
// *DataError: the input is not what it should be (exit code 6). *OptionError: a setting cannot work (exit code 2).
// A row that cannot be judged on its own is no error: it receives Fallback, and its Prediction says why (exit code 3).
package judge
