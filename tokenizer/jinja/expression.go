package jinja

import (
	"errors"
	"fmt"
	"slices"

	"github.com/nikolalohinski/gonja/v2/tokens"
)

// gonja's grammar of expressions is not Jinja's in four places, and in three of them it reads an expression in another
// way without a word. What follows turns the tokens of a tag into some that both read alike, or refuses them:
//
//	a if c else b       gonja knows it around a whole tag alone: becomes the call  ƒif(c, a, b)
//	x in a + b          gonja stops at a: becomes  x in (a + b)
//	a + b is string     gonja tests the sum, Jinja b: refused, wants parentheses
//	a < b < c           gonja compares the truth of a < b with c: refused, wants parentheses
//
// A name such as ƒif cannot be written in a template, where names are ASCII.
const conditional = "ƒif"

// rewriteTag rewrites the tokens between the marks of a tag. Those of a block tag begin with its name.
func rewriteTag(tag []*tokens.Token, block bool) ([]*tokens.Token, error) {
	if !block || len(tag) == 0 {
		return rewriteList(tag)
	}
	head := 1
	switch tag[0].Val {
	case "for":
		return rewriteFor(tag)
	case "set":
		head = indexTop(tag, ofKind(tokens.Assign)) + 1
		if head == 0 {
			return tag, nil
		}
	}
	rest, err := rewriteList(tag[head:])
	return append(tag[:head:head], rest...), err
}

// rewriteFor rewrites  for targets in iterable [if condition].
func rewriteFor(tag []*tokens.Token) ([]*tokens.Token, error) {
	in := indexTop(tag, ofKind(tokens.In))
	if in < 0 {
		return nil, errors.New("\"for\" without \"in\"")
	}
	iterable := tag[in+1:]
	var filter []*tokens.Token
	if at := indexTop(iterable, ofName("if")); at >= 0 {
		iterable, filter = iterable[:at], iterable[at:]
	}
	out := append([]*tokens.Token(nil), tag[:in+1]...)
	list, err := rewriteList(iterable)
	if err != nil || filter == nil {
		return append(out, list...), err
	}
	condition, err := rewriteList(filter[1:])
	return append(append(append(out, list...), filter[0]), condition...), err
}

func ofKind(kinds ...tokens.Type) func(*tokens.Token) bool {
	return func(t *tokens.Token) bool { return slices.Contains(kinds, t.Type) }
}

func ofName(names ...string) func(*tokens.Token) bool {
	return func(t *tokens.Token) bool { return t.Type == tokens.Name && slices.Contains(names, t.Val) }
}

var (
	isSeparator = ofKind(tokens.Comma, tokens.Colon, tokens.Assign)
	isLogical   = ofKind(tokens.And, tokens.Or)
	isOpen      = ofKind(tokens.LeftParenthesis, tokens.LeftBracket, tokens.LeftBrace)
	isClose     = ofKind(tokens.RightParenthesis, tokens.RightBracket, tokens.RightBrace)
	isCompare   = ofKind(tokens.Equals, tokens.Ne, tokens.LowerThan, tokens.LowerThanOrEqual, tokens.GreaterThan,
		tokens.GreaterThanOrEqual, tokens.In)
	isArithmetic = ofKind(tokens.Addition, tokens.Subtraction, tokens.Multiply, tokens.Division, tokens.FloorDivision,
		tokens.Modulo, tokens.Tilde)
)

// indexTop returns where, outside all brackets, the first token is that matches; -1 where there is none.
func indexTop(list []*tokens.Token, match func(*tokens.Token) bool) int {
	depth := 0
	for i, t := range list {
		switch {
		case isOpen(t):
			depth++
		case isClose(t):
			depth--
		case depth == 0 && match(t):
			return i
		}
	}
	return -1
}

// countTop counts the tokens outside all brackets that match.
func countTop(list []*tokens.Token, match func(*tokens.Token) bool) int {
	n := 0
	for {
		i := indexTop(list, match)
		if i < 0 {
			return n
		}
		n, list = n+1, list[i+1:]
	}
}

// splitTop rewrites the stretches between the tokens that match.
func splitTop(list []*tokens.Token, match func(*tokens.Token) bool, rewrite func([]*tokens.Token) ([]*tokens.Token, error)) ([]*tokens.Token, error) {
	var out []*tokens.Token
	for {
		i := indexTop(list, match)
		stretch := list
		if i >= 0 {
			stretch = list[:i]
		}
		rewritten, err := rewrite(stretch)
		if err != nil {
			return nil, err
		}
		out = append(out, rewritten...)
		if i < 0 {
			return out, nil
		}
		out, list = append(out, list[i]), list[i+1:]
	}
}

// rewriteList rewrites expressions parted by commas, colons or assignment marks.
func rewriteList(list []*tokens.Token) ([]*tokens.Token, error) {
	return splitTop(list, isSeparator, rewriteExpression)
}

// rewriteExpression rewrites  a [if c [else b]].
func rewriteExpression(list []*tokens.Token) ([]*tokens.Token, error) {
	at := indexTop(list, ofName("if"))
	if at < 0 {
		return splitTop(list, isLogical, rewriteOperand)
	}
	value, rest := list[:at], list[at+1:]
	parts := [][]*tokens.Token{rest, value}
	if next := indexTop(rest, ofName("if", "else")); next >= 0 {
		if rest[next].Val == "if" {
			return nil, errors.New("\"if\" inside \"if\" without parentheses is not supported")
		}
		parts = [][]*tokens.Token{rest[:next], value, rest[next+1:]}
	}
	out := []*tokens.Token{at0(list[at], tokens.Name, conditional), at0(list[at], tokens.LeftParenthesis, "(")}
	for i, part := range parts {
		if len(part) == 0 {
			return nil, errors.New("\"if\" or \"else\" lacks an expression beside it")
		}
		rewritten, err := rewriteExpression(part)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, at0(list[at], tokens.Comma, ","))
		}
		out = append(out, rewritten...)
	}
	return append(out, at0(list[at], tokens.RightParenthesis, ")")), nil
}

// at0 makes a token in the place of another.
func at0(place *tokens.Token, kind tokens.Type, val string) *tokens.Token {
	return &tokens.Token{Type: kind, Val: val, Pos: place.Pos, Line: place.Line}
}

// rewriteOperand rewrites what stands between "and" and "or".
func rewriteOperand(list []*tokens.Token) ([]*tokens.Token, error) {
	if err := checkOperand(list); err != nil {
		return nil, err
	}
	in := indexTop(list, ofKind(tokens.In))
	if in < 0 || in+1 == len(list) {
		return rewriteBrackets(list)
	}
	left, err := rewriteBrackets(list[:in+1])
	if err != nil {
		return nil, err
	}
	right, err := rewriteBrackets(list[in+1:])
	if err != nil {
		return nil, err
	}
	out := append(left, at0(list[in], tokens.LeftParenthesis, "("))
	return append(append(out, right...), at0(list[in], tokens.RightParenthesis, ")")), nil
}

// checkOperand refuses what gonja would read in another way than Jinja.
func checkOperand(list []*tokens.Token) error {
	if len(list) > 1 && list[0].Type == tokens.Not && list[1].Type == tokens.Not {
		return errors.New("\"not not\" without parentheses is not supported")
	}
	is := indexTop(list, ofKind(tokens.Is))
	compares := countTop(list, isCompare)
	if is < 0 {
		if compares > 1 {
			return errors.New("comparison of a comparison without parentheses is not supported")
		}
		return nil
	}
	left, right := list[:is], list[is+1:]
	if countTop(right, ofKind(tokens.Is)) > 0 || countTop(right, isArithmetic) > 0 || countTop(right, ofKind(tokens.Pipe)) > 0 {
		return errors.New("a test with an operator behind it wants parentheses around it")
	}
	if countTop(left, isArithmetic) > 0 || countTop(left, isCompare) > 0 || countTop(right, isCompare) > 1 {
		return fmt.Errorf("%q wants parentheses around an expression with operators before it", "is")
	}
	return nil
}

// rewriteBrackets rewrites what stands inside brackets.
func rewriteBrackets(list []*tokens.Token) ([]*tokens.Token, error) {
	var out []*tokens.Token
	for i := 0; i < len(list); i++ {
		out = append(out, list[i])
		if !isOpen(list[i]) {
			continue
		}
		inside := list[i+1:]
		n := indexClose(inside)
		rewritten, err := rewriteList(inside[:n])
		if err != nil {
			return nil, err
		}
		out = append(out, rewritten...)
		i += n
	}
	return out, nil
}

// indexClose returns where the bracket ends that list is the inside of. The lexer has seen that it does.
func indexClose(list []*tokens.Token) int {
	depth := 0
	for i, t := range list {
		switch {
		case isOpen(t):
			depth++
		case isClose(t):
			if depth--; depth < 0 {
				return i
			}
		}
	}
	return len(list)
}

// opensBlock tells whether a block tag opens a block that a tag "end…" must close. A set does where it has no value.
func opensBlock(name string, tag []*tokens.Token) bool {
	switch name {
	case "for", "if", "macro", "generation":
		return true
	case "set":
		return indexTop(tag, ofKind(tokens.Assign)) < 0
	}
	return false
}
