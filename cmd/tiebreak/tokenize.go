package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tiebreak/tokenizer"
)

func (a *app) tokenize() *cobra.Command {
	var dir string
	var jsonl bool
	cmd := &cobra.Command{
		Use:   "tokenize --model DIR --jsonl < lines.jsonl",
		Short: "Token ids of texts and chats, a JSON object a line",
		Long: `tokenize reads JSON objects from stdin, one a line, and answers each with one line:

  {"text": S}                                        → {"ids": [...], "plain": [...], "decoded": S}
  {"messages": [...], "add_generation_prompt": true} → {"rendered": S, "ids": [...]}

"ids" has the special tokens that the tokenizer adds around a text, "plain" does not; "decoded" is the
text of "plain". A chat is rendered by the model's template and gets no further special tokens.`,
		Example: `  echo '{"text": "Hello, world"}' | tiebreak tokenize --model DIR --jsonl`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			if !jsonl {
				return usage("tokenize: want --jsonl, the only form of input")
			}
			return a.runTokenize(dir)
		},
	}
	cmd.Flags().StringVar(&dir, "model", "", "model directory with tokenizer.json")
	cmd.Flags().BoolVar(&jsonl, "jsonl", false, "read JSON objects, one a line, from stdin")
	must(cmd.MarkFlagRequired("model"))
	must(cmd.MarkFlagDirname("model"))
	return cmd
}

func (a *app) runTokenize(dir string) error {
	tok, err := openTokenizer(dir)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(a.std.out)
	err = eachLine(a.std.in, func(number int, line []byte) error {
		answer, err := tokenizeLine(tok, line)
		if err != nil {
			return badData(fmt.Errorf("tokenize: stdin line %d: %w", number, err))
		}
		return encodeJSON(out, answer)
	})
	if flushErr := out.Flush(); err == nil {
		err = flushErr
	}
	return err
}

// eachLine calls f with each line that is not blank, however long, without its line feed. Numbers count from 1.
func eachLine(r io.Reader, f func(number int, line []byte) error) error {
	in := bufio.NewReaderSize(r, 1<<16)
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := f(number, line); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// textAnswer and chatAnswer are the lines that tokenize prints.
type textAnswer struct {
	IDs     []int32 `json:"ids"`
	Plain   []int32 `json:"plain"`
	Decoded string  `json:"decoded"`
}

type chatAnswer struct {
	Rendered string  `json:"rendered"`
	IDs      []int32 `json:"ids"`
}

func tokenizeLine(tok *tokenizer.Tokenizer, line []byte) (any, error) {
	var in struct {
		Text     *string         `json:"text"`
		Messages json.RawMessage `json:"messages"`
		Generate bool            `json:"add_generation_prompt"`
	}
	if err := decodeStrictly(line, &in, `an object with "text" or with "messages" and "add_generation_prompt"`); err != nil {
		return nil, err
	}
	switch {
	case in.Text != nil && in.Messages == nil:
		plain := tok.Encode(*in.Text)
		return textAnswer{ids(tok.Encode(*in.Text, tokenizer.AddSpecial)), ids(plain), tok.Decode(plain, false)}, nil
	case in.Messages != nil && in.Text == nil:
		messages, err := parseMessages(in.Messages)
		if err != nil {
			return nil, err
		}
		rendered, err := tok.ApplyChatTemplate(messages, in.Generate)
		if err != nil {
			return nil, err
		}
		return chatAnswer{rendered, ids(tok.Encode(rendered))}, nil
	}
	return nil, errors.New(`got both "text" and "messages" or neither, want one of them`)
}

// ids makes sure that no tokens are printed as [] and not as null.
func ids(v []int32) []int32 {
	if v == nil {
		return []int32{}
	}
	return v
}
