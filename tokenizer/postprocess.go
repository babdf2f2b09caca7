package tokenizer

import "fmt"

// processing is the post-processor TemplateProcessing, as far as it concerns one text: the pieces of its "single"
// template, and the ids that its special tokens stand for.
type processing struct {
	pieces []piece
	ids    map[string][]int32
}

// piece is a special token of the template, or the text.
type piece struct {
	special string // "" for the text
}

func (p *parts) readPostProcessor(r *jsonReader, path string) error {
	kind, err := component(r, path)
	if err != nil {
		return err
	}
	switch kind {
	case "Sequence":
		return sequence(r, path, "processors", p.readPostProcessor)
	case "ByteLevel": // changes offsets alone
		var ignored bool
		return byteLevelFields(r, path, &ignored, &ignored)
	case "TemplateProcessing":
		if p.single != nil {
			return r.fail(path, "a second TemplateProcessing is not supported")
		}
		p.single = &processing{ids: map[string][]int32{}}
		return p.single.read(r, path)
	}
	return unsupported(r, path, "post-processor", kind, "Sequence, ByteLevel, TemplateProcessing")
}

func (p *processing) read(r *jsonReader, path string) error {
	return r.fields(path, typeField(r),
		field{name: "single", read: func(path string) error {
			return r.array(path, func(i int) error { return p.readPiece(r, fmt.Sprintf("%s[%d]", path, i)) })
		}},
		field{name: "pair", read: r.skip}, // two texts are never encoded as a pair
		field{name: "special_tokens", read: func(path string) error {
			return r.object(path, func(name string) error { return p.readSpecial(r, path, name) })
		}})
}

// readPiece reads {"SpecialToken": {"id": s, "type_id": n}} or {"Sequence": …}.
func (p *processing) readPiece(r *jsonReader, path string) error {
	n := 0
	err := r.object(path, func(kind string) error {
		var name string
		var typeID int32 // segments of a pair; not given out
		err := r.fields(path+"."+kind, field{name: "id", read: r.strTo(&name)}, field{name: "type_id", read: r.idTo(&typeID)})
		if err != nil {
			return err
		}
		n++
		switch {
		case kind == "SpecialToken" && name != "":
			p.pieces = append(p.pieces, piece{special: name})
		case kind == "Sequence" && name == "A":
			p.pieces = append(p.pieces, piece{})
		default:
			return r.fail(path, "piece %s %q is not supported (supported: SpecialToken, and Sequence \"A\")", kind, name)
		}
		return nil
	})
	if err == nil && n != 1 {
		err = r.fail(path, "got %d pieces, want 1", n)
	}
	return err
}

func (p *processing) readSpecial(r *jsonReader, path, name string) error {
	if p.ids[name] != nil {
		return r.fail(path, "special token %q is there twice", name)
	}
	ids := []int32{}
	err := r.fields(path+"."+name,
		field{name: "id", read: r.skip},
		field{name: "ids", read: func(path string) error {
			return r.array(path, func(int) error {
				id, err := r.id(path)
				ids = append(ids, id)
				return err
			})
		}},
		field{name: "tokens", read: r.skip}) // the ids in words
	p.ids[name] = ids
	return err
}

// frame sets what AddSpecial puts around a text.
func (t *Tokenizer) frame(p *processing, path string) error {
	if p == nil {
		return nil
	}
	into := &t.prefix
	texts := 0
	for _, piece := range p.pieces {
		if piece.special == "" {
			texts++
			into = &t.suffix
			continue
		}
		ids, ok := p.ids[piece.special]
		if !ok {
			return fmt.Errorf("%s.single: special token %q is not in special_tokens", path, piece.special)
		}
		for _, id := range ids {
			if int(id) >= t.VocabSize() {
				return fmt.Errorf("%s.special_tokens: %q has id %d, want less than the vocabulary, %d", path, piece.special, id, t.VocabSize())
			}
		}
		*into = append(*into, ids...)
	}
	if texts != 1 {
		return fmt.Errorf("%s.single: the text is there %d times, want once", path, texts)
	}
	return nil
}
