package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"tiebreak/tokenizer/jinja"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// chatTemplate is the chat template, compiled when it is first used: most runs never do.
type chatTemplate struct {
	once     sync.Once
	template *jinja.Template
	err      error
}

// ErrNoChatTemplate says that the model's files hold no chat template.
var ErrNoChatTemplate = errors.New("tokenizer: no chat template: neither chat_template in tokenizer_config.json nor a file chat_template.jinja")

func (t *Tokenizer) compiled() (*jinja.Template, error) {
	t.chat.once.Do(func() {
		if t.config.template == "" {
			t.chat.err = ErrNoChatTemplate
			return
		}
		t.chat.template, t.chat.err = jinja.Compile(t.config.template)
	})
	return t.chat.template, t.chat.err
}

// ApplyChatTemplate renders a conversation by the model's chat template, within jinja.DefaultLimits. With
// addGenerationPrompt the text ends where the assistant's answer begins. The template sees messages,
// add_generation_prompt, and the special tokens that tokenizer_config.json names (bos_token, eos_token, pad_token,
// unk_token; "" where it names none). Encode takes the text without AddSpecial: templates write such tokens themselves.
func (t *Tokenizer) ApplyChatTemplate(messages []Message, addGenerationPrompt bool) (string, error) {
	return t.ApplyChatTemplateWithin(jinja.DefaultLimits, messages, addGenerationPrompt)
}

// ApplyChatTemplateWithin is ApplyChatTemplate with limits of the caller's.
func (t *Tokenizer) ApplyChatTemplateWithin(limits jinja.Limits, messages []Message, addGenerationPrompt bool) (string, error) {
	contents := make([]string, len(messages))
	for i, m := range messages {
		contents[i] = validText(m.Content)
	}
	return t.render(limits, messages, contents, addGenerationPrompt)
}

// render renders the messages with contents in place of their own.
func (t *Tokenizer) render(limits jinja.Limits, messages []Message, contents []string, addGenerationPrompt bool) (string, error) {
	template, err := t.compiled()
	if err != nil {
		return "", err
	}
	list := make([]any, len(messages))
	for i, m := range messages {
		dict := jinja.NewDict()
		dict.Set("role", validText(m.Role))
		dict.Set("content", contents[i])
		list[i] = dict
	}
	text, err := template.Render(map[string]any{
		"messages":              list,
		"add_generation_prompt": addGenerationPrompt,
		"bos_token":             t.config.bos,
		"eos_token":             t.config.eos,
		"pad_token":             t.config.pad,
		"unk_token":             t.config.unk,
	}, limits)
	if err != nil {
		return "", fmt.Errorf("tokenizer: chat template: %w", err)
	}
	return text, nil
}

// ChatSegments renders a conversation as ApplyChatTemplate does and tells which of it is the template's, trusted, and
// which the messages', not: put together, the segments are the same text. So EncodeSegments makes no special token of
// anything that a message holds. Roles are the caller's and trusted.
//
// The contents are rendered with marks around them, which are then looked for; the marks are made so that they occur in
// none of the strings that go in. Space at the ends of a content stays outside its marks, so that templates can trim it
// as they would, and is trusted like the template's own. A template whose output depends on the inside of a content, such
// as one that cuts it at a word, is an error for the contents where that shows.
func (t *Tokenizer) ChatSegments(messages []Message, addGenerationPrompt bool) ([]Segment, error) {
	plain, err := t.ApplyChatTemplate(messages, addGenerationPrompt)
	if err != nil {
		return nil, err
	}
	begin, end := t.marks(messages)
	contents := make([]string, len(messages))
	for i, m := range messages {
		contents[i] = markInside(validText(m.Content), begin, end)
	}
	marked, err := t.render(jinja.DefaultLimits, messages, contents, addGenerationPrompt)
	if err != nil {
		return nil, err
	}
	segments, ok := splitMarked(marked, begin, end)
	if !ok || joined(segments) != plain {
		return nil, errors.New("tokenizer: chat template: it looks inside a message, so that what the message wrote can not be " +
			"told from what the template wrote")
	}
	return segments, nil
}

// EncodeChat returns the token ids of a conversation: those of ChatSegments.
func (t *Tokenizer) EncodeChat(messages []Message, addGenerationPrompt bool) ([]int32, error) {
	segments, err := t.ChatSegments(messages, addGenerationPrompt)
	if err != nil {
		return nil, err
	}
	return t.EncodeSegments(segments), nil
}

// The marks are runs of one noncharacter between two of another, the runs longer than any in the strings that go in.
const (
	markEdge = "\ufdd0"
	markFill = "\ufdd1"
)

// marks returns two marks that occur neither in the messages nor in the template nor in the tokens it is given.
func (t *Tokenizer) marks(messages []Message) (begin, end string) {
	longest := 0
	look := func(s string) {
		for {
			i := strings.Index(s, markFill)
			if i < 0 {
				return
			}
			rest := strings.TrimLeft(s[i:], markFill)
			longest = max(longest, (len(s)-i-len(rest))/len(markFill))
			s = rest
		}
	}
	for _, m := range messages {
		look(m.Role)
		look(m.Content)
	}
	for _, s := range []string{t.config.template, t.config.bos, t.config.eos, t.config.pad, t.config.unk} {
		look(s)
	}
	mark := func(run int) string { return markEdge + strings.Repeat(markFill, run) + markEdge }
	return mark(longest + 1), mark(longest + 2)
}

// markInside puts marks around a content, inside the space at its ends. Space alone gets none.
func markInside(content, begin, end string) string {
	core := strings.TrimFunc(content, jinja.IsSpace)
	if core == "" {
		return content
	}
	i := strings.Index(content, core)
	return content[:i] + begin + core + end + content[i+len(core):]
}

// splitMarked cuts a text at its marks; false where they do not come in pairs.
func splitMarked(text, begin, end string) (segments []Segment, ok bool) {
	add := func(text string, trusted bool) {
		if text != "" {
			segments = append(segments, Segment{text, trusted})
		}
	}
	for {
		outside, rest, found := strings.Cut(text, begin)
		if strings.Contains(outside, end) {
			return nil, false
		}
		add(outside, true)
		if !found {
			return segments, true
		}
		inside, rest, found := strings.Cut(rest, end)
		if !found || strings.Contains(inside, begin) {
			return nil, false
		}
		add(inside, false)
		text = rest
	}
}

func joined(segments []Segment) string {
	var text strings.Builder
	for _, s := range segments {
		text.WriteString(s.Text)
	}
	return text.String()
}
