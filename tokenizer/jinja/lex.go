package jinja

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nikolalohinski/gonja/v2/tokens"
)

// lexer cuts a template into gonja's tokens by the rules of Jinja2 with trim_blocks and lstrip_blocks: the line break
// after a block tag or comment is dropped, and so is the space before one on its line.
type lexer struct {
	src       string
	pos       int
	line      int
	counted   int // src[:counted] holds line-1 line breaks
	lineStart bool
	out       []*tokens.Token
	stack     []byte   // brackets that are open
	blocks    []string // block tags that are open
}

const (
	maxSource    = 1 << 20 // bytes of a template
	maxDepth     = 64      // brackets, and block tags, inside one another
	maxTagTokens = 2048    // tokens of one tag
	maxTokens    = 1 << 16 // tokens in all
)

// lex returns the tokens of a template.
func lex(source string) ([]*tokens.Token, error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("template has %d bytes, want at most %d", len(source), maxSource)
	}
	if !utf8.ValidString(source) {
		return nil, fmt.Errorf("template is not valid UTF-8")
	}
	source = strings.ReplaceAll(strings.ReplaceAll(source, "\r\n", "\n"), "\r", "\n")
	l := &lexer{src: strings.TrimSuffix(source, "\n"), line: 1, lineStart: true}
	for l.pos < len(l.src) {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	if len(l.blocks) > 0 {
		return nil, l.fail("%q has no end", l.blocks[len(l.blocks)-1])
	}
	return append(l.out, &tokens.Token{Type: tokens.EOF, Line: l.lineAt(l.pos)}), nil
}

func (l *lexer) fail(format string, args ...any) error {
	return fmt.Errorf("line %d: "+format, append([]any{l.lineAt(l.pos)}, args...)...)
}

// lineAt returns the line of a place no earlier than the last one asked for.
func (l *lexer) lineAt(pos int) int {
	l.line += strings.Count(l.src[l.counted:pos], "\n")
	l.counted = pos
	return l.line
}

func (l *lexer) emit(kind tokens.Type, val string) {
	l.out = append(l.out, &tokens.Token{Type: kind, Val: val, Pos: l.pos, Line: l.lineAt(l.pos)})
}

// next reads text and the tag behind it.
func (l *lexer) next() error {
	begin := l.findTag()
	text := l.src[l.pos:begin]
	if begin == len(l.src) {
		l.data(text)
		l.pos = begin
		return nil
	}
	kind := l.src[begin+1]
	after := begin + 2
	sign := byte(0)
	if after < len(l.src) && (l.src[after] == '-' || l.src[after] == '+') {
		sign = l.src[after]
		after++
	}
	l.data(l.stripBefore(text, kind, sign))
	l.pos, l.lineStart = after, false
	switch kind {
	case '#':
		return l.comment()
	case '{':
		return l.tag(tokens.VariableBegin, tokens.VariableEnd, "}}")
	}
	if raw, ok := l.rawBegin(); ok {
		return l.raw(raw)
	}
	return l.tag(tokens.BlockBegin, tokens.BlockEnd, "%}")
}

// findTag returns where the next "{{", "{%" or "{#" is, or the end.
func (l *lexer) findTag() int {
	for i := l.pos; ; i++ {
		j := strings.IndexByte(l.src[i:], '{')
		if j < 0 || i+j+1 >= len(l.src) {
			return len(l.src)
		}
		if i += j; strings.IndexByte("{%#", l.src[i+1]) >= 0 {
			return i
		}
	}
}

func (l *lexer) data(text string) {
	if text != "" {
		l.emit(tokens.Data, text)
	}
}

// tag reads the tokens of a tag and its end.
func (l *lexer) tag(begin, end tokens.Type, mark string) error {
	start := len(l.out)
	l.emit(begin, "")
	for {
		l.pos = len(l.src) - len(strings.TrimLeftFunc(l.src[l.pos:], IsSpace))
		if len(l.stack) == 0 {
			rest := l.src[l.pos:]
			sign := byte(0)
			if rest != "" && (rest[0] == '-' || rest[0] == '+' && end == tokens.BlockEnd) {
				sign, rest = rest[0], rest[1:]
			}
			if strings.HasPrefix(rest, mark) {
				return l.endTag(start, end, mark, sign)
			}
		}
		if l.pos == len(l.src) {
			return l.fail("a tag has no end, want %q", mark)
		}
		if len(l.out)-start > maxTagTokens {
			return l.fail("a tag has more than %d tokens", maxTagTokens)
		}
		if len(l.out) > maxTokens {
			return l.fail("the template has more than %d tokens", maxTokens)
		}
		if err := l.token(); err != nil {
			return err
		}
	}
}

// endTag ends the tag whose tokens begin at start, and puts its expressions into a form that gonja reads as Jinja does.
func (l *lexer) endTag(start int, end tokens.Type, mark string, sign byte) error {
	inner, err := rewriteTag(l.out[start+1:], end == tokens.BlockEnd)
	if err == nil && end == tokens.BlockEnd {
		err = l.nest(inner)
	}
	if err != nil {
		return l.fail("%w", err)
	}
	l.out = append(l.out[:start+1], inner...)
	l.emit(end, "")
	l.pos += len(mark)
	if sign != 0 {
		l.pos++
	}
	l.stripAfter(sign, end == tokens.BlockEnd)
	return nil
}

// nest keeps account of the block tags that are open.
func (l *lexer) nest(tag []*tokens.Token) error {
	name := ""
	if len(tag) > 0 {
		name = tag[0].Val
	}
	switch opener, isEnd := strings.CutPrefix(name, "end"); {
	case isEnd:
		n := len(l.blocks) - 1
		if n < 0 || l.blocks[n] != opener {
			return fmt.Errorf("%q ends nothing", name)
		}
		l.blocks = l.blocks[:n]
	case opensBlock(name, tag):
		if len(l.blocks) == maxDepth {
			return fmt.Errorf("tags are nested deeper than %d", maxDepth)
		}
		l.blocks = append(l.blocks, name)
	}
	return nil
}

// token reads one token inside a tag.
func (l *lexer) token() error {
	rest := l.src[l.pos:]
	c := rest[0]
	switch {
	case c == '_' || c < utf8.RuneSelf && unicode.IsLetter(rune(c)):
		return l.name()
	case c >= '0' && c <= '9':
		return l.number()
	case c == '"' || c == '\'':
		return l.str()
	}
	for _, op := range operators {
		if strings.HasPrefix(rest, op.text) {
			if err := l.bracket(c); err != nil {
				return err
			}
			l.emit(op.kind, op.text)
			l.pos += len(op.text)
			return nil
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return l.fail("unexpected character %q", r)
}

// operators are the marks inside tags, longer ones first.
var operators = []struct {
	text string
	kind tokens.Type
}{
	{"//", tokens.FloorDivision}, {"==", tokens.Equals}, {"!=", tokens.Ne}, {"<=", tokens.LowerThanOrEqual},
	{">=", tokens.GreaterThanOrEqual}, {"+", tokens.Addition}, {"-", tokens.Subtraction}, {"*", tokens.Multiply},
	{"/", tokens.Division}, {"%", tokens.Modulo}, {"~", tokens.Tilde}, {"<", tokens.LowerThan}, {">", tokens.GreaterThan},
	{"=", tokens.Assign}, {".", tokens.Dot}, {":", tokens.Colon}, {"|", tokens.Pipe}, {",", tokens.Comma},
	{"(", tokens.LeftParenthesis}, {")", tokens.RightParenthesis}, {"[", tokens.LeftBracket}, {"]", tokens.RightBracket},
	{"{", tokens.LeftBrace}, {"}", tokens.RightBrace},
}

// words are the operators that are spelled as names.
var words = map[string]tokens.Type{"and": tokens.And, "or": tokens.Or, "not": tokens.Not, "in": tokens.In, "is": tokens.Is}

// bracket keeps account of the brackets that are open.
func (l *lexer) bracket(c byte) error {
	if i := strings.IndexByte("([{", c); i >= 0 {
		if len(l.stack) == maxDepth {
			return l.fail("brackets are nested deeper than %d", maxDepth)
		}
		l.stack = append(l.stack, ")]}"[i])
	} else if strings.IndexByte(")]}", c) >= 0 {
		n := len(l.stack) - 1
		if n < 0 || l.stack[n] != c {
			return l.fail("unexpected %q", c)
		}
		l.stack = l.stack[:n]
	}
	return nil
}

func (l *lexer) name() error {
	end := l.pos
	for end < len(l.src) && (l.src[end] == '_' || isAlphanumeric(l.src[end])) {
		end++
	}
	name := l.src[l.pos:end]
	kind, ok := words[name]
	if !ok {
		kind = tokens.Name
	}
	l.emit(kind, name)
	l.pos = end
	return nil
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// number reads a decimal number. Jinja's other spellings (0x10, 1_000, 1e5) are refused.
func (l *lexer) number() error {
	end := l.digits(l.pos)
	kind := tokens.Integer
	if end+1 < len(l.src) && l.src[end] == '.' && l.src[end+1] >= '0' && l.src[end+1] <= '9' {
		kind = tokens.Float
		end = l.digits(end + 1)
	}
	text := l.src[l.pos:end]
	if end < len(l.src) && (l.src[end] == '_' || isAlphanumeric(l.src[end])) || len(text) > 1 && kind == tokens.Integer && text[0] == '0' {
		return l.fail("number %s… is not supported (supported: decimal numbers)", text)
	}
	l.emit(kind, text)
	l.pos = end
	return nil
}

func (l *lexer) digits(i int) int {
	for i < len(l.src) && l.src[i] >= '0' && l.src[i] <= '9' {
		i++
	}
	return i
}

// str reads a string.
func (l *lexer) str() error {
	quote := l.src[l.pos]
	for i := l.pos + 1; i < len(l.src); i++ {
		switch l.src[i] {
		case '\\':
			i++
		case quote:
			text, err := unescape(l.src[l.pos+1 : i])
			if err != nil {
				return l.fail("%w", err)
			}
			// gonja takes \x5c for a backslash and everything else as it is.
			l.emit(tokens.String, strings.ReplaceAll(text, `\`, `\x5c`))
			l.pos = i + 1
			return nil
		}
	}
	return l.fail("a string has no end")
}
