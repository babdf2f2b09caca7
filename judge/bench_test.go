package judge

import (
	"io"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkReader reads rows of about 4 KB, the mean of Arena data, with an escape every 40 bytes.
func BenchmarkReader(b *testing.B) {
	answer := `["` + strings.Repeat(`thirty-eight bytes of text, and then\n`, 40) + `"]`
	row := line("ID", `["what is it?"]`, answer, answer)
	var data strings.Builder
	data.WriteString(header)
	const rows = 2000
	for i := range rows {
		data.WriteString(strings.Replace(row, "ID", strconv.Itoa(i), 1))
	}
	b.SetBytes(int64(data.Len()))
	for b.Loop() {
		r, err := NewReader("rows.csv", strings.NewReader(data.String()), Texts)
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = r.Read()
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
}
