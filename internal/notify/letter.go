package notify

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// farewell tells the requester, in a direct message and once, how it ended.
func (n *Notifier) farewell(ctx context.Context, d *ledger.Drawing) error {
	if !d.State.Final() || d.Requester.User == "" {
		return nil
	}
	return n.once(ctx, d, "end", func(ctx context.Context) error {
		return n.Poster.DM(ctx, d.Requester.User, n.Farewell(d.Record))
	})
}

// Farewell is what a requester is told of an end: what, how, by whom, where to look, and what can be done next.
func (n *Notifier) Farewell(r ledger.Record) card.Card {
	p := n.picture(r)
	c := card.Card{
		Title: title(r, r.Title), Tone: faceOf(r).tone, Summary: summary(r),
		Sections: []card.Section{card.Para(ending(r)), {Facts: ends(r)}},
	}
	c.Buttons, c.More = choices(r, p)
	return c
}

// ending is how it ended, in the words of its record, and where its thread is.
func ending(r ledger.Record) card.Text {
	t, told := ender(r)
	if !told {
		t = card.Expand(cmp.Or(r.Outcome, faceOf(r).words+"."))
	}
	return card.Join(t, card.T("\n"), place(r))
}

// ender says who ended what never ran, and why: the words of the record, with the name that they leave out.
func ender(r ledger.Record) (card.Text, bool) {
	said := map[ledger.State]string{ledger.Denied: "Denied", ledger.Withdrawn: "Withdrawn"}[r.State]
	why, ok := strings.CutPrefix(r.Outcome, said)
	if said == "" || !ok || r.EndedBy.User == "" {
		return nil, false
	}
	return card.Join(card.T("%s by ", faceOf(r).words), card.User(r.EndedBy.User), card.Expand(why)), true
}

// place leads to the operation's card.
func place(r ledger.Record) card.Text {
	if r.Message.Link == "" {
		return card.Join(card.T("Its thread is in "), card.Text{{Channel: cmp.Or(r.Message.Channel, r.Channel)}}, card.T("."))
	}
	return card.Text{{Link: &card.Link{URL: r.Message.Link, Label: "Open its thread"}}}
}

// ends are the facts of a direct message.
func ends(r ledger.Record) []card.Fact {
	var all []card.Fact
	if where := where(r); where != "" {
		all = append(all, card.Fact{Label: "Where", Value: card.T("%s", where)})
	}
	if _, told := ender(r); r.EndedBy.User != "" && !told {
		all = append(all, card.Fact{Label: "Ended by", Value: card.User(r.EndedBy.User)})
	}
	if by := seated(r); len(by) > 0 {
		all = append(all, card.Fact{Label: agreed(r), Value: by})
	}
	if timed(r) {
		all = append(all, card.Fact{Label: "Took", Value: card.T("%s", card.Span(r.Ended.Sub(r.Started).Round(time.Second)))})
	}
	return append(all, card.Fact{Label: "Operation", Value: card.Code(string(r.ID))})
}
