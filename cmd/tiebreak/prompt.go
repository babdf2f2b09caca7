package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

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

// parseMessages reads a chat that came from outside: a JSON array of {role, content}, both texts.
func parseMessages(raw []byte) ([]tokenizer.Message, error) {
	var in []struct {
		Role    *string `json:"role"`
		Content *string `json:"content"`
	}
	if err := decodeStrictly(raw, &in, `an array of {"role": S, "content": S}`); err != nil {
		return nil, err
	}
	if len(in) == 0 {
		return nil, errors.New("got no messages, want 1 or more")
	}
	messages := make([]tokenizer.Message, len(in))
	for i, m := range in {
		if m.Role == nil || *m.Role == "" {
			return nil, fmt.Errorf("message %d: got no role, want system, user or assistant", i)
		}
		if m.Content == nil {
			return nil, fmt.Errorf("message %d: got no content, want a text", i)
		}
		messages[i] = tokenizer.Message{Role: *m.Role, Content: *m.Content}
	}
	return messages, nil
}

// decodeStrictly reads one JSON document and nothing else; want describes it for the error.
func decodeStrictly(raw []byte, v any, want string) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch):
		place := fmt.Sprintf("byte %d", mismatch.Offset)
		if mismatch.Field != "" {
			place += ", " + mismatch.Field
		}
		return fmt.Errorf("%s: got JSON of type %s, want %s", place, mismatch.Value, want)
	case err == io.EOF:
		return fmt.Errorf("got nothing, want %s", want)
	case err != nil:
		return fmt.Errorf("want %s: %w", want, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("byte %d: got more after the end of the JSON document, want only %s", dec.InputOffset(), want)
	}
	return nil
}
