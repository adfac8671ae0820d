package policy

import (
	"strings"
	"testing"
)

// TestALostNotIsTold: read as it is, the condition would say the contrary of what stands there.
func TestALostNotIsTold(t *testing.T) {
	for text, bad := range map[string]bool{
		"rules:\n  - name: a\n    when: ! undo\n": true,
		"- {name: a, when: ! undo}":               true,
		"- when:   !\tundo":                       true,
		"- when: \"! undo\"":                      false,
		"- when: undo != irreversible":            false,
		"# when: ! undo\n- approvals: 0":          false,
		"- when: |\n    ! undo":                   false,
	} {
		err := Mistaken([]byte(text))
		if (err != nil) != bad || bad && !strings.Contains(err.Error(), "put the condition in quotes") {
			t.Errorf("%q: got %v, want an error: %v", text, err, bad)
		}
	}
	var p Policy
	if err := p.parse([]byte("- {name: a, when: ! undo}"), "a.yaml"); err == nil {
		t.Error("a file that is included is not asked")
	}
}
