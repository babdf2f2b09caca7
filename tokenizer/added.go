package tokenizer

// addedToken is a token beside the model's vocabulary, matched in the text before anything else is done to it.
type addedToken struct {
	id         int32
	content    string
	text       string // the content as matched and as decoded: normalised where normalized is set
	singleWord bool   // no match beside a word character
	lstrip     bool   // the match takes the space before it
	rstrip     bool   // the match takes the space after it
	normalized bool   // matched in normalised text, and normalised itself
	special    bool   // dropped by Decode where asked
}

// tokenMatcher finds added tokens in a text: at each place the longest of them, from left to right. It is a trie over
// the bytes of their contents.
type tokenMatcher struct {
	nodes  []trieNode
	starts [256]bool // bytes that some token begins with
}

type trieNode struct {
	edges []trieEdge
	token *addedToken // that ends here, or nil
}

type trieEdge struct {
	char byte
	node int
}

// add puts a token, whose text is not empty, under it; false where another has the same.
func (m *tokenMatcher) add(token *addedToken) bool {
	text := token.text
	if len(m.nodes) == 0 {
		m.nodes = make([]trieNode, 1)
	}
	m.starts[text[0]] = true
	at := 0
	for i := 0; i < len(text); i++ {
		next, ok := m.nodes[at].child(text[i])
		if !ok {
			next = len(m.nodes)
			m.nodes[at].edges = append(m.nodes[at].edges, trieEdge{text[i], next})
			m.nodes = append(m.nodes, trieNode{})
		}
		at = next
	}
	if m.nodes[at].token != nil {
		return false
	}
	m.nodes[at].token = token
	return true
}

func (n *trieNode) child(char byte) (node int, ok bool) {
	for _, e := range n.edges {
		if e.char == char {
			return e.node, true
		}
	}
	return 0, false
}

// find returns the first token at or after text[from:] and where it lies; nil where there is none. Where trust is not
// nil a token made of bytes that are not all trusted is no match.
func (m *tokenMatcher) find(text string, from int, trust []bool) (token *addedToken, start, end int) {
	if len(m.nodes) == 0 {
		return nil, 0, 0
	}
	for i := from; i < len(text); i++ {
		if !m.starts[text[i]] {
			continue
		}
		if token, end := m.longest(text, i, trust); token != nil {
			return token, i, end
		}
	}
	return nil, 0, 0
}

// longest returns the longest token at text[i:], or nil.
func (m *tokenMatcher) longest(text string, i int, trust []bool) (token *addedToken, end int) {
	at, ok := 0, true
	for j := i; j < len(text) && (trust == nil || trust[j]); j++ {
		if at, ok = m.nodes[at].child(text[j]); !ok {
			break
		}
		if t := m.nodes[at].token; t != nil {
			token, end = t, j+1
		}
	}
	return token, end
}

// split calls between for each stretch of text that belongs to no token, which may not be empty, and match for each
// token, in order. A token's lstrip and rstrip take space from the stretches beside it, trusted or not: it is the
// template's token that decides about the space around it.
func (m *tokenMatcher) split(text string, trust []bool, between func(start, end int), match func(*addedToken)) {
	done, from := 0, 0
	for {
		token, start, end := m.find(text, from, trust)
		if token == nil {
			break
		}
		from = end
		if token.singleWord && !standsAlone(text, start, end) {
			continue
		}
		if token.lstrip {
			start = spaceBefore(text, start, done)
		}
		if token.rstrip {
			end = skipClass(text, end, classSpace)
		}
		if done < start {
			between(done, start)
		}
		if start < end { // else the token before it took it all as space
			match(token)
		}
		done = end
	}
	if done < len(text) {
		between(done, len(text))
	}
}

// standsAlone tells whether no word character is beside text[start:end].
func standsAlone(text string, start, end int) bool {
	if start > 0 {
		if class, _ := classBefore(text, start); class&classWord != 0 {
			return false
		}
	}
	if end < len(text) {
		if class, _ := classAt(text, end); class&classWord != 0 {
			return false
		}
	}
	return true
}

// spaceBefore returns where the run of space that ends at text[:i] begins, or floor where that is later.
func spaceBefore(text string, i, floor int) int {
	for i > floor {
		class, size := classBefore(text, i)
		if class&classSpace == 0 {
			break
		}
		i -= size
	}
	return max(i, floor)
}
