package tokenizer

import "fmt"

// config is what tokenizer_config.json says: the contents of the special tokens it names, and the chat template.
type config struct {
	bos, eos, pad, unk string // "" where not named
	template           string // "" where there is none
}

// readConfig reads tokenizer_config.json. It holds settings of many programs; those not read here are passed over.
func (t *Tokenizer) readConfig(data []byte) error {
	if data == nil {
		return nil
	}
	r, err := newJSONReader(data)
	if err != nil {
		return fmt.Errorf("%s: %w", configFile, err)
	}
	c := &t.config
	tokens := map[string]*string{"bos_token": &c.bos, "eos_token": &c.eos, "pad_token": &c.pad, "unk_token": &c.unk}
	seen := map[string]bool{}
	err = r.object(configFile, func(name string) error {
		path := configFile + "." + name
		if seen[name] {
			return r.fail(configFile, "field %q is there twice", name)
		}
		seen[name] = true
		switch {
		case tokens[name] != nil:
			return t.readNamedToken(r, path, tokens[name])
		case name == "chat_template":
			return c.readTemplate(r, path)
		}
		return r.skip(path)
	})
	if err != nil {
		return err
	}
	return r.end(configFile)
}

// readNamedToken reads null, a token's content, or an object that has it.
func (t *Tokenizer) readNamedToken(r *jsonReader, path string, to *string) error {
	if r.word("null") {
		return nil
	}
	var err error
	if r.peek() == '{' {
		err = r.object(path, func(name string) (err error) {
			if name == "content" {
				*to, err = r.str(path + ".content")
				return err
			}
			return r.skip(path + "." + name)
		})
	} else {
		*to, err = r.str(path)
	}
	if err != nil {
		return err
	}
	if _, ok := t.ID(*to); !ok {
		return r.fail(path, "token %q is not in %s", *to, tokenizerFile)
	}
	return nil
}

// readTemplate reads null, a template, or a list of named ones, of which it takes "default".
func (c *config) readTemplate(r *jsonReader, path string) (err error) {
	if r.peek() != '[' {
		return r.nullOr(r.strTo(&c.template))(path)
	}
	return r.array(path, func(i int) error {
		var name, template string
		err := r.fields(fmt.Sprintf("%s[%d]", path, i),
			field{name: "name", read: r.strTo(&name)}, field{name: "template", read: r.strTo(&template)})
		if name == "default" {
			c.template = template
		}
		return err
	})
}
