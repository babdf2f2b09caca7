package study

import (
	"strconv"
	"strings"

	"tiebreak/cuda/kernels"
)

// SourceLine is the text of a place such as "gemm.cuh:17", without the space around it; "" if there is no such line.
func SourceLine(place string) string {
	file, number, _ := strings.Cut(place, ":")
	text, ok := kernels.Source(file)
	n, err := strconv.Atoi(number)
	lines := strings.Split(text, "\n")
	if !ok || err != nil || n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[n-1])
}
