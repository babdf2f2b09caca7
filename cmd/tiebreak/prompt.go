package main

import (
	"errors"
	"fmt"

	"tiebreak/judge"
	"tiebreak/model"
	"tiebreak/tokenizer"
)

// chatFrame finds what the model's chat template puts around a request. Without a template, and for classifiers, whose
// training decides their format, the frame is plain unless --chat asks for a template.
func chatFrame(tok *tokenizer.Tokenizer, config model.Config, chat string) (judge.Frame, error) {
	switch chat {
	case "no":
		return beginning(tok), nil
	case "auto":
		if config.Classes != 0 {
			return beginning(tok), nil
		}
	case "yes":
	default:
		return judge.Frame{}, usage("--chat %q: want auto, yes or no", chat)
	}
	frame, err := judge.ChatFrame(func(content string) (string, error) {
		return tok.ApplyChatTemplate([]tokenizer.Message{{Role: "user", Content: content}}, true)
	})
	if errors.Is(err, tokenizer.ErrNoChatTemplate) {
		if chat == "auto" {
			return beginning(tok), nil
		}
		return judge.Frame{}, usage("--chat yes: %v", err)
	}
	return frame, badData(err)
}

// beginning is the frame of a plain prompt: the token that begins a sequence, where the tokenizer adds one.
func beginning(tok *tokenizer.Tokenizer) judge.Frame {
	var before string
	for _, id := range tok.Encode("", tokenizer.AddSpecial) {
		before += tok.Token(id)
	}
	return judge.Frame{Before: before}
}

func classesError(classes int) error {
	return fmt.Errorf("the model is a classifier of %d classes: want 3, in the order A, B, tie", classes)
}

// messages checks a chat that came from outside.
func checkMessages(messages []tokenizer.Message) error {
	if len(messages) == 0 {
		return errors.New("got no messages, want 1 or more")
	}
	for i, m := range messages {
		if m.Role == "" {
			return fmt.Errorf("message %d: got no role, want system, user or assistant", i)
		}
	}
	return nil
}
