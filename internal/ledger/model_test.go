package ledger_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// model is what a ledger is to do with requests on one resource, in plain Go.
type model struct {
	now   time.Duration
	order []ledger.ID
	ops   map[ledger.ID]*modelOp
	line  []ledger.ID // the holder first
}

type modelOp struct {
	state   ledger.State
	quorum  int
	same    bool // others of its digest are the same as it
	expires time.Duration
	voters  []string
}

// wish is the digest of what an id asks for: two and two of them ask for the same.
func wish(id ledger.ID) string { return map[ledger.ID]string{"op-a": "d1", "op-b": "d1"}[id] + "plan" }

// submit returns the operation that stands for the id.
func (m *model) submit(id ledger.ID, quorum int) ledger.ID {
	if m.ops[id] != nil {
		return id
	}
	for _, other := range m.order {
		if wish(other) != wish(id) {
			continue
		}
		if o, closed := m.open(other); o.same && (closed == "" || o.state == ledger.Waiting || o.state == ledger.Running) {
			return other
		}
	}
	m.order = append(m.order, id)
	m.ops[id] = &modelOp{state: ledger.Pending, quorum: quorum, expires: m.now + time.Hour, same: true}
	if quorum == 0 {
		m.approve(id)
	}
	return id
}

func (m *model) approve(id ledger.ID) {
	m.line = append(m.line, id)
	m.ops[id].state = ledger.Waiting
	m.ops[m.line[0]].state = ledger.Running
}

// open is why a request takes no votes any more; nil if it does.
func (m *model) open(id ledger.ID) (*modelOp, string) {
	o := m.ops[id]
	if o == nil {
		return nil, "unknown"
	}
	if o.state == ledger.Pending && m.now >= o.expires {
		o.state = ledger.Expired
	}
	if o.state == ledger.Expired {
		return o, "expired"
	}
	if o.state != ledger.Pending {
		return o, "decided"
	}
	return o, ""
}

func (m *model) vote(id ledger.ID, user, choice, digest string) string {
	o, closed := m.open(id)
	switch {
	case closed != "":
		return closed
	case user == "UREQ":
		return "self"
	case digest != wish(id):
		return "digest"
	case slices.Contains(o.voters, user):
		return "voted"
	case choice == "deny":
		o.state = ledger.Denied
		return ""
	}
	o.voters = append(o.voters, user)
	if len(o.voters) == o.quorum {
		m.approve(id)
	}
	return ""
}

func (m *model) withdraw(id ledger.ID) string {
	o, closed := m.open(id)
	if closed == "decided" && o.state == ledger.Waiting {
		m.line = slices.DeleteFunc(m.line, func(x ledger.ID) bool { return x == id })
		closed = ""
	}
	if closed == "" {
		o.state = ledger.Withdrawn
	}
	return closed
}

func (m *model) signal(id ledger.ID, name string) string {
	o := m.ops[id]
	if o == nil {
		return "unknown"
	}
	if o.state != ledger.Running {
		return "not running"
	}
	o.same = o.same && name == "pause"
	return ""
}

// runs is who gets the next turn.
func (m *model) runs() ledger.ID {
	if len(m.line) == 0 {
		return ""
	}
	return m.line[0]
}

func (m *model) finish() {
	m.ops[m.line[0]].state = ledger.Succeeded
	if m.line = m.line[1:]; len(m.line) > 0 {
		m.ops[m.line[0]].state = ledger.Running
	}
}

// refusal is an error in the model's words.
func refusal(err error) string {
	if _, ok := errors.AsType[*ledger.DecidedError](err); ok {
		return "decided"
	}
	for word, e := range map[string]error{
		"": nil, "unknown": ledger.ErrNotFound, "expired": ledger.ErrExpired, "self": ledger.ErrSelf,
		"digest": ledger.ErrDigest, "voted": ledger.ErrVoted, "not running": ledger.ErrNotRunning,
	} {
		if errors.Is(err, e) {
			return word
		}
	}
	return err.Error()
}

// TestModel plays random requests, votes, withdrawals, signals, turns and hours against the model. Where there
// is a real Redis it plays most of the games, since it is faster.
func TestModel(t *testing.T) {
	t.Parallel()
	mini, run := ledgertest.Mini(t), 0
	most := mini
	t.Run("redis", func(t *testing.T) {
		most = ledgertest.Real(t)
		rapid.Check(t, func(rt *rapid.T) {
			s := most
			if run++; run%10 == 0 {
				s = mini
			}
			game(rt, t, s)
		})
	})
	if most == mini {
		rapid.Check(t, func(rt *rapid.T) { game(rt, t, mini) })
	}
}

// game is one run on a ledger of its own.
func game(rt *rapid.T, t *testing.T, s *ledgertest.Server) {
	s.Clear(t)
	play(rt, t, s)
	broken, err := ledgertest.Broken(context.Background(), s.Redis(), s.Prefix)
	if err != nil || len(broken) > 0 {
		rt.Fatalf("invariants: %v, %v", broken, err)
	}
}

func play(rt *rapid.T, t *testing.T, s *ledgertest.Server) {
	ctx := context.Background()
	l := ledger.New(s.Redis(), ledger.Options{Prefix: s.Prefix})
	m := &model{ops: map[ledger.ID]*modelOp{}}
	id := rapid.SampledFrom([]ledger.ID{"op-a", "op-b", "op-c", "op-d"})
	user := rapid.SampledFrom([]string{"U1", "U2", "U3", "UREQ"})
	same := func(what string, got error, want string) {
		if refusal(got) != want {
			rt.Fatalf("%s: got %v, want %q", what, got, want)
		}
	}
	for range rapid.IntRange(3, 25).Draw(rt, "steps") {
		x := id.Draw(rt, "id")
		switch rapid.SampledFrom([]string{"submit", "vote", "vote", "vote", "withdraw", "signal", "turn", "pass"}).Draw(rt, "do") {
		case "submit":
			p := proposal("", rapid.IntRange(0, 2).Draw(rt, "quorum"))
			p.ID = x
			p.Digest = wish(x)
			rec, _, err := l.Submit(ctx, p)
			same("submit", err, "")
			if want := m.submit(x, p.Rule.Quorum()); rec.ID != want {
				rt.Fatalf("submit of %s: got %s, want %s", x, rec.ID, want)
			}
		case "vote":
			u, digest := user.Draw(rt, "user"), rapid.SampledFrom([]string{wish(x), wish(x), wish(x), "d2"}).Draw(rt, "digest")
			choice := rapid.SampledFrom([]string{"approve", "approve", "approve", "deny"}).Draw(rt, "choice")
			_, err := l.Vote(ctx, x, -1, ledger.Vote{Actor: person(u), Choice: choice, Fills: []int{0}}, digest, ledger.VoteOptions{})
			same("vote", err, m.vote(x, u, choice, digest))
		case "withdraw":
			_, err := l.Withdraw(ctx, x, person("UREQ"), "")
			same("withdraw", err, m.withdraw(x))
		case "signal":
			name := rapid.SampledFrom([]string{"pause", "cancel", "rollback"}).Draw(rt, "signal")
			_, err := l.Signal(ctx, x, -1, ledger.Signal{Name: name, By: person("U1")})
			same("signal", err, m.signal(x, name))
		case "turn":
			turn, err := l.Claim(ctx, "w", lease)
			same("claim", err, "")
			want := m.runs()
			if (turn == nil) != (want == "") || (turn != nil && turn.ID != want) {
				rt.Fatalf("turn: got %v, want %q", turn, want)
			}
			if turn == nil {
				break
			}
			if rapid.Bool().Draw(rt, "over") {
				same("finish", l.Finish(ctx, turn, ledger.End{State: ledger.Succeeded}), "")
				m.finish()
			} else {
				same("checkpoint", l.Checkpoint(ctx, turn, ledger.Mark{Step: "next"}), "")
			}
		case "pass":
			d := time.Duration(rapid.IntRange(1, 45).Draw(rt, "minutes")) * time.Minute
			s.Pass(t, d)
			m.now += d
		}
		if m.ops[x] != nil {
			agree(rt, l, m, x)
		}
	}
	agree(rt, l, m, m.order...)
}

// agree compares operations with the model.
func agree(rt *rapid.T, l *ledger.Ledger, m *model, ids ...ledger.ID) {
	for _, id := range ids {
		rec, err := l.Get(context.Background(), id)
		if err != nil {
			rt.Fatal(err)
		}
		o := m.ops[id]
		// A request whose time is over is swept by a claim or by whoever votes on it, whichever comes first.
		over := o.state == ledger.Pending && m.now >= o.expires && rec.State == ledger.Expired
		if rec.State != o.state && !over {
			rt.Fatalf("%s: got %s, want %s", id, rec.State, o.state)
		}
		if rec.Approvals() != len(o.voters) {
			rt.Fatalf("%s: got %d approvals, want %d", id, rec.Approvals(), len(o.voters))
		}
	}
}
