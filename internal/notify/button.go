package notify

import (
	"slices"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// choices are what people can do with an operation as it stands: the row, and the menu behind it.
func choices(r ledger.Record, p card.Picture) (row, more []card.Button) {
	o := offer{r}
	switch r.State {
	case ledger.Pending:
		return o.pending()
	case ledger.Held, ledger.Waiting:
		return []card.Button{o.withdraw(), o.details()}, o.aids()
	case ledger.Stuck:
		return append(slices.Clone(p.Buttons), o.abandon(), o.details()), o.aids()
	case ledger.Running:
		return append(o.running(p), o.details()), o.aids()
	}
	return append(o.ended(p), o.details()), nil
}

// offer makes the buttons of one record.
type offer struct{ ledger.Record }

func (o offer) button(action, label string, style card.Style, ask *card.Confirm) card.Button {
	return card.Button{Action: action, ID: string(o.ID), Version: o.Version, Label: label, Style: style, Confirm: ask}
}

func (o offer) details() card.Button { return o.button("details", "Details", card.Default, nil) }

// aids bear on nothing.
func (o offer) aids() []card.Button {
	why := o.button("why", "Why me?", card.Default, nil)
	if o.Command == "" || o.Kind == review {
		return []card.Button{why}
	}
	return []card.Button{o.button("copy", "Copy command", card.Default, nil), why}
}

func (o offer) pending() (row, more []card.Button) {
	if o.Kind == review {
		return []card.Button{
			o.button("review", "Close review…", card.Primary, nil), o.button("deny", "Object…", card.Danger, nil), o.details(),
		}, o.aids()
	}
	row = []card.Button{o.approve()}
	if o.Narrow != "" {
		row = append(row, o.narrow())
	}
	row = append(row, o.button("deny", "Deny…", card.Danger, nil))
	more = append([]card.Button{o.details()}, o.aids()...)
	return row, append(more, o.button("extend", "Extend", card.Default, nil), o.button("withdraw", "Withdraw", card.Default, nil))
}

func (o offer) approve() card.Button {
	return o.button("approve", "Approve", card.Primary, &card.Confirm{
		Title: "Approve this?", Text: o.change() + " It starts when the last approval is in.", Yes: "Approve", No: "Not yet",
	})
}

func (o offer) narrow() card.Button {
	return o.button("approve_narrow", "Approve canary only", card.Default, &card.Confirm{
		Title: "Approve a part only?", Text: there(o.Record) + ": only " + o.Narrow + ". The rest waits for another approval.",
		Yes: "Approve this part", No: "Not yet",
	})
}

// change repeats what somebody is about to agree to, and where.
func (o offer) change() string {
	s := there(o.Record)
	if o.Impact != "" {
		s += ": " + o.Impact
	}
	return s + "."
}

func (o offer) withdraw() card.Button {
	return o.button("withdraw", "Withdraw", card.Default,
		&card.Confirm{Title: "Withdraw this?", Text: o.Title + " will not run.", Yes: "Withdraw", No: "Keep it"})
}

func (o offer) abandon() card.Button {
	return o.button("abandon", "Give up", card.Danger, &card.Confirm{Title: "Give up?",
		Text: "It ends here as failed and lets go of its group. Nothing more is done at AWS: what runs there goes on.", Yes: "Give up", No: "Keep it"})
}

// running are the kind's own buttons; while only a part is approved, the rest has to be before it can go on.
func (o offer) running(p card.Picture) []card.Button {
	if !o.Narrowed {
		return slices.Clone(p.Buttons)
	}
	widen := o.button("widen", "Approve the rest", card.Primary, &card.Confirm{
		Title: "Approve the rest?", Text: o.change() + " So far only " + o.Narrow + ".", Yes: "Approve the rest", No: "Not yet",
	})
	others := slices.DeleteFunc(slices.Clone(p.Buttons), func(b card.Button) bool { return b.Action == "continue" })
	return append([]card.Button{widen}, others...)
}

// ended are the kind's own buttons; what never ran, or did not come to its end, can be asked for again.
func (o offer) ended(p card.Picture) []card.Button {
	switch o.State {
	case ledger.Expired, ledger.Void, ledger.Denied, ledger.Withdrawn:
		if o.Kind != review {
			return append([]card.Button{o.button("again", "Ask again", card.Primary, nil)}, p.Buttons...)
		}
	case ledger.Failed, ledger.Cancelled, ledger.Undone:
		if o.Kind != review && o.Kind != freeze {
			return append(slices.Clone(p.Buttons), o.button("again", "Ask again", card.Default, nil))
		}
	}
	return slices.Clone(p.Buttons)
}
