package model

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"tiebreak/tensor"
)

// Architecture is a family of decoders. Families differ in the names of their weights and in how these are stacked, not
// in the block they compute.
type Architecture string

// The families that can be loaded, as config.json writes them in model_type.
const (
	Llama Architecture = "llama"
	Phi3  Architecture = "phi3"
)

// Config is the geometry of a model, checked: every value is positive and within a sane bound, and they fit together.
type Config struct {
	Architecture Architecture
	Classes      int      // 0 for a causal language model; else the classes of a sequence classifier
	ClassNames   []string // id2label in order, "" where the file does not name a class

	Vocab        int     // V
	Hidden       int     // C
	Layers       int     // L
	Heads        int     // H
	KVHeads      int     // G, a divisor of H
	HeadDim      int     // D, even
	FeedForward  int     // F
	MaxPositions int     // longest sequence the model was made for
	Window       int     // sliding window of attention in tokens, 0 for none
	Eps          float32 // of every RMSNorm
	Rope         Rope

	Tied  bool         // the embeddings are the language-model head as well
	DType tensor.DType // type the file says its weights have; Invalid where it is silent. The weights themselves decide

	EOS []int32 // tokens that end a text, in the order of the files
}

// Rope says how positions become rotations.
type Rope struct {
	Theta  float64     // base of the wavelengths
	Llama3 *RopeLlama3 // nil: wavelengths are used as they are
}

// RopeLlama3 stretches long wavelengths so that a model trained on short texts reads longer ones, as LLaMA 3.1 does:
// wavelengths above Original/LowFreq are multiplied by Factor, those below Original/HighFreq are kept, and between the
// two the frequencies are blended. Reference: _compute_llama3_parameters of Hugging Face transformers.
type RopeLlama3 struct {
	Factor, LowFreq, HighFreq float64
	Original                  int // positions before stretching
}

// KVDim is G·D, the length of a row of keys or of values.
func (c Config) KVDim() int { return c.KVHeads * c.HeadDim }

// QDim is H·D, the length of a row of queries.
func (c Config) QDim() int { return c.Heads * c.HeadDim }

// maxConfigBytes bounds what is read of a config.json; real ones have a few kilobytes.
const maxConfigBytes = 4 << 20

// ReadConfig reads config.json of a Hugging Face model directory, and generation_config.json beside it where there is
// one: the end-of-text tokens it names are added to EOS.
func ReadConfig(dir string) (Config, error) {
	raw, err := readSmall(filepath.Join(dir, "config.json"))
	if err != nil {
		return Config{}, err
	}
	c, err := ParseConfig(raw)
	if err != nil {
		return Config{}, fmt.Errorf("model: %s: %w", filepath.Join(dir, "config.json"), err)
	}
	path := filepath.Join(dir, "generation_config.json")
	if _, err := os.Stat(path); err != nil {
		return c, nil
	}
	if raw, err = readSmall(path); err != nil {
		return Config{}, err
	}
	if err := c.addGeneration(raw); err != nil {
		return Config{}, fmt.Errorf("model: %s: %w", path, err)
	}
	return c, nil
}

func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("model: read config: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxConfigBytes {
		return nil, fmt.Errorf("model: read config: %s: got %v of %d bytes, want a file of at most %d", path, info.Mode().Type(), info.Size(), maxConfigBytes)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("model: read config: %w", err)
	}
	return raw, nil
}

// ParseConfig reads the text of a config.json, in the form published checkpoints have (rope_theta, rope_scaling,
// torch_dtype) or in the newer one (rope_parameters, dtype). What this package does not compute (another architecture,
// activation, rope type, biases, quantisation) is refused by name; the error lists every problem found.
func ParseConfig(raw []byte) (Config, error) {
	f, err := parseFields(raw)
	if err != nil {
		return Config{}, err
	}
	c := Config{
		Vocab:        f.count("vocab_size", 0, 1<<22),
		Hidden:       f.count("hidden_size", 0, 1<<16),
		Layers:       f.count("num_hidden_layers", 0, 1<<10),
		Heads:        f.count("num_attention_heads", 0, 1<<10),
		FeedForward:  f.count("intermediate_size", 0, 1<<20),
		MaxPositions: f.count("max_position_embeddings", 0, 1<<24),
		Eps:          float32(f.number("rms_norm_eps", math.NaN(), 0, 0.1)),
		Tied:         f.flag("tie_word_embeddings"),
		EOS:          f.tokens("eos_token_id"),
	}
	c.KVHeads = f.count("num_key_value_heads", c.Heads, 1<<10)
	c.readArchitecture(f)
	c.readHeadDim(f)
	c.readRope(f)
	c.readDType(f)
	refuseUnsupported(f)
	c.checkFit(f)
	if err := f.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// architectures lists what config.json may write in architectures.
var architectures = map[string]struct {
	family     Architecture
	classifier bool
}{
	"LlamaForCausalLM":               {Llama, false},
	"LlamaForSequenceClassification": {Llama, true},
	"Phi3ForCausalLM":                {Phi3, false},
	"Phi3ForSequenceClassification":  {Phi3, true},
}

func (c *Config) readArchitecture(f *fields) {
	names := f.strings("architectures")
	want := "one of LlamaForCausalLM, LlamaForSequenceClassification, Phi3ForCausalLM, Phi3ForSequenceClassification"
	if len(names) != 1 {
		f.problem("architectures", fmt.Sprintf("%d names", len(names)), want)
		return
	}
	a, ok := architectures[names[0]]
	if !ok {
		f.problem("architectures", quote(names[0]), want)
		return
	}
	c.Architecture = a.family
	f.allow("model_type", string(a.family), string(a.family))
	if a.classifier {
		c.ClassNames = f.classes()
		c.Classes = len(c.ClassNames)
	}
	window := f.count("sliding_window", -1, 1<<24)
	if window > 0 && a.family != Phi3 {
		f.problem("sliding_window", fmt.Sprint(window), "null for "+string(a.family))
	}
	c.Window = max(window, 0)
}

func (c *Config) readHeadDim(f *fields) {
	byHeads := 0
	if c.Heads > 0 && c.Hidden%c.Heads == 0 {
		byHeads = c.Hidden / c.Heads
	}
	if byHeads == 0 && !f.has("head_dim") {
		f.problem("hidden_size", fmt.Sprint(c.Hidden), fmt.Sprintf("a multiple of num_attention_heads %d, or a head_dim", c.Heads))
		return
	}
	c.HeadDim = f.count("head_dim", byHeads, 1<<10)
}

func (c *Config) readRope(f *fields) {
	// Precedence is that of transformers: a non-empty rope_scaling, then rope_parameters; values inside before those beside.
	section := "rope_scaling"
	r := f.object(section)
	if len(r.values) == 0 {
		section = "rope_parameters"
		r = f.object(section)
	}
	c.Rope.Theta = f.number("rope_theta", 10000, 0, 1e15)
	c.Rope.Theta = r.number("rope_theta", c.Rope.Theta, 0, 1e15)
	partial := r.number("partial_rotary_factor", f.number("partial_rotary_factor", 1, 0, 1), 0, 1)
	if partial != 1 {
		f.problem("partial_rotary_factor", fmt.Sprint(partial), "1")
	}
	kind := r.text("rope_type", r.text("type", "default"))
	switch {
	case kind == "default":
	case kind == "llama3" && c.Architecture != Phi3:
		c.Rope.Llama3 = &RopeLlama3{
			Factor:   r.number("factor", math.NaN(), 0, 1e6),
			LowFreq:  r.number("low_freq_factor", math.NaN(), 0, 1e6),
			HighFreq: r.number("high_freq_factor", math.NaN(), 0, 1e6),
			Original: f.count("original_max_position_embeddings", r.count("original_max_position_embeddings", c.MaxPositions, 1<<24), 1<<24),
		}
		if l := c.Rope.Llama3; l.HighFreq <= l.LowFreq {
			r.problem("high_freq_factor", fmt.Sprint(l.HighFreq), fmt.Sprintf("more than low_freq_factor %v", l.LowFreq))
		}
	default:
		want := "default or llama3"
		if c.Architecture == Phi3 {
			want = "default (longrope, which models of 128k positions use, is not supported)"
		}
		r.problem("rope_type", quote(kind), want)
	}
}

// declaredTypes maps torch's names of element types to ours.
var declaredTypes = map[string]tensor.DType{"float32": tensor.F32, "float16": tensor.F16, "bfloat16": tensor.BF16, "": tensor.Invalid}

func (c *Config) readDType(f *fields) {
	name := f.text("dtype", f.text("torch_dtype", ""))
	d, ok := declaredTypes[name]
	if !ok {
		f.problem("dtype", quote(name), "float32, float16 or bfloat16")
	}
	c.DType = d
}

// refuseUnsupported names each value that would change the computation in a way this package does not follow.
func refuseUnsupported(f *fields) {
	f.allow("hidden_act", "silu", "silu")
	for _, name := range []string{"attention_bias", "mlp_bias"} {
		if f.flag(name) {
			f.problem(name, "true", "false: biases are not supported")
		}
	}
	if f.has("quantization_config") {
		f.problem("quantization_config", "a value", "none: quantised checkpoints are not supported; use one with F32, F16 or BF16 weights")
	}
}

// checkFit reports values that are sound alone and wrong together.
func (c *Config) checkFit(f *fields) {
	if c.KVHeads > 0 && c.Heads%c.KVHeads != 0 {
		f.problem("num_key_value_heads", fmt.Sprint(c.KVHeads), fmt.Sprintf("a divisor of num_attention_heads %d", c.Heads))
	}
	if c.HeadDim%2 != 0 {
		f.problem("head_dim", fmt.Sprint(c.HeadDim), "an even number: rope rotates pairs")
	}
	if c.Tied && c.Classes > 0 {
		c.Tied = false // a classifier has no language-model head to tie
	}
}

// addGeneration adds the end-of-text tokens of a generation_config.json.
func (c *Config) addGeneration(raw []byte) error {
	f, err := parseFields(raw)
	if err != nil {
		return err
	}
	for _, id := range f.tokens("eos_token_id") {
		if !slices.Contains(c.EOS, id) {
			c.EOS = append(c.EOS, id)
		}
	}
	return f.err()
}
