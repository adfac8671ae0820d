package notify

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// alarm tells of a broken glass those whose approval was skipped: their groups in the thread, and each of them in a
// direct message. Everything once, whatever happens in between.
func (n *Notifier) alarm(ctx context.Context, d *ledger.Drawing) error {
	if d.BreakGlass == "" || len(d.Skipped) == 0 || slices.Contains(d.Record.Told, "skipped") {
		return nil
	}
	err := n.once(ctx, d, "called", func(ctx context.Context) error {
		return n.Poster.Line(ctx, d.Message, n.mentions(ctx, call(d.Record)), card.Bad, true)
	})
	if err != nil {
		return err
	}
	people, err := n.passedOver(ctx, d)
	if err != nil {
		return err
	}
	if err := n.write(ctx, d, people); err != nil {
		return err
	}
	return n.Ledger.Told(ctx, d, "skipped")
}

// call calls the groups that were passed over.
func call(r ledger.Record) card.Text {
	t := card.T("Broken glass: ")
	groups := (ledger.Rule{Needs: r.Skipped}).Groups()
	for i, g := range groups {
		switch {
		case i > 0 && i == len(groups)-1:
			t = append(t, card.Part{Plain: " and "})
		case i > 0:
			t = append(t, card.Part{Plain: ", "})
		}
		t = append(t, card.Part{Group: g})
	}
	were := " were not asked. "
	if len(groups) == 1 {
		were = " was not asked. "
	}
	return card.Join(t, card.T("%s", were), card.User(r.Requester.User), card.T(" started it without approval: %s", r.BreakGlass))
}

// mostSkipped bounds how many people one broken glass writes to.
const mostSkipped = 50

// passedOver are the members of the groups that were skipped, each once, without who broke the glass.
func (n *Notifier) passedOver(ctx context.Context, d *ledger.Drawing) ([]string, error) {
	var people []string
	for _, g := range (ledger.Rule{Needs: d.Skipped}).Groups() {
		all, err := n.Groups.Members(ctx, g)
		if err != nil && n.unread.again(d.ID) {
			return nil, err
		}
		if err != nil {
			n.Log.Error("a skipped group is not told: its members cannot be read", "op", d.ID, "group", g, "err", err)
		}
		people = append(people, all...)
	}
	slices.Sort(people)
	people = slices.DeleteFunc(slices.Compact(people), func(user string) bool { return user == d.Requester.User })
	if left := len(people) - mostSkipped; left > 0 {
		n.Log.Warn("not everybody who was skipped is told", "op", d.ID, "told", mostSkipped, "left", left)
		people = people[:mostSkipped]
	}
	return people, nil
}

// write sends the direct messages, as many as there is time for.
func (n *Notifier) write(ctx context.Context, d *ledger.Drawing, people []string) error {
	began := time.Now()
	for _, user := range people {
		if time.Since(began) > letters {
			return &Later{After: moreLetters}
		}
		err := n.once(ctx, d, "skipped:"+user, func(ctx context.Context) error {
			return n.Poster.DM(ctx, user, passed(d.Record))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// passed is what somebody is told who was not asked.
func passed(r ledger.Record) card.Card {
	words := card.Join(card.User(r.Requester.User), card.T(" started %s without the approval that you could have given: %s\nA second person reviews it: ", there(r), r.BreakGlass),
		card.Code(string(reviewOf(r))), card.T(". "), place(r))
	o := offer{r}
	return card.Card{
		Title: badge + " · " + r.Title, Tone: card.Bad, Summary: badge + ": " + r.Title + " runs without approval.",
		Sections: []card.Section{card.Para(words), {Facts: facts(r)}}, Foot: []card.Text{card.Code(string(r.ID))},
		Buttons: []card.Button{o.details()}, More: o.aids(),
	}
}

// unread counts how often the members of skipped groups could not be read. It is not tried for ever: nobody is
// served by a thread that is drawn every few seconds for as long as a group does not exist.
type unread struct {
	mu  sync.Mutex
	all map[ledger.ID]int
}

const mostUnread = 20

// again reports whether to try again, and counts.
func (u *unread) again(id ledger.ID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all == nil || len(u.all) >= mostNoticed {
		u.all = map[ledger.ID]int{}
	}
	u.all[id]++
	return u.all[id] < mostUnread
}
