package ledger_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("rapid.nofailfile", "true") // it prints the seed
	if !testing.Short() {
		_ = flag.Set("rapid.checks", cmp.Or(os.Getenv("RAPID_CHECKS"), "2000")) // it is a flag of this binary
	}
	debug.SetGCPercent(400) // a miniredis makes a Lua machine for each script
	goleak.VerifyTestMain(m)
}

// desk is a ledger with what tests do to it.
type desk struct {
	*ledger.Ledger
	t   testing.TB
	s   *ledgertest.Server
	ctx context.Context
}

// each runs a test on every kind of Redis, and checks the invariants after it.
func each(t *testing.T, test func(d *desk)) {
	t.Parallel()
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) { test(newDesk(t, s, ledger.Options{})) })
}

func newDesk(t testing.TB, s *ledgertest.Server, o ledger.Options) *desk {
	o.Prefix = s.Prefix
	t.Cleanup(func() {
		if !t.Failed() {
			ledgertest.Check(t, s.Redis(), s.Prefix)
		}
	})
	return &desk{Ledger: ledger.New(s.Redis(), o), t: t, s: s, ctx: context.Background()}
}

func person(name string) ledger.Actor { return ledger.Actor{User: name, Team: "T1"} }

// proposal is a request for a change of the group web, which n people must agree to.
func proposal(name string, n int) ledger.Proposal {
	return ledger.Proposal{
		ID: ledger.IDOf(name), Kind: "rollout", Step: "check", Title: "Roll " + name, Resource: "1/eu/asg/web",
		Requester: person("UREQ"), Channel: "C1", Payload: []byte(`{"plan":12345678901234567890}`), Digest: digest(name),
		Rule: ledger.Rule{Name: "prod", Needs: ledger.From(n), ValidFor: time.Hour},
	}
}

// digest is that of what a name asks for.
func digest(name string) string { return "plan of " + name }

func (d *desk) submit(name string, n int) ledger.Record {
	d.t.Helper()
	rec, _, err := d.Submit(d.ctx, proposal(name, n))
	if err != nil {
		d.t.Fatal(err)
	}
	return rec
}

func (d *desk) vote(id ledger.ID, user, choice string) (ledger.Record, error) {
	rec, err := d.Get(d.ctx, id)
	if err != nil {
		return rec, err
	}
	return d.Vote(d.ctx, id, -1, ledger.Vote{Actor: person(user), Choice: choice, Fills: []int{0}}, rec.Digest, ledger.VoteOptions{})
}

func (d *desk) get(id ledger.ID) ledger.Record {
	d.t.Helper()
	rec, err := d.Get(d.ctx, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return rec
}

func (d *desk) claim() *ledger.Turn {
	d.t.Helper()
	turn, err := d.Claim(d.ctx, "worker", lease)
	if err != nil {
		d.t.Fatal(err)
	}
	return turn
}

// must claims what has to be due.
func (d *desk) must() *ledger.Turn {
	d.t.Helper()
	turn := d.claim()
	if turn == nil {
		d.t.Fatal("nothing is due")
	}
	return turn
}

func (d *desk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) want(what string, got, want any) {
	d.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		d.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// lines are what the thread of an operation is to say.
func (d *desk) lines(id ledger.ID) []string {
	d.t.Helper()
	entries, err := d.Journal(d.ctx, id)
	d.ok(err)
	var lines []string
	for _, e := range entries {
		if e.Line != "" {
			lines = append(lines, e.Line)
		}
	}
	return lines
}

const lease = 15 * time.Second

// servers are the kinds of Redis to try something on that needs options of its own.
func servers(t *testing.T) map[string]func(testing.TB) *ledgertest.Server {
	t.Helper()
	return map[string]func(testing.TB) *ledgertest.Server{"miniredis": ledgertest.Mini, "redis": ledgertest.Real}
}
