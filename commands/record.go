package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// stateWord is a state as people say it.
func stateWord(s ledger.State) string {
	switch s {
	case ledger.Pending:
		return "waits for approval"
	case ledger.Held:
		return "approved, held back"
	case ledger.Waiting:
		return "waits for its turn"
	case ledger.Void:
		return "approval void"
	case ledger.Undone:
		return "rolled back"
	}
	return string(s)
}

// wordFor is the state of an operation, as its kind calls it.
func wordFor(r ledger.Record) string {
	own := map[string]map[ledger.State]string{
		approvals.Review: {ledger.Pending: "waits for review", ledger.Succeeded: "closed", ledger.Denied: "objected"},
		freeze.Kind:      {ledger.Succeeded: "over", ledger.Cancelled: "lifted", ledger.Running: "in force"},
	}
	return otherwise(own[r.Kind][r.State], stateWord(r.State))
}

func tone(s ledger.State) card.Tone {
	switch s {
	case ledger.Pending, ledger.Held, ledger.Waiting:
		return card.Asking
	case ledger.Running:
		return card.Working
	case ledger.Stuck, ledger.Cancelled, ledger.Undone, ledger.Void:
		return card.Warning
	case ledger.Succeeded:
		return card.Good
	case ledger.Failed:
		return card.Bad
	}
	return card.Ended
}

// standing says in a sentence for card.Expand where an operation stands and who brought it there.
func standing(r ledger.Record) string {
	by := ""
	if r.EndedBy.User != "" {
		by = " by {user:" + r.EndedBy.User + "}"
	}
	switch r.State {
	case ledger.Pending:
		return fmt.Sprintf("%s waits for approval.", r.Title)
	case ledger.Held:
		return fmt.Sprintf("%s was approved%s already and is held back: %s", r.Title, approvers(r), held(r))
	case ledger.Waiting:
		return fmt.Sprintf("%s was approved%s already and waits for %s to end.", r.Title, approvers(r), r.Ahead)
	case ledger.Running, ledger.Stuck:
		return fmt.Sprintf("%s was approved%s already and is %s.", r.Title, approvers(r), r.State)
	case ledger.Void:
		return fmt.Sprintf("%s did not run, because things had changed since it was approved: %s", r.Title, ending(r))
	case ledger.Expired:
		return fmt.Sprintf("%s has expired: it did not get its approvals in time.", r.Title)
	case ledger.Denied, ledger.Withdrawn:
		return fmt.Sprintf("%s was %s%s already.", r.Title, r.State, by)
	}
	return fmt.Sprintf("%s is over: %s", r.Title, ending(r))
}

// held says why an operation does not start yet, for card.Expand.
func held(r ledger.Record) string {
	if r.Stayed == "" {
		return "it may not start now."
	}
	return r.Stayed
}

// approvers names who approved, for card.Expand.
func approvers(r ledger.Record) string {
	var who []string
	for _, v := range r.Votes {
		if v.Choice == "approve" {
			who = append(who, "{user:"+v.Actor.User+"}")
		}
	}
	if len(who) == 0 {
		return ""
	}
	return " by " + strings.Join(who, " and ")
}

// unfound turns the ledger's not finding something into a sentence; names are what may have been meant.
func unfound(err error, id string, names []string) error {
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		f := fault.New(fault.NotFound, "There is no operation %s.", short(id, 60))
		if near := grammar.Near(id, names); near != "" {
			return f.WithHint("Did you mean `%s`?", near)
		}
		return f.WithHint("`/amiral ops list --all` shows the ones there are.")
	case errors.Is(err, ledger.ErrAmbiguous):
		return fault.New(fault.Invalid, "Several operations begin with %s.", short(id, 60)).WithHint("Give more of the id.")
	}
	return unread("read operation "+id, err)
}

// facts are what is told first of an operation.
func facts(r ledger.Record) []card.Fact {
	all := []card.Fact{
		{Label: "Operation", Value: card.Code(string(r.ID))},
		{Label: "State", Value: card.T("%s", stateWord(r.State))},
		{Label: "Where", Value: card.T("%s · %s", r.Environment, r.Target)},
		{Label: "Asked by", Value: card.User(r.Requester.User)},
		{Label: "Asked", Value: card.When(r.Created)},
	}
	all = append(all, ruling(r)...)
	all = append(all, decision(r)...)
	if r.Impact != "" {
		all = append(all, card.Fact{Label: "Impact", Value: card.T("%s", r.Impact)})
	}
	if r.About != "" {
		all = append(all, card.Fact{Label: "About", Value: card.Code(string(r.About))})
	}
	if r.Command != "" {
		all = append(all, card.Fact{Label: "Command", Value: card.Code(r.Command)})
	}
	if r.Reason != "" {
		all = append(all, card.Fact{Label: "Reason", Value: card.T("%s", r.Reason)})
	}
	return all
}

// ruling is the rule that holds, the policy that it stands in, and why it is that one.
func ruling(r ledger.Record) []card.Fact {
	name := r.Rule.Name
	if r.Rule.Policy != "" {
		name += ", policy " + short8(r.Rule.Policy)
	}
	all := []card.Fact{{Label: "Rule", Value: card.T("%s: %s", name, needs(r.Rule))}}
	if r.Rule.Why != "" {
		all = append(all, card.Fact{Label: "Why this rule", Value: card.Expand(r.Rule.Why)})
	}
	return all
}

// decision is how far the approvals are, and what came between them and the start.
func decision(r ledger.Record) []card.Fact {
	var all []card.Fact
	add := func(label string, value card.Text) { all = append(all, card.Fact{Label: label, Value: value}) }
	if r.Rule.Quorum() > 0 {
		add("Approvals", quorum(r))
	}
	if r.State == ledger.Pending {
		add("Expires", card.When(r.Expires))
	}
	if r.State == ledger.Held {
		add("Held back", card.Expand(held(r)))
		if !r.Opens.IsZero() {
			add("Looks again", card.When(r.Opens))
		}
	}
	if r.Narrowed {
		add("Approved only", card.T("%s", r.Narrow))
	}
	if r.BreakGlass != "" {
		add("🚨 Broken glass", card.T("%s", r.BreakGlass))
		if len(r.Skipped) > 0 {
			add("Skipped", card.T("%s", each(r.Skipped)))
		}
	}
	return all
}

// line is an operation in one line of a list: what it is, how it stands, and where to find it.
func line(r ledger.Record) card.Text {
	t := card.Join(card.Text{{Bold: r.Title}}, card.T(" · %s%s", where(r), wordFor(r)), aside(r), card.T(" · asked by "),
		card.User(r.Requester.User), card.T(" · "), card.When(moment(r)), card.T(" · "), card.Code(string(r.ID)))
	if link := cardLink(r); link != nil {
		t = card.Join(t, card.T(" ·"), link)
	}
	return t
}

// aside is what there is to add to a state.
func aside(r ledger.Record) card.Text {
	var t card.Text
	switch {
	case r.State == ledger.Pending && r.Approvals() > 0:
		t = card.T(", still missing: %s", lacking(r))
	case r.State == ledger.Running && r.Narrowed:
		t = card.T(", approved for %s only", r.Narrow)
	case r.State == ledger.Held && !r.Opens.IsZero():
		t = card.Join(card.T(" until "), card.When(r.Opens))
	}
	if r.BreakGlass != "" {
		t = card.Join(t, card.T(" · 🚨 broken glass"))
	}
	return t
}

// where is the environment of an operation, if it has one.
func where(r ledger.Record) string {
	if r.Environment == "" {
		return ""
	}
	return r.Environment + " · "
}

// moment is when an operation came to where it stands.
func moment(r ledger.Record) time.Time {
	for _, t := range []time.Time{r.Ended, r.Started, r.Decided} {
		if !t.IsZero() {
			return t
		}
	}
	return r.Created
}

// listPart is how many operations stand in one paragraph of a list.
const listPart = 6

// list draws operations, the most at most, and says how many more there are. Each bears the mark that its own
// card bears.
func list(records []ledger.Record, most int) []card.Section {
	var lines []card.Text
	for _, r := range records[:min(most, len(records))] {
		lines = append(lines, card.Join(card.T("%s ", mark(r.State)), line(r)))
	}
	var all []card.Section
	for part := range slices.Chunk(lines, listPart) {
		all = append(all, card.Para(stacked(part)))
	}
	if hidden := len(records) - most; hidden > 0 {
		all = append(all, card.Para(card.T("… and %d more.", hidden)))
	}
	return all
}

// mark is the sign for a state's tone, the same as before the headline of a card of that tone.
func mark(s ledger.State) string {
	switch tone(s) {
	case card.Asking:
		return "⏳"
	case card.Working:
		return "🔄"
	case card.Good:
		return "✅"
	case card.Warning:
		return "⚠️"
	case card.Bad:
		return "❌"
	}
	return "⏹️"
}

// journalLines is how much of a journal is shown, journalPart how many lines stand in one paragraph.
const (
	journalLines = 24
	journalPart  = 8
)

// journal draws the last lines of an operation's journal.
func journal(ctx context.Context, records Records, id ledger.ID) ([]card.Section, error) {
	entries, err := records.Journal(ctx, id)
	if err != nil {
		return nil, unread("read the journal of "+string(id), err)
	}
	var lines []card.Text
	for _, e := range entries {
		if e.Line != "" {
			lines = append(lines, card.Join(card.When(e.At), card.T(" "), retold(e.Line)))
		}
	}
	if len(lines) == 0 {
		return nil, nil
	}
	all := []card.Section{{Divider: true}}
	if hidden := len(lines) - journalLines; hidden > 0 {
		lines = lines[hidden:]
		all = append(all, card.Para(card.T("%d earlier lines are in the thread.", hidden)))
	}
	for part := range slices.Chunk(lines, journalPart) {
		all = append(all, card.Para(stacked(part)))
	}
	return all, nil
}

// retold is a line of a journal for one reader: groups are named by their handles and not called again.
func retold(line string) card.Text {
	t := card.Expand(line)
	for i, p := range t {
		if p.Group != "" {
			t[i] = card.Part{Plain: "@" + p.Group}
		}
	}
	return t
}

// stacked puts lines under each other.
func stacked(lines []card.Text) card.Text {
	var text card.Text
	for i, l := range lines {
		if i > 0 {
			text = append(text, card.Part{Plain: "\n"})
		}
		text = append(text, l...)
	}
	return text
}
