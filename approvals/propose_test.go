package approvals

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// two is a rule that wants one of sre and one of owners.
func two() policy.Rule {
	return policy.Rule{
		Name: "prod", Kind: "rollout", Environment: "production", ValidFor: time.Hour,
		Require: []ledger.Need{{Groups: []string{"sre"}, Min: 1}, {Groups: []string{"owners"}, Min: 1}},
	}
}

// worldOfTwo has Sam and Priya in sre, Olga and Priya in owners.
func worldOfTwo(t *testing.T) *world {
	w := worldOf(t, two())
	w.groups.set("sre", "USAM", "UPRIYA")
	w.groups.set("owners", "UOLGA", "UPRIYA")
	return w
}

func TestWhatIsAskedForHoldsWhatItWasJudgedBy(t *testing.T) {
	r := two()
	r.WhoMayRequest = []string{"devs"}
	w := worldOf(t, r)
	w.groups.set("sre", "USAM")
	w.groups.set("owners", "UOLGA")
	w.groups.set("devs", "UDANA")
	s := spec()
	s.Impact, s.Narrow, s.Args, s.Blast = "12 instances", "the canary, 2 of 12 instances", map[string]string{"canary": "2"}, policy.Blast{Instances: 12}
	rec := w.ask(t, "key", s)
	if rec.Impact != "12 instances" || rec.Narrow == "" || rec.Rule.Name != "prod" || rec.Rule.Policy == "" || rec.Rule.Why == "" || rec.Rule.Quorum() != 2 {
		t.Errorf("got %+v, want impact, narrow part, and the rule with its policy and reasons", rec.Proposal)
	}
	var f policy.Facts
	if err := json.Unmarshal(rec.Facts, &f); err != nil {
		t.Fatal(err)
	}
	if f.User != "UDANA" || strings.Join(f.Groups, " ") != "devs" || f.Blast.Instances != 12 || f.Args["canary"] != "2" || !f.At.Equal(monday) {
		t.Errorf("got the facts %+v, want who asked with their groups, how much, and when", f)
	}
	if again := w.Policy.Judge(f); again.Rule.Name != rec.Rule.Name || again.Refused != "" {
		t.Errorf("got %+v from the kept facts, want the same rule", again)
	}
}

func TestWhoMayNotAskIsToldWhoMay(t *testing.T) {
	r := two()
	r.WhoMayRequest = []string{"devs"}
	w := worldOf(t, r)
	w.groups.set("owners", "UOLGA")
	_, err := w.Propose(t.Context(), "key", spec())
	wantFault(t, err, fault.Denied, "Only members of @devs may ask for this.")
}

// TestARefusalCanBeJudgedAgain: replay reads the facts of what was refused from the audit.
func TestARefusalCanBeJudgedAgain(t *testing.T) {
	w := worldOfTwo(t)
	s := spec()
	s.Kind, s.Command, s.Reason = "retire", "/asg retire web", "old"
	_, err := w.Propose(t.Context(), "key", s)
	wantFault(t, err, fault.Denied, "No rule of the policy allows retire on web in production")
	all := w.events(t, "refused")
	if len(all) != 1 {
		t.Fatalf("got %d refusals in the audit, want 1", len(all))
	}
	e := all[0]
	var f policy.Facts
	if err := json.Unmarshal([]byte(e.Fields["facts"]), &f); err != nil || w.Policy.Judge(f).Refused == "" || f.User != "UDANA" {
		t.Errorf("got the facts %q, %v, want those of the request", e.Fields["facts"], err)
	}
	if e.What != "propose" || e.Who.User != "UDANA" || e.Channel != "C1" || e.Op != string(ledger.IDOf("key")) ||
		e.Policy != w.Policy.Short() || e.Fields["command"] != "/asg retire web" || e.Fields["reason"] != "old" || e.Fields["digest"] != "d1" {
		t.Errorf("got %+v, want who, where, what, under which policy and why", e)
	}
}

func TestADeadEndIsToldAtOnce(t *testing.T) {
	for _, c := range []struct {
		name        string
		sre, owners []string
		want        string
	}{
		{"nobody else", []string{"USAM"}, []string{"UDANA"}, "After leaving out you, only 1 of 2 can be met: @owners has nobody else."},
		{"one for both", []string{"USAM"}, []string{"USAM"}, "After leaving out you, only 1 of 2 can be met"},
		{"nobody at all", nil, nil, "After leaving out you, only 0 of 2 can be met"},
		{"the requester in both", []string{"UDANA", "USAM"}, []string{"UDANA", "USAM"}, "only 1 of 2 can be met"},
	} {
		w := worldOf(t, two())
		w.groups.set("sre", c.sre...)
		w.groups.set("owners", c.owners...)
		_, err := w.Propose(t.Context(), "key", spec())
		wantFault(t, err, fault.Conflict, c.want)
		wantFault(t, err, fault.Conflict, "This needs 1 approval from @sre and 1 from @owners.")
		if all := w.events(t, "refused"); len(all) != 1 || all[0].Fields["facts"] != "" {
			t.Errorf("%s: got %+v in the audit, want a refusal that no replay takes for the policy's", c.name, all)
		}
		if _, err := w.ledger.Get(t.Context(), ledger.IDOf("key")); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%s: got %v, want nothing to be asked for", c.name, err)
		}
	}
}

// TestAnAnswerThatSlackOwesRefuses: of whatever group, for whatever it is needed.
func TestAnAnswerThatSlackOwesRefuses(t *testing.T) {
	r := two()
	r.WhoMayDeny = []string{"leads"}
	for _, group := range []string{"sre", "owners", "leads"} {
		w := worldOf(t, r)
		w.groups.set("owners", "UOLGA")
		w.groups.silent = map[string]error{group: errors.New("internal_error")}
		_, err := w.Propose(t.Context(), "key", spec())
		wantFault(t, err, fault.Unavailable, "Slack did not say who is in @"+group+", so nothing was done.")
	}
}

func TestALedgerThatDoesNotAnswerIsNoRefusal(t *testing.T) {
	w := worldOfTwo(t)
	w.redis.SetError("LOADING Redis is loading")
	_, err := w.Propose(t.Context(), "key", spec())
	if _, ok := fault.As(err); err == nil || ok {
		t.Errorf("got %v, want an error that is no refusal", err)
	}
}

func TestExplainStartsNothing(t *testing.T) {
	w := worldOfTwo(t)
	v, err := w.Explain(t.Context(), dana, spec())
	if err != nil || v.Refused != "" || v.Rule.Name != "prod" || v.Rule.Quorum() != 2 {
		t.Errorf("got %+v, %v, want the rule", v, err)
	}
	if open, err := w.ledger.Open(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("got %d operations, %v, want none", len(open), err)
	}
	if n := len(w.events(t, "refused")); n != 0 {
		t.Errorf("got %d refusals in the audit, want none: nobody asked", n)
	}
}

func TestExplainTellsWhatProposingWould(t *testing.T) {
	w := worldOfTwo(t)
	w.groups.set("owners", "UDANA")
	v, err := w.Explain(t.Context(), dana, spec())
	if err != nil || !strings.Contains(v.Refused, "After leaving out you, only 1 of 2") || v.Hint == "" {
		t.Errorf("got %q, %v, want the dead end", v.Refused, err)
	}
	s := spec()
	s.BreakGlass = "down"
	if v, err = w.Explain(t.Context(), dana, s); err != nil || !strings.Contains(v.Refused, "lets nobody break the glass") {
		t.Errorf("got %q, %v, want that no glass can be broken", v.Refused, err)
	}
	w.groups.broken = errors.New("internal_error")
	if _, err = w.Explain(t.Context(), dana, spec()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want it not to be known", err)
	}
}
