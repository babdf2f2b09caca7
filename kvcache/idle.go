package kvcache

// none stands for no page in lists.
const none = -1

// idle is the list of pages that the tree has and no sequence holds, in the order in which they came to be so. It is linked
// through the pages themselves.
//
// The first one never has blocks after it in the tree, so it can go. For a sequence that holds a page in the tree also
// holds those before it there, and a sequence that ends releases its last page first: a block becomes idle after all
// blocks that follow it.
type idle struct {
	first, last int32
	n           int
}

func (c *Cache) pushIdle(p int32) {
	e := &c.pages[p]
	e.prev, e.next = c.idle.last, none
	if e.prev == none {
		c.idle.first = p
	} else {
		c.pages[e.prev].next = p
	}
	c.idle.last = p
	c.idle.n++
}

func (c *Cache) unlinkIdle(p int32) {
	e := &c.pages[p]
	if e.prev == none {
		c.idle.first = e.next
	} else {
		c.pages[e.prev].next = e.next
	}
	if e.next == none {
		c.idle.last = e.prev
	} else {
		c.pages[e.next].prev = e.prev
	}
	c.idle.n--
}
