package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// why tells one person what they themselves may do and why, what is still missing, and which rule holds.
func (d *Desk) why(ctx context.Context, a *attempt, rec ledger.Record, who ledger.Actor) (Result, error) {
	lines := d.you(ctx, a, rec, who)
	switch {
	case rec.BreakGlass != "":
		lines = append(lines, card.Join(card.T("🚨 "), card.User(rec.Requester.User), card.T(" broke the glass: %s", rec.BreakGlass)),
			card.T("Skipped: %s.", otherwise(each(rec.Skipped), "nobody")))
	case rec.Rule.Quorum() > 0:
		lines = append(lines, card.Join(card.T("It needs %s: ", places(rec.Rule)), quorum(rec)))
	}
	if rec.State == ledger.Pending && rec.Kind != approvals.Review {
		lines = append(lines, card.Join(card.T("It expires "), card.When(rec.Expires), card.T(".")))
	}
	if rec.State == ledger.Held {
		lines = append(lines, card.Expand(held(rec)))
	}
	lines = append(lines, byRule(rec))
	c := notice(rec, stacked(lines))
	c.Title, c.Summary = "Why me?", rec.Title
	return reply(c), nil
}

// byRule names the rule that holds, and why it is that one.
func byRule(rec ledger.Record) card.Text {
	t := card.Join(card.T("Rule "), card.Text{{Bold: rec.Rule.Name}})
	if rec.Rule.Policy != "" {
		t = card.Join(t, card.T(" of the policy "), card.Code(short8(rec.Rule.Policy)))
	}
	if rec.Rule.Why != "" {
		return card.Join(t, card.T(": "), card.Expand(strings.TrimSuffix(rec.Rule.Why, ".")+"."))
	}
	return card.Join(t, card.T("."))
}

// short8 is as much of a fingerprint as is shown.
func short8(hash string) string { return hash[:min(8, len(hash))] }

// you says what this person may do with it now.
func (d *Desk) you(ctx context.Context, a *attempt, rec ledger.Record, who ledger.Actor) []card.Text {
	if i := slices.IndexFunc(rec.Votes, func(v ledger.Vote) bool { return v.Actor == who }); i >= 0 {
		told := []card.Text{voted(rec, rec.Votes[i])}
		if uncounted(rec, rec.Votes[i]) {
			told = append(told, d.may(ctx, a, rec, who, "approve", "You may approve it again")...)
		}
		return told
	}
	deed := wanted(rec)
	switch {
	case rec.State.Final():
		return []card.Text{card.T("It is over, so there is nothing left to decide.")}
	case deed == "approve" && rec.Requester == who:
		return []card.Text{card.T("You asked for it, so you cannot approve it. You may withdraw or extend it.")}
	case deed != "" && rec.Requester != who:
		return d.may(ctx, a, rec, who, deed, "You may approve it")
	case rec.State == ledger.Held || rec.State == ledger.Waiting:
		return d.may(ctx, a, rec, who, "withdraw", "You may withdraw it")
	}
	return d.may(ctx, a, rec, who, "cancel", "You may stop it")
}

// voted says what became of somebody's vote.
func voted(rec ledger.Record, v ledger.Vote) card.Text {
	switch {
	case v.Choice != "approve":
		return card.T("You have denied it.")
	case uncounted(rec, v):
		return card.T("You have approved it, and that does not count any more: you left the groups that must agree.")
	case v.Narrow:
		return card.T("You have approved it in part: %s.", otherwise(rec.Narrow, "the smaller thing"))
	case rec.State == ledger.Pending && !seated(rec, v.Actor):
		return card.T("You have approved it. It is counted, but the places that you may take are taken.")
	}
	return card.T("You have approved it.")
}

// may says whether somebody may, through which groups, or what right they lack and who has it.
func (d *Desk) may(ctx context.Context, a *attempt, rec ledger.Record, who ledger.Actor, deed, yes string) []card.Text {
	err := a.gate.May(ctx, rec, who, deed)
	f, refused := fault.As(err)
	switch {
	case err == nil && rec.Requester == who:
		return []card.Text{card.T("%s: you asked for it.", yes)}
	case err == nil:
		return []card.Text{card.T("%s%s.", yes, d.through(ctx, rec, who, deed))}
	case !refused:
		return []card.Text{card.T("Whether you may could not be found out just now.")}
	case f.Hint == "":
		return []card.Text{marked(f.Text)}
	}
	return []card.Text{marked(f.Text), marked(f.Hint)}
}

// through names the groups by which somebody may do something, as far as Slack says so.
func (d *Desk) through(ctx context.Context, rec ledger.Record, who ledger.Actor, deed string) string {
	needs := rec.Rule.Needs
	groups := rec.Rule.Groups()
	if deed == "cancel" || deed == "withdraw" {
		needs = slices.Concat(needs, rec.Skipped)
		groups = append(ledger.Rule{Needs: needs}.Groups(), rec.Rule.Cancel...)
	}
	if in := d.among(ctx, groups, who); len(in) > 0 {
		return ": you are in " + sentenceList(in)
	}
	if slices.ContainsFunc(needs, func(n ledger.Need) bool { return len(n.Groups) == 0 }) {
		return ": any full member of the workspace may, but for whoever asked"
	}
	return ""
}

// among are those of the groups that somebody is in.
func (d *Desk) among(ctx context.Context, groups []string, who ledger.Actor) []string {
	if d.Groups == nil {
		return nil
	}
	var in []string
	for _, g := range slices.Compact(slices.Sorted(slices.Values(groups))) {
		if ok, err := d.Groups.InGroup(ctx, who, g); err == nil && ok {
			in = append(in, "@"+g)
		}
	}
	return in
}
