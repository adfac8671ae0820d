package retire

import (
	"cmp"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Painter draws retirements.
type Painter struct{}

// Paint draws an operation from its record and nothing else.
func (Painter) Paint(r ledger.Record) card.Picture {
	p, d, err := decode(r)
	if err != nil {
		return plan.Blank(r, err)
	}
	s := scene{rec: r, plan: p, data: d}
	pic := card.Picture{Headline: cmp.Or(r.Title, p.Title()) + s.now(), Buttons: s.buttons()}
	if len(d.Images) == 0 {
		pic.Sections = p.Sections()
		return pic
	}
	if !r.State.Final() && !p.Want.Restore {
		pic.Sections = append(pic.Sections, card.Section{Steps: s.steps()})
	}
	pic.Sections = append(pic.Sections, card.Section{Facts: s.facts()}, card.Section{Table: s.table()})
	if left := s.fates(); len(left) > 0 {
		pic.Sections = append(pic.Sections, card.Section{Findings: left})
	}
	if r.State == ledger.Succeeded && d.count(Gone) > 0 {
		pic.Foot = append(pic.Foot, recycle())
	}
	return pic
}

// recycle is what may bring back what is gone.
func recycle() card.Text {
	return card.T("Where a Recycle Bin rule covers images or snapshots, AWS keeps them that long, and bills them; whoever may do so can restore them there.")
}

// scene is what a picture is drawn from.
type scene struct {
	rec  ledger.Record
	plan Plan
	data Data
}

// now is the state of a running retirement in a word or two.
func (s scene) now() string {
	if s.rec.State != ledger.Running {
		return ""
	}
	switch s.rec.At {
	case stepUsage:
		return ": asking other accounts' use"
	case stepCooldown:
		return ": cooling down"
	case stepRestore:
		return ": taking back"
	}
	return ""
}

// steps lists what was done, is done and will be done.
func (s scene) steps() []card.Step {
	cooldown := card.T("Wait %s", card.Span(s.plan.Want.Cooldown))
	if !s.data.Until.IsZero() {
		cooldown = card.Join(card.T("Wait until "), card.When(s.data.Until))
	}
	road := []struct {
		at   string
		text card.Text
	}{
		{stepCheck, card.T("Check that nothing needs them")},
		{stepUsage, card.T("Ask AWS how other accounts use them")},
		{stepDeprecate, card.T("Deprecate: hidden from others, can be undone")},
		{stepDisable, card.T("Disable: nothing launches, can be undone")},
		{stepCooldown, cooldown},
		{stepDelete, card.T("Check again and deregister with the snapshots: cannot be undone")},
	}
	if s.rec.At == stepRestore {
		return []card.Step{{State: card.Doing, Text: card.T("Bring back what can be")}}
	}
	list, passed := make([]card.Step, len(road)), false
	for i, n := range road {
		list[i] = card.Step{State: card.Done, Text: n.text}
		if passed {
			list[i].State = card.Todo
		}
		if n.at == s.rec.At {
			passed, list[i].State = true, card.Doing
			if s.rec.State == ledger.Stuck {
				list[i].State = card.Failed
			}
		}
	}
	return list
}

func (s scene) facts() []card.Fact {
	if s.plan.Want.Restore {
		return []card.Fact{{Label: "Back", Value: card.T("%d of %s", s.data.count(Restored), say.Plural(len(s.data.Images), "image"))}}
	}
	freed := card.T("%d GiB", s.data.freed())
	if !s.rec.State.Final() {
		freed = card.T("%d of up to %d GiB", s.data.freed(), s.plan.Size())
	}
	facts := []card.Fact{{Label: "Freed", Value: freed}}
	switch gone := s.data.count(Gone); {
	case gone > 0:
		facts = append(facts, card.Fact{Label: "Cannot be undone", Value: card.T("%s gone", were(gone))})
	case !s.rec.State.Final():
		facts = append(facts, card.Fact{Label: "Can be undone", Value: card.T("until the first is deregistered")})
	}
	return facts
}

// mostRows is how many images a table lists.
const mostRows = 20

func (s scene) table() *card.Table {
	t := &card.Table{Columns: []card.Column{{Label: "Image"}, {Label: "Name"}, {Label: "GiB", Right: true}, {Label: "State"}}}
	for i, p := range s.data.Images[:min(len(s.data.Images), mostRows)] {
		state := string(p.Stage)
		switch p.Stage {
		case Waiting:
			state = "waits"
		case Kept:
			state = "kept: " + p.Why
		case Gone:
			state = fmt.Sprintf("gone, %d GiB freed", p.Freed)
		}
		t.Rows = append(t.Rows, []card.Text{card.Code(string(p.ID)), card.T("%s", p.Name), card.T("%d", s.plan.Images[i].freed()), card.T("%s", state)})
	}
	if more := len(s.data.Images) - mostRows; more > 0 {
		t.Rows = append(t.Rows, []card.Text{card.T("and %d more", more), {}, {}, {}})
	}
	return t
}

// fates are the snapshots that are still there, and why.
func (s scene) fates() []card.Finding {
	var list []card.Finding
	for _, i := range s.data.Images {
		for _, f := range i.Fates {
			if f.Code != "success" && len(list) < 10 {
				list = append(list, card.Finding{Text: fmt.Sprintf("%s of %s is kept: %s.", f.Snapshot, i.ID, fate(f.Code))})
			}
		}
	}
	return list
}

func (s scene) buttons() []card.Button {
	undo := plan.Button(s.rec, "rollback", "Undo", card.Danger, &card.Confirm{
		Title: "Undo?", Text: "What is not deregistered yet is enabled again, and shared as before.", Yes: "Undo", No: "No"})
	switch {
	case s.rec.State == ledger.Stuck:
		return []card.Button{plan.Button(s.rec, "retry", "Try again", card.Primary, nil), undo}
	case s.rec.State == ledger.Running && s.rec.At != stepRestore && s.rec.At != stepBack:
		return []card.Button{undo}
	}
	return nil
}

// Sections draw the plan by itself.
func (p Plan) Sections() []card.Section {
	facts := []card.Fact{{Label: "Images", Value: card.T("%d in %s, %s (%s)", len(p.Images), p.Environment, p.Region, p.Account)}}
	if p.Want.Restore {
		facts = append(facts, card.Fact{Label: "Brings back", Value: card.T("enables, ends the deprecation and shares as before")})
	} else {
		facts = append(facts,
			card.Fact{Label: "Frees", Value: card.T("up to %d GiB of snapshots", p.Size())},
			card.Fact{Label: "At once", Value: card.T("deprecated and disabled: nothing launches from %s, launch permissions are dropped", them(len(p.Images)))},
			card.Fact{Label: "After " + card.Span(p.Want.Cooldown), Value: card.T("checked again, then deregistered with the snapshots: that cannot be undone")},
			card.Fact{Label: "Until then", Value: card.T("Undo enables and shares as before")})
	}
	sections := []card.Section{{Facts: facts}}
	if t := p.table(); t != nil {
		sections = append(sections, card.Section{Table: t})
	}
	if len(p.Findings) > 0 {
		sections = append(sections, card.Section{Findings: p.Findings})
	}
	if !p.Want.Restore {
		sections = append(sections, card.Para(recycle()))
	}
	return sections
}

// table lists what goes and what stays.
func (p Plan) table() *card.Table {
	t := &card.Table{Columns: []card.Column{{Label: "Image"}, {Label: "Name"}, {Label: "Age"}, {Label: "GiB", Right: true}, {Label: "What"}}}
	word := "goes"
	switch {
	case p.Want.Restore:
		word = "comes back"
	case len(p.Brief().Stops()) > 0:
		word = "would go"
	}
	for _, i := range p.Images[:min(len(p.Images), mostRows)] {
		what := word
		for _, d := range i.Disks {
			if d.Shared {
				what = word + "; shared snapshots stay"
			}
		}
		t.Rows = append(t.Rows, []card.Text{card.Code(string(i.ID)), card.T("%s", i.Name), card.T("%s", age(p.At, i.Created)), card.T("%d", i.freed()), card.T("%s", what)})
	}
	if more := len(p.Images) - mostRows; more > 0 {
		t.Rows = append(t.Rows, []card.Text{card.T("and %d more", more), {}, {}, {}, card.T("%s", word)})
	}
	for _, k := range p.Kept[:min(len(p.Kept), mostRows)] {
		t.Rows = append(t.Rows, []card.Text{card.Code(string(k.ID)), card.T("%s", k.Name), card.T("%s", age(p.At, k.Created)), {}, card.T("stays: %s", k.Why)})
	}
	if more := len(p.Kept) - mostRows; more > 0 {
		t.Rows = append(t.Rows, []card.Text{card.T("and %d more", more), {}, {}, {}, card.T("stay")})
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

func age(now, then time.Time) string {
	if then.IsZero() {
		return ""
	}
	return card.Span(now.Sub(then))
}
