package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tiebreak/engine"
	"tiebreak/tokenizer"
)

// generateFlags are the flags of generate.
type generateFlags struct {
	model, prompt, ids, chat string
	maxTokens, minTokens     int
	temperature              float64
}

func (a *app) generate() *cobra.Command {
	var f generateFlags
	cmd := &cobra.Command{
		Use:   "generate --model DIR (--prompt S | --ids 1,2,3 | --chat F.json)",
		Short: "Continue a text, token by token",
		Long: `generate continues a text, a list of token ids or a chat, and prints the new text as it comes. With --json it
prints {"ids": [...], "text": ...} at the end. It stops at a token that ends the text or at --max-tokens. Without a
tokenizer, ids can be continued and ids are printed.`,
		Example: `  tiebreak generate --model DIR --prompt "The capital of France is" --max-tokens 16
  tiebreak generate --model DIR --ids 1,504,3575 --json
  echo '[{"role": "user", "content": "Hello"}]' | tiebreak generate --model DIR --chat - --temperature 0.7 --seed 1`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runGenerate(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.model, "model", "", "Hugging Face model directory")
	flags.StringVar(&f.prompt, "prompt", "", "text to continue")
	flags.StringVar(&f.ids, "ids", "", "token ids to continue, separated by commas")
	flags.StringVar(&f.chat, "chat", "", "JSON file with an array of {role, content}, answered by the model's chat template; - for stdin")
	flags.IntVar(&f.maxTokens, "max-tokens", 128, "most tokens to generate")
	flags.IntVar(&f.minTokens, "min-tokens", 0, "tokens to generate before one that ends the text may come")
	flags.Float64Var(&f.temperature, "temperature", 0, "0: the most likely token; above: draw from the distribution, flatter with a higher value")
	must(cmd.MarkFlagRequired("model"))
	must(cmd.MarkFlagDirname("model"))
	must(cmd.MarkFlagFilename("chat", "json"))
	cmd.MarkFlagsMutuallyExclusive("prompt", "ids", "chat")
	cmd.MarkFlagsOneRequired("prompt", "ids", "chat")
	return cmd
}

func (a *app) runGenerate(ctx context.Context, f generateFlags) error {
	if f.maxTokens < 1 {
		return usage("--max-tokens %d: want 1 or more", f.maxTokens)
	}
	if !(f.temperature >= 0) {
		return usage("--temperature %v: want 0 or more", f.temperature)
	}
	tok, err := a.generateTokenizer(f)
	if err != nil {
		return err
	}
	prompt, err := a.promptIDs(tok, f)
	if err != nil {
		return err
	}
	opt := engine.Options{MaxTokens: len(prompt) + f.maxTokens, BatchRows: 1}
	if a.flags.dryRun {
		return a.plan(f.model, opt)
	}
	s, err := a.openEngine(f.model, opt)
	if err != nil {
		return err
	}
	defer s.Close()

	g := engine.Generation{Prompt: prompt, MaxTokens: f.maxTokens, MinTokens: f.minTokens, Temperature: f.temperature, Seed: uint64(a.flags.seed), Stop: s.engine.Config.EOS}
	text := &strings.Builder{}
	show := a.std.out
	if a.flags.json {
		show = io.Discard
	}
	flush := stream(&g, tok, io.MultiWriter(text, show))
	generated, err := s.engine.Generate(ctx, g)
	if err != nil {
		return promptError(err)
	}
	if err := flush(); err != nil {
		return err
	}
	return a.printGenerated(generated, text.String(), tok)
}

// promptError gives an error of generating its exit code: what was asked for comes from the command line.
func promptError(err error) error {
	if errors.Is(err, engine.ErrPrompt) || errors.Is(err, engine.ErrOptions) {
		return coded(exitUsage, err)
	}
	return err
}

// stream writes the text of tokens as they come. Without a tokenizer there is no text.
func stream(g *engine.Generation, tok *tokenizer.Tokenizer, w io.Writer) (flush func() error) {
	if tok == nil {
		return func() error { return nil }
	}
	d := tok.NewDecoder(true)
	g.OnToken = func(id int32) error {
		_, err := io.WriteString(w, d.Push(id))
		return err
	}
	return func() error {
		_, err := io.WriteString(w, d.Flush())
		return err
	}
}

func (a *app) printGenerated(generated []int32, text string, tok *tokenizer.Tokenizer) error {
	if a.flags.json {
		return a.printJSON(struct {
			IDs  []int32 `json:"ids"`
			Text string  `json:"text"`
		}{ids(generated), text})
	}
	if tok == nil {
		text = strings.Trim(strings.ReplaceAll(fmt.Sprint(generated), " ", ","), "[]")
		fmt.Fprint(a.std.out, text)
	}
	_, err := fmt.Fprintln(a.std.out)
	return err
}

// generateTokenizer opens the tokenizer. Ids can be continued without one, then there is no text.
func (a *app) generateTokenizer(f generateFlags) (*tokenizer.Tokenizer, error) {
	if f.ids != "" && !exists(f.model+"/tokenizer.json") {
		return nil, nil
	}
	return openTokenizer(f.model)
}

func (a *app) promptIDs(tok *tokenizer.Tokenizer, f generateFlags) ([]int32, error) {
	switch {
	case f.ids != "":
		return parseIDs(f.ids)
	case f.chat != "":
		return a.chatIDs(tok, f.chat)
	}
	prompt := tok.Encode(f.prompt, tokenizer.AddSpecial)
	if len(prompt) == 0 {
		return nil, usage("--prompt %q: has no tokens, want 1 or more", f.prompt)
	}
	return prompt, nil
}

func parseIDs(s string) ([]int32, error) {
	var out []int32
	for _, field := range strings.Split(s, ",") {
		id, err := strconv.ParseInt(strings.TrimSpace(field), 10, 32)
		if err != nil || id < 0 {
			return nil, usage("--ids %q: %q is not a token id", s, field)
		}
		out = append(out, int32(id))
	}
	return out, nil
}

func (a *app) chatIDs(tok *tokenizer.Tokenizer, path string) ([]int32, error) {
	raw, err := a.readAll(path)
	if err != nil {
		return nil, err
	}
	messages, err := parseMessages(raw)
	if err != nil {
		return nil, badData(fmt.Errorf("generate: %s: %w", path, err))
	}
	prompt, err := tok.EncodeChat(messages, true)
	if err != nil {
		return nil, badData(fmt.Errorf("generate: %s: %w", path, err))
	}
	return prompt, nil
}

func (a *app) readAll(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(a.std.in)
	}
	raw, err := os.ReadFile(path)
	return raw, badData(err)
}
