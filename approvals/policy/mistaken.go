package policy

import (
	"bytes"
	"fmt"
	"regexp"
)

// lostNot is a condition that begins with an exclamation mark and a space. YAML takes the mark for a tag without a
// name and leaves the rest: the contrary of what stands there.
var lostNot = regexp.MustCompile(`(^|[\s{,-])when:[ \t]*![ \t]`)

// Mistaken finds what YAML reads as something else than it looks, and leaves no trace of in what it read. It is asked
// before a document is believed.
func Mistaken(raw []byte) error {
	line := 0
	for text := range bytes.Lines(raw) {
		line++
		if at := lostNot.FindIndex(text); at != nil && !bytes.Contains(text[:at[0]], []byte("#")) {
			return fmt.Errorf("line %d: YAML loses the ! of this condition; put the condition in quotes", line)
		}
	}
	return nil
}
