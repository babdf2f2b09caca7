package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

const twoRows = "id,prompt,response_a,response_b\n" +
	"7,\"[\"\"which is shorter?\"\"]\",\"[\"\"this one\"\"]\",\"[\"\"or that one, perhaps\"\"]\"\n" +
	"8,\"[\"\"two\"\"]\",\"[\"\"2\"\"]\",\"[\"\"3\"\"]\"\n"

// TestTwoDevicesPredictAlike holds every split of two emulated devices to the bytes that one device gives.
func TestTwoDevicesPredictAlike(t *testing.T) {
	dir := tinyModel(t, tinyConfig)
	t.Setenv("TIEBREAK_EMU_SM", "75")
	predict := func(args ...string) string {
		got := tiebreak(t, twoRows, append([]string{"predict", "--model", dir, "--input", "-", "--output", "-", "-q", "--max-tokens", "512"}, args...)...)
		require.Equal(t, exitDone, got.code, got.err)
		return got.out
	}
	want := predict("--device", "emu:0")
	for _, split := range []string{"auto", "data", "tensor", "pipeline"} {
		require.Equal(t, want, predict("--device", "emu:0,1", "--split", split), split)
	}
}

// TestPlanOfEachDevice prints what each of two devices would hold, and what is missing where they are too small.
func TestPlanOfEachDevice(t *testing.T) {
	dir := tinyModel(t, tinyConfig)
	plan := func(args ...string) result {
		return tiebreak(t, "", append([]string{"predict", "--model", dir, "--input", sample, "--output", "-", "--dry-run", "--json", "--max-tokens", "512"}, args...)...)
	}
	t.Setenv("TIEBREAK_EMU_GB", "0.02")
	got := plan("--device", "emu:0,1", "--split", "tensor")
	require.Equal(t, exitDone, got.code, got.err)
	require.Contains(t, got.err, "plan: emu:0: weights ")
	require.Contains(t, got.err, "; emu:1: weights ")
	require.Contains(t, got.err, "; tensor split by peer copies")
	var printed struct {
		Split   string
		Devices []struct {
			ID                           string
			Weights, KV, Workspace, Free int64
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &printed))
	require.Equal(t, "tensor", printed.Split)
	require.Equal(t, "emu:1", printed.Devices[1].ID)
	require.Positive(t, printed.Devices[1].KV)

	t.Setenv("TIEBREAK_EMU_GB", "0.0009")
	got = plan("--device", "emu:0")
	require.Equal(t, exitResources, got.code, got.err)
	require.Contains(t, got.err, "not enough memory on emu:0: weights ")
	require.Contains(t, got.err, " MiB missing; ")
}

func TestSplitUsage(t *testing.T) {
	dir := tinyModel(t, tinyConfig)
	for want, args := range map[string][]string{
		`--split "rows": want auto, data, tensor or pipeline`: {"--split", "rows"},
		`"emu:0,0": names device 0 twice`:                     {"--device", "emu:0,0"},
		"TIEBREAK_EMU_GB=much: want a number":                 {"--device", "emu:0"},
	} {
		t.Setenv("TIEBREAK_EMU_GB", "much")
		got := tiebreak(t, "", append([]string{"generate", "--model", dir, "--ids", "1"}, args...)...)
		require.Equal(t, exitUsage, got.code, got.err)
		require.Contains(t, got.err, want)
	}
}
