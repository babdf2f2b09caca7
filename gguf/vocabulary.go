package gguf

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// vocabulary is the tokenizer of a file: a byte-level BPE.
type vocabulary struct {
	tokens              []string
	added               []int // ids of the tokens that are found in a text before anything else
	special             []bool
	merges              [][2]string
	bos, eos, pad, unk  int // ids, or -1
	addBOS, addEOS      bool
	chatTemplate        string
	preTokenizer, model string
}

// The types that tokenizer.ggml.token_type gives to tokens, as far as they are known here.
const (
	tokenNormal      = 1
	tokenControl     = 3 // special
	tokenUserDefined = 4 // added, but not special
)

// preTokenizers are the pre_tokenizer entries of tokenizer.json that the values of tokenizer.ggml.pre stand for.
var preTokenizers = map[string]any{
	"smollm": object{"type": "Sequence", "pretokenizers": []any{
		object{"type": "Digits", "individual_digits": true},
		object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
	}},
}

type object = map[string]any

// vocabulary reads the tokenizer of a model with the given number of embeddings.
func (f *File) vocabulary(embeddings int) (*vocabulary, error) {
	v := &vocabulary{}
	if err := f.readKinds(v); err != nil {
		return nil, err
	}
	if err := f.readTokens(v, embeddings); err != nil {
		return nil, err
	}
	if err := f.readMerges(v); err != nil {
		return nil, err
	}
	return v, f.readSpecial(v)
}

// readKinds reads which tokenizer it is.
func (f *File) readKinds(v *vocabulary) (err error) {
	const modelKey, preKey, prefixKey = "tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.add_space_prefix"
	if v.model, err = f.String(modelKey); err != nil {
		return err
	}
	if v.model != "gpt2" {
		return problem(f.name, key(modelKey), "got the tokenizer %s, want \"gpt2\" (byte-level BPE), the only one that can be converted", quote(v.model))
	}
	if v.preTokenizer, err = f.String(preKey); err != nil {
		return err
	}
	if preTokenizers[v.preTokenizer] == nil {
		return problem(f.name, key(preKey), "got the pre-tokenizer %s, want \"smollm\", the only one that can be converted", quote(v.preTokenizer))
	}
	if f.Has(prefixKey) {
		if prefix, err := f.Bool(prefixKey); err != nil || prefix {
			return problem(f.name, key(prefixKey), "got a space put before the text, want false")
		}
	}
	return nil
}

// readTokens reads the tokens and their types.
func (f *File) readTokens(v *vocabulary, embeddings int) (err error) {
	const tokensKey, typesKey = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
	if v.tokens, err = f.Strings(tokensKey); err != nil {
		return err
	}
	types, err := f.Ints(typesKey)
	if err != nil {
		return err
	}
	if len(v.tokens) != embeddings || len(types) != embeddings {
		return problem(f.name, key(tokensKey), "got %d tokens and %d types of tokens, want %d, one for each embedding", len(v.tokens), len(types), embeddings)
	}
	first := make(map[string]int, len(v.tokens))
	for id, s := range v.tokens {
		if other, twice := first[s]; twice {
			return problem(f.name, key(tokensKey), "got %s as token %d and %d, want each once", quote(s), other, id)
		}
		if s == "" || !utf8.ValidString(s) {
			return problem(f.name, key(tokensKey), "got %s as token %d, want UTF-8 and not the empty text", quote(s), id)
		}
		first[s] = id
		switch types[id] {
		case tokenNormal:
		case tokenControl, tokenUserDefined:
			v.added = append(v.added, id)
			v.special = append(v.special, types[id] == tokenControl)
		default:
			return problem(f.name, key(typesKey), "got the type %d for token %d, want 1 (normal), 3 (control) or 4 (user-defined)", types[id], id)
		}
	}
	return nil
}

// readMerges reads the merges, each of two tokens that together are a third.
func (f *File) readMerges(v *vocabulary) error {
	const mergesKey = "tokenizer.ggml.merges"
	merges, err := f.Strings(mergesKey)
	if err != nil {
		return err
	}
	known := make(map[string]bool, len(v.tokens))
	for _, s := range v.tokens {
		known[s] = true
	}
	v.merges = make([][2]string, len(merges))
	for i, m := range merges {
		left, right, ok := strings.Cut(m, " ")
		if !ok || strings.Contains(right, " ") {
			return problem(f.name, key(mergesKey), "got %s as merge %d, want two tokens and a space between", quote(m), i)
		}
		if !known[left] || !known[right] || !known[left+right] {
			return problem(f.name, key(mergesKey), "got %s as merge %d, want both parts and the whole among the tokens", quote(m), i)
		}
		v.merges[i] = [2]string{left, right}
	}
	return nil
}

// readSpecial reads the tokens with a meaning, and the chat template.
func (f *File) readSpecial(v *vocabulary) (err error) {
	for name, id := range map[string]*int{"bos": &v.bos, "eos": &v.eos, "padding": &v.pad, "unknown": &v.unk} {
		k := "tokenizer.ggml." + name + "_token_id"
		if *id = -1; !f.Has(k) {
			continue
		}
		n, err := f.Int(k)
		if err == nil && (n < 0 || n >= int64(len(v.tokens))) {
			err = problem(f.name, key(k), "got %d, want the id of one of %d tokens", n, len(v.tokens))
		}
		if err != nil {
			return err
		}
		*id = int(n)
	}
	if v.addBOS, err = f.adds("tokenizer.ggml.add_bos_token", v.bos); err != nil {
		return err
	}
	if v.addEOS, err = f.adds("tokenizer.ggml.add_eos_token", v.eos); err != nil {
		return err
	}
	const templateKey = "tokenizer.chat_template"
	if f.Has(templateKey) {
		v.chatTemplate, err = f.String(templateKey)
	}
	if err == nil && !utf8.ValidString(v.chatTemplate) {
		err = problem(f.name, key(templateKey), "got text that is not UTF-8")
	}
	return err
}

// adds reports whether a text gets the token of the given id.
func (f *File) adds(name string, id int) (bool, error) {
	if !f.Has(name) {
		return false, nil
	}
	add, err := f.Bool(name)
	if err == nil && add && id < 0 {
		err = problem(f.name, key(name), "got true, want the id of that token as well")
	}
	return add, err
}

// tokenizerJSON is tokenizer.json, as the library tokenizers reads it.
func (v *vocabulary) tokenizerJSON() object {
	added := []any{}
	for i, id := range v.added {
		added = append(added, object{
			"id": id, "content": v.tokens[id], "special": v.special[i],
			"single_word": false, "lstrip": false, "rstrip": false, "normalized": !v.special[i],
		})
	}
	return object{
		"version": "1.0", "truncation": nil, "padding": nil, "added_tokens": added, "normalizer": nil,
		"pre_tokenizer":  preTokenizers[v.preTokenizer],
		"post_processor": v.postProcessor(),
		"decoder":        object{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
		"model": object{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": "", "end_of_word_suffix": "",
			"fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
			"vocab": json.RawMessage(v.ids()), "merges": v.merges,
		},
	}
}

// ids is the JSON object that maps tokens to ids, in the order of the ids.
func (v *vocabulary) ids() []byte {
	text := []byte{'{'}
	for id, s := range v.tokens {
		if id > 0 {
			text = append(text, ',')
		}
		text = append(text, encode(s)...)
		text = append(text, ':')
		text = append(text, encode(id)...)
	}
	return append(text, '}')
}

// postProcessor is the template that puts the first and the last token around one text or two.
func (v *vocabulary) postProcessor() object {
	sequence := func(id string, typ int) []any {
		list := []any{object{"Sequence": object{"id": id, "type_id": typ}}}
		if v.addBOS {
			list = append([]any{object{"SpecialToken": object{"id": v.tokens[v.bos], "type_id": typ}}}, list...)
		}
		if v.addEOS {
			list = append(list, object{"SpecialToken": object{"id": v.tokens[v.eos], "type_id": typ}})
		}
		return list
	}
	special := object{}
	add := func(yes bool, id int) {
		if yes {
			special[v.tokens[id]] = object{"id": v.tokens[id], "ids": []int{id}, "tokens": []string{v.tokens[id]}}
		}
	}
	add(v.addBOS, v.bos)
	add(v.addEOS, v.eos)
	return object{
		"type": "TemplateProcessing", "single": sequence("A", 0), "pair": append(sequence("A", 0), sequence("B", 1)...),
		"special_tokens": special,
	}
}

// tokenizerConfig is tokenizer_config.json.
func (v *vocabulary) tokenizerConfig(m *llama) object {
	c := object{
		"tokenizer_class":              "PreTrainedTokenizerFast",
		"model_max_length":             m.context,
		"clean_up_tokenization_spaces": false,
	}
	for name, id := range map[string]int{"bos_token": v.bos, "eos_token": v.eos, "pad_token": v.pad, "unk_token": v.unk} {
		if id >= 0 {
			c[name] = v.tokens[id]
		}
	}
	if v.chatTemplate != "" {
		c["chat_template"] = v.chatTemplate
	}
	return c
}
