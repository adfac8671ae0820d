package commands

import (
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

const burning = `asg rollout web --image ami-0b2 --break-glass "it burns"`

func (w *world) confirms(subject, typed string) Result {
	return w.desk.Submit(w.t.Context(), Submission{Key: "k2", Actor: dev, Modal: "break_glass", Subject: ledger.ID(subject), Channel: "CDEPLOYS",
		Values: map[string]string{"target": typed}})
}

func TestGlassIsBrokenWithATypedWordOnly(t *testing.T) {
	w := newWorld(t)
	w.desk.Records, w.asg.Records = nil, nil // whoever reads them panics
	w.cloud.err = fault.New(fault.Unavailable, "AWS was asked.")
	m := w.says(burning).Modal
	if m == nil || m.ID != "break_glass" || m.Subject != "/"+burning || len(m.Inputs) != 1 || m.Inputs[0].Optional || m.Inputs[0].Value != "" {
		t.Fatalf("got %+v, want a form with an empty input, and neither AWS nor Redis asked", m)
	}
	body := text(&m.Body)
	for _, want := range []string{"/asg rollout web --image ami-0b2", "it burns", "without the approvals", "security channel", "Somebody else must review it"} {
		if !strings.Contains(body, want) {
			t.Errorf("got %s, want %q in it", body, want)
		}
	}
	w.cloud.err, w.desk.Records, w.asg.Records = nil, w.records, w.records
	for _, typed := range []string{"", "we", "Web", "worker", "web --image ami-0b2"} {
		if r := w.confirms(m.Subject, typed); r.Errors["target"] == "" || len(w.gate.asked) > 0 {
			t.Errorf("%q: got %+v and %v asked, want the form to stay open", typed, r, w.gate.asked)
		}
	}
	r := w.confirms(m.Subject, "web ")
	s := w.gate.spec
	if s.BreakGlass != "it burns" || s.Requester != dev || s.Channel != "CDEPLOYS" || s.Args["image"] != "ami-0b2" || s.Args["break-glass"] != "" {
		t.Errorf("got %+v proposed, want the command with its glass broken", s)
	}
	if got := strings.Join(w.gate.asked, "\n"); got != "propose k2 Roll web to ami-0b2 UDEV" {
		t.Errorf("got %s", got)
	}
	if r.Modal != nil || r.Reply == nil {
		t.Errorf("got %+v, want an answer", r)
	}
	if last := w.deeds[len(w.deeds)-1]; !strings.Contains(last.What, `--break-glass "it burns"`) || last.Outcome != "done" {
		t.Errorf("got %+v audited", last)
	}
}

func TestEverythingIsLookedAtAgainWhenTheGlassIsBroken(t *testing.T) {
	w := newWorld(t)
	w.cloud.groups = nil
	if got := text(w.confirms("/"+burning, "web").Reply); !strings.Contains(got, "There is no group web in production.") || len(w.gate.asked) > 0 {
		t.Errorf("got %s and %v", got, w.gate.asked)
	}
	w = newWorld(t)
	w.gate.err = fault.New(fault.Denied, "The policy lets nobody break the glass here.")
	if got := text(w.confirms("/"+burning, "web").Reply); got != "The policy lets nobody break the glass here.\n" {
		t.Errorf("got %s", got)
	}
	if r := w.desk.Submit(t.Context(), Submission{Actor: guest, Modal: "break_glass", Subject: "/" + burning, Values: map[string]string{"target": "web"}}); text(r.Reply) != "Guests cannot use amiral.\n" {
		t.Errorf("got %s", text(r.Reply))
	}
}

func TestNoOtherWayBreaksGlass(t *testing.T) {
	w := newWorld(t)
	for _, subject := range []string{"", "op-abc", "/asg rollout web --image ami-0b2", "/asg list --break-glass x", `/asg cancel web --break-glass "x"`, "/nonsense"} {
		for _, typed := range []string{"web", "", "/asg list"} {
			if r := w.confirms(subject, typed); r.Modal != nil || len(r.Errors) == 0 && !strings.Contains(text(r.Reply), "I do not know what") {
				t.Errorf("%s: got %+v", subject, r)
			}
		}
	}
	if len(w.gate.asked) > 0 {
		t.Errorf("got %v asked, want nothing", w.gate.asked)
	}
	for _, typed := range []string{"asg list --break-glass x", "asg cancel web --break-glass x", "freezes --break-glass x"} {
		if got := text(w.says(typed).Reply); !strings.Contains(got, "has no flag --break-glass") {
			t.Errorf("%s: got %s", typed, got)
		}
	}
	for _, typed := range []string{burning, `asg rollback web --break-glass "x"`, `freeze production --for 4h --reason "sale" --break-glass "x"`} {
		if w.says(typed).Modal == nil {
			t.Errorf("%s: got no form", typed)
		}
	}
	if r := w.says(burning + " --dry-run"); r.Modal != nil || len(w.gate.asked) > 0 || !strings.Contains(text(r.Reply), "only the plan") {
		t.Errorf("got %+v, want the plan alone", r)
	}
	if got := text(w.says(`asg rollout web --image ami-0b2 --break-glass " "`).Reply); !strings.Contains(got, "Say why the glass must be broken.") {
		t.Errorf("got %s", got)
	}
}

func TestTheFormOpensAgainFromItsButton(t *testing.T) {
	w := newWorld(t)
	m := w.says(burning).Modal
	again := w.desk.Press(t.Context(), Press{Actor: dev, Action: "open_form", ID: ledger.ID(m.Subject)}).Modal
	if again == nil || again.ID != "break_glass" || again.Subject != m.Subject {
		t.Errorf("got %+v, want the same form", again)
	}
	r := w.desk.Press(t.Context(), Press{Actor: dev, Action: "open_form", ID: "/asg rollout web --image ami-0b2"})
	if r.Modal == nil || r.Modal.ID != "command" || len(w.gate.asked) > 0 {
		t.Errorf("got %+v, want a command that breaks no glass in a form of its own", r)
	}
}

func TestACommandTooLongForTheFormIsRefused(t *testing.T) {
	w := newWorld(t)
	long := `asg rollout web --image ami-0b2 --reason "` + strings.Repeat("<", 480) + `" --break-glass "` + strings.Repeat("&", 480) + `"`
	r := w.says(long)
	if got := text(r.Reply); r.Modal != nil || !strings.Contains(got, "too long to be confirmed in a form. Nothing was done.") {
		t.Errorf("got %s", got)
	}
	var alarms []string
	for i := range 10 {
		alarms = append(alarms, strings.Repeat(string(rune('a'+i)), 150))
	}
	long = `asg rollout web --image ami-0b2 --alarms ` + strings.Join(alarms, ",") + ` --break-glass "` + strings.Repeat("x", 400) + `"`
	if r := w.says(long); r.Modal != nil || !strings.Contains(text(r.Reply), "too long to be confirmed in a form.") {
		t.Errorf("got %s, want no form whose button could not open it again", text(r.Reply))
	}
	m := w.says(`asg rollout web --image ami-0b2 --reason "` + strings.Repeat("r", 490) + `" --break-glass "` + strings.Repeat("é", 490) + `"`).Modal
	if m == nil {
		t.Fatal("got no form for a command that fits")
	}
	if r := w.confirms(m.Subject, "web"); w.gate.spec.BreakGlass != strings.Repeat("é", 490) {
		t.Errorf("got %+v, want the whole reason", r)
	}
}

func TestMistakesAreFoundWithoutAskingAnybody(t *testing.T) {
	d := &Desk{Book: newWorld(t).desk.Book}
	for _, c := range []struct {
		modal, subject, input, value string
		wrong                        bool
	}{
		{"deny", "op-a", "reason", " ", true}, {"deny", "op-a", "reason", "no", false},
		{"review", "op-a", "note", "", true}, {"review", "op-a", "note", "fine", false},
		{"break_glass", "/" + burning, "target", "wed", true}, {"break_glass", "/" + burning, "target", "web", false},
		{"other", "", "x", "", false},
	} {
		got := d.Mistakes(Submission{Modal: c.modal, Subject: ledger.ID(c.subject), Values: map[string]string{c.input: c.value}})
		if (got[c.input] != "") != c.wrong {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

func TestAGlassThatIsBrokenIsToldSo(t *testing.T) {
	rec := op("op-a", ledger.Running)
	rec.Rule.Needs, rec.BreakGlass = nil, "it burns"
	c := asked(rec, fresh(rec))
	if got := text(&c); !strings.Contains(got, "The glass is broken: it waits for no approval, and must be reviewed. It has started") {
		t.Errorf("got %s", got)
	}
	if got := spoken(line(rec)); !strings.Contains(got, "🚨 broken glass") {
		t.Errorf("got %s", got)
	}
}
