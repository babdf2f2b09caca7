// Package engine runs prompts through a model: it plans the memory, cuts what prompts do not have in common into full passes
// without padding, and hands back logits in the order of its input, or tokens one by one.
//
// What an engine computes for a prompt depends on that prompt and the model alone, to the bit: not on the prompts it
// shares a pass or a prefix with, not on how it is cut into chunks, not on the number of threads, not on one device or two
// of a kind. Every operation of a backend promises this for its rows, and the engine adds nothing that looks across prompts:
// keys and values that it finds in pages are the bits it would compute.
//
//	prompts ──groups──> []request ──divide──> devices ──schedule, kvcache──> []job ──model.Pass──> rows ──model.Logits──> host
//
// On several devices the prompts are divided, or the model is (see Split); which of these, what each device will hold, and
// whether that fits, stands in the Plan before anything is loaded.
package engine
