package study

import (
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// Session steps through a walk by commands, as a debugger does.
type Session struct {
	out  io.Writer
	next func() (*Instant, error, bool)
	stop func()
	now  *Instant // the instruction shown last
	line string   // its source line, so that a line's text is printed once
}

// Help lists the commands of Session.Do.
const Help = `ENTER         execute one instruction and show what it changed
n COUNT       execute so many
c PLACE       go on to a source line (170, gemm.cuh:170) or a PTX line (ptx:1200)
r [PREFIX]    all registers, or those whose names begin so
p REGISTER    one register, lane by lane
h             this help
q             leave
`

// NewSession begins before the first instruction of a warp. Close ends it.
func NewSession(c *Case, block [3]int, warp int, out io.Writer) *Session {
	next, stop := iter.Pull2(c.Walk(block, warp))
	return &Session{out: out, next: next, stop: stop}
}

// Close ends the run of the case.
func (s *Session) Close() { s.stop() }

// Do executes a command; more is false once the warp has ended or the user leaves. Errors of the user are printed and do not
// end the session.
func (s *Session) Do(command string) (more bool, err error) {
	word, rest, _ := strings.Cut(strings.TrimSpace(command), " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "", "s":
		return s.Steps(1)
	case "n":
		n, wrong := strconv.ParseUint(rest, 10, 31)
		if wrong != nil {
			return true, s.complain("n %s: want a count", rest)
		}
		return s.Steps(int(n))
	case "c":
		return s.Continue(rest)
	case "r":
		return true, s.registers(rest)
	case "p":
		return true, s.lanes(rest)
	case "h", "help", "?":
		_, err = io.WriteString(s.out, Help)
		return true, err
	case "q":
		return false, nil
	}
	return true, s.complain("%s: no such command; h lists them", word)
}

func (s *Session) complain(format string, args ...any) error {
	_, err := fmt.Fprintf(s.out, format+"\n", args...)
	return err
}

// Steps executes and shows n instructions, fewer where the warp ends.
func (s *Session) Steps(n int) (more bool, err error) {
	for range n {
		if more, err := s.step(); !more || err != nil {
			return false, err
		}
		if err := s.show(); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Continue executes up to and with the first instruction of a place and shows that.
func (s *Session) Continue(place string) (more bool, err error) {
	if !valid(place) {
		return true, s.complain("c %s: want a line such as 170, gemm.cuh:170 or ptx:1200", place)
	}
	for {
		if more, err := s.step(); err != nil {
			return false, err
		} else if !more {
			return false, fmt.Errorf("study: the warp ended without coming to %s; ptx step without --break shows which lines it comes to", place)
		}
		if s.now.At(place) {
			return true, s.show()
		}
	}
}

// valid reports whether a place can be asked for.
func valid(place string) bool {
	_, number, ok := strings.Cut(place, ":")
	if !ok {
		number = place
	}
	_, err := strconv.ParseUint(number, 10, 31)
	return err == nil
}

// At reports whether an instruction comes from a place: a source line, "gemm.cuh:170" or "170" of any
// file, or a line of the PTX, "ptx:1200".
func (i *Instant) At(place string) bool {
	file, number, ok := strings.Cut(place, ":")
	if !ok {
		return strings.HasSuffix(i.Source, ":"+place)
	}
	return i.Source == place || file == "ptx" && strconv.Itoa(i.PTX) == number
}

// step executes an instruction.
func (s *Session) step() (more bool, err error) {
	now, err, more := s.next()
	if err != nil || !more {
		return false, err
	}
	s.now = now
	return true, nil
}

// show prints the instruction last executed, and before the first one of a source line that line.
func (s *Session) show() error {
	i := s.now
	var b strings.Builder
	if i.Source != s.line && i.Code != "" {
		fmt.Fprintf(&b, "%s  %s\n", i.Source, i.Code)
		s.line = i.Source
	}
	fmt.Fprintf(&b, "%5d  ptx:%-5d  %s\n", i.Number, i.PTX, i.Text)
	switch {
	case i.Executing == 0:
		b.WriteString("              no lane: the guard does not hold\n")
	case i.Executing != ^uint32(0):
		fmt.Fprintf(&b, "              lanes %08x\n", i.Executing)
	}
	for _, c := range i.Written {
		fmt.Fprintf(&b, "              %s = %s\n", c.Register, c.Text)
	}
	for _, t := range i.Traffic {
		fmt.Fprintf(&b, "              %v\n", &t)
	}
	_, err := io.WriteString(s.out, b.String())
	return err
}

// registers prints the registers whose names begin with a prefix.
func (s *Session) registers(prefix string) error {
	if s.now == nil {
		return s.complain("no instruction has been executed")
	}
	for _, c := range s.now.Registers() {
		if strings.HasPrefix(c.Register, prefix) {
			if _, err := fmt.Fprintf(s.out, "%-8s %s\n", c.Register, c.Text); err != nil {
				return err
			}
		}
	}
	return nil
}

// lanes prints one register in every lane, in hexadecimal and as its type says.
func (s *Session) lanes(name string) error {
	if s.now == nil {
		return s.complain("no instruction has been executed")
	}
	for _, c := range s.now.Registers() {
		if c.Register != name {
			continue
		}
		for lane, v := range c.Values {
			if _, err := fmt.Fprintf(s.out, "lane %2d  0x%08x  %s\n", lane, v, number(c.Type, v)); err != nil {
				return err
			}
		}
		return nil
	}
	return s.complain("p %s: no such register; r lists them", name)
}
