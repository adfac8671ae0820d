package commands

import (
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// TestAnInstanceAloneMeansItsGroup: at night one knows the instance, not its group; the command that is kept names both.
func TestAnInstanceAloneMeansItsGroup(t *testing.T) {
	w := newWorld(t)
	web := w.cloud.groups[0]
	id := web.Instances[0].ID
	for i, m := range w.cloud.machines {
		if m.ID == id {
			w.cloud.machines[i].Group = web.Name
		}
	}
	w.cloud.machines = append(w.cloud.machines, fleet.Instance{ID: "i-0pet"})
	for words, want := range map[string]string{
		"asg replace " + string(id):       "/asg replace " + string(web.Name) + " " + string(id),
		"asg standby enter " + string(id): "/asg standby enter " + string(web.Name) + " " + string(id),
		"asg protect " + string(id):       "/asg protect " + string(web.Name) + " " + string(id),
	} {
		w.gate.spec.Command = ""
		answer := text(w.says(words).Reply)
		if got := w.gate.spec.Command; got != want {
			t.Errorf("%s: got %q asked for (%s), want %q", words, got, answer, want)
		}
	}
	for words, want := range map[string]string{
		"asg replace i-0gone": "There is no instance i-0gone in production.",
		"asg replace i-0pet":  "i-0pet belongs to no group.",
	} {
		if got := text(w.says(words).Reply); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want it to say %q", words, got, want)
		}
	}
}
