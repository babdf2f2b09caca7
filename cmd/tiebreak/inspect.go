package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tiebreak/gguf"
	"tiebreak/model"
	"tiebreak/safetensors"
	"tiebreak/tokenizer"
)

var errNotExist = fs.ErrNotExist

func (a *app) inspect() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect PATH",
		Short: "What is in a model directory, a safetensors or a GGUF file",
		Long: `inspect lists the tensors of a safetensors or GGUF file with types and shapes. Of a model directory it also shows the
configuration and the tokenizer, and says why the model could not be loaded, if so.`,
		Example: `  tiebreak inspect DIR
  tiebreak inspect model.gguf --json`,
		Args: wantArgs("a directory or a file"),
		RunE: func(_ *cobra.Command, args []string) error { return a.runInspect(args[0]) },
	}
}

// contents is what inspect --json prints; parts that a path does not have are absent.
type contents struct {
	Path       string            `json:"path"`
	Config     *model.Config     `json:"config,omitempty"`
	Problem    string            `json:"problem,omitempty"` // why the model cannot be loaded
	Tokenizer  string            `json:"tokenizer,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	Keys       []string          `json:"metadata_keys,omitempty"`
	Tensors    []tensorLine      `json:"tensors"`
	Parameters int64             `json:"parameters"`
	Bytes      int64             `json:"bytes,omitempty"`
}

type tensorLine struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
	File  string `json:"file"`
}

func (a *app) runInspect(path string) error {
	c, err := look(path)
	if err != nil {
		return badData(err)
	}
	if a.flags.json {
		return a.printJSON(c)
	}
	return a.printContents(c)
}

func look(path string) (*contents, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	c := &contents{Path: path, Tensors: []tensorLine{}}
	if strings.HasSuffix(path, ".gguf") {
		return c, c.addGGUF(path)
	}
	if err := c.addSafetensors(path); err != nil {
		return nil, err
	}
	if info.IsDir() {
		c.addModel(path)
	}
	return c, nil
}

func (c *contents) add(line tensorLine, elements int) {
	c.Tensors = append(c.Tensors, line)
	c.Parameters += int64(elements)
}

func (c *contents) addGGUF(path string) error {
	f, err := gguf.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	c.Keys = f.Keys()
	for _, t := range f.Tensors() {
		c.add(tensorLine{t.Name, t.Type.String(), t.Shape, filepath.Base(path)}, t.Shape.Elements())
	}
	return nil
}

func (c *contents) addSafetensors(path string) error {
	set, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer set.Close()
	c.Metadata = set.Metadata()
	for _, name := range set.Names() {
		t, err := set.Tensor(name)
		if err != nil {
			return err
		}
		c.add(tensorLine{name, t.DType.String(), t.Shape, filepath.Base(set.File(name))}, t.Elements())
		c.Bytes += int64(len(t.Data))
	}
	return nil
}

// addModel reads what stands beside the weights and checks whether they can be loaded. What is wrong is part of the answer.
func (c *contents) addModel(dir string) {
	var problems []error
	config, err := model.ReadConfig(dir)
	if err == nil {
		c.Config = &config
		err = checkWeights(dir, config)
	}
	problems = append(problems, err)
	tok, err := tokenizer.Open(dir)
	if err == nil {
		c.Tokenizer = tok.String()
	}
	problems = append(problems, err)
	if err := errors.Join(problems...); err != nil {
		c.Problem = err.Error()
	}
}

func checkWeights(dir string, config model.Config) error {
	set, err := safetensors.Open(dir)
	if err != nil {
		return err
	}
	defer set.Close()
	return model.CheckWeights(config, set)
}

func (a *app) printContents(c *contents) error {
	t := tabwriter.NewWriter(a.std.out, 0, 0, 2, ' ', 0)
	for _, l := range c.Tensors {
		fmt.Fprintf(t, "%s\t%s\t%v\t%s\n", l.Name, l.DType, l.Shape, l.File)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(a.std.out, "%d tensors, %.1f million elements", len(c.Tensors), float64(c.Parameters)/1e6)
	if c.Bytes > 0 {
		fmt.Fprintf(a.std.out, ", %.1f MB", float64(c.Bytes)/1e6)
	}
	fmt.Fprintln(a.std.out)
	if m := c.Config; m != nil {
		fmt.Fprintf(a.std.out, "%s: %d layers, hidden %d, heads %d/%d of %d, feed-forward %d, vocabulary %d, up to %d positions\n",
			m.Architecture, m.Layers, m.Hidden, m.Heads, m.KVHeads, m.HeadDim, m.FeedForward, m.Vocab, m.MaxPositions)
	}
	if c.Tokenizer != "" {
		fmt.Fprintln(a.std.out, c.Tokenizer)
	}
	if c.Problem != "" {
		fmt.Fprintln(a.std.out, "cannot be loaded:", c.Problem)
	}
	return nil
}
