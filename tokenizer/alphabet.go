package tokenizer

import "unicode/utf8"

// Byte-level vocabularies spell each byte as one printable character, so that a vocabulary is text: the printable bytes
// of Latin-1 stand for themselves and the other 68 for U+0100 and up, in order (GPT-2, Radford et al. 2019). "Ġ" is the
// space and "Ċ" the line feed.

// byteChars holds the character of each byte.
var byteChars = makeByteChars()

// charBytes is the inverse: the byte of each character, or -1.
var charBytes = makeCharBytes()

const byteCharsEnd = 0x100 + 68 // one past the last character in use

func makeByteChars() (chars [256]rune) {
	next := rune(0x100)
	for b := range chars {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			chars[b] = rune(b)
		} else {
			chars[b] = next
			next++
		}
	}
	return chars
}

func makeCharBytes() (bytes [byteCharsEnd]int16) {
	for i := range bytes {
		bytes[i] = -1
	}
	for b, c := range byteChars {
		bytes[c] = int16(b)
	}
	return bytes
}

// appendBytes appends the bytes that the characters of a token spell. Where a character is none of the alphabet's, ok
// is false and b comes back as it was.
func appendBytes(b []byte, token string) (spelled []byte, ok bool) {
	start := len(b)
	for _, c := range token {
		if c >= byteCharsEnd || charBytes[c] < 0 {
			return b[:start], false
		}
		b = append(b, byte(charBytes[c]))
	}
	return b, true
}

// appendLossy appends b with each maximal part of a character that is cut short or malformed replaced by one U+FFFD, as
// Rust's from_utf8_lossy and Python's errors="replace" do. (Go's conversions put one for each byte.)
func appendLossy(dst, b []byte) []byte {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			size = malformedLen(b)
		}
		dst = utf8.AppendRune(dst, r)
		b = b[size:]
	}
	return dst
}

// malformedLen is the length of the longest front of b, which does not begin with a whole character, that some
// character does begin with; at least 1.
func malformedLen(b []byte) int {
	for n := min(len(b), utf8.UTFMax-1); n > 1; n-- {
		if !utf8.FullRune(b[:n]) {
			return n
		}
	}
	return 1
}

// validText returns s with what is not UTF-8 in it replaced as appendLossy does.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string(appendLossy(nil, []byte(s)))
}
