package commands

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Ops is the commands about operations of every kind, and about the bot itself.
type Ops struct {
	Settings Settings
	Records  Records
	Trail    Trail                                 // nil: there is no audit to tell from
	Draw     func(ledger.Record) card.Card         // an operation's card as its thread shows it
	Health   func(ctx context.Context) []card.Fact // how the bot itself does; nil tells nothing
	// Within are those of the groups that the policy names that somebody is in; nil tells nothing of it.
	Within func(ctx context.Context, who ledger.Actor) ([]string, error)
}

// Commands are the commands of `/amiral`.
func (o *Ops) Commands() []Command {
	op := grammar.Arg{Name: "operation", About: "its id, or how that begins"}
	all := []Command{
		{Path: []string{home, "status"}, Summary: "Show what runs and what waits.", Example: "/amiral status", ReadOnly: true, Run: o.status},
		{Path: []string{home, "whoami"}, Summary: "Show who you are to me and which environment you mean here.", Example: "/amiral whoami", ReadOnly: true, Run: o.whoami},
		{Path: []string{home, "ops", "list"}, Summary: "List operations: the open ones, or the last ones too.", Example: "/amiral ops list --all", ReadOnly: true, Run: o.list,
			Flags: []grammar.Flag{{Name: "all", Kind: grammar.Bool, About: "those that are over, too"}}},
		{Path: []string{home, "ops", "show"}, Summary: "Show one operation in full.", Example: "/amiral ops show op-7f3k", ReadOnly: true, Run: o.show, Args: []grammar.Arg{op}},
		{Path: []string{home, "ops", "cancel"}, Summary: "Take back a request, or stop an operation that runs.", Example: "/amiral ops cancel op-7f3k", Run: o.cancel, Args: []grammar.Arg{op}},
	}
	if o.Trail != nil {
		all = append(all, o.auditing(op))
	}
	return all
}

func (o *Ops) status(ctx context.Context, _ *Call) (Result, error) {
	open, err := o.Records.Open(ctx)
	if err != nil {
		return Result{}, unread("list open operations", err)
	}
	count := map[ledger.State]int{}
	for _, r := range open {
		count[r.State]++
	}
	c := card.Card{Title: "Status", Summary: openOnes(len(open)) + "."}
	c.Sections = append(c.Sections, card.Section{Facts: []card.Fact{
		{Label: "Running", Value: card.T("%d", count[ledger.Running])},
		{Label: "Waiting for approval", Value: card.T("%d", count[ledger.Pending])},
		{Label: "Held back", Value: card.T("%d", count[ledger.Held])},
		{Label: "Waiting for their turn", Value: card.T("%d", count[ledger.Waiting])},
		{Label: "Stuck", Value: card.T("%d", count[ledger.Stuck])},
	}})
	if o.Health != nil {
		c.Sections = append(c.Sections, card.Section{Facts: o.Health(ctx)})
	}
	if len(open) > 0 {
		c.Sections = append(c.Sections, list(open, 15)...)
	}
	return reply(c), nil
}

// openOnes is how many operations are open.
func openOnes(n int) string {
	if n == 1 {
		return "1 operation is open"
	}
	return fmt.Sprintf("%d operations are open", n)
}

func (o *Ops) whoami(ctx context.Context, c *Call) (Result, error) {
	here := card.T("none: name it with --in %s", strings.Join(o.Settings.names(), " or --in "))
	if env, err := o.Settings.environment("", c.Channel); err == nil {
		here = card.T("%s (%s)", env.Name, env.Region)
	}
	known := card.Card{
		Summary: "You are " + c.Person.Name + ".",
		Sections: []card.Section{{Facts: []card.Fact{
			{Label: "You are", Value: card.Join(card.User(c.Actor.User), card.T(" (%s)", c.Person.Name))},
			{Label: "User", Value: card.Code(c.Actor.User)},
			{Label: "Workspace", Value: card.Code(c.Actor.Team)},
			{Label: "Commands here mean", Value: here},
		}}},
	}
	if o.Within != nil {
		known.Sections[0].Facts = append(known.Sections[0].Facts, card.Fact{Label: "Your groups", Value: o.within(ctx, c.Actor)})
	}
	return reply(known), nil
}

// within says which groups count for somebody.
func (o *Ops) within(ctx context.Context, who ledger.Actor) card.Text {
	groups, err := o.Within(ctx, who)
	switch {
	case err != nil:
		return card.T("Slack does not tell me just now")
	case len(groups) == 0:
		return card.T("none that the policy names")
	}
	return card.T("@%s", strings.Join(groups, ", @"))
}

func (o *Ops) list(ctx context.Context, c *Call) (Result, error) {
	records, err := o.Records.Open(ctx)
	title, none := "Open operations", "Nothing runs and nothing waits."
	if c.Words.Bool("all") {
		title, none = "Operations", "There has been no operation yet."
		records, err = o.Records.Recent(ctx, 40)
	}
	if err != nil {
		return Result{}, unread("list operations", err)
	}
	k := card.Card{Title: title, Summary: fmt.Sprintf("%s: %d", title, len(records))}
	if len(records) == 0 {
		k.Sections = []card.Section{card.Para(card.T("%s", none))}
		return reply(k), nil
	}
	k.Sections = list(records, 30)
	return reply(k), nil
}

// find reads the operation that somebody names, and knows what they may have meant.
func find(ctx context.Context, records Records, id string) (ledger.Record, error) {
	rec, err := records.Find(ctx, strings.ToLower(id))
	if err == nil {
		return rec, nil
	}
	var names []string
	if recent, err := records.Recent(ctx, 100); err == nil {
		for _, r := range recent {
			names = append(names, string(r.ID))
		}
	}
	return rec, unfound(err, id, names)
}

func (o *Ops) show(ctx context.Context, c *Call) (Result, error) {
	rec, err := find(ctx, o.Records, c.Words.Arg("operation"))
	if err != nil {
		return Result{}, err
	}
	return shown(ctx, o.Records, o.Draw, rec)
}

// shown is an operation's own card with its journal.
func shown(ctx context.Context, records Records, draw func(ledger.Record) card.Card, rec ledger.Record) (Result, error) {
	c := card.Card{Title: rec.Title, Tone: tone(rec.State), Sections: []card.Section{{Facts: facts(rec)}}}
	if draw != nil {
		c = draw(rec)
		c.Key = ""
	}
	lines, err := journal(ctx, records, rec.ID)
	if err != nil {
		return Result{}, err
	}
	c.Sections = append(c.Sections, lines...)
	if link := cardLink(rec); link != nil {
		c.Foot = append(c.Foot, card.Join(card.T("Its thread:"), link))
	}
	return reply(c), nil
}

func (o *Ops) cancel(ctx context.Context, c *Call) (Result, error) {
	rec, err := find(ctx, o.Records, c.Words.Arg("operation"))
	if err != nil {
		return Result{}, err
	}
	return stop(ctx, c, rec)
}

// stop takes back what waits and cancels what runs.
func stop(ctx context.Context, c *Call, rec ledger.Record) (Result, error) {
	switch {
	case rec.State == ledger.Pending || rec.State == ledger.Held || rec.State == ledger.Waiting:
		if _, err := c.Gate.Withdraw(ctx, rec.ID, c.Actor, c.Words.Text("reason")); err != nil {
			return Result{}, err
		}
		return done(rec, "Withdrawn: it will not run."), nil
	case rec.State.Final():
		return Result{}, fault.New(fault.Conflict, "%s", standing(rec)).WithHint("There is nothing to cancel any more.")
	}
	return signal(ctx, c, rec, "cancel")
}

// signal asks a running operation for something.
func signal(ctx context.Context, c *Call, rec ledger.Record, name string) (Result, error) {
	reason := cmp.Or(c.Words.Text("reason"), c.Words.Text(glassFlag))
	if _, err := c.Gate.Signal(ctx, rec.ID, -1, c.Actor, name, reason); err != nil {
		return Result{}, err
	}
	return done(rec, "Asked to "+verb(name)+"; its thread tells when it has."), nil
}

func verb(signal string) string {
	if signal == "rollback" {
		return "roll back"
	}
	return signal
}

// done tells the person who typed that it was done; everybody else reads it in the thread.
func done(rec ledger.Record, what string) Result {
	return reply(card.Card{
		Summary:  rec.Title + ": " + what,
		Sections: []card.Section{card.Para(card.Join(card.Text{{Bold: rec.Title}}, card.T("\n%s", what), cardLink(rec)))},
		Foot:     []card.Text{card.Join(card.T("Operation "), card.Code(string(rec.ID)))},
	})
}
