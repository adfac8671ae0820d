package audit_test

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatIsAppendedIsReadInOrder(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		log := audit.New(s.Redis(), audit.Key(s.Prefix))
		for i := range 5 {
			err := log.Append(t.Context(), audit.Event{
				Kind: "refused", Who: audit.Who{User: "U1", Team: "T1"}, Channel: "C1",
				What: fmt.Sprintf("/asg rollout web-%d \"x\"", i), Outcome: "denied", Fields: map[string]string{"rule": "prod\n"},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		first, err := log.Read(t.Context(), "", 3)
		if err != nil || len(first) != 3 {
			t.Fatalf("got %d events, %v", len(first), err)
		}
		rest, err := log.Read(t.Context(), first[2].ID, 100)
		if err != nil || len(rest) != 2 {
			t.Fatalf("got %d events, %v", len(rest), err)
		}
		e := rest[1]
		got := fmt.Sprint(e.Kind, e.Who, e.Channel, e.What, e.Outcome, e.Fields)
		want := "refused{U1 T1}C1/asg rollout web-4 \"x\"deniedmap[rule:prod\n]"
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if d := time.Since(e.At); d < -time.Minute || d > time.Minute {
			t.Errorf("it happened at %v", e.At)
		}
		none, err := log.Read(t.Context(), e.ID, 100)
		if err != nil || len(none) != 0 {
			t.Errorf("after the last: got %v, %v", none, err)
		}
	})
}

// TestTheLedgersTransitionsAreRead: the ledger writes to the same stream, in the same layout.
func TestTheLedgersTransitionsAreRead(t *testing.T) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		key := "{" + s.Prefix + "}:elsewhere"
		l := ledger.New(s.Redis(), ledger.Options{Prefix: s.Prefix, AuditKey: key})
		_, _, err := l.Submit(t.Context(), ledger.Proposal{
			ID: "op-1", Kind: "rollout", Step: "check", Title: "Roll web", Channel: "C1", Command: "/asg rollout web",
			Requester: ledger.Actor{User: "U1", Team: "T1"}, Digest: "d", Rule: ledger.Rule{Name: "prod", Needs: ledger.From(1), ValidFor: time.Hour},
		})
		if err != nil {
			t.Fatal(err)
		}
		by := ledger.Actor{User: "U2", Team: "T1"}
		if _, err := l.Vote(t.Context(), "op-1", -1, ledger.Vote{Actor: by, Choice: "approve", Reason: "fine", Fills: []int{0}}, "d", ledger.VoteOptions{}); err != nil {
			t.Fatal(err)
		}
		events, err := audit.New(s.Redis(), key).Read(t.Context(), "", 100)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range events {
			got = append(got, fmt.Sprint(e.Kind, " ", e.Op, " ", e.Who.User, " ", e.Channel, " ", e.What, " ", e.Outcome))
		}
		want := "[proposed op-1 U1 C1 Roll web pending vote op-1 U2 C1 Roll web pending " +
			"approved op-1 U2 C1 Roll web approved started op-1  C1 Roll web running]"
		if fmt.Sprint(got) != want {
			t.Errorf("got  %v\nwant %s", got, want)
		}
		if events[0].Fields["rule"] != "prod" || events[0].Fields["command"] != "/asg rollout web" || events[1].Fields["reason"] != "fine" {
			t.Errorf("got fields %v and %v", events[0].Fields, events[1].Fields)
		}
	})
}
