package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// frozen is the operation of a freeze with its plan.
type frozen struct {
	ledger.Record
	plan freeze.Plan
}

// open are the freezes that are asked for or hold, oldest first.
func (z *Freezes) open(ctx context.Context) (freezes []frozen, others []ledger.Record, err error) {
	all, err := z.Records.Open(ctx)
	if err != nil {
		return nil, nil, unread("list open operations", err)
	}
	for _, r := range all {
		plan, err := freeze.PlanOf(r)
		if r.Kind != freeze.Kind || err != nil {
			others = append(others, r)
			continue
		}
		freezes = append(freezes, frozen{r, plan})
	}
	return freezes, others, nil
}

func (z *Freezes) unfreeze(ctx context.Context, c *Call) (Result, error) {
	all, _, err := z.open(ctx)
	if err != nil {
		return Result{}, err
	}
	word, in := c.Words.Arg("environment or target"), c.Words.Text("in")
	meant := slices.DeleteFunc(slices.Clone(all), func(f frozen) bool { return !f.means(word, in) })
	switch len(meant) {
	case 1:
		return lift(ctx, c, meant[0].Record)
	case 0:
		return Result{}, z.notFrozen(word, all)
	}
	var which []string
	for _, f := range meant {
		which = append(which, fmt.Sprintf("%s (%s)", f.ID, f.plan.What()))
	}
	return Result{}, fault.New(fault.Invalid, "Several freezes may be meant: %s.", card.Inert(strings.Join(which, ", "))).
		WithHint("Name one: `/amiral unfreeze %s`.", meant[0].ID)
}

// lift ends a freeze that holds, and takes back one that does not yet.
func lift(ctx context.Context, c *Call, rec ledger.Record) (Result, error) {
	if rec.State != ledger.Running {
		return stop(ctx, c, rec)
	}
	if _, err := c.Gate.Signal(ctx, rec.ID, -1, c.Actor, "cancel", c.Words.Text("reason")); err != nil {
		return Result{}, err
	}
	return done(rec, "Asked to lift it; its thread tells when it has thawed."), nil
}

// means reports whether a word stands for the freeze: its operation, its environment, or its target.
func (f frozen) means(word, in string) bool {
	switch {
	case in != "" && !strings.EqualFold(f.plan.Environment, in):
		return false
	case strings.HasPrefix(strings.ToLower(word), "op-"):
		return strings.HasPrefix(string(f.ID), strings.ToLower(word))
	case f.plan.Target == "":
		return strings.EqualFold(f.plan.Environment, word) || in != "" && word == "*"
	}
	return f.plan.Target == word
}

func (z *Freezes) notFrozen(word string, all []frozen) error {
	f := fault.New(fault.NotFound, "There is no freeze of %s.", card.Inert(short(word, 80)))
	var names []string
	for _, z := range all {
		names = append(names, otherwise(z.plan.Target, z.plan.Environment))
	}
	if near := grammar.Near(word, names); near != "" {
		return f.WithHint("Did you mean `/amiral unfreeze %s`?", card.Inert(near))
	}
	return f.WithHint("`/amiral freezes` shows the ones there are.")
}

// list shows every freeze with what waits behind it.
func (z *Freezes) list(ctx context.Context, _ *Call) (Result, error) {
	inForce, err := z.InForce.All(ctx)
	if err != nil {
		return Result{}, unread("list freezes", err)
	}
	asked, others, err := z.open(ctx)
	if err != nil {
		return Result{}, err
	}
	k := card.Card{Title: "Freezes", Summary: count(len(inForce), "freeze") + " in force."}
	if len(inForce) == 0 {
		k.Summary = "Nothing is frozen."
		k.Sections = []card.Section{card.Para(card.T("%s", k.Summary))}
	}
	slices.SortFunc(inForce, func(a, b freeze.Freeze) int { return a.Until.Compare(b.Until) })
	const most = 15
	for _, f := range inForce[:min(most, len(inForce))] {
		k.Sections = append(k.Sections, z.behind(f, others)...)
	}
	if hidden := len(inForce) - most; hidden > 0 {
		k.Sections = append(k.Sections, card.Para(card.T("… and %d more.", hidden)))
	}
	var waiting []ledger.Record
	for _, f := range asked {
		if f.State == ledger.Pending {
			waiting = append(waiting, f.Record)
		}
	}
	if len(waiting) > 0 {
		k.Sections = append(k.Sections, card.Section{Divider: true}, card.Para(card.Text{{Bold: "Asked for, and not approved yet"}}))
		k.Sections = append(k.Sections, list(waiting, 10)...)
	}
	return reply(k), nil
}

// behind draws a freeze with the operations that are approved and held back by it.
func (z *Freezes) behind(f freeze.Freeze, others []ledger.Record) []card.Section {
	t := card.Join(card.T("🧊 "), card.Text{{Bold: f.What()}}, card.T(" until "), card.When(f.Until), card.T(" · by "), card.User(f.By.User),
		card.T(" · %s · ", f.Reason), card.Code(string(f.ID)))
	now := z.now()
	held := only(others, func(r ledger.Record) bool {
		return r.State == ledger.Held && f.Covers(r.Environment, r.Target, now)
	})
	if len(held) == 0 {
		return []card.Section{card.Para(card.Join(t, card.T("\nNothing waits behind it.")))}
	}
	return append([]card.Section{card.Para(card.Join(t, card.T("\n%s behind it:", waits(len(held)))))}, list(held, 10)...)
}

func waits(n int) string {
	if n == 1 {
		return "1 operation waits"
	}
	return count(n, "operation") + " wait"
}
