package progress

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// state is one report, in the field names of --progress json.
type state struct {
	Phase      string   `json:"phase"`
	Rows       int      `json:"rows"`
	RowsTotal  int      `json:"rows_total,omitempty"`
	Tokens     int64    `json:"tokens"`
	Share      float64  `json:"share"`
	RowsPerS   float64  `json:"rows_per_second"`
	TokensPerS float64  `json:"tokens_per_second"`
	ElapsedS   float64  `json:"elapsed_s"`
	EtaS       *float64 `json:"eta_s,omitempty"` // absent while it cannot be known
	Final      bool     `json:"final"`
}

func (m *Meter) state(now time.Time, done Work, final bool) state {
	elapsed := now.Sub(m.began)
	rows, tokens := m.rate.perSecond()
	if final {
		rows, tokens = perSecond(float64(done.Rows), elapsed), perSecond(float64(done.Tokens), elapsed)
	}
	s := state{
		Phase: m.phase, Rows: done.Rows, RowsTotal: m.total.Rows, Tokens: done.Tokens, Share: share(done, m.total),
		RowsPerS: round(rows), TokensPerS: round(tokens), ElapsedS: round(elapsed.Seconds()), Final: final,
	}
	if left := remaining(done, m.total, rows, tokens); !final && !math.IsInf(left, 0) {
		left = round(left)
		s.EtaS = &left
	}
	return s
}

// remaining is the seconds left at the present rate; infinite where that is not known.
func remaining(done, total Work, rowsPerS, tokensPerS float64) float64 {
	switch {
	case total.Tokens > 0 && tokensPerS > 0:
		return max(0, float64(total.Tokens-done.Tokens)/tokensPerS)
	case total.Tokens == 0 && total.Rows > 0 && rowsPerS > 0:
		return max(0, float64(total.Rows-done.Rows)/rowsPerS)
	}
	return math.Inf(1)
}

// line is the report for people, such as "predict   41%  325/794 rows  4.8 rows/s  1031 tok/s  eta 1m38s".
func (s state) line() string {
	parts := []string{s.Phase}
	rows := fmt.Sprintf("%d rows", s.Rows)
	if s.RowsTotal > 0 {
		parts = append(parts, fmt.Sprintf("%3.0f%%", 100*s.Share))
		rows = fmt.Sprintf("%d/%d rows", s.Rows, s.RowsTotal)
	}
	parts = append(parts, rows, rateText(s.RowsPerS)+" rows/s", rateText(s.TokensPerS)+" tok/s")
	switch {
	case s.Final:
		parts = append(parts, "in "+duration(s.ElapsedS))
	case s.EtaS != nil:
		parts = append(parts, "eta "+duration(*s.EtaS))
	}
	return strings.Join(parts, "  ")
}

func rateText(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// Summary says what a finished phase did.
type Summary struct {
	Phase   string
	Done    Work
	Elapsed time.Duration
}

// RowsPerSecond is the mean rate of rows.
func (s Summary) RowsPerSecond() float64 { return perSecond(float64(s.Done.Rows), s.Elapsed) }

// TokensPerSecond is the mean rate of tokens.
func (s Summary) TokensPerSecond() float64 { return perSecond(float64(s.Done.Tokens), s.Elapsed) }

func perSecond(n float64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return n / d.Seconds()
}

func round(v float64) float64 { return math.Round(v*1000) / 1000 }

// rate is the mean speed over the last rateWindow, from samples at least a sixtieth of it apart.
type rate struct {
	at   []time.Time
	done []Work
}

func (r *rate) add(t time.Time, w Work) {
	if n := len(r.at); n > 1 && t.Sub(r.at[n-2]) < rateWindow/60 {
		r.at[n-1], r.done[n-1] = t, w
	} else {
		r.at, r.done = append(r.at, t), append(r.done, w)
	}
	for len(r.at) > 2 && t.Sub(r.at[1]) >= rateWindow {
		r.at, r.done = r.at[1:], r.done[1:]
	}
}

func (r *rate) perSecond() (rows, tokens float64) {
	n := len(r.at)
	if n < 2 {
		return 0, 0
	}
	d := r.at[n-1].Sub(r.at[0])
	return perSecond(float64(r.done[n-1].Rows-r.done[0].Rows), d), perSecond(float64(r.done[n-1].Tokens-r.done[0].Tokens), d)
}
