package judge

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

const header = "id,prompt,response_a,response_b\n"

func readAll(data string, need Need) ([]*Row, error) {
	r, err := NewReader("rows.csv", strings.NewReader(data), need)
	if err != nil {
		return nil, err
	}
	var rows []*Row
	for {
		row, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
}

// cell quotes a JSON array for CSV.
func cell(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func line(cells ...string) string {
	for i := range cells {
		cells[i] = cell(cells[i])
	}
	return strings.Join(cells, ",") + "\n"
}

func TestReaderReadsRows(t *testing.T) {
	rows, err := readAll("\ufeffresponse_b,extra,id,prompt,response_a,winner_tie,winner_model_b,winner_model_a\r\n"+
		`"[""b"",null]",x,7,"[""p\/q""`+"\r\n"+`]",[],0,1,0`+"\r\n\r\n"+
		`[null],,8,"[""""]","[""a, \""quoted\""""]",0.5,0.25,.25`+"\r\n", Texts|Labels)
	require.NoError(t, err)
	require.Equal(t, []*Row{
		{Number: 1, Line: 2, ID: "7", Prompt: text("p/q"), A: text(), B: []Turn{{Text: "b"}, {Null: true}}, Label: Probs{0, 1, 0}},
		{Number: 2, Line: 5, ID: "8", Prompt: text(""), A: text(`a, "quoted"`), B: []Turn{{Null: true}}, Label: Probs{.25, .25, .5}},
	}, rows)
	require.Equal(t, 2, rows[0].Rounds())
}

func TestReaderHas(t *testing.T) {
	r, err := NewReader("rows.csv", strings.NewReader(header), Texts)
	require.NoError(t, err)
	require.True(t, r.Has(Texts))
	require.False(t, r.Has(Labels))
	_, err = r.Read()
	require.Equal(t, io.EOF, err, "a header alone is a file of no rows")
}

func TestReaderTakesRowsOfMegabytes(t *testing.T) {
	long := strings.Repeat(`say \"hi\", `, 500_000)
	rows, err := readAll(header+line("1", `["p"]`, `["`+long+`"]`, `["b"]`), Texts)
	require.NoError(t, err)
	require.NoError(t, rows[0].Err)
	require.Len(t, rows[0].A[0].Text, 10*500_000)
}

// A cell that is no array spoils its own row and no other, and the error says where and what to do.
func TestReaderKeepsOtherRowsOfABadCell(t *testing.T) {
	rows, err := readAll(header+line("1", `["p"]`, `hello`, `["b"]`)+line("2", `["p"]`, `["a"]`, `["b"]`), Texts)
	require.NoError(t, err)
	require.EqualError(t, rows[0].Err, `judge: read rows.csv: row 1 (line 2, id "1"), column response_a: got "hello" at byte 0, `+
		`want a JSON array of turns such as ["hello"]; plain text is not accepted, because a text that starts with [ would be `+
		`ambiguous: write ["text"]`)
	require.Nil(t, rows[0].Prompt)
	require.NoError(t, rows[1].Err)
}

func TestReaderRefuses(t *testing.T) {
	ok := line("1", `["p"]`, `["a"]`, `["b"]`)
	labelled := "id,winner_model_a,winner_model_b,winner_tie\n"
	for name, c := range map[string]struct {
		data string
		need Need
		want string
	}{
		"nothing":           {"", Texts, "got an empty file, want a header row"},
		"UTF-16 LE":         {"\xff\xfei\x00d\x00", Texts, "got UTF-16 text, want CSV text in UTF-8"},
		"UTF-16 BE":         {"\xfe\xff\x00i\x00d", Texts, "got UTF-16 text"},
		"UTF-16 unmarked":   {"i\x00d\x00,\x00", Texts, "got a NUL byte at offset 1"},
		"gzip":              {"\x1f\x8b\x08\x00", Texts, "got a gzip file"},
		"zstd":              {"\x28\xb5\x2f\xfd", Texts, "got a zstd file"},
		"Parquet":           {"PAR1", Texts, "got a Parquet file"},
		"Excel":             {"PK\x03\x04", Texts, "got a zip or Excel file"},
		"old Mac lines":     {"id,prompt,response_a,response_b\r1,2,3,4\r", Texts, "got lines that end in CR alone"},
		"column twice":      {"id,prompt,id,response_a,response_b\n", Texts, `column "id": got it twice in the header`},
		"column missing":    {"id,prompt,response_a\n", Texts, "column response_b: got only id,prompt,response_a, want it in the header; did you mean the column \"response_a\""},
		"column misspelt":   {"id,prompt,Response A,response_b\n", Texts, `did you mean the column "Response A"? Rename it`},
		"no id":             {"prompt,response_a,response_b\n", Texts, "column id: got only prompt,response_a,response_b, want it in the header"},
		"labels missing":    {header, Labels, "column winner_model_a"},
		"too few fields":    {header + "1,[],[]\n", Texts, "row 1 (line 2): got 3 fields, want 4 as in the header; a cell that holds a comma"},
		"too many fields":   {header + ok + "2,[],[],[],[]\n", Texts, "row 2 (line 3): got 5 fields, want 4"},
		"bare quote":        {header + `1,["p"],[],[]` + "\n", Texts, `row 1 (line 2): bare " in non-quoted-field`},
		"open quote":        {header + ok + `2,"["p""],[],[]` + "\n3,x\n", Texts, `row 2 (line 3): extraneous or missing " in quoted-field`},
		"quote never ends":  {header + ok + `2,"[` + "\n\n\n", Texts, `row 2 (line 3): extraneous or missing " in quoted-field; noticed in line 5: a quote opened between`},
		"empty id":          {header + ok + line(" ", `[]`, `[]`, `[]`), Texts, "row 2 (line 3, id \" \"), column id: got an empty id"},
		"id twice":          {header + ok + ok, Texts, `row 2 (line 3, id "1"), column id: got an id that row 1 has too, want each id once`},
		"label not number":  {labelled + "1,yes,0,0\n", Labels, `column winner_model_a: got "yes", want a number from 0 to 1`},
		"label NaN":         {labelled + "1,0,NaN,0\n", Labels, `column winner_model_b: got "NaN"`},
		"label negative":    {labelled + "1,1,-1,1\n", Labels, `column winner_model_b: got "-1"`},
		"label empty":       {labelled + "1,,,\n", Labels, `column winner_model_a: got ""`},
		"two winners":       {labelled + "1,1,1,0\n", Labels, "column winner_model_a + winner_model_b + winner_tie: got 2, want 1"},
		"no winner":         {labelled + "1,0,0,0\n", Labels, "got 0, want 1"},
		"sum a little off":  {labelled + "1,0.333,0.333,0.333\n", Labels, "got 0.999, want 1"},
		"row over 64 MiB":   {header + `1,"` + strings.Repeat("x", maxRowBytes+1<<16), Texts, "row 1: got more than 64 MiB, want a row no longer than that; a quote that opens after line 0 is"},
		"header over 64MiB": {strings.Repeat("x", maxRowBytes+1<<16), Texts, "got more than 64 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readAll(c.data, c.need)
			var bad *DataError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, "rows.csv", bad.File)
			require.Contains(t, err.Error(), c.want)
		})
	}
}

// A disk that fails is not bad data.
func TestReaderPassesReadErrorsOn(t *testing.T) {
	broken := errors.New("disk on fire")
	_, err := NewReader("rows.csv", iotest.ErrReader(broken), Texts)
	require.ErrorIs(t, err, broken)

	r, err := NewReader("rows.csv", io.MultiReader(strings.NewReader(header+strings.Repeat("x", 1<<17)), iotest.ErrReader(broken)), Texts)
	require.NoError(t, err)
	_, err = r.Read()
	require.ErrorIs(t, err, broken)
	var bad *DataError
	require.False(t, errors.As(err, &bad))
}

func FuzzCSV(f *testing.F) {
	f.Add(header + line("1", `["p"]`, `["a"]`, `[null]`))
	f.Add("\ufeff" + header + "1,\"[\"\"x\r\n\"\"]\",[],[]\r\n")
	f.Add("id,prompt,response_a,response_b,winner_model_a,winner_model_b,winner_tie\n1,[],[],[],0,0,1\n")
	f.Add("id\r1\r")
	f.Add(header + "1,\"")
	f.Fuzz(func(t *testing.T, data string) {
		for _, need := range []Need{Texts, Labels, Texts | Labels} {
			rows, err := readAll(data, need)
			if err != nil {
				var bad *DataError
				require.ErrorAs(t, err, &bad, "bad bytes are bad data")
			}
			seen := map[string]bool{}
			for i, row := range rows {
				require.Equal(t, i+1, row.Number)
				require.False(t, seen[row.ID])
				seen[row.ID] = true
				if need&Labels != 0 {
					require.InDelta(t, 1, row.Label.sum(), 1e-6)
				}
			}
		}
	})
}

func TestNearest(t *testing.T) {
	for _, c := range []struct{ want, name, near string }{
		{"response_a", "Response-A", "Response-A"},
		{"prompt", "promt", "promt"},
		{"prompt", "question", ""},
		{"winner_tie", "winner tie", "winner tie"},
		{"id", strings.Repeat("i", 1000), ""},
	} {
		require.Equal(t, c.near, nearest(c.want, []string{"zzzzzzzzzz", c.name}), fmt.Sprint(c))
	}
}
