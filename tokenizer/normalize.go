package tokenizer

import "strings"

// normalizer is one step of rewriting the text between added tokens before it is cut into words: a prefix for what is
// not empty (Prepend), or a replacement of one string by another (Replace). SentencePiece models use both, to mark where
// words begin: "a b" becomes "▁a▁b".
type normalizer struct {
	prefix   string
	old, new string // Replace where old is not empty, else Prepend
}

// normalize applies the steps to text. Where trust is not nil it holds, for each byte of text, whether it is trusted,
// and comes back for the result: a replaced string is trusted where all of it was.
func normalize(steps []normalizer, text string, trust []bool) (string, []bool) {
	for _, n := range steps {
		switch {
		case n.old == "":
			if text != "" {
				text = n.prefix + text
				trust = growTrust(trust, n.prefix)
			}
		case trust == nil:
			text = strings.ReplaceAll(text, n.old, n.new)
		default:
			text, trust = n.replace(text, trust)
		}
	}
	return text, trust
}

// growTrust puts a trusted prefix before trust.
func growTrust(trust []bool, prefix string) []bool {
	if trust == nil {
		return nil
	}
	grown := make([]bool, len(prefix), len(prefix)+len(trust))
	for i := range grown {
		grown[i] = true
	}
	return append(grown, trust...)
}

func (n normalizer) replace(text string, trust []bool) (string, []bool) {
	var out strings.Builder
	var outTrust []bool
	for {
		i := strings.Index(text, n.old)
		if i < 0 {
			break
		}
		out.WriteString(text[:i])
		out.WriteString(n.new)
		outTrust = append(outTrust, trust[:i]...)
		end := i + len(n.old)
		all := allTrusted(trust[i:end])
		for range len(n.new) {
			outTrust = append(outTrust, all)
		}
		text, trust = text[end:], trust[end:]
	}
	out.WriteString(text)
	return out.String(), append(outTrust, trust...)
}

func allTrusted(trust []bool) bool {
	for _, t := range trust {
		if !t {
			return false
		}
	}
	return true
}
