package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"tiebreak/engine"
	"tiebreak/judge"
	"tiebreak/model"
	"tiebreak/tokenizer"
)

// scoring are the flags of every subcommand that scores rows with a model.
type scoring struct {
	model     string
	batch     int
	maxTokens int
	swap      bool
	template  string
	chat      string

	contentFree bool
}

func (s *scoring) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.model, "model", "", "Hugging Face model `directory` (default: SmolLM2-135M-Instruct in the cache, where 'make model' puts it)")
	f.IntVar(&s.batch, "batch", 50, "most prompts computed at once")
	f.IntVar(&s.maxTokens, "max-tokens", judge.DefaultMaxTokens, "longest prompt in tokens; what does not fit is cut")
	f.BoolVar(&s.swap, "swap", true, "score both orders of the answers")
	f.StringVar(&s.template, "template", judge.DefaultTemplate, "wording of the prompt")
	f.BoolVar(&s.contentFree, "content-free", true, "take off the model's leaning to a label, as it shows where there is nothing to judge (not for classifiers)")
	f.StringVar(&s.chat, "chat", "auto", "wrap the prompt in the model's chat template: auto (if it has one), yes or no")
	completes(cmd, "chat", "auto", "yes", "no")
	must(cmd.MarkFlagDirname("model"))
}

// judgeSession is a judge over one model: first its tokenizer and packer, then, once loaded, its engine.
type judgeSession struct {
	dir       string
	need      judge.Need
	options   engine.Options
	predictor *judge.Predictor
	session   *session

	contentFree bool
}

// openJudge reads what is needed to pack rows; the weights are loaded later.
func (a *app) openJudge(s scoring) (*judgeSession, error) {
	if s.batch < 1 {
		return nil, usage("--batch %d: want 1 or more", s.batch)
	}
	dir, err := modelDir(s.model)
	if err != nil {
		return nil, err
	}
	config, err := model.ReadConfig(dir)
	if err != nil {
		return nil, badData(err)
	}
	tok, err := openTokenizer(dir)
	if err != nil {
		return nil, err
	}
	packer, err := newPacker(tok, config, s)
	if err != nil {
		return nil, err
	}
	j := &judgeSession{
		dir: dir, need: judge.Texts,
		options:     engine.Options{MaxTokens: s.maxTokens, BatchRows: s.batch},
		predictor:   &judge.Predictor{Packer: packer, OneOrder: !s.swap},
		contentFree: s.contentFree && config.Classes == 0,
	}
	if config.Classes == 0 {
		labels := packer.Labels()
		j.options.Labels = labels[:]
	}
	return j, nil
}

func newPacker(tok *tokenizer.Tokenizer, config model.Config, s scoring) (*judge.Packer, error) {
	if config.Classes != 0 && config.Classes != 3 {
		return nil, badData(classesError(config.Classes))
	}
	template, err := judge.NamedTemplate(s.template)
	if err != nil {
		return nil, judgeError(err)
	}
	frame, err := chatFrame(tok, config, s.chat)
	if err != nil {
		return nil, err
	}
	packer, err := judge.NewPacker(judge.NewTokenizer(tok), judge.PackOptions{
		Template: template, Frame: frame, MaxTokens: s.maxTokens, Classifier: config.Classes != 0})
	return packer, judgeError(err)
}

// load opens the engine, and asks it once what it answers to nothing.
func (j *judgeSession) load(ctx context.Context, a *app) error {
	session, err := a.openEngine(j.dir, j.options)
	if err != nil {
		return err
	}
	j.session = session
	j.predictor.Scorer = session.engine
	if j.contentFree {
		shifted, err := judge.NewContentFree(ctx, j.predictor.Packer, session.engine)
		if err != nil {
			return errors.Join(err, session.Close())
		}
		j.predictor.Scorer = shifted
	}
	return nil
}

// Close gives the engine back.
func (j *judgeSession) Close() error { return j.session.Close() }
