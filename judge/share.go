package judge

// The parts of a round that share what room is left, and their weights: 20 % for the prompt and 40 % for each answer, the
// shares of the fourth place of the LMSYS Chatbot Arena competition.
const (
	partPrompt = iota
	partA
	partB
)

var shareWeights = [3]int{1, 2, 2}

// share divides room tokens among three texts that need more than that in all. A text that needs less than its share gets
// what it needs, and the rest is divided again, by the same weights, among the others. The result never exceeds room,
// leaves at most one token unused, and treats the two answers alike: exchanging them exchanges what they get.
func share(room int, need [3]int) (got [3]int) {
	open := [3]bool{true, true, true}
	for {
		weights := 0
		for i, w := range shareWeights {
			if open[i] {
				weights += w
			}
		}
		closed, left := false, room
		for i, w := range shareWeights {
			if open[i] && need[i] <= room*w/weights {
				got[i], open[i], closed = need[i], false, true
				left -= need[i]
			}
		}
		if !closed {
			shareOut(room, weights, need, open, &got)
			return got
		}
		if room = left; open == [3]bool{} {
			return got
		}
	}
}

// shareOut gives every open part its share of room, rounded down, and what rounding leaves to the prompt if it is open.
func shareOut(room, weights int, need [3]int, open [3]bool, got *[3]int) {
	left := room
	for i, w := range shareWeights {
		if open[i] {
			got[i] = room * w / weights
			left -= got[i]
		}
	}
	if open[partPrompt] {
		got[partPrompt] = min(got[partPrompt]+left, need[partPrompt])
	}
}
