// Package jinja renders chat templates: the Jinja templates in a model's tokenizer_config.json that put a conversation
// into the words the model was trained on. What it renders is what Jinja2 3.1 renders in the environment that the library
// transformers makes for it: trim_blocks, lstrip_blocks, loop controls, an immutable sandbox, tojson without HTML
// escapes, raise_exception and the generation tag. What a template uses beyond that is an error that names it.
//
// A template comes with a model's files and is run on text from strangers, so it is not trusted with anything. It sees
// the variables it is given and has no way to a file, the network, the clock or Go; it has a budget of steps, of output
// and of time; and whatever it does, Compile and Render return.
//
// The grammar is gonja's (github.com/nikolalohinski/gonja/v2): its parser makes the syntax tree. Text is cut into tokens
// here (lex.go), since Jinja's rules about white space and string escapes decide about bytes of the result, and so that
// nothing that gonja would read in another way than Jinja reaches its parser (expression.go). The tree is walked here as
// well (eval.go): gonja's own evaluator computes the receiver of each method call twice, so that a chain of 40 calls never
// ends, and has no place where a budget could be checked.
package jinja
