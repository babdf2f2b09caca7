package tokenizer

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// The readers of tokenizer.json's components. Each component is an object with a "type" and that type's own fields. The
// types here are those that Llama 3, Phi-3, SmolLM2 and their kin use; any other, and any field or value that would make
// a difference and is not acted on, is an error.

// errFound ends a look ahead.
var errFound = errors.New("found")

// component reads the "type" of the object that comes next, without consuming it.
func component(r *jsonReader, path string) (kind string, err error) {
	ahead := *r
	err = ahead.object(path, func(name string) (err error) {
		if name != "type" {
			return ahead.skip(path + "." + name)
		}
		if kind, err = ahead.str(path + ".type"); err == nil {
			err = errFound
		}
		return err
	})
	switch {
	case err == nil:
		return "", r.fail(path, "field \"type\" is missing")
	case err != errFound:
		return "", err
	}
	return kind, nil
}

// unsupported is the error for a component of a type that is not read.
func unsupported(r *jsonReader, path, what, kind, known string) error {
	return r.fail(path, "%s %q is not supported (supported: %s)", what, kind, known)
}

// typeField is the field that component has already looked at.
func typeField(r *jsonReader) field { return field{name: "type", read: r.skip} }

// sequence reads a Sequence component: a list of others under the name given.
func sequence(r *jsonReader, path, name string, item func(*jsonReader, string) error) error {
	return r.fields(path, typeField(r), field{name: name, read: func(path string) error {
		return r.array(path, func(i int) error { return item(r, fmt.Sprintf("%s[%d]", path, i)) })
	}})
}

// pattern reads {"String": s} or {"Regex": s}.
func pattern(r *jsonReader, path string) (text string, regex bool, err error) {
	n := 0
	err = r.object(path, func(name string) error {
		if n++; n > 1 || name != "String" && name != "Regex" {
			return r.fail(path, "got %q, want one of \"String\" and \"Regex\"", name)
		}
		regex = name == "Regex"
		var err error
		text, err = r.str(path + "." + name)
		return err
	})
	if err == nil && text == "" {
		err = r.fail(path, "the pattern is empty")
	}
	return text, regex, err
}

// replacement reads the fields of a Replace component, whose pattern must be a string.
func replacement(r *jsonReader, path string) (from, to string, err error) {
	err = r.fields(path, typeField(r),
		field{name: "pattern", read: func(path string) error {
			text, regex, err := pattern(r, path)
			if err == nil && regex {
				err = r.fail(path, "Replace by the regular expression %q is not supported", text)
			}
			from = text
			return err
		}},
		field{name: "content", read: r.strTo(&to)})
	return from, to, err
}

func (p *parts) readNormalizer(r *jsonReader, path string) error {
	kind, err := component(r, path)
	if err != nil {
		return err
	}
	var n normalizer
	switch kind {
	case "Sequence":
		return sequence(r, path, "normalizers", p.readNormalizer)
	case "Prepend":
		err = r.fields(path, typeField(r), field{name: "prepend", read: r.strTo(&n.prefix)})
	case "Replace":
		n.old, n.new, err = replacement(r, path)
	default:
		err = unsupported(r, path, "normalizer", kind, "Sequence, Prepend, Replace")
	}
	p.normalizer = append(p.normalizer, n)
	return err
}

func (p *parts) readPretokenizer(r *jsonReader, path string) error {
	kind, err := component(r, path)
	if err != nil {
		return err
	}
	if p.words.byteLevel {
		return r.fail(path, "pre-tokenizer %q after ByteLevel is not supported", kind)
	}
	switch kind {
	case "Sequence":
		return sequence(r, path, "pretokenizers", p.readPretokenizer)
	case "Split":
		return p.readSplit(r, path)
	case "Digits":
		return p.readDigits(r, path)
	case "ByteLevel":
		return p.readByteLevel(r, path)
	}
	return unsupported(r, path, "pre-tokenizer", kind, "Sequence, Split, Digits, ByteLevel")
}

func (p *parts) readSplit(r *jsonReader, path string) error {
	var behavior string
	var invert bool
	return r.fields(path, typeField(r),
		field{name: "pattern", read: func(path string) error {
			text, regex, err := pattern(r, path)
			if err != nil {
				return err
			}
			scan, ok := scanners[text]
			if !ok || !regex {
				return r.fail(path, "Split by %q is not supported (supported: the patterns of LLaMA 3 and GPT-2)", text)
			}
			p.words.scanners = append(p.words.scanners, scan)
			return nil
		}},
		field{name: "behavior", read: func(path string) error {
			err := r.strTo(&behavior)(path)
			if err == nil && behavior != "Isolated" {
				err = r.fail(path, "Split behavior %q is not supported (supported: Isolated)", behavior)
			}
			return err
		}},
		field{name: "invert", read: func(path string) error {
			err := r.boolTo(&invert)(path)
			if err == nil && invert {
				err = r.fail(path, "inverted Split is not supported")
			}
			return err
		}})
}

func (p *parts) readDigits(r *jsonReader, path string) error {
	var individual bool
	err := r.fields(path, typeField(r), field{name: "individual_digits", read: r.boolTo(&individual)})
	scan := scanDigitRuns
	if individual {
		scan = scanDigits
	}
	p.words.scanners = append(p.words.scanners, scan)
	return err
}

func (p *parts) readByteLevel(r *jsonReader, path string) error {
	useRegex := true // files older than the field mean true
	err := byteLevelFields(r, path, &p.words.prefixSpace, &useRegex)
	p.words.byteLevel = true
	p.words.prefixAt = len(p.words.scanners)
	if useRegex {
		p.words.scanners = append(p.words.scanners, scanGPT2)
	}
	return err
}

// byteLevelFields reads a ByteLevel component, which has the same fields wherever it stands. trim_offsets changes offsets
// alone, and those are not given out.
func byteLevelFields(r *jsonReader, path string, prefixSpace, useRegex *bool) error {
	return r.fields(path, typeField(r),
		field{name: "add_prefix_space", read: r.boolTo(prefixSpace)},
		field{name: "trim_offsets", read: r.skip},
		field{name: "use_regex", optional: true, read: r.boolTo(useRegex)})
}

// decoderChain is the decoder being read. Steps before fused work on one token at a time, those after it on the text.
type decoderChain struct {
	stages []newStage
	fused  bool
}

func (p *parts) readDecoder(r *jsonReader, path string) error {
	kind, err := component(r, path)
	if err != nil {
		return err
	}
	d := &p.decoder
	if d.fused && kind != "Strip" && kind != "Sequence" {
		return r.fail(path, "decoder %q after Fuse or ByteLevel is not supported", kind)
	}
	if d.stages == nil {
		d.stages = []newStage{} // not nil: there is a decoder
	}
	switch kind {
	case "Sequence":
		return sequence(r, path, "decoders", p.readDecoder)
	case "ByteLevel":
		var ignored bool
		d.fused = true
		d.stages = append(d.stages, newByteLevelStage)
		return byteLevelFields(r, path, &ignored, &ignored)
	case "ByteFallback":
		d.stages = append(d.stages, newByteFallbackStage)
		return r.fields(path, typeField(r))
	case "Fuse":
		d.fused = true
		return r.fields(path, typeField(r))
	case "Replace":
		from, to, err := replacement(r, path)
		d.stages = append(d.stages, newReplaceStage(from, to))
		return err
	case "Strip":
		return p.readStrip(r, path)
	}
	return unsupported(r, path, "decoder", kind, "Sequence, ByteLevel, ByteFallback, Fuse, Replace, Strip")
}

func (p *parts) readStrip(r *jsonReader, path string) error {
	var char string
	var start, stop int32
	err := r.fields(path, typeField(r),
		field{name: "content", read: r.strTo(&char)},
		field{name: "start", read: r.idTo(&start)},
		field{name: "stop", read: r.idTo(&stop)})
	if err == nil && utf8.RuneCountInString(char) != 1 {
		err = r.fail(path, "Strip content is %q, want one character", char)
	}
	p.decoder.stages = append(p.decoder.stages, newStripStage(char, int(start), int(stop), p.decoder.fused))
	return err
}
