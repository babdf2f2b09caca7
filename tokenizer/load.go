package tokenizer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// The files of a tokenizer, and the most that is read of each. The largest in use, of 256,000 tokens, is 34 MB.
const (
	tokenizerFile = "tokenizer.json"
	configFile    = "tokenizer_config.json"
	templateFile  = "chat_template.jinja"

	maxTokenizerFile = 100 << 20
	maxConfigFile    = 8 << 20
)

// Files are the contents of a tokenizer's files.
type Files struct {
	Tokenizer []byte // tokenizer.json
	Config    []byte // tokenizer_config.json; nil where there is none
	Template  []byte // chat_template.jinja; nil where there is none. It goes before the one in Config
}

// Open reads the tokenizer in a Hugging Face model directory: tokenizer.json and, where they are there,
// tokenizer_config.json (names of special tokens, chat template) and chat_template.jinja. Whatever in tokenizer.json is
// not supported is an error that names it and its place.
func Open(dir string) (*Tokenizer, error) {
	var f Files
	for _, file := range []struct {
		name  string
		data  *[]byte
		limit int64
	}{
		{tokenizerFile, &f.Tokenizer, maxTokenizerFile},
		{configFile, &f.Config, maxConfigFile},
		{templateFile, &f.Template, maxConfigFile},
	} {
		data, err := readFile(filepath.Join(dir, file.name), file.limit)
		if err != nil && (file.name == tokenizerFile || !errors.Is(err, fs.ErrNotExist)) {
			return nil, fmt.Errorf("tokenizer: read %s: %w", filepath.Join(dir, file.name), err)
		}
		*file.data = data
	}
	t, err := parse(f)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %s: %w", dir, err)
	}
	return t, nil
}

// Parse makes a tokenizer of the contents of its files.
func Parse(f Files) (*Tokenizer, error) {
	t, err := parse(f)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	return t, nil
}

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	return data, err
}

func parse(f Files) (*Tokenizer, error) {
	r, err := newJSONReader(f.Tokenizer)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tokenizerFile, err)
	}
	parts, err := readParts(r, tokenizerFile)
	if err != nil {
		return nil, err
	}
	t, err := parts.assemble(tokenizerFile)
	if err != nil {
		return nil, err
	}
	if err := t.readConfig(f.Config); err != nil {
		return nil, err
	}
	if f.Template != nil {
		t.config.template = string(f.Template)
	}
	return t, nil
}

// parts is what tokenizer.json holds, each part read but not yet checked against the others.
type parts struct {
	added      []addedToken
	normalizer []normalizer
	words      pretokenizer
	single     *processing
	decoder    decoderChain
	model      *model
}

func readParts(r *jsonReader, path string) (*parts, error) {
	p := &parts{}
	into := func(read func(*jsonReader, string) error) func(string) error {
		return r.nullOr(func(path string) error { return read(r, path) })
	}
	err := r.fields(path,
		field{name: "version", optional: true, read: r.skip},
		field{name: "truncation", optional: true, read: r.skip}, // text is never truncated
		field{name: "padding", optional: true, read: r.skip},    // nor padded
		field{name: "added_tokens", optional: true, read: into(p.readAdded)},
		field{name: "normalizer", optional: true, read: into(p.readNormalizer)},
		field{name: "pre_tokenizer", optional: true, read: into(p.readPretokenizer)},
		field{name: "post_processor", optional: true, read: into(p.readPostProcessor)},
		field{name: "decoder", optional: true, read: into(p.readDecoder)},
		field{name: "model", read: func(path string) (err error) {
			p.model, err = readModel(r, path)
			return err
		}},
	)
	if err != nil {
		return nil, err
	}
	return p, r.end(path)
}

// maxAddedToken bounds the length of an added token's content, so that looking for one takes bounded time at each byte.
const maxAddedToken = 1024

func (p *parts) readAdded(r *jsonReader, path string) error {
	return r.array(path, func(i int) error {
		item := fmt.Sprintf("%s[%d]", path, i)
		var a addedToken
		err := r.fields(item,
			field{name: "id", read: r.idTo(&a.id)},
			field{name: "content", read: r.strTo(&a.content)},
			field{name: "single_word", read: r.boolTo(&a.singleWord)},
			field{name: "lstrip", read: r.boolTo(&a.lstrip)},
			field{name: "rstrip", read: r.boolTo(&a.rstrip)},
			field{name: "normalized", read: r.boolTo(&a.normalized)},
			field{name: "special", read: r.boolTo(&a.special)},
		)
		if err != nil {
			return err
		}
		if a.content == "" || len(a.content) > maxAddedToken {
			return r.fail(item, "content has %d bytes, want 1 to %d", len(a.content), maxAddedToken)
		}
		p.added = append(p.added, a)
		return nil
	})
}

// assemble checks the parts against each other and makes the tokenizer of them.
func (p *parts) assemble(path string) (*Tokenizer, error) {
	t := &Tokenizer{model: p.model, added: p.added, normalizer: p.normalizer, words: p.words, decoder: p.decoder.stages}
	if t.decoder == nil {
		t.decoder = []newStage{newJoinStage}
	}
	if err := t.model.prepare(p.words.byteLevel, path+".model"); err != nil {
		return nil, err
	}
	if !p.words.byteLevel && len(p.words.scanners) == 0 && cutsAtMarks(t.model) {
		t.words.scanners = []scanner{scanMarks}
	}
	if err := t.placeAdded(path + ".added_tokens"); err != nil {
		return nil, err
	}
	return t, t.frame(p.single, path+".post_processor")
}

// placeAdded gives each added token its place among the ids and in its matcher.
func (t *Tokenizer) placeAdded(path string) error {
	t.byContent = make(map[string]*addedToken, len(t.added))
	t.byID = make([]*addedToken, len(t.model.tokens))
	for i := range t.added {
		a := &t.added[i]
		if t.byContent[a.content] != nil {
			return fmt.Errorf("%s[%d]: %q is there twice", path, i, a.content)
		}
		want, inModel := t.model.ids[a.content]
		if !inModel {
			want = int32(len(t.byID))
			t.byID = append(t.byID, nil)
		}
		if a.id != want {
			return fmt.Errorf("%s[%d]: %q has id %d, want %d: tokens of the model's vocabulary keep their id, others follow it "+
				"without a gap", path, i, a.content, a.id, want)
		}
		t.byContent[a.content], t.byID[a.id] = a, a
		if err := t.place(a); err != nil {
			return fmt.Errorf("%s[%d]: %w", path, i, err)
		}
	}
	t.model.reserve(t.added)
	return nil
}

// place puts a token into its matcher.
func (t *Tokenizer) place(a *addedToken) error {
	matcher := &t.raw
	if a.text = a.content; a.normalized {
		matcher = &t.normalized
		a.text, _ = normalize(t.normalizer, a.content, nil)
	}
	if a.text == "" || len(a.text) > maxAddedToken {
		return fmt.Errorf("%q has %d bytes when normalized, want 1 to %d", a.content, len(a.text), maxAddedToken)
	}
	if !matcher.add(a) {
		return fmt.Errorf("%q is the same as another token when normalized", a.content)
	}
	return nil
}
