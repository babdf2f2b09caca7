// Package progress tells people and programs how far long work has come: one redrawn line on a terminal, plain lines in a
// log, or one JSON object a line. It writes to stderr, so that stdout stays data.
//
// Libraries draw bars over a count of items. Here the cost of an item is its tokens and rows are handled longest first,
// so that the time left has to be weighed by tokens, and the same numbers have to come out as text and as JSON.
package progress

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Mode is the form in which progress is shown.
type Mode string

// The modes of --progress.
const (
	Auto  Mode = "auto" // TTY on a terminal, else Plain
	TTY   Mode = "tty"  // one line, redrawn in place
	Plain Mode = "plain"
	JSON  Mode = "json" // one object a line: phase, rows, tokens, rates, eta_s
	None  Mode = "none"
)

// ParseMode checks the value of --progress.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case Auto, TTY, Plain, JSON, None:
		return m, nil
	}
	return None, fmt.Errorf("progress: mode %q: want auto, tty, plain, json or none", s)
}

// Work is an amount of work. A total with 0 tokens is weighed by rows, one with 0 rows has no known end.
type Work struct {
	Rows   int
	Tokens int64
}

// How often each mode writes, and the time over which a rate is averaged.
const (
	ttyEvery   = 100 * time.Millisecond
	jsonEvery  = time.Second
	plainEvery = 30 * time.Second
	plainShare = 0.05
	rateWindow = 30 * time.Second
)

// Meter shows the progress of one phase of work. It is used by one goroutine at a time.
type Meter struct {
	w     io.Writer
	mode  Mode
	now   func() time.Time
	phase string
	total Work
	rate  rate

	began     time.Time
	lastWrite time.Time
	lastShare float64
	width     int // of the line now on the terminal
}

// New makes a meter that writes to w. isTerminal decides what Auto means; now is the clock, time.Now outside tests.
func New(w io.Writer, mode Mode, isTerminal bool, now func() time.Time) *Meter {
	if mode == Auto {
		mode = Plain
		if isTerminal {
			mode = TTY
		}
	}
	return &Meter{w: w, mode: mode, now: now}
}

// Start begins a phase, named by a verb such as "predict".
func (m *Meter) Start(phase string, total Work) {
	m.phase, m.total = phase, total
	m.began = m.now()
	m.rate = rate{}
	m.rate.add(m.began, Work{})
	m.lastWrite, m.lastShare = m.began, 0
}

// Update says how much has been done since Start, and writes if it is time to.
func (m *Meter) Update(done Work) {
	now := m.now()
	m.rate.add(now, done)
	if m.due(now, done) {
		m.write(now, done, false)
	}
}

// Finish writes the final state of the phase and returns its summary.
func (m *Meter) Finish(done Work) Summary {
	now := m.now()
	m.write(now, done, true)
	return Summary{Phase: m.phase, Done: done, Elapsed: now.Sub(m.began)}
}

func (m *Meter) due(now time.Time, done Work) bool {
	since := now.Sub(m.lastWrite)
	switch m.mode {
	case TTY:
		return since >= ttyEvery
	case JSON:
		return since >= jsonEvery
	case Plain:
		return since >= plainEvery || share(done, m.total)-m.lastShare >= plainShare && since >= time.Second
	}
	return false
}

func (m *Meter) write(now time.Time, done Work, final bool) {
	m.lastWrite, m.lastShare = now, share(done, m.total)
	state := m.state(now, done, final)
	switch m.mode {
	case TTY:
		line := state.line()
		pad := strings.Repeat(" ", max(0, m.width-len(line)))
		m.width = len(line)
		end := ""
		if final {
			end, m.width = "\n", 0
		}
		fmt.Fprintf(m.w, "\r%s%s%s", line, pad, end)
	case Plain:
		fmt.Fprintln(m.w, state.line())
	case JSON:
		text, err := json.Marshal(state)
		if err == nil {
			fmt.Fprintf(m.w, "%s\n", text)
		}
	}
}

// share is the part of the total that is done, between 0 and 1; 0 where the total is not known.
func share(done, total Work) float64 {
	switch {
	case total.Tokens > 0:
		return min(1, float64(done.Tokens)/float64(total.Tokens))
	case total.Rows > 0:
		return min(1, float64(done.Rows)/float64(total.Rows))
	}
	return 0
}
