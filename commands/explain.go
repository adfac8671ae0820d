package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// explain is the command that says what the policy makes of another one, which is understood and planned, and
// never asked for.
func (b *Book) explain() Command {
	return Command{
		Path: []string{home, "policy", "explain"}, Summary: "Say which rule a command falls under, and why; nothing is asked for.",
		Details: "Everything behind it is the command as you would type it, with all its flags.",
		Example: "/amiral policy explain asg rollout web --image ami-0b2",
		Args:    []grammar.Arg{{Name: "command", About: "the whole command with its flags", Rest: true, Max: 3900}},
		Run:     b.explained, ReadOnly: true,
	}
}

func (b *Book) explained(ctx context.Context, c *Call) (Result, error) {
	m, err := b.find(c.Words.Arg("command"))
	if wanted, ok := errors.AsType[*helpWanted](err); ok {
		return reply(b.overview(wanted.path)), nil
	}
	if err != nil {
		return Result{}, err
	}
	spec := m.command.Spec()
	words, err := spec.Parse(m.given(), m.broken)
	switch {
	case errors.Is(err, grammar.Help):
		return reply(m.command.help()), nil
	case err != nil:
		return Result{}, err
	case m.command.ReadOnly:
		return reply(unasked(spec.Print(words), "This only reads, so no rule is asked: everybody who may speak to me may do it.")), nil
	}
	delete(words.Flags, dryFlag)
	inner := &Call{Request: c.Request, Person: c.Person, Words: words, Typed: spec.Print(words)}
	return b.judged(ctx, c, m.command, inner)
}

// judged runs a command behind a closed gate, and has what it would ask for judged by the real one.
func (b *Book) judged(ctx context.Context, c *Call, command Command, inner *Call) (Result, error) {
	shut := &closed{}
	inner.Gate = shut
	result, err := command.Run(ctx, inner)
	switch {
	case shut.deed != "":
		return reply(unasked(inner.Typed, shut.bears())), nil
	case err != nil:
		return Result{}, err
	case result.Propose == nil:
		return proposesNothing(inner.Typed, result), nil
	}
	s := *result.Propose
	s.Args, s.BreakGlass = b.typed(inner.Typed), folded(inner.Words.Text(glassFlag))
	v, err := c.Gate.Explain(ctx, c.Actor, s)
	return reply(verdict(s, v)), err
}

// unasked answers for a command that no rule of the policy is asked about.
func unasked(typed, why string) card.Card {
	return card.Card{
		Title: "What the policy says", Summary: why, Sections: []card.Section{{Code: typed}, card.Para(marked(why))},
		Foot: []card.Text{card.T("Nothing was asked for.")},
	}
}

// proposesNothing shows what the command would have answered instead of asking for something.
func proposesNothing(typed string, r Result) Result {
	c := unasked(typed, "As things are this would ask for nothing, so no rule is asked.")
	if r.Reply != nil {
		c.Sections = append(c.Sections, card.Section{Divider: true}, card.Para(card.Text{{Bold: r.Reply.Title}}))
		c.Sections = append(c.Sections, r.Reply.Sections...)
	}
	return reply(c)
}

// verdict draws what the policy says of a spec.
func verdict(s approvals.Spec, v policy.Verdict) card.Card {
	c := card.Card{Title: "What the policy says", Tone: card.Asking, Summary: s.Title + ": " + s.Command}
	c.Sections = []card.Section{card.Para(card.Text{{Bold: s.Title}}), {Code: s.Command}}
	if v.Refused != "" {
		c.Tone = card.Warning
		c.Sections = append(c.Sections, card.Para(card.Join(card.T("❌ "), marked(v.Refused))))
		if v.Hint != "" {
			c.Sections = append(c.Sections, card.Para(marked(v.Hint)))
		}
	}
	if v.Rule.Why != "" {
		c.Sections = append(c.Sections, card.Para(card.Join(card.Text{{Bold: "Why:"}}, card.T(" "), card.Expand(v.Rule.Why))))
	}
	c.Sections = append(c.Sections, card.Section{Facts: asksFor(s, v)})
	if rights := others(v); len(rights) > 0 {
		c.Sections = append(c.Sections, card.Section{Facts: rights})
	}
	c.Sections = append(c.Sections, passed(v.Passed)...)
	c.Foot = []card.Text{card.T("Nothing was asked for. When it is, the rule is chosen anew.")}
	return c
}

// asksFor is what a rule wants before the operation may start.
func asksFor(s approvals.Spec, v policy.Verdict) []card.Fact {
	var all []card.Fact
	add := func(label, format string, args ...any) {
		all = append(all, card.Fact{Label: label, Value: card.T(format, args...)})
	}
	add("Rule", "%s", otherwise(v.Rule.Name, "none"))
	if v.Rule.Policy != "" {
		all = append(all, card.Fact{Label: "Policy", Value: card.Code(short8(v.Rule.Policy))})
	}
	if s.Impact != "" {
		add("Impact", "%s", s.Impact)
	}
	switch {
	case v.Refused != "" && v.Rule.Quorum() == 0:
		return all
	case v.Rule.Quorum() == 0:
		add("Needs", "no approval: it starts at once")
		return append(all, breakers(v.Glass)...)
	}
	add("Needs", "%s", needs(v.Rule))
	if v.Refused == "" {
		add("Can they be met?", "yes")
	}
	add("Votes count for", "%s", card.Span(v.Rule.ValidFor))
	add("Reminders", "%s", reminders(v.Rule))
	return append(all, breakers(v.Glass)...)
}

// reminders says when those who are missing are called again.
func reminders(r ledger.Rule) string {
	var parts []string
	for _, d := range r.Remind {
		parts = append(parts, "after "+card.Span(d))
	}
	if r.Nag > 0 {
		parts = append(parts, fmt.Sprintf("every %s then, each time twice as long", card.Span(r.Nag)))
	}
	return otherwise(sentenceList(parts), "none")
}

// breakers says who may break the glass, and who looks at it then.
func breakers(g *policy.Glass) []card.Fact {
	who := "nobody"
	if g != nil && len(g.From) > 0 {
		who = "members of @" + strings.Join(g.From, " or @")
		if len(g.Review) > 0 {
			who += "; reviewed by " + each(g.Review)
		}
	}
	return []card.Fact{{Label: "May break the glass", Value: card.T("%s", who)}}
}

// others are the rights that a rule gives besides approving.
func others(v policy.Verdict) []card.Fact {
	var all []card.Fact
	for _, right := range []struct {
		label  string
		groups []string
	}{{"May deny, too", v.Rule.Deny}, {"May cancel, too", v.Rule.Cancel}, {"May extend, too", v.Rule.Extend}, {"Called instead", v.Rule.Notify}} {
		if len(right.groups) > 0 {
			all = append(all, card.Fact{Label: right.label, Value: card.T("@%s", strings.Join(right.groups, " and @"))})
		}
	}
	if v.Refused == "" && v.Rule.Undo >= time.Minute {
		all = append(all, card.Fact{Label: "Can be taken back", Value: card.T("by one approver within %s of its end", card.Span(v.Rule.Undo))})
	}
	return all
}

// passed lists the rules that were tried before and did not match.
func passed(lines []string) []card.Section {
	const most = 15
	if len(lines) == 0 {
		return nil
	}
	all := []card.Section{card.Para(card.Text{{Bold: "Rules that were passed over"}})}
	var texts []card.Text
	for _, l := range lines[:min(most, len(lines))] {
		texts = append(texts, card.T("· %s", l))
	}
	if hidden := len(lines) - most; hidden > 0 {
		texts = append(texts, card.T("… and %d more.", hidden))
	}
	for part := range slices.Chunk(texts, listPart) {
		all = append(all, card.Para(stacked(part)))
	}
	return all
}

// closed is a gate that lets nothing through, and remembers what was wanted of it.
type closed struct {
	deed string
	id   ledger.ID
}

var errClosed = errors.New("this gate is closed")

func (g *closed) shut(deed string, id ledger.ID) (ledger.Record, error) {
	g.deed, g.id = deed, id
	return ledger.Record{}, errClosed
}

// bears says that a command bears on what was asked for before.
func (g *closed) bears() string {
	return fmt.Sprintf("This asks for nothing new: it would %s `%s`. Whoever asked for that may, and so may those whom its own rule names: press Why me? on its card.", verb(g.deed), g.id)
}

// Propose lets nothing through; nor does any other method.
func (g *closed) Propose(context.Context, string, approvals.Spec) (ledger.Record, error) {
	return g.shut("ask for", "something")
}

// Vote lets nothing through.
func (g *closed) Vote(_ context.Context, id ledger.ID, _ int64, _ ledger.Actor, b approvals.Ballot) (ledger.Record, error) {
	return g.shut(b.Choice, id)
}

// Withdraw lets nothing through.
func (g *closed) Withdraw(_ context.Context, id ledger.ID, _ ledger.Actor, _ string) (ledger.Record, error) {
	return g.shut("withdraw", id)
}

// Extend lets nothing through.
func (g *closed) Extend(_ context.Context, id ledger.ID, _ int64, _ ledger.Actor) (ledger.Record, error) {
	return g.shut("extend", id)
}

// Widen lets nothing through.
func (g *closed) Widen(_ context.Context, id ledger.ID, _ int64, _ ledger.Actor) (ledger.Record, error) {
	return g.shut("widen", id)
}

// Signal lets nothing through.
func (g *closed) Signal(_ context.Context, id ledger.ID, _ int64, _ ledger.Actor, name, _ string) (ledger.Record, error) {
	return g.shut(name, id)
}

// Explain says nothing.
func (g *closed) Explain(context.Context, ledger.Actor, approvals.Spec) (policy.Verdict, error) {
	return policy.Verdict{}, errClosed
}

// May allows nothing.
func (g *closed) May(context.Context, ledger.Record, ledger.Actor, string) error {
	return fault.New(fault.Denied, "Nothing may be done here.")
}
