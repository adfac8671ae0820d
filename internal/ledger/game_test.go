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

// TestModel plays random requests, votes, denials, corrections, withdrawals, extensions, reminders, holds, signals,
// turns and hours against the model. Where there is a real Redis it plays most of the games, since it is faster.
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
			play(rt, t, s)
		})
	})
	if most == mini {
		rapid.Check(t, func(rt *rapid.T) { play(rt, t, mini) })
	}
}

// game is one run on a ledger of its own.
type game struct {
	*rapid.T
	t *testing.T
	s *ledgertest.Server
	l *ledger.Ledger
	m *model
}

func play(rt *rapid.T, t *testing.T, s *ledgertest.Server) {
	s.Clear(t)
	g := &game{T: rt, t: t, s: s, l: ledger.New(s.Redis(), ledger.Options{Prefix: s.Prefix}), m: &model{ops: map[ledger.ID]*modelOp{}}}
	moves := map[string]func(ledger.ID){
		"submit": g.submit, "vote": g.vote, "widen": g.widen, "withdraw": g.withdraw, "prolong": g.prolong,
		"signal": g.signal, "turn": g.turn, "wake": g.wake, "pass": g.pass,
	}
	names := rapid.SampledFrom([]string{
		"submit", "submit", "submit", "vote", "vote", "vote", "vote", "vote", "vote", "vote", "vote", "vote", "vote", "widen", "widen", "widen",
		"withdraw", "prolong", "signal", "turn", "turn", "turn", "turn", "turn", "wake", "pass", "pass", "pass",
	})
	for range rapid.IntRange(3, 30).Draw(rt, "steps") {
		x := rapid.SampledFrom([]ledger.ID{"op-a", "op-a", "op-a", "op-a", "op-b", "op-c", "op-c"}).Draw(rt, "id")
		moves[names.Draw(rt, "do")](x)
		if g.m.ops[x] != nil {
			g.agree(x)
		}
	}
	g.agree(g.m.order...)
	broken, err := ledgertest.Broken(context.Background(), s.Redis(), s.Prefix)
	if err != nil || len(broken) > 0 {
		rt.Fatalf("invariants: %v, %v", broken, err)
	}
}

func (g *game) pick(what string, from ...string) string {
	return rapid.SampledFrom(from).Draw(g.T, what)
}

func (g *game) minutes(what string, most int) time.Duration {
	return time.Duration(rapid.IntRange(1, most).Draw(g.T, what)) * time.Minute
}

// refused compares an error with the model's word for it.
func (g *game) refused(what string, got error, want string) {
	if refusal(got) != want {
		g.Fatalf("%s: got %v, want %q", what, got, want)
	}
}

// refusal is an error in the model's words.
func refusal(err error) string {
	if _, ok := errors.AsType[*ledger.DecidedError](err); ok {
		return "decided"
	}
	for word, e := range map[string]error{
		"": nil, "unknown": ledger.ErrNotFound, "expired": ledger.ErrExpired, "self": ledger.ErrSelf, "digest": ledger.ErrDigest,
		"voted": ledger.ErrVoted, "not running": ledger.ErrNotRunning, "not narrow": ledger.ErrNotNarrow, "limit": ledger.ErrLimit,
	} {
		if errors.Is(err, e) {
			return word
		}
	}
	return err.Error()
}

// plan is the digest of what an id asks for: two and two of them ask for the same.
func plan(id ledger.ID) string { return map[ledger.ID]string{"op-a": "d1", "op-b": "d1"}[id] + "plan" }

func (g *game) submit(id ledger.ID) {
	w := wish{
		digest: plan(id), validity: time.Hour, narrow: rapid.Bool().Draw(g.T, "narrow"),
		places: rapid.SampledFrom([][]int{nil, {1}, {2}, {1, 1}, {1, 1}, {2, 1}, {1, 2}, {1, 1, 1}}).Draw(g.T, "places"),
		remind: rapid.SampledFrom([][]time.Duration{nil, {30 * time.Minute}, {10 * time.Minute, 30 * time.Minute}}).Draw(g.T, "remind"),
		nag:    rapid.SampledFrom([]time.Duration{0, 3 * time.Minute}).Draw(g.T, "nag"),
	}
	p := proposal("", 0)
	p.ID, p.Digest = id, w.digest
	p.Rule = ledger.Rule{ValidFor: w.validity, Remind: w.remind, Nag: w.nag}
	for i, n := range w.places {
		p.Rule.Needs = append(p.Rule.Needs, ledger.Need{Groups: []string{"sre", "owners", "leads"}[i : i+1], Min: n})
	}
	if w.narrow {
		p.Narrow = "half of it"
	}
	rec, _, err := g.l.Submit(context.Background(), p)
	g.refused("submit", err, "")
	if want := g.m.submit(id, w); rec.ID != want {
		g.Fatalf("submit of %s: got %s, want %s", id, rec.ID, want)
	}
}

// ballot draws a vote, and what others may fill by now.
func (g *game) ballot() (modelVote, map[string][]int) {
	fills := rapid.SampledFrom([][]int{nil, {0}, {0}, {1}, {0, 1}, {0, 1}, {1, 2}, {0, 1, 2}})
	v := modelVote{user: g.pick("user", "U1", "U2", "U3", "U4", "U5", "U1", "U2", "U3", "U4", "U5", "UREQ"), fills: fills.Draw(g.T, "fills")}
	corrected := map[string][]int{}
	for _, user := range []string{"U1", "U2", "U3"} {
		if rapid.IntRange(0, 12).Draw(g.T, "corrected") == 7 {
			corrected[user] = fills.Draw(g.T, "by now")
		}
	}
	delete(corrected, v.user)
	return v, corrected
}

func (g *game) vote(id ledger.ID) {
	v, corrected := g.ballot()
	v.narrow = rapid.IntRange(0, 2).Draw(g.T, "narrow") == 2
	choice := g.pick("choice", "approve", "approve", "approve", "approve", "approve", "approve", "approve", "approve", "approve", "approve", "approve", "deny")
	digest := g.pick("digest", plan(id), plan(id), plan(id), plan(id), plan(id), plan(id), plan(id), plan(id), plan(id), "d2")
	o, stay := ledger.VoteOptions{Fills: corrected}, time.Duration(0)
	if rapid.IntRange(0, 3).Draw(g.T, "frozen") == 3 {
		stay = g.minutes("stay", 30)
		o.Stay = g.stay(stay)
	}
	_, err := g.l.Vote(context.Background(), id, -1,
		ledger.Vote{Actor: person(v.user), Choice: choice, Fills: v.fills, Narrow: v.narrow}, digest, o)
	g.refused("vote", err, g.m.vote(id, v, choice == "deny", digest, corrected, stay))
}

func (g *game) stay(d time.Duration) ledger.Stay {
	return ledger.Stay{Until: g.s.Now().Add(d), Why: g.pick("why", "Frozen.", "It is the weekend.")}
}

func (g *game) widen(id ledger.ID) {
	v, corrected := g.ballot()
	_, err := g.l.Widen(context.Background(), id, -1, ledger.Vote{Actor: person(v.user), Fills: v.fills}, ledger.VoteOptions{Fills: corrected})
	g.refused("widen", err, g.m.widen(id, v, corrected))
}

func (g *game) withdraw(id ledger.ID) {
	_, err := g.l.Withdraw(context.Background(), id, person("UREQ"), "")
	g.refused("withdraw", err, g.m.withdraw(id))
}

func (g *game) prolong(id ledger.ID) {
	_, err := g.l.Prolong(context.Background(), id, -1, person("UREQ"), time.Hour, 2)
	g.refused("prolong", err, g.m.prolong(id, time.Hour, 2))
}

func (g *game) signal(id ledger.ID) {
	name := g.pick("signal", "pause", "cancel", "rollback")
	_, err := g.l.Signal(context.Background(), id, -1, ledger.Signal{Name: name, By: person("U1")})
	g.refused("signal", err, g.m.signal(id, name))
}

func (g *game) wake(ledger.ID) {
	g.refused("wake", g.l.Wake(context.Background()), "")
	g.m.wake()
}

func (g *game) pass(ledger.ID) {
	d := g.minutes("minutes", 20)
	g.s.Pass(g.t, d)
	g.m.now += d
}

// turn takes a turn and does something with it.
func (g *game) turn(ledger.ID) {
	turn, err := g.l.Claim(context.Background(), "w", lease)
	g.refused("claim", err, "")
	who := g.m.turns()
	if (turn == nil) != (len(who) == 0) || (turn != nil && !slices.Contains(who, turn.ID)) {
		g.Fatalf("turn: got %v, want one of %v", turn, who)
	}
	g.swept(turn == nil)
	if turn == nil {
		return
	}
	o := g.m.ops[turn.ID]
	if len(turn.Signals) != o.signals || turn.Cleared != o.begun || turn.State != o.state {
		g.Fatalf("turn of %s: got %d signals, %t, %s; want %d, %t, %s", turn.ID, len(turn.Signals), turn.Cleared, turn.State, o.signals, o.begun, o.state)
	}
	if turn.State == ledger.Held {
		g.look(turn, o)
	} else {
		g.step(turn, o)
	}
}

// swept sees what a claim did to the requests that were due on its way: with a turn, any of them; without, all.
func (g *game) swept(all bool) {
	for _, id := range g.m.order {
		o := g.m.ops[id]
		if o.state != ledger.Pending || o.due > g.m.now {
			continue
		}
		rec, err := g.l.Get(context.Background(), id)
		if err != nil {
			g.Fatal(err)
		}
		if done := rec.State != ledger.Pending || g.called(id) > o.calls; done || all {
			g.m.sweep(o)
		}
		if rec.State != o.state || g.called(id) != o.calls {
			g.Fatalf("%s was due: got %s and %d calls, want %s and %d", id, rec.State, g.called(id), o.state, o.calls)
		}
	}
}

// called counts the reminders of a request.
func (g *game) called(id ledger.ID) (n int) {
	entries, err := g.l.Journal(context.Background(), id)
	if err != nil {
		g.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind == "reminder" {
			n++
		}
	}
	return n
}

// look is a turn of what is held.
func (g *game) look(turn *ledger.Turn, o *modelOp) {
	ctx := context.Background()
	switch g.pick("look", "hold", "admit", "admit", "void", "retry") {
	case "hold":
		d := g.minutes("stay", 30)
		g.refused("hold", g.l.Hold(ctx, turn, g.stay(d)), "")
		g.m.hold(turn.ID, d)
	case "admit":
		g.refused("admit", g.l.Admit(ctx, turn), "")
		g.m.enter(turn.ID)
	case "void":
		g.refused("void", g.l.Finish(ctx, turn, ledger.End{State: ledger.Void, Outcome: "Changed."}), "")
		g.m.finish(turn.ID, ledger.Void)
	case "retry":
		_, err := g.l.Retry(ctx, turn, 2*time.Minute, "no answer", 1)
		g.refused("retry", err, "")
		o.due = g.m.now + 2*time.Minute
		if o.signals > len(turn.Signals) {
			o.due = g.m.now
		}
	}
}

// step is a turn of what runs.
func (g *game) step(turn *ledger.Turn, o *modelOp) {
	ctx := context.Background()
	switch g.pick("step", "hold", "hold", "clear", "checkpoint", "finish", "finish", "void") {
	case "hold":
		d := g.minutes("stay", 30)
		err := g.l.Hold(ctx, turn, g.stay(d))
		if o.begun || turn.Seq > 0 {
			if !errors.Is(err, ledger.ErrSeq) {
				g.Fatalf("hold of what has begun: got %v", err)
			}
			g.refused("release", g.l.Release(ctx, turn), "")
			return
		}
		g.refused("hold", err, "")
		g.m.hold(turn.ID, d)
	case "clear":
		g.refused("clear", g.l.Clear(ctx, turn, lease), "")
		g.refused("release", g.l.Release(ctx, turn), "")
		o.begun = true
	case "checkpoint":
		g.refused("checkpoint", g.l.Checkpoint(ctx, turn, ledger.Mark{Step: "next"}), "")
		o.signals = 0
	case "finish":
		g.refused("finish", g.l.Finish(ctx, turn, ledger.End{State: ledger.Succeeded}), "")
		g.m.finish(turn.ID, ledger.Succeeded)
	case "void":
		g.refused("void", g.l.Finish(ctx, turn, ledger.End{State: ledger.Void}), "")
		g.m.finish(turn.ID, ledger.Void)
	}
}

// agree compares operations with the model.
func (g *game) agree(ids ...ledger.ID) {
	for _, id := range ids {
		rec, err := g.l.Get(context.Background(), id)
		if err != nil {
			g.Fatal(err)
		}
		o := g.m.ops[id]
		// A request whose time is over is swept by a claim or by whoever votes on it, whichever comes first.
		over := o.state == ledger.Pending && g.m.now >= o.expires && rec.State == ledger.Expired
		if rec.State != o.state && !over {
			g.Fatalf("%s: got %s, want %s", id, rec.State, o.state)
		}
		missing := 0
		for _, need := range rec.Missing() {
			missing += need.Min
		}
		if n := o.sit(true); rec.Approvals() != n || missing != o.quorum()-n {
			g.Fatalf("%s: got %d approvals and %d missing, want %d of %d", id, rec.Approvals(), missing, n, o.quorum())
		}
		if rec.Narrowed != o.narrowed || rec.Extended != o.extended || (rec.Stayed != "") != (o.state == ledger.Held) {
			g.Fatalf("%s: got narrowed %t, extended %d, stayed %q; want %t, %d, %s", id, rec.Narrowed, rec.Extended, rec.Stayed,
				o.narrowed, o.extended, o.state)
		}
	}
}
