package engine

import (
	"fmt"
	"slices"

	"tiebreak/backend"
	"tiebreak/kvcache"
	"tiebreak/model"
)

// schedule turns requests into passes.
//
// A pass is filled to its last token: with the rest of the request that the pass before had no room for, then with suffixes
// of prompts that are computed, then with prompts in the order they are given; the last of them may be cut. What the
// cache knows of a prompt is not computed. A prompt that begins like one under way waits for that one, beyond what both find
// in the cache, and other prompts take its place.
//
// A sequence has the pages for all of its tokens before the first is computed, so that what has begun always ends and gives
// pages back. Where pages run out, nothing more begins in this pass. Should nothing be under way that could give some back,
// then computed prompts hold them, which wait for pages for their suffixes: the last such prompt gives its pages up, and
// is computed again when its turn comes.
type schedule struct {
	*runner
	pass    limits // of a pass
	waiting []*request
	stems   []stem  // computed prompts with suffixes to be begun
	cut     *task   // begun, and not all in a pass
	under   []*task // begun, and not complete
	full    bool    // no pages are left for the pass that is being filled
}

// leastPass is the number of tokens below which a pass is not made smaller: each pass reads all weights.
const leastPass = 256

// spread makes passes smaller where the requests would not fill all passes that can be under way at once.
func (s *schedule) spread() {
	tokens, flights := 0, s.model.Options.InFlight
	for _, r := range s.waiting {
		tokens += r.tokens()
	}
	s.pass.tokens = min(s.pass.tokens, max(leastPass, (tokens+flights-1)/flights))
}

// stem is a computed prompt that suffixes branch off from.
type stem struct {
	*request
	seq *kvcache.Sequence
}

// task is a prompt, from where it is not known, or a suffix, on its way through the model.
type task struct {
	*request
	suffix int // thePrompt, or which one
	seq    *kvcache.Sequence
	past   int     // tokens before rest
	rest   []int32 // not yet in a pass
}

const thePrompt = -1

// part is the part of a task that is in a pass.
type part struct {
	*task
	ends bool // with the last token of the task
}

// draft is a pass that is being filled.
type draft struct {
	limits // what is left
	parts  []part
	seqs   []backend.Seq
	copies []kvcache.Copy
}

// next gives the next pass. There is none while all that is left waits for passes under way, and at the end.
func (s *schedule) next() (job, bool, error) {
	d := s.fill()
	for len(d.parts) == 0 && len(s.under) == 0 && len(s.stems) > 1 {
		s.preempt()
		d = s.fill()
	}
	if len(d.parts) == 0 {
		if len(s.under) == 0 && len(s.waiting)+len(s.stems) > 0 {
			panic(fmt.Sprintf("engine: schedule: %d pages do not suffice for one of %d prompts", s.cache.Stats().Pages, len(s.waiting)+len(s.stems)))
		}
		return job{}, false, nil
	}
	if err := s.copy(d.copies); err != nil {
		return job{}, false, err
	}
	return job{d.seqs, model.LastRows, func(rows model.Hidden) error { return s.finish(d.parts, rows) }}, true, nil
}

// fill composes a pass.
func (s *schedule) fill() *draft {
	d := &draft{limits: s.pass}
	s.full = false
	if s.cut != nil {
		s.add(d, s.cut)
	}
	for s.open(d) && s.branch(d) {
	}
	rest := s.waiting[:0]
	for i, r := range s.waiting {
		if !s.open(d) {
			rest = append(rest, s.waiting[i:]...)
			break
		}
		if !s.begin(d, r) {
			rest = append(rest, r)
		}
	}
	clear(s.waiting[len(rest):])
	s.waiting = rest
	return d
}

// open reports whether something can still be begun in a pass.
func (s *schedule) open(d *draft) bool { return d.tokens > 0 && d.rows > 0 && !s.full }

// begin puts a prompt into a pass, unless it has to wait.
func (s *schedule) begin(d *draft, r *request) bool {
	seq := s.prompt(r.ids)
	past := seq.Len()
	if s.awaited(r, past) {
		seq.Free()
		return false
	}
	if _, ok := seq.Extend(r.ids[past:]); !ok {
		seq.Free()
		s.full = true
		return false
	}
	s.start(d, &task{request: r, suffix: thePrompt, seq: seq, past: past, rest: r.ids[past:]})
	return true
}

// awaited reports whether a prompt under way will let more of r be known than now.
func (s *schedule) awaited(r *request, known int) bool {
	if s.alone {
		return false
	}
	more := known + backend.PageSize
	return slices.ContainsFunc(s.under, func(t *task) bool {
		return t.suffix == thePrompt && more <= min(t.shared, len(r.ids)-1) &&
			slices.Equal(t.ids[known:more], r.ids[known:more]) && slices.Equal(t.ids[:known], r.ids[:known])
	})
}

// branch puts the next suffix of the first stem into a pass, and reports whether there was one and pages for it. The last
// suffix takes the stem's own sequence.
func (s *schedule) branch(d *draft) bool {
	if len(s.stems) == 0 {
		return false
	}
	r, seq := s.stems[0].request, s.stems[0].seq
	last := r.following(r.next+1) == len(r.suffixes)
	if !last {
		seq = seq.Fork()
	}
	past, suffix := seq.Len(), r.suffixes[r.next]
	tail, ok := seq.Extend(suffix)
	if !ok {
		if !last {
			seq.Free()
		}
		s.full = true
		return false
	}
	d.copies = append(d.copies, tail)
	s.start(d, &task{request: r, suffix: r.next, seq: seq, past: past, rest: suffix})
	r.next = r.following(r.next + 1)
	if last {
		s.stems = slices.Delete(s.stems, 0, 1)
	}
	return true
}

// following is the first suffix from i on that is not empty.
func (r *request) following(i int) int {
	for i < len(r.suffixes) && len(r.suffixes[i]) == 0 {
		i++
	}
	return i
}

func (s *schedule) start(d *draft, t *task) {
	s.under = append(s.under, t)
	s.add(d, t)
}

// add puts as much of a task into a pass as it has room for.
func (s *schedule) add(d *draft, t *task) {
	n := min(len(t.rest), d.tokens)
	d.seqs = append(d.seqs, backend.Seq{IDs: t.rest[:n], Past: t.past, Pages: t.seq.Pages()})
	t.rest, t.past = t.rest[n:], t.past+n
	d.tokens, d.rows = d.tokens-n, d.rows-1
	s.cut = nil
	if len(t.rest) > 0 {
		s.cut = t
	}
	d.parts = append(d.parts, part{t, len(t.rest) == 0})
}

// preempt takes the pages of the last stem away. What is published of it stays known while there is room.
func (s *schedule) preempt() {
	last := s.stems[len(s.stems)-1]
	s.stems = s.stems[:len(s.stems)-1]
	last.seq.Publish(last.seq.Len())
	last.seq.Free()
	s.waiting = slices.Insert(s.waiting, 0, last.request)
	s.stats.Preempted++
}

// finish takes the logits of a pass that is done.
func (s *schedule) finish(parts []part, rows model.Hidden) error {
	all, err := s.logits(rows)
	if err != nil {
		return err
	}
	n := s.model.Outputs()
	for i, p := range parts {
		if p.ends {
			s.complete(p.task, all[i*n:(i+1)*n:(i+1)*n])
		}
	}
	return nil
}

// complete answers a task. The keys and values of a prompt are published only if its logits are finite: one token that
// is not spoils, through attention, what is computed beside it, and prompts that share all but this token must not see that.
func (s *schedule) complete(t *task, logits []float32) {
	s.under = slices.DeleteFunc(s.under, func(u *task) bool { return u == t })
	err := finite(logits)
	if err != nil {
		logits = nil
	}
	if t.suffix != thePrompt {
		t.answer(t.suffix, logits, err)
		t.seq.Free()
		return
	}
	if err == nil && !s.alone {
		t.seq.Publish(t.shared)
	}
	for i, suffix := range t.suffixes {
		if err != nil && i >= t.next || len(suffix) == 0 && !t.computed {
			t.answer(i, slices.Clone(logits), err)
		}
	}
	t.computed = true
	if t.next = t.following(t.next); err == nil && t.next < len(t.suffixes) {
		s.stems = append(s.stems, stem{t.request, t.seq})
		return
	}
	t.seq.Free()
}

// abandon gives back the pages of all that has begun, after an error.
func (s *schedule) abandon() {
	for _, t := range s.under {
		t.seq.Free()
	}
	for _, t := range s.stems {
		t.seq.Free()
	}
}
