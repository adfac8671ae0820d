package commands

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

var owner = ledger.Actor{User: "UOWN", Team: "T1"}

// two is a request that needs one of @sre and one of @owners.
func two(id ledger.ID, votes ...ledger.Vote) ledger.Record {
	r := op(id, ledger.Pending)
	r.Rule.Needs = []ledger.Need{{Groups: []string{"sre"}, Min: 1}, {Groups: []string{"owners"}, Min: 1}}
	r.Rule.Policy, r.Rule.Why, r.Votes = "3f2c9a11deadbeef", "environment is production", votes
	return r
}

func aye(who ledger.Actor, fills ...int) ledger.Vote {
	return ledger.Vote{Actor: who, Choice: "approve", Fills: fills}
}

func (w *world) presses(who ledger.Actor, action string, id ledger.ID) Result {
	return w.desk.Press(context.Background(), Press{Key: "k", Actor: who, Action: action, ID: id, Version: 3, Channel: "CDEPLOYS"})
}

func TestWhoTakesNoPlaceIsToldSo(t *testing.T) {
	w := newWorld(t, two("op-ask"))
	w.gate.voted = two("op-ask", aye(sre, 0), aye(owner, 0))
	want := "Roll web to ami-0b2\nYour approval is counted, and the places that you may take are taken. Still missing: 1 from @owners.\n-- Operation `op-ask`\n"
	if got := text(w.presses(owner, "approve", "op-ask").Reply); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.gate.voted = two("op-ask", aye(sre, 0))
	if got := text(w.presses(sre, "approve", "op-ask").Reply); got != "(nothing)" {
		t.Errorf("got %s for somebody who took a place, want nothing beside the card", got)
	}
}

func TestAskedAgainItIsPlannedAnewForWhoeverPresses(t *testing.T) {
	old := op("op-old", ledger.Expired)
	old.Payload = []byte(`{"group":"web","want":{"image":"ami-0b2"}}`)
	old.Command, old.Reason, old.Channel = `/asg rollout web --image ami-0b2 --break-glass "it burns"`, "CVE", "CDEPLOYS"
	w := newWorld(t, old)
	r := w.desk.Press(t.Context(), Press{Key: "k9", Actor: sre, Action: "again", ID: "op-old", Version: 3})
	s := w.gate.spec
	if s.Requester != sre || s.Channel != "CDEPLOYS" || s.Reason != "CVE" || s.Title != "Roll web to ami-0b2" || s.Digest == "" {
		t.Errorf("got %+v asked, want web asked for by who pressed", s)
	}
	if s.BreakGlass != "" || s.Command != "/asg rollout web --image ami-0b2" || s.Args["image"] != "ami-0b2" || s.Args["group"] != "web" {
		t.Errorf("got %q, %q, %v, want it asked in the usual way", s.BreakGlass, s.Command, s.Args)
	}
	if got := strings.Join(w.gate.asked, " "); got != "propose k9 Roll web to ami-0b2 USRE" {
		t.Errorf("got %s asked, want the press's own key", got)
	}
	if got := text(r.Reply); !strings.Contains(got, "Asked in #CDEPLOYS: needs 1 approval from @sre.") {
		t.Errorf("got %s", got)
	}
}

func TestAReviewIsClosedWithWhatWasFound(t *testing.T) {
	review := op("op-rev", ledger.Pending)
	review.Kind, review.Title = approvals.Review, "Broken glass: Roll web to ami-0b2"
	w := newWorld(t, review)
	m := w.presses(sre, "review", "op-rev").Modal
	if m == nil || m.ID != "review" || m.Subject != "op-rev" || len(m.Inputs) != 1 || m.Inputs[0].ID != "note" || m.Inputs[0].Optional {
		t.Fatalf("got %+v, want a form that needs a note", m)
	}
	if m := w.presses(sre, "deny", "op-rev").Modal; m == nil || m.Title != "Object" {
		t.Errorf("got %+v, want a form to object with", m)
	}
	if got := text(w.presses(dev, "review", "op-rev").Reply); got != "You broke this glass, so somebody else must look at it.\n" {
		t.Errorf("got %s", got)
	}
	if got := text(w.presses(dev, "deny", "op-rev").Reply); got != "You broke this glass, so somebody else must look at it.\n" {
		t.Errorf("got %s", got)
	}
	if got := text(w.presses(sre, "again", "op-rev").Reply); !strings.Contains(got, "A review is asked for once.") {
		t.Errorf("got %s", got)
	}
	send := func(note string) Result {
		return w.desk.Submit(t.Context(), Submission{Actor: sre, Modal: "review", Subject: "op-rev", Version: 3, Values: map[string]string{"note": note}})
	}
	if r := send("  "); r.Errors["note"] == "" || len(w.gate.asked) > 0 {
		t.Errorf("got %+v and %v, want the form to stay open", r, w.gate.asked)
	}
	send("all\nwell {user:U1}")
	if got := strings.Join(w.gate.asked, ""); got != "vote op-rev v3 USRE approve all well { user:U1}" {
		t.Errorf("got %s asked", got)
	}
}

// TestOnlyAReviewIsClosed: the form's vote would approve whatever else it is sent about, unseen.
func TestOnlyAReviewIsClosed(t *testing.T) {
	w := newWorld(t, op("op-ask", ledger.Pending))
	want := "Roll web to ami-0b2 is no review, so there is nothing to close.\nTo approve it, press Approve on its card.\n"
	if r := w.presses(sre, "review", "op-ask"); r.Modal != nil || text(r.Reply) != want {
		t.Errorf("pressed: got %+v, %s", r.Modal, text(r.Reply))
	}
	s := Submission{Actor: sre, Modal: "review", Subject: "op-ask", Version: 3, Values: map[string]string{"note": "fine"}}
	if got := text(w.desk.Submit(t.Context(), s).Reply); got != want {
		t.Errorf("sent: got %s", got)
	}
	s.Subject = "op-gone"
	if got := text(w.desk.Submit(t.Context(), s).Reply); !strings.HasPrefix(got, "There is no operation op-gone.") {
		t.Errorf("about nothing: got %s", got)
	}
	if len(w.gate.asked) > 0 {
		t.Errorf("got %v asked, want nothing", w.gate.asked)
	}
}

// memberships says who is in which group.
type memberships map[string][]string

func (m memberships) InGroup(_ context.Context, who ledger.Actor, handle string) (bool, error) {
	for _, g := range m[who.User] {
		if g == handle {
			return true, nil
		}
	}
	return false, nil
}

func TestWhyMe(t *testing.T) {
	denied := fault.New(fault.Denied, "You cannot approve this: you are in none of @sre and @owners.").WithHint("The members of @sre or @owners can: {user:USRE}.")
	begin := "# Why me?\nRoll web to ami-0b2\n"
	needs := "\nIt needs 2 approvals, by different people: "
	open, late := needs+"⬜ sre · ⬜ owners", "\nIt expires 16:00."
	foot := "\nRule production of the policy `3f2c9a11`: environment is production.\n-- Operation `op-ask`\n"
	half := two("op-ask", aye(sre, 0))
	broken := two("op-ask")
	broken.State, broken.BreakGlass, broken.Skipped, broken.Rule.Needs = ledger.Running, "it burns", broken.Rule.Needs, nil
	running := broken
	running.BreakGlass = ""
	held := two("op-ask", aye(sre, 0), aye(owner, 1))
	held.State, held.Stayed = ledger.Held, "production is frozen until {when:1795456800000} by {user:UDEV}: sale."
	for name, c := range map[string]struct {
		rec  ledger.Record
		who  ledger.Actor
		may  error
		want string
	}{
		"an approver":               {two("op-ask"), owner, nil, begin + "You may approve it: you are in @owners." + open + late + foot},
		"a stranger":                {two("op-ask"), guestless, denied, begin + denied.Text + "\nThe members of @sre or @owners can: @USRE." + open + late + foot},
		"a slow Slack":              {two("op-ask"), owner, errors.New("dial tcp"), begin + "Whether you may could not be found out just now." + open + late + foot},
		"the requester":             {two("op-ask"), dev, nil, begin + "You asked for it, so you cannot approve it. You may withdraw or extend it." + open + late + foot},
		"whoever asked and it runs": {running, dev, nil, begin + "You may stop it: you asked for it." + foot},
		"a voter":                   {half, sre, nil, begin + "You have approved it." + needs + "✅ sre @USRE · ⬜ owners" + late + foot},
		"a broken glass": {broken, owner, nil, begin + "You may stop it: you are in @owners.\n🚨 @UDEV broke the glass: it burns\n" +
			"Skipped: 1 from @sre and 1 from @owners." + foot},
		"a freeze": {held, guestless, denied, begin + denied.Text + "\nThe members of @sre or @owners can: @USRE." + needs +
			"✅ sre @USRE · ✅ owners @UOWN\nproduction is frozen until 18:00 by @UDEV: sale." + foot},
	} {
		w := newWorld(t, c.rec)
		w.desk.Groups = memberships{"UOWN": {"owners"}}
		w.gate.may = map[string]error{"approve": c.may, "cancel": c.may, "withdraw": c.may}
		if got := text(w.presses(c.who, "why", "op-ask").Reply); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
		if len(w.gate.asked) > 0 || len(w.deeds) > 0 {
			t.Errorf("%s: got %v asked and %v audited, want nothing", name, w.gate.asked, w.deeds)
		}
	}
}

var guestless = ledger.Actor{User: "UNEW", Team: "T1"}

func TestPressesFromTheHomeTabAreAnswered(t *testing.T) {
	w := newWorld(t, two("op-ask"))
	for action, want := range map[string]string{"copy": "as it can be typed again", "why": "Why me?", "details": "Rule: production"} {
		r := w.desk.Press(t.Context(), Press{Key: "k", Actor: sre, Action: action, ID: "op-ask", Version: 3})
		if got := text(r.Reply); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %q in it", action, got, want)
		}
	}
	if r := w.desk.Press(t.Context(), Press{Key: "k", Actor: sre, Action: "deny", ID: "op-ask", Version: 3}); r.Modal == nil {
		t.Errorf("got %+v, want a form", r)
	}
}

func TestDetailsTellSeatsAndWhatCameBetween(t *testing.T) {
	r := two("op-ask", aye(sre, 0), ledger.Vote{Actor: owner, Choice: "approve", Narrow: true, Fills: []int{1}})
	r.State, r.Narrowed, r.Narrow, r.Impact, r.About = ledger.Running, true, "the canary, 1 of 4 instances", "4 instances (100 %)", "op-before"
	w := newWorld(t, r)
	if got := spoken(line(two("op-ask", aye(sre, 0)))); !strings.Contains(got, "still missing: 1 from @owners") {
		t.Errorf("got %s", got)
	}
	for _, want := range []string{
		"Approvals: ✅ sre @USRE · ✂️ owners @UOWN\n", "Approved only: the canary, 1 of 4 instances\n",
		"Impact: 4 instances (100 %)\n", "About: `op-before`\n",
		"Rule: production, policy 3f2c9a11: 2 approvals, by different people: 1 from @sre and 1 from @owners\n",
		"Why this rule: environment is production\n",
	} {
		if got := text(w.presses(sre, "details", "op-ask").Reply); !strings.Contains(got, want) {
			t.Errorf("got %s, want %q in it", got, want)
		}
	}
}
