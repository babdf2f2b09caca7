package kvcache

import "tiebreak/backend"

// The tree of prefixes is a map from a block to its page. A block is named by its tokens and the page of the block before
// it, which stands for all the tokens before: so long as a page is in the tree, it holds one prefix and no other page of
// the tree holds the same. Go compares keys in full; its hash only finds them.
//
//	tokens     1 … 16 │ 17 … 32 │ 33 … 48          {root, 1…16}  → 5
//	prompt a      5   │    9    │    2             {5,   17…32}  → 9      {9, 33…48} → 2
//	prompt b      5   │    9    │ other: 7                                {9, other} → 7
type key struct {
	before int32 // page of the block before; root for the first block; 0 in the zero key too, which is not in the tree
	whole  bool  // set, to tell a key from the zero key
	ids    [backend.PageSize]int32
}

// root stands before the first block of a prompt.
const root = -1

func (k key) listed() bool { return k.whole }

// blockKey names block number i of a sequence, given the pages before it in the tree.
func blockKey(ids, pages []int32, i int) key {
	k := key{before: root, whole: true, ids: [backend.PageSize]int32(ids[i*backend.PageSize:])}
	if i > 0 {
		k.before = pages[i-1]
	}
	return k
}

// match finds the pages of the longest prefix of ids that the tree has in whole blocks.
func (c *Cache) match(ids []int32) []int32 {
	var pages []int32
	for i := range len(ids) / backend.PageSize {
		p, ok := c.tree[blockKey(ids, pages, i)]
		if !ok {
			break
		}
		pages = append(pages, p)
	}
	return pages
}

// list puts a page that is held into the tree.
func (c *Cache) list(p int32, k key) {
	c.pages[p].key = k
	c.tree[k] = p
}

// unlist takes a page from the tree. No block may follow it there.
func (c *Cache) unlist(p int32) {
	delete(c.tree, c.pages[p].key)
	c.pages[p].key = key{}
}
