package judge

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxRowBytes bounds one CSV row. Real rows reach several MB; a quote that is never closed would otherwise pull the rest
// of the file into one cell.
const maxRowBytes = 64 << 20

// table reads a CSV file whose first row names its columns, one record at a time.
//
// encoding/csv lets pass what makes rows wrong without a word (other encodings, a repeated column, old Mac line ends);
// table refuses those by name. As RFC 4180 readers do, encoding/csv skips blank lines and turns CRLF inside a quoted cell
// into LF.
type table struct {
	file    string
	csv     *csv.Reader
	guard   *rowGuard
	columns []string
	row     int // of the record last read, from 1
	line    int
}

// rowGuard fails when one row takes more than maxRowBytes.
type rowGuard struct {
	r    io.Reader
	left int
}

var errRowTooLong = errors.New("row too long")

func (g *rowGuard) Read(b []byte) (int, error) {
	if g.left <= 0 {
		return 0, errRowTooLong
	}
	n, err := g.r.Read(b)
	g.left -= n
	return n, err
}

// openTable reads the header of the CSV data in r; file is its name in messages.
func openTable(file string, r io.Reader) (*table, error) {
	t := &table{file: file}
	buffered := bufio.NewReaderSize(r, 1<<16)
	start, err := buffered.Peek(512)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("judge: read %s: %w", file, err)
	}
	if err := t.checkEncoding(start); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(start, []byte(utf8BOM)) {
		_, _ = buffered.Discard(len(utf8BOM)) // Peek has shown that they are there
	}
	t.guard = &rowGuard{r: buffered, left: maxRowBytes}
	t.csv = csv.NewReader(t.guard)
	t.csv.ReuseRecord = true
	t.csv.FieldsPerRecord = -1 // checked in next, with better words
	header, err := t.csv.Read()
	if err == io.EOF {
		return nil, t.fileError("an empty file", "a header row such as id,prompt,response_a,response_b")
	}
	if err != nil {
		return nil, t.readError(err)
	}
	t.columns = slices.Clone(header)
	return t, t.checkHeader()
}

const utf8BOM = "\xef\xbb\xbf"

// foreign are the first bytes of files that are often passed for CSV.
var foreign = []struct{ magic, name string }{
	{"\xff\xfe", "UTF-16 text"}, {"\xfe\xff", "UTF-16 text"},
	{"\x1f\x8b", "a gzip file"}, {"\x28\xb5\x2f\xfd", "a zstd file"}, {"PAR1", "a Parquet file"},
	{"PK\x03\x04", "a zip or Excel file"}, {"BZh", "a bzip2 file"},
}

func (t *table) checkEncoding(start []byte) error {
	for _, f := range foreign {
		if bytes.HasPrefix(start, []byte(f.magic)) {
			return t.fileError(f.name, "CSV text in UTF-8: convert or unpack it first")
		}
	}
	if i := bytes.IndexByte(start, 0); i >= 0 {
		return t.fileError(fmt.Sprintf("a NUL byte at offset %d", i), "CSV text in UTF-8 (this looks like UTF-16 or a binary file)")
	}
	return nil
}

func (t *table) checkHeader() error {
	seen := map[string]bool{}
	for _, name := range t.columns {
		if strings.ContainsRune(name, '\r') {
			return t.fileError("lines that end in CR alone", "lines that end in LF or CRLF: save the file again as CSV")
		}
		if seen[name] {
			return &DataError{File: t.file, Column: fmt.Sprintf("%q", excerpt(name)), Got: "it twice in the header", Want: "each column once"}
		}
		seen[name] = true
	}
	return nil
}

// column finds a column by its exact name.
func (t *table) column(name string) (int, bool) {
	i := slices.Index(t.columns, name)
	return i, i >= 0
}

// require finds a column that must be there; the error names the column that was probably meant.
func (t *table) require(name string) (int, error) {
	i, ok := t.column(name)
	if ok {
		return i, nil
	}
	e := &DataError{File: t.file, Column: name, Want: "it in the header",
		Got: "only " + excerpt(strings.Join(t.columns, ","))}
	if near := nearest(name, t.columns); near != "" {
		e.Hint = fmt.Sprintf("did you mean the column %q? Rename it", excerpt(near))
	}
	return 0, e
}

// next returns the next record, valid until the call after; io.EOF at the end.
func (t *table) next() ([]string, error) {
	t.guard.left = maxRowBytes
	record, err := t.csv.Read()
	if err == io.EOF {
		return nil, io.EOF
	}
	t.row++
	if err != nil {
		return nil, t.readError(err)
	}
	t.line, _ = t.csv.FieldPos(0)
	if len(record) != len(t.columns) {
		return nil, &DataError{File: t.file, Row: t.row, Line: t.line,
			Got: fmt.Sprintf("%d fields", len(record)), Want: fmt.Sprintf("%d as in the header", len(t.columns)),
			Hint: "a cell that holds a comma or a quote must be quoted, its quotes doubled"}
	}
	return record, nil
}

// readError puts words to what encoding/csv or the reader below it said.
func (t *table) readError(err error) error {
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		e := &DataError{File: t.file, Row: t.row, Line: syntax.StartLine, Err: syntax.Err,
			Hint: "a cell that holds a comma, a quote or a line break must be quoted, its quotes doubled"}
		if syntax.Line != syntax.StartLine {
			e.Hint = fmt.Sprintf("noticed in line %d: a quote opened between the two lines is not closed where it should be", syntax.Line)
		}
		return e
	}
	if errors.Is(err, errRowTooLong) {
		return &DataError{File: t.file, Row: t.row, Got: fmt.Sprintf("more than %d MiB", maxRowBytes>>20),
			Want: "a row no longer than that", Hint: fmt.Sprintf("a quote that opens after line %d is probably not closed", t.line)}
	}
	return fmt.Errorf("judge: read %s: row %d: %w", t.file, t.row, err)
}

func (t *table) fileError(got, want string) *DataError {
	return &DataError{File: t.file, Got: got, Want: want}
}

// nearest returns the name that differs least from want, or "" where none is near: letter case, spaces, dashes and
// underscores do not count, and at most two edits do.
func nearest(want string, names []string) string {
	best, found := 3, ""
	for _, name := range names {
		if len(name) > 2*len(want)+8 {
			continue
		}
		if d := edits(plainName(want), plainName(name)); d < best {
			best, found = d, name
		}
	}
	return found
}

func plainName(s string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
