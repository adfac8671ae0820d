package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/app"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// operators are the people of the workspace as a configuration names them. What it says of the groups of lead and
// intern is not what Slack says.
func operators(_ *workspace.Options, c *config.Config) {
	c.Operators = []config.Operator{
		{Login: "dana", User: "U0DEV", Team: "T0HARBOUR", Groups: []string{"sre", "owners"}},
		{Login: "sam", User: "U0SRE", Team: "T0HARBOUR", Groups: []string{"sre"}},
		{Login: "priya", User: "U0SRE2", Team: "T0HARBOUR"},
		{Login: "lee", User: "U0LEAD", Team: "T0HARBOUR", Groups: []string{"sre"}},
		{Login: "ira", User: "U0INTERN", Team: "T0HARBOUR", Groups: []string{"sre"}},
	}
}

// operator opens the command line for somebody.
func (w *world) operator(login string) (*app.Operator, error) {
	w.t.Helper()
	op, err := app.NewOperator(w.t.Context(), w.options(), login)
	if err == nil {
		w.t.Cleanup(op.Close)
	}
	return op, err
}

// as opens the command line for somebody who may use it, and finds the one request there is.
func (w *world) as(login string) (*app.Operator, ledger.Record) {
	w.t.Helper()
	op, err := w.operator(login)
	if err != nil {
		w.t.Fatal(err)
	}
	return op, w.request()
}

// request is the one request there is.
func (w *world) request() ledger.Record {
	w.t.Helper()
	all, err := ledger.New(dial(w.t, w.Info()), ledger.Options{}).Recent(w.t.Context(), 2)
	if err != nil || len(all) != 1 {
		w.t.Fatalf("got %d operations, %v; want one", len(all), err)
	}
	return all[0]
}

// asked has dev ask for a rollout, and waits for its card.
func (w *world) asked() *people {
	w.t.Helper()
	crowd := &people{slack: w.Slack}
	if err := crowd.ask(w.t.Context(), "dev", "#deploys", "/asg rollout web --image ami-0b2", "web"); err != nil {
		w.t.Fatal(err)
	}
	return crowd
}

func wantRefusal(t *testing.T, err error, words string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || !strings.Contains(f.Error(), words) {
		t.Errorf("got %v, want a refusal that says %q", err, words)
	}
}

// TestWithoutSlackTheCommandLineDecides: Slack goes away, an operator approves, the rollout starts; when Slack is
// back its thread tells who approved, and where.
func TestWithoutSlackTheCommandLineDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, operators)
	crowd := w.asked()
	if err := w.Slack.SetOutage(slacksim.Unreachable); err != nil {
		t.Fatal(err)
	}
	op, rec := w.as("sam")
	if op.Away == nil {
		t.Error("Slack is away, and the operator is not told")
	}
	voted, err := op.Vote(t.Context(), rec, approvals.Ballot{Choice: "approve"})
	if err != nil || voted.State != ledger.Running || voted.Votes[0].Via != "command line, Slack away" {
		t.Fatalf("got %v by %+v, %v; want it running", voted.State, voted.Votes, err)
	}
	if !until(t.Context(), patience, func() bool { return len(w.refreshes("web")) == 1 }) {
		t.Errorf("got %d refreshes while Slack is away, want one", len(w.refreshes("web")))
	}
	if err := w.Slack.SetOutage(slacksim.Up); err != nil {
		t.Fatal(err)
	}
	card, _ := crowd.card("#deploys", "web")
	line := func() bool {
		for _, m := range w.Slack.Thread("#deploys", card.TS) {
			if text := m.Visible(); strings.Contains(text, "approved, via command line, Slack away") {
				return true
			}
		}
		return false
	}
	if !until(t.Context(), patience, line) {
		t.Errorf("the thread never tells who approved where: %v", w.Slack.Thread("#deploys", card.TS))
	}
	if card, _ := crowd.card("#deploys", "web"); has(card, "Approve") {
		t.Error("the card can still be approved")
	}
}

// TestWhileSlackAnswersItIsBelieved, and not the configuration: about groups, and about who somebody is.
func TestWhileSlackAnswersItIsBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, operators)
	w.asked()
	lee, rec := w.as("lee")
	if lee.Away != nil {
		t.Errorf("Slack is there, and the operator is told that it is away: %v", lee.Away)
	}
	_, err := lee.Vote(t.Context(), rec, approvals.Ballot{Choice: "approve"})
	wantRefusal(t, err, "you are not in @sre")
	wantRefusal(t, lee.May(t.Context(), rec, "approve"), "you are not in @sre")
	_, err = w.operator("ira")
	wantRefusal(t, err, "deactivated")
	_, err = w.operator("mallory")
	wantRefusal(t, err, "operators")

	priya, rec := w.as("priya")
	voted, err := priya.Vote(t.Context(), rec, approvals.Ballot{Choice: "approve"})
	if err != nil || voted.State != ledger.Running || voted.Votes[0].Via != "command line" {
		t.Errorf("got %v by %+v, %v; want it running", voted.State, voted.Votes, err)
	}
}

// TestTheCommandLineKnowsTheRules: the requester does not count, a denial has a reason, a group must be the right
// one, and each refusal is on the record; Slack or no Slack.
func TestTheCommandLineKnowsTheRules(t *testing.T) {
	t.Parallel()
	for _, how := range []slacksim.Outage{slacksim.Up, slacksim.Unreachable, slacksim.Unavailable} {
		t.Run("slack "+string(how), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1, operators)
			w.asked()
			if err := w.Slack.SetOutage(how); err != nil {
				t.Fatal(err)
			}
			dana, rec := w.as("dana")
			_, err := dana.Vote(t.Context(), rec, approvals.Ballot{Choice: "approve"})
			wantRefusal(t, err, "You cannot approve your own request")
			sam, rec := w.as("sam")
			_, err = sam.Vote(t.Context(), rec, approvals.Ballot{Choice: "deny"})
			wantRefusal(t, err, "needs a reason")
			denied, err := sam.Vote(t.Context(), rec, approvals.Ballot{Choice: "deny", Reason: "not on a Friday"})
			if err != nil || denied.State != ledger.Denied {
				t.Errorf("got %v, %v; want it denied", denied.State, err)
			}
			_, err = sam.Vote(t.Context(), rec, approvals.Ballot{Choice: "approve"})
			wantRefusal(t, err, "was denied")
			events, err := audit.New(dial(t, w.Info()), audit.Key("amiral")).Of(t.Context(), string(rec.ID))
			if err != nil {
				t.Fatal(err)
			}
			refused := 0
			for _, e := range events {
				if e.Kind == "refused" && strings.HasPrefix(e.Fields["via"], "command line") {
					refused++
				}
			}
			if refused != 3 {
				t.Errorf("got %d refusals on the record, want 3: %+v", refused, events)
			}
		})
	}
}

// TestASlackThatSaysNoIsNotAway: a token that was revoked is no reason to believe the configuration.
func TestASlackThatSaysNoIsNotAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0, operators)
	w.Slack.Revoke(true)
	_, err := w.operator("sam")
	wantRefusal(t, err, "Slack does not accept the bot token")
}

// TestVotesGivenInSlackStandWhileItIsAway: who voted there is not asked again, and one person still fills one seat.
func TestVotesGivenInSlackStandWhileItIsAway(t *testing.T) {
	t.Parallel()
	two := func(_ *workspace.Options, c *config.Config) {
		c.Policy = policy.Policy{Rules: []policy.Rule{{
			Name: "two groups", Require: []ledger.Need{{Groups: []string{"sre"}, Min: 1}, {Groups: []string{"owners"}, Min: 1}}, ValidFor: time.Hour,
		}}}
	}
	w := newWorld(t, 1, operators, two)
	crowd := w.asked()
	card, _ := crowd.card("#deploys", "web")
	if err := w.Slack.As("lead").Click("#deploys", card.TS, "Approve"); err != nil {
		t.Fatal(err)
	}
	if !until(t.Context(), patience, func() bool { return w.request().Approvals() == 1 }) {
		t.Fatal("the vote given in Slack is not seen")
	}
	if err := w.Slack.SetOutage(slacksim.Unreachable); err != nil {
		t.Fatal(err)
	}
	sam, rec := w.as("sam")
	voted, err := sam.Vote(t.Context(), rec, approvals.Ballot{Choice: "approve"})
	if err != nil || voted.State != ledger.Running || len(voted.Votes) != 2 {
		t.Errorf("got %v by %+v of %+v, %v; want it running on two votes", voted.State, voted.Votes, voted.Rule, err)
	}
}
