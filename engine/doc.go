// Package engine runs prompts through a model: it plans the memory, lays prompts of different lengths end to end into
// batches without padding, gives each a run of K/V pages, and hands back logits in the order of its input, or tokens one
// by one.
//
// What an engine computes for a prompt depends on that prompt and the model alone, to the bit: not on the prompts it
// shares a batch with, not on how it is cut into chunks, not on the number of threads, not on one device or two of a kind.
// Every operation of a backend promises this for its rows, and the engine adds nothing that looks across prompts.
//
//	prompts ──divide──> devices ──batches──> []batch ──pages──> []job ──model.Pass──> rows ──model.Logits──> host
//
// On several devices the prompts are divided, or the model is (see Split); which of these, what each device will hold, and
// whether that fits, stands in the Plan before anything is loaded.
package engine
