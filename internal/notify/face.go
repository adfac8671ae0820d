package notify

import (
	"cmp"
	"fmt"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// review is the kind of operation by which a second person looks at a broken glass. It is worded in its own way,
// since nothing is approved.
const review = "review"

// face is how a state looks: the words before the title, and the tone.
type face struct {
	words string
	tone  card.Tone
}

var faces = map[ledger.State]face{
	ledger.Pending:   {"Approval needed", card.Asking},
	ledger.Held:      {"Approved · waits", card.Asking},
	ledger.Waiting:   {"Approved, waits its turn", card.Asking},
	ledger.Running:   {"Running", card.Working},
	ledger.Stuck:     {"Needs you", card.Warning},
	ledger.Denied:    {"Denied", card.Ended},
	ledger.Expired:   {"Expired", card.Ended},
	ledger.Withdrawn: {"Withdrawn", card.Ended},
	ledger.Void:      {"Void", card.Warning},
	ledger.Succeeded: {"Done", card.Good},
	ledger.Failed:    {"Failed", card.Bad},
	ledger.Cancelled: {"Cancelled", card.Warning},
	ledger.Undone:    {"Rolled back", card.Warning},
}

var reviewFaces = map[ledger.State]face{
	ledger.Pending:   {"Review needed", card.Asking},
	ledger.Succeeded: {"Review closed", card.Good},
	ledger.Denied:    {"Objected", card.Bad},
}

// freeze is the kind of operation that lasts and then is over; nothing is done in it that could fail.
const freeze = "freeze"

var freezeFaces = map[ledger.State]face{
	ledger.Running:   {"In force", card.Working},
	ledger.Succeeded: {"Over", card.Good},
	ledger.Cancelled: {"Lifted", card.Good},
}

func faceOf(r ledger.Record) face {
	if f, ok := map[string]map[ledger.State]face{review: reviewFaces, freeze: freezeFaces}[r.Kind][r.State]; ok {
		return f
	}
	return faces[r.State]
}

// badge marks what runs without the approvals it should have had.
const badge = "🚨 Broken glass"

// title is the headline of a card, and what it is about behind its state.
func title(r ledger.Record, about string) string {
	s := faceOf(r).words + " · " + about
	if r.BreakGlass != "" {
		return badge + " · " + s
	}
	return s
}

// Card is the root card of an operation, drawn from its record alone.
func (n *Notifier) Card(r ledger.Record) card.Card {
	p := n.picture(r)
	c := card.Card{
		Title:   title(r, cmp.Or(p.Headline, r.Title)),
		Tone:    faceOf(r).tone,
		Summary: summary(r),
		Key:     string(r.ID),
	}
	c.Sections = append(c.Sections, card.Section{Facts: facts(r)})
	c.Sections = append(c.Sections, standing(r)...)
	c.Sections = append(c.Sections, glass(r)...)
	c.Sections = append(c.Sections, p.Sections...)
	c.Sections = append(c.Sections, trouble(r)...)
	if r.Reason != "" && r.Reason != r.BreakGlass {
		c.Sections = append(c.Sections, card.Para(card.Join(card.Text{{Bold: "Reason:"}}, card.T(" %s", r.Reason))))
	}
	c.Foot = append(c.Foot, p.Foot...)
	c.Foot = append(c.Foot, foot(r)...)
	c.Buttons, c.More = choices(r, p)
	return c
}

// picture is what is particular to the kind.
func (n *Notifier) picture(r ledger.Record) card.Picture {
	if paint := n.Paint[r.Kind]; paint != nil {
		return paint(r)
	}
	return card.Picture{}
}

// summary is the whole in a sentence, for notifications and for where no blocks are drawn.
func summary(r ledger.Record) string {
	s := faceOf(r).words + ": " + there(r)
	if r.BreakGlass != "" {
		s = badge + " · " + s
	}
	if r.State != ledger.Pending {
		return s + "."
	}
	if r.Impact != "" {
		s += " (" + r.Impact + ")"
	}
	s += "."
	if missing := r.Missing(); len(missing) > 0 {
		s += " Needs " + wanted(missing, approval(r)) + "."
	}
	return s
}

// there is the title and where it happens. What is of a whole environment bears its name already, and so does a
// freeze.
func there(r ledger.Record) string {
	if r.Environment == "" || r.Target == "" || r.Kind == freeze {
		return r.Title
	}
	return r.Title + " in " + r.Environment
}

// standing tells what keeps it, what it is limited to, or how it ended.
func standing(r ledger.Record) []card.Section {
	var all []card.Section
	if r.State == ledger.Held {
		why := cmp.Or(r.Stayed, "It may not start yet.")
		all = append(all, card.Para(card.Join(card.Text{{Bold: "Waits:"}}, card.T(" "), card.Expand(why),
			card.T(" It is checked again before it starts."))))
	}
	if r.Narrowed {
		all = append(all, card.Para(card.Join(card.T("✂️ "), card.Text{{Bold: "Approved for " + r.Narrow + " only."}}, rest(r))))
	}
	if by, told := ender(r); told {
		return append(all, card.Para(by))
	}
	if r.Outcome != "" {
		all = append(all, card.Para(card.Expand(r.Outcome)))
	}
	return all
}

// rest says what becomes of what was left out, while that is open.
func rest(r ledger.Record) card.Text {
	if r.State.Final() {
		return nil
	}
	return card.T(" The rest waits until it is approved too.")
}

// glass tells of a broken glass: why, whom it passed over, and where it is looked at afterwards.
func glass(r ledger.Record) []card.Section {
	if r.BreakGlass == "" {
		return nil
	}
	t := card.Join(card.Text{{Bold: badge + ":"}}, card.T(" %s", r.BreakGlass))
	if len(r.Skipped) > 0 {
		t = card.Join(t, card.T("\nSkipped: %s.", wanted(r.Skipped, approval(r))))
	}
	t = card.Join(t, card.T("\nA second person reviews it: "), card.Code(string(reviewOf(r))), card.T("."))
	return []card.Section{card.Para(t)}
}

// reviewOf is the review of an operation that broke the glass.
func reviewOf(r ledger.Record) ledger.ID { return ledger.IDOf("review:" + string(r.ID)) }

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

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
