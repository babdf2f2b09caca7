// Package kvcache says where the keys and values of tokens lie. Memory is cut into pages of backend.PageSize tokens
// (Kwon et al. 2023, PagedAttention, arXiv:2309.06180); a page belongs to all layers at once. Prompts that begin alike
// share the pages of what they have in common, and so do the forks of one prompt.
//
// Two things are kept apart. A Cache does the bookkeeping and knows no tensors: reference counts, a free list, and a tree
// of prefixes. A Memory is the tensors on a backend. The numbers of pages connect the two.
//
// # The life of a sequence
//
//	s := cache.Start(ids[:len(ids)-1])     // holds what is known of the prompt: s.Len() tokens
//	_, ok := s.Extend(ids[s.Len():])       // takes pages for the rest; !ok: too few are left, and nothing has changed
//	… compute ids[before:] with Past: before, Pages: s.Pages() …
//	s.Publish(n)                           // optional: others that begin alike may use whole blocks of the first n tokens
//	s.Free()                               // pages that are not published are free at once
//
// Published pages that no sequence holds are idle: they are given up, the longest unused first, when others need room.
// So nothing has to be evicted by hand, and what was evicted is only computed again.
//
// A Fork shares all pages of its sequence. The last of them may be partly full, and two sequences that go on differently
// cannot both write to it: the one that is extended while the other still holds the page gets a page of its own, and
// Extend names what has to be copied there, for Memory.Copy.
//
// # Who may write
//
// A page is written only through a sequence that alone holds it, and only behind that sequence's tokens. A page in the tree
// is full, and never written again. Hence a sequence reads the keys and values of its own tokens whatever others do.
//
// # Exactness
//
// A block is found by the page of the block before it and all of its own tokens, compared one by one: prompts share a
// page only if they are equal up to its end. Keys and values depend on the tokens up to their own alone, to the bit (see
// package backend), so that a result does not depend on what was found.
package kvcache
