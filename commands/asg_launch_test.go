package commands

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/launch"
)

// launching is a world in which groups can be launched.
func launching(t *testing.T, instances ...fleet.Instance) *world {
	w := newWorld(t)
	w.asg.Fleets = func(string) (Fleet, error) { return quay{w.cloud, instances}, nil }
	w.asg.Families = goldens{"front": w.cloud.images[0].ID}
	return w
}

// proposed is the plan that was asked for.
func (w *world) launched() launch.Plan {
	w.t.Helper()
	if len(w.gate.asked) != 1 {
		w.t.Fatalf("got %d proposals, want one", len(w.gate.asked))
	}
	var p launch.Plan
	if err := json.Unmarshal(w.gate.spec.Payload, &p); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// TestLaunchFrom finds what is meant: an image by id or name, or a family's golden one.
func TestLaunchFrom(t *testing.T) {
	image := harbour().images[0]
	for from, family := range map[string]string{string(image.ID): "", image.Name: "", "front": "front"} {
		w := launching(t)
		w.says("asg launch blue --from '" + from + "' --size 4 --type m7i.large --warmup 30s --max 6 --reason sale")
		if p := w.launched(); p.Image != image.ID || p.Want.Family != family || p.Order.Desired != 4 || p.Order.Max != 6 || p.Order.Min != 4 {
			t.Errorf("from %s: got %s of %q, %+v", from, p.Image, p.Want.Family, p.Order)
		}
		if s := w.gate.spec; s.Kind != launch.Kind || s.Impact != "4 new m7i.large in 2 zones" || s.Reason != "sale" {
			t.Errorf("got %+v", s)
		}
	}
}

// TestLaunchFromNothing says what could not be found, and what is in two minds.
func TestLaunchFromNothing(t *testing.T) {
	twins := []fleet.Instance{{ID: "i-0000000a", Name: "pet"}, {ID: "i-0000000b", Name: "pet"}}
	for _, c := range []struct{ words, says string }{
		{"--from nobody --size 2", "nobody is no instance, no image and no family with a golden image in production."},
		{"--from pet --size 2", "2 instances are called pet."},
		{"--from front --size 2", "An image alone does not say on which machines it runs."},
		{"--from front --size 2 --type m7i.large --template web@x", "web@x is no template with a version."},
		{"--from front --size 2 --type m7i.large --max 1", "The maximum of 1 is below the 2 instances"},
	} {
		w := launching(t, twins...)
		got := w.says("asg launch blue " + c.words)
		if len(w.gate.asked) > 0 || !strings.Contains(text(got.Reply), c.says) {
			t.Errorf("%s: got %s, want %q", c.words, text(got.Reply), c.says)
		}
	}
}

// TestLaunchOfWhatIsThere shows the plan with what stands in the way, and asks for nothing.
func TestLaunchOfWhatIsThere(t *testing.T) {
	w := launching(t)
	got := text(w.says("asg launch web --from front --size 12 --type m7i.large").Reply)
	if len(w.gate.asked) > 0 || !strings.Contains(got, "There is a group web already") || !strings.Contains(got, "/asg scale web 12") {
		t.Errorf("got %s, want it refused with what there is", got)
	}
}

// TestLaunchAgain plans with the golden image of now.
func TestLaunchAgain(t *testing.T) {
	w := launching(t)
	w.says("asg launch blue --from front --size 4 --type m7i.large")
	rec := op("op-launch", "failed")
	rec.Kind, rec.Payload = launch.Kind, w.gate.spec.Payload
	w.asg.Families = goldens{"front": w.cloud.images[1].ID}
	spec, err := w.asg.Launches().Again(t.Context(), rec)
	if err != nil || !strings.Contains(string(spec.Payload), string(w.cloud.images[1].ID)) {
		t.Errorf("got %s %v, want the golden image of now", spec.Payload, err)
	}
	if _, err := w.asg.Launches().Back(t.Context(), rec); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v, want it refused: a live group is not deleted by a button", err)
	}
}

// TestLaunchWithUserData: a script keeps its lines or is refused, is shown without its secrets, and stands in no words
// that are kept.
func TestLaunchWithUserData(t *testing.T) {
	const script = "#!/bin/sh\nexport PASSWORD=tr0ub4dor-3\necho up\n"
	w := launching(t)
	says := w.says("asg launch blue --from front --size 2 --type m7i.large --reason sale --user-data base64:" + base64Of(script))
	p := w.launched()
	if p.Want.UserData == nil || *p.Want.UserData != script {
		t.Errorf("got user data %v, want the script", p.Want.UserData)
	}
	if s := w.gate.spec; !strings.Contains(s.Command, "--user-data @typed") || strings.Contains(fmt.Sprint(s.Args), "base64") {
		t.Errorf("got command %s of %v", s.Command, s.Args)
	}
	if shown := fmt.Sprint(p.Sections()); strings.Contains(shown+text(says.Reply), "tr0ub4dor") || !strings.Contains(shown, "echo up") {
		t.Errorf("got plan %s, want the script without its secret", shown)
	}
}

// TestUserDataThatLostItsLines is refused: as one line it would be another script, or none.
func TestUserDataThatLostItsLines(t *testing.T) {
	for words, want := range map[string]string{
		"--user-data \"#!/bin/sh\nyum install nginx\" --size 2": "This was typed in several lines, which are read as one, so --user-data would not be what you wrote.",
		"--user-data \"#!/bin/sh\nyum install nginx\"":          "This was typed in several lines",
		"--user-data '#!/bin/sh yum install nginx' --size 2":    "This user data is one line, and its beginning only says what reads the lines after it",
		"--user-data 'export A=1' --size 2 --break-glass fire":  "--user-data cannot be given where the glass is broken",
	} {
		w := launching(t)
		r := w.says("asg launch blue --from front --type m7i.large --reason sale " + words)
		if r.Modal != nil || !strings.Contains(text(r.Reply), want) || len(w.gate.asked) > 0 {
			t.Errorf("%q: got %s, want %q", words, text(r.Reply), want)
		}
	}
}
