package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Painter draws rollouts.
type Painter struct{}

// Paint draws an operation from its record and nothing else.
func (Painter) Paint(rec ledger.Record) card.Picture {
	p, d, err := decode(rec)
	if err != nil {
		return plan.Blank(rec, err)
	}
	s := scene{rec: rec, plan: p, data: d}
	pic := card.Picture{Headline: s.headline(), Buttons: s.buttons()}
	switch {
	case rec.State == ledger.Running || rec.State == ledger.Stuck:
		pic.Sections, pic.Foot = s.running(), s.looked()
	case len(d.Changes) > 0:
		pic.Sections = s.voided()
	case rec.State.Final() && d.Version > 0:
		pic.Sections = s.ended()
	case rec.State.Final():
		pic.Sections = []card.Section{{Facts: p.sides()}}
	default:
		pic.Sections = p.brief()
	}
	return pic
}

// scene is what a picture is drawn from.
type scene struct {
	rec  ledger.Record
	plan Plan
	data Data
}

func (s scene) headline() string {
	title := s.rec.Title
	if title == "" {
		title = s.plan.Title()
	}
	if s.rec.State == ledger.Running {
		return title + s.now()
	}
	return title
}

// now is the state of a running rollout in a word or two.
func (s scene) now() string {
	switch {
	case s.rec.At == stepAsk && s.rec.Narrowed:
		return ": approve the rest?"
	case s.rec.At == stepAsk:
		return ": continue?"
	case s.rec.At == stepPaused || s.data.Held:
		return ": paused"
	case s.back():
		return ": rolling back"
	case s.data.Stopping == stepCancel:
		return ": cancelling"
	}
	return ""
}

// back reports whether it goes backwards.
func (s scene) back() bool {
	return s.data.Stopping == stepRollback || s.data.Phase == Sweep || strings.HasPrefix(s.data.Progress.Status, "Rollback")
}

func (s scene) running() []card.Section {
	sections := []card.Section{}
	if bar, ok := s.bar(); ok {
		sections = append(sections, card.Section{Bar: &bar})
	}
	sections = append(sections, card.Section{Steps: s.steps()})
	if words, ok := s.question(); ok {
		sections = append(sections, card.Para(words))
	}
	if reason := s.data.Progress.Reason; reason != "" && !s.progressing() && !slices.Contains(s.data.Failures, reason) {
		sections = append(sections, card.Para(card.T("AWS says: %s", reason)))
	}
	for _, failure := range s.data.Failures {
		sections = append(sections, card.Section{Findings: []card.Finding{told(failure)}})
	}
	return append(sections, card.Section{Facts: []card.Fact{
		{Label: "Now", Value: s.plan.From.text()},
		{Label: "Then", Value: s.target()},
	}})
}

// target is the new side, with the version that was made.
func (s scene) target() card.Text {
	to := s.plan.To
	to.Version = s.data.Version
	if to.Version == 0 {
		return s.plan.then()
	}
	return to.text()
}

// progressing reports whether AWS's reason would only say that all goes well.
func (s scene) progressing() bool {
	return s.data.Progress.Status == "InProgress" && s.data.Progress.Failed == 0 && !s.late()
}

// late reports whether it should be over by now; forecasts are cut to the minute.
func (s scene) late() bool {
	eta, ok := s.eta()
	return ok && eta.Add(time.Minute).Before(s.data.Progress.At)
}

func (s scene) bar() (card.Bar, bool) {
	p := s.data.Progress
	if p.At.IsZero() || p.Total == 0 {
		return card.Bar{}, false
	}
	if s.back() {
		words := fmt.Sprintf("of the way back · %d still on version %d · %s", p.Replaced+p.Warming, s.data.Version, card.Span(p.At.Sub(s.rec.Started)))
		return card.Bar{Done: p.Percent, Total: 100, Percent: true, Text: words}, true
	}
	words := fmt.Sprintf("replaced · %d warming · %d failed · %s",
		p.Warming, p.Failed, card.Span(p.At.Sub(s.rec.Started)))
	return card.Bar{Done: p.Replaced, Total: p.Total, Text: words}, true
}

// question is what people are asked, or told to wait for.
func (s scene) question() (card.Text, bool) {
	switch {
	case s.rec.At == stepAsk:
		ask, otherwise := "Continue with the rest, or roll back?", "rolled back"
		if s.rec.Narrowed {
			ask = "No more than that is approved: approve the rest, or roll back?"
		}
		seen := "The canary is in service. "
		if s.data.Stubborn != "" {
			seen = "The canary is in service, and AWS cannot roll it back. "
			ask, otherwise = strings.Replace(ask, "or roll back", "or cancel", 1), "cancelled"
		}
		return card.Join(card.T("%s%s Without an answer it is %s at ", seen, ask, otherwise), card.When(s.data.Until), card.T(".")), true
	case s.data.Outside:
		return card.T("Somebody suspended %s outside of amiral.", process), true
	case s.data.Unseen != "":
		return card.T("Waiting until AWS shows %s.", s.data.Unseen), true
	}
	return nil, false
}

// steps lists what was done, is done and will be done.
func (s scene) steps() []card.Step {
	type stop struct{ at, words string }
	road := []stop{{stepCheck, "Check that nothing changed since it was planned"}}
	if s.plan.Makes() {
		road = append(road, stop{stepVersion, s.versionWords()})
	}
	road = append(road, stop{stepProve, "Prove that it launches"}, stop{stepFollow, s.replaceWords()}, stop{stepVerify, "Verify every instance"})
	if s.plan.Want.SetDefault {
		road = append(road, stop{stepDefault, "Make it the template's default version"})
	}
	here := station(s.rec.At)
	list := make([]card.Step, 0, len(road))
	for _, n := range road {
		state := card.Todo
		switch at := station(n.at); {
		case at < here:
			state = card.Done
		case at == here && s.rec.State == ledger.Stuck:
			state = card.Failed
		case at == here:
			state = card.Doing
		}
		list = append(list, card.Step{State: state, Text: card.T("%s", n.words)})
	}
	return list
}

// canaries is how many instances the canary is.
func (s scene) canaries() int { return cmp.Or(s.data.Canaries, s.plan.canaries()) }

func (s scene) versionWords() string {
	if s.data.Version > 0 {
		return fmt.Sprintf("Made version %d of %s", s.data.Version, s.plan.From.Name)
	}
	return fmt.Sprintf("Make a version of %s with %s", s.plan.From.Name, s.plan.To.Image)
}

func (s scene) replaceWords() string {
	total := max(s.data.Progress.Total, s.plan.Pace.Replaced)
	words := fmt.Sprintf("Replace %s", say.Plural(total, "instance"))
	if s.plan.inPlace() {
		words = fmt.Sprintf("Replace the root volumes of %s", say.Plural(total, "instance"))
	}
	switch {
	case s.back():
		words = fmt.Sprintf("Bring the instances back to version %d", s.plan.From.Version)
	case s.rec.Narrowed && s.rec.State == ledger.Running:
		words = fmt.Sprintf("Replace the canary, %d of %s: no more is approved", s.canaries(), say.Plural(total, "instance"))
	case s.data.Phase == Canary:
		words += fmt.Sprintf(", %d of them as a canary first", s.canaries())
	case s.data.Phase == Rest:
		words += "; the canary was found good"
	}
	return words
}

// station orders the steps along the road; everything about the refresh is one place.
func station(step string) int {
	switch step {
	case stepCheck:
		return 0
	case stepVersion:
		return 1
	case stepProve:
		return 2
	case stepVerify:
		return 4
	case stepDefault:
		return 5
	case stepSettle:
		return 6
	}
	return 3
}

// looked tells how fresh the picture is, and when it may be over.
func (s scene) looked() []card.Text {
	p := s.data.Progress
	if p.At.IsZero() {
		return nil
	}
	foot := card.Join(card.T("Last look at AWS "), card.When(p.At))
	if p.Status != "" {
		foot = card.Join(foot, card.T(": %s, %d %%", p.Status, p.Percent))
	}
	eta, ok := s.eta()
	switch {
	case s.late():
		foot = card.Join(foot, card.T(" · longer than expected"))
	case ok:
		foot = card.Join(foot, card.T(" · done about "), card.When(eta))
	}
	return []card.Text{foot}
}

// eta goes by the plan at first, and by the pace once there is one.
func (s scene) eta() (time.Time, bool) {
	p := s.data.Progress
	if s.rec.State != ledger.Running || s.rec.At != stepFollow || s.data.Phase == Canary || s.data.Stopping != "" || p.Status != "InProgress" {
		return time.Time{}, false
	}
	begun := cmp.Or(s.data.Began, s.rec.Started)
	if p.Percent < 10 {
		return begun.Add(s.plan.Pace.Expected).Truncate(time.Minute), true
	}
	spent := p.At.Sub(begun)
	eta := begun.Add(spent * 100 / time.Duration(p.Percent)).Add(s.plan.Order.Bake)
	return eta.Truncate(time.Minute), true
}

// ended sums up: before, after, how long, what is left.
func (s scene) ended() []card.Section {
	facts := []card.Fact{
		{Label: "Before", Value: s.plan.From.text()},
		{Label: "After", Value: s.after()},
	}
	if n, of := s.replaced(); of > 0 && s.rec.State != ledger.Undone && !s.data.Gone {
		facts = append(facts, card.Fact{Label: "Replaced", Value: card.T("%d of %d", n, of)})
	}
	sections := []card.Section{{Facts: facts}}
	var failures []card.Finding
	for _, words := range s.data.Failures {
		failures = append(failures, told(words))
	}
	if len(failures) > 0 {
		sections = append(sections, card.Section{Findings: failures})
	}
	return sections
}

// told is a failure in AWS's own words, with what helps against it.
func told(words string) card.Finding {
	return card.Finding{Text: words, Hint: string(say.Sentences(say.Remedy(words)))}
}

// replaced counts what the fleet was at the end; the last look at the refresh may be older than that.
func (s scene) replaced() (n, of int) {
	if len(s.data.Fleet) == 0 {
		return s.data.Progress.Replaced, s.data.Progress.Total
	}
	for _, count := range s.data.Fleet {
		of += count
	}
	n = s.data.remains()
	return n, max(of-s.data.Matching-len(s.plan.Left), n)
}

func (s scene) after() card.Text {
	switch {
	case s.data.Gone:
		return card.T("the group does not exist any more")
	case s.rec.State == ledger.Succeeded:
		return s.target()
	case s.rec.State == ledger.Undone && s.data.remains() == 0:
		return s.plan.From.text()
	case len(s.data.Fleet) > 0:
		return card.T("%s", inventory(s.data.Fleet))
	case s.data.Launches == s.data.Version:
		return s.target()
	}
	return s.plan.From.text()
}

// voided shows what was approved beside what is there now.
func (s scene) voided() []card.Section {
	facts := make([]card.Fact, len(s.data.Changes))
	for i, c := range s.data.Changes {
		facts[i] = card.Fact{Label: c.What, Value: card.T("%s → %s", c.Approved, c.Now)}
	}
	return []card.Section{
		card.Para(card.Join(card.Text{{Bold: "Approved → now"}})),
		{Facts: facts},
	}
}
