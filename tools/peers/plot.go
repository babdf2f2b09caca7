package main

import (
	"fmt"
	"math"
	"strings"
)

// The plots are plain SVG with a light ground of their own, so that they read the same on any page.

const (
	plotWidth = 760
	plotFont  = `font-family="system-ui, sans-serif" font-size="13"`
)

var colours = map[string]string{"tiebreak": "#1f6feb", "llama.cpp": "#8a8f98", "PyTorch": "#d9822b"}

// svg collects the elements of a plot.
type svg struct {
	strings.Builder
	height int
}

func newSVG(height int, title string) *svg {
	s := &svg{height: height}
	fmt.Fprintf(s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s" %s>`+"\n", plotWidth, height, title, plotFont)
	fmt.Fprintf(s, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", plotWidth, height)
	return s
}

func (s *svg) text(x, y float64, anchor, text string) {
	fmt.Fprintf(s, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="#24292f">%s</text>`+"\n", x, y, anchor, text)
}

func (s *svg) bar(x, y, w, h float64, colour string) {
	fmt.Fprintf(s, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x, y, w, h, colour)
}

func (s *svg) line(x1, y1, x2, y2 float64, colour string) {
	fmt.Fprintf(s, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, colour)
}

func (s *svg) done() string {
	s.WriteString("</svg>\n")
	return s.String()
}

// peersPlot shows each comparison as bars whose length is relative to the fastest.
func peersPlot(rows []peerRow) string {
	const bar, gap, left, room = 18.0, 16.0, 330.0, 330.0
	height := 24.0
	for _, r := range rows {
		height += float64(len(r.Speeds))*bar + gap
	}
	s := newSVG(int(height)+8, "speed beside llama.cpp and PyTorch; longer is faster")
	y := 16.0
	for _, r := range rows {
		most := 0.0
		for _, v := range r.Speeds {
			most = max(most, v)
		}
		s.text(16, y+bar-4, "start", r.Work)
		for _, name := range []string{"tiebreak", "llama.cpp", "PyTorch"} {
			v, ok := r.Speeds[name]
			if !ok {
				continue
			}
			s.text(left-8, y+bar-4, "end", name)
			s.bar(left, y+2, max(1, room*v/most), bar-4, colours[name])
			s.text(left+room*v/most+6, y+bar-4, "start", short(v)+" "+r.Unit)
			y += bar
		}
		y += gap
	}
	return strings.ReplaceAll(s.done(), "text-anchor=\"end\" fill=\"#24292f\"", "text-anchor=\"end\" fill=\"#57606a\"")
}

// growthPlot shows the time a token takes against the length of the prompt, both on logarithmic axes.
func growthPlot(rows []growthRow) string {
	const top, bottom, left, right = 24.0, 300.0, 70.0, 730.0
	s := newSVG(350, "time per token against tokens of the prompt")
	if len(rows) == 0 {
		return s.done()
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, r := range rows {
		low, high = min(low, r.PerToken), max(high, r.PerToken)
	}
	low, high = low/1.25, high*1.25
	first, last := float64(rows[0].Size), float64(rows[len(rows)-1].Size)
	x := func(n float64) float64 { return left + 30 + (right-left-60)*math.Log(n/first)/math.Log(last/first) }
	y := func(v float64) float64 { return bottom - (bottom-top)*math.Log(v/low)/math.Log(high/low) }
	s.line(left, bottom, right, bottom, "#8a8f98")
	s.line(left, top, left, bottom, "#8a8f98")
	for i, r := range rows {
		at := x(float64(r.Size))
		s.text(at, bottom+20, "middle", fmt.Sprint(r.Size))
		s.text(at, y(r.PerToken)-10, "middle", fmt.Sprintf("%.0f", r.PerToken))
		if i > 0 {
			s.line(x(float64(rows[i-1].Size)), y(rows[i-1].PerToken), at, y(r.PerToken), colours["tiebreak"])
		}
		fmt.Fprintf(s, `<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>`+"\n", at, y(r.PerToken), colours["tiebreak"])
	}
	s.text((left+right)/2, bottom+42, "middle", "tokens of the prompt")
	s.text(left-54, top-8, "start", "µs a token")
	return s.done()
}
