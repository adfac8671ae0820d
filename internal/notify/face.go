package notify

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// face is how a state looks: the words before the title, and the tone.
type face struct {
	words string
	tone  card.Tone
}

var faces = map[ledger.State]face{
	ledger.Pending:   {"Approval needed", card.Asking},
	ledger.Waiting:   {"Approved, waits its turn", card.Asking},
	ledger.Running:   {"Running", card.Working},
	ledger.Stuck:     {"Needs you", card.Warning},
	ledger.Denied:    {"Denied", card.Ended},
	ledger.Expired:   {"Expired", card.Ended},
	ledger.Withdrawn: {"Withdrawn", card.Ended},
	ledger.Succeeded: {"Done", card.Good},
	ledger.Failed:    {"Failed", card.Bad},
	ledger.Cancelled: {"Cancelled", card.Warning},
	ledger.Undone:    {"Rolled back", card.Warning},
}

// Card is the root card of an operation, drawn from its record alone.
func (n *Notifier) Card(r ledger.Record) card.Card {
	f := faces[r.State]
	var p Picture
	if paint := n.Paint[r.Kind]; paint != nil {
		p = paint(r)
	}
	c := card.Card{
		Title:   f.words + " · " + cmp.Or(p.Headline, r.Title),
		Tone:    f.tone,
		Summary: summary(r, f),
		Key:     string(r.ID),
	}
	about := facts(r)
	if len(p.Sections) == 0 {
		about = append(about, card.Fact{Label: "Where", Value: card.T("%s · %s", r.Environment, r.Target)})
	}
	c.Sections = append(c.Sections, card.Section{Facts: about})
	if r.Outcome != "" {
		c.Sections = append(c.Sections, card.Para(card.Expand(r.Outcome)))
	}
	c.Sections = append(c.Sections, p.Sections...)
	c.Sections = append(c.Sections, trouble(r)...)
	if r.Reason != "" {
		c.Sections = append(c.Sections, card.Para(card.Join(card.Text{{Bold: "Reason:"}}, card.T(" %s", r.Reason))))
	}
	c.Foot = append(p.Foot, foot(r)...)
	c.Buttons = buttons(r, p)
	return c
}

func summary(r ledger.Record, f face) string {
	s := fmt.Sprintf("%s: %s in %s.", f.words, r.Title, r.Environment)
	if r.State == ledger.Pending && len(r.Rule.Groups()) > 0 {
		s += fmt.Sprintf(" Needs %s from @%s.", count(r.Rule.Quorum(), "approval"), strings.Join(r.Rule.Groups(), " and @"))
	}
	return s
}

func facts(r ledger.Record) []card.Fact {
	all := []card.Fact{
		{Label: "Asked by", Value: card.User(r.Requester.User)},
		{Label: "Operation", Value: card.Code(string(r.ID))},
	}
	switch {
	case r.State == ledger.Pending:
		all = append(all, card.Fact{Label: "Expires", Value: card.When(r.Expires)})
	case r.State == ledger.Waiting:
		all = append(all, card.Fact{Label: "Waits for", Value: card.Code(string(r.Ahead))})
	case r.State.Final() && !r.Started.IsZero():
		all = append(all, card.Fact{Label: "Took", Value: card.T("%s", card.Span(r.Ended.Sub(r.Started)))})
	}
	if by := voters(r, "approve"); len(by) > 0 && r.State != ledger.Pending {
		all = append(all, card.Fact{Label: "Approved by", Value: by})
	}
	return all
}

// voters are the people who chose so, as mentions.
func voters(r ledger.Record, choice string) card.Text {
	var t card.Text
	for _, v := range r.Votes {
		if v.Choice != choice {
			continue
		}
		if len(t) > 0 {
			t = append(t, card.Part{Plain: ", "})
		}
		t = append(t, card.Part{User: v.Actor.User})
	}
	return t
}

func trouble(r ledger.Record) []card.Section {
	if r.Trouble == "" || r.State.Final() {
		return nil
	}
	next := "It is tried again by itself."
	if r.State == ledger.Stuck {
		next = "It is not tried again until somebody presses Retry; it holds its group meanwhile."
	}
	return []card.Section{{Findings: []card.Finding{{Text: fmt.Sprintf("Attempt %d did not work: %s", r.Attempt, r.Trouble), Hint: next}}}}
}

// foot tells the rule and how far its quorum is.
func foot(r ledger.Record) []card.Text {
	if r.Rule.Quorum() == 0 {
		return []card.Text{card.T("No approval needed (%s).", r.Rule.Name)}
	}
	if r.State != ledger.Pending {
		return nil
	}
	line := card.T("Needs %s", count(r.Rule.Quorum(), "approval"))
	if len(r.Rule.Groups()) > 0 {
		line = append(line, card.Part{Plain: " from @" + strings.Join(r.Rule.Groups(), " and @")})
	}
	line = append(line, card.Part{Plain: fmt.Sprintf(" (%s): ", r.Rule.Name)})
	if by := voters(r, "approve"); len(by) > 0 {
		line = card.Join(line, card.T("✅ "), by, card.T(" · "))
	}
	return []card.Text{append(line, card.Part{Plain: fmt.Sprintf("⬜ %d to go", r.Rule.Quorum()-r.Approvals())})}
}

func buttons(r ledger.Record, p Picture) []card.Button {
	b := func(action, label string, style card.Style, ask *card.Confirm) card.Button {
		return card.Button{Action: action, ID: string(r.ID), Version: r.Version, Label: label, Style: style, Confirm: ask}
	}
	details := b("details", "Details", card.Default, nil)
	withdraw := b("withdraw", "Withdraw", card.Default, &card.Confirm{Title: "Withdraw this?", Text: r.Title + " will not run.", Yes: "Withdraw", No: "Keep it"})
	switch r.State {
	case ledger.Pending:
		ask := &card.Confirm{Title: "Approve this?", Text: fmt.Sprintf("%s in %s. It starts when the last approval is in.", r.Title, r.Environment), Yes: "Approve", No: "Not yet"}
		return []card.Button{b("approve", "Approve", card.Primary, ask), b("deny", "Deny…", card.Danger, nil), details, withdraw}
	case ledger.Waiting:
		return []card.Button{details, withdraw}
	}
	if r.State == ledger.Stuck {
		ask := &card.Confirm{Title: "Give up?", Text: "It ends here as failed and lets go of its group. Nothing more is done at AWS: what runs there goes on.", Yes: "Give up", No: "Keep it"}
		return append(p.Buttons, b("abandon", "Give up", card.Danger, ask), details)
	}
	return append(p.Buttons, details)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
