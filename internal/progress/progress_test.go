package progress

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clock is a hand-moved time.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

func meter(mode Mode) (*Meter, *bytes.Buffer, *clock) {
	c := &clock{t: time.Unix(0, 0)}
	var out bytes.Buffer
	return New(&out, mode, false, c.now), &out, c
}

func TestEtaIsWeighedByTokens(t *testing.T) {
	m, out, c := meter(Plain)
	m.Start("predict", Work{Rows: 100, Tokens: 10_000})
	c.advance(10 * time.Second)
	m.Update(Work{Rows: 10, Tokens: 5_000}) // the long rows come first: half the work, a tenth of the rows
	require.Equal(t, "predict   50%  10/100 rows  1.0 rows/s  500 tok/s  eta 10s\n", out.String())
}

func TestPlainWritesAtSharesAndIntervals(t *testing.T) {
	m, out, c := meter(Plain)
	m.Start("predict", Work{Rows: 1000})
	for i := 1; i <= 1000; i++ {
		c.advance(50 * time.Millisecond)
		m.Update(Work{Rows: i, Tokens: int64(i)})
	}
	s := m.Finish(Work{Rows: 1000, Tokens: 1000})
	require.Equal(t, 20, strings.Count(out.String(), "\n"), "a line for each 5 %%, the last one final:\n%s", out)
	require.InDelta(t, 20, s.RowsPerSecond(), 1e-9)
	require.True(t, strings.HasSuffix(out.String(), "in 50s\n"))
}

func TestPlainWritesSlowWorkTwiceAMinute(t *testing.T) {
	m, out, c := meter(Plain)
	m.Start("predict", Work{Rows: 1_000_000})
	for i := range 120 {
		c.advance(time.Second)
		m.Update(Work{Rows: i})
	}
	require.Equal(t, 4, strings.Count(out.String(), "\n"))
}

func TestTTYRedrawsOneLine(t *testing.T) {
	m, out, c := meter(TTY)
	m.Start("predict", Work{Rows: 4})
	for i := 1; i <= 4; i++ {
		c.advance(200 * time.Millisecond)
		m.Update(Work{Rows: i})
	}
	m.Finish(Work{Rows: 4})
	require.Equal(t, 1, strings.Count(out.String(), "\n"))
	require.Equal(t, 5, strings.Count(out.String(), "\r"))
}

func TestRateForgetsThePast(t *testing.T) {
	m, out, c := meter(JSON)
	m.Start("predict", Work{Rows: 100_000})
	done := 0
	for range 100 { // slow at first
		c.advance(time.Second)
		done++
		m.Update(Work{Rows: done})
	}
	for range 60 { // then ten times as fast
		c.advance(time.Second)
		done += 10
		m.Update(Work{Rows: done})
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var last state
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
	require.InDelta(t, 10, last.RowsPerS, 0.01)
	require.NotNil(t, last.EtaS)
	require.InDelta(t, float64(100_000-done)/10, *last.EtaS, 1)
}

func TestNoneIsSilentAndUnknownTotalHasNoEta(t *testing.T) {
	m, out, c := meter(None)
	m.Start("predict", Work{Rows: 1})
	c.advance(time.Hour)
	m.Update(Work{Rows: 1})
	m.Finish(Work{Rows: 1})
	require.Empty(t, out.String())

	m, out, c = meter(Plain)
	m.Start("predict", Work{})
	c.advance(time.Minute)
	m.Update(Work{Rows: 60, Tokens: 600})
	require.Equal(t, "predict  60 rows  1.0 rows/s  10 tok/s\n", out.String())
}

func TestParseMode(t *testing.T) {
	for _, ok := range []string{"auto", "tty", "plain", "json", "none"} {
		m, err := ParseMode(ok)
		require.NoError(t, err)
		require.Equal(t, Mode(ok), m)
	}
	_, err := ParseMode("fancy")
	require.ErrorContains(t, err, `"fancy"`)
}
