package launch

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Painter draws launches.
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
	case rec.State.Final() && (d.Template.Version != "" || d.touched()):
		pic.Sections = s.ended()
	case rec.State.Final():
		pic.Sections = []card.Section{{Facts: p.makes()}}
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
	title := cmp.Or(s.rec.Title, s.plan.Title())
	if s.rec.State != ledger.Running {
		return title
	}
	switch s.rec.At {
	case stepBake:
		return title + ": baking"
	case stepAsk:
		return title + ": go on?"
	case stepUndo:
		return title + ": taking back"
	}
	return title
}

func (s scene) running() []card.Section {
	var sections []card.Section
	if bar, ok := s.bar(); ok {
		sections = append(sections, card.Section{Bar: &bar})
	}
	sections = append(sections, card.Section{Steps: s.steps()})
	if s.rec.At == stepBake && s.data.Ahead != "" {
		sections = append(sections, card.Para(card.Join(card.T("The bake of %s waits for ", s.plan.Bake.Instance), card.Code(string(s.data.Ahead)),
			card.T(", which is at work on it."))))
	}
	if s.data.Unseen != "" {
		sections = append(sections, card.Para(card.T("Waiting until AWS shows %s.", s.data.Unseen)))
	}
	if s.rec.At == stepAsk {
		question := card.Join(card.T("%s Go on, or take back what was made? Without an answer everything stays as it is from ",
			say.Closed(string(s.data.Asking))), card.When(s.data.Until), card.T("."))
		sections = append(sections, card.Para(question))
	}
	for _, words := range s.data.Failures {
		sections = append(sections, card.Section{Findings: []card.Finding{{Text: words, Hint: string(say.Sentences(say.Remedy(words)))}}})
	}
	if zones := s.zones(); zones != "" {
		sections = append(sections, card.Section{Facts: []card.Fact{{Label: "Zones", Value: card.T("%s", zones)}}})
	}
	if facts := s.things(); len(facts) > 0 {
		sections = append(sections, card.Section{Facts: facts})
	}
	return sections
}

// bar is the bake's while it bakes, and the group's from then on.
func (s scene) bar() (card.Bar, bool) {
	if s.rec.At == stepBake {
		return s.bakeBar()
	}
	p := s.data.Progress
	if p.At.IsZero() {
		return card.Bar{}, false
	}
	if s.rec.At == stepUndo {
		return card.Bar{Done: max(p.Size-p.InService, 0), Total: max(p.Size, 1), Text: fmt.Sprintf("taken back · %d still there", p.InService)}, true
	}
	words := fmt.Sprintf("in service · %d starting", p.Coming)
	if waits := p.InService - p.Ready; waits > 0 {
		words += fmt.Sprintf(" · %d not healthy yet", waits)
	}
	if n := len(s.data.Failures); n > 0 {
		words += " · " + say.Plural(n, "failure")
	}
	return card.Bar{Done: p.Ready, Total: max(p.Size, 1), Text: words + " · " + card.Span(p.At.Sub(s.rec.Started))}, true
}

// bakeBar is the bar of the bake, as it would draw it by itself.
func (s scene) bakeBar() (card.Bar, bool) {
	inner := s.rec
	var err error
	if inner.Payload, err = payloadOf(*s.plan.Bake); err != nil {
		return card.Bar{}, false
	}
	inner.Data, inner.At = s.data.Bake, s.data.Stage
	for _, section := range (bake.Painter{}).Paint(inner).Sections {
		if section.Bar != nil {
			return *section.Bar, true
		}
	}
	return card.Bar{}, false
}

// zones tells how far each zone is.
func (s scene) zones() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(s.data.Progress.Zones)) {
		z := s.data.Progress.Zones[name]
		text := fmt.Sprintf("%s: %d in service", name, z.InService)
		if z.Coming > 0 {
			text += fmt.Sprintf(", %d starting", z.Coming)
		}
		words = append(words, text)
	}
	return strings.Join(words, " · ")
}

// steps lists what was done, is done and will be done.
func (s scene) steps() []card.Step {
	type stop struct{ at, words string }
	road := []stop{{stepCheck, "Check that nothing changed since it was planned"}}
	if s.plan.Bake != nil {
		road = append(road, stop{stepBake, "Bake " + s.plan.ImageName})
	}
	if s.plan.Template.Version == 0 {
		road = append(road, stop{stepTemplate, s.templateWords()})
	}
	road = append(road, stop{stepProve, "Prove that it launches"}, stop{stepGroup, fmt.Sprintf("Make the group %s", s.plan.Want.Group)},
		stop{stepFollow, fmt.Sprintf("Start %s", say.Plural(s.plan.Order.Desired, "instance"))}, stop{stepVerify, "Verify every instance"})
	here, failing := s.here(), s.rec.At == stepAsk || s.rec.At == stepUndo || s.rec.State == ledger.Stuck
	list := make([]card.Step, 0, len(road)+1)
	for _, n := range road {
		state := card.Todo
		switch at := station(n.at); {
		case at < here:
			state = card.Done
		case at == here && failing:
			state = card.Failed
		case at == here:
			state = card.Doing
		case s.rec.At == stepUndo:
			state = card.Skipped
		}
		list = append(list, card.Step{State: state, Text: card.T("%s", n.words)})
	}
	if s.rec.At == stepUndo {
		list = append(list, card.Step{State: card.Doing, Text: card.T("Take back what was made")})
	}
	return list
}

// here is how far along the road it is.
func (s scene) here() int {
	switch {
	case s.rec.At == stepAsk:
		return station(s.data.Retry)
	case s.rec.At != stepUndo:
		return station(s.rec.At)
	case s.data.Made:
		return station(stepFollow)
	case s.data.Template.Version != "":
		return station(stepProve)
	}
	return station(stepTemplate)
}

func station(step string) int {
	return slices.Index([]string{stepCheck, stepBake, stepTemplate, stepProve, stepGroup, stepFollow, stepVerify, stepUndo}, step)
}

func (s scene) templateWords() string {
	made := s.data.Template.Version != ""
	switch {
	case made && s.plan.makesVersion():
		return fmt.Sprintf("Made version %s of %s", s.data.Template.Version, s.plan.Template.Name)
	case s.plan.makesVersion():
		return "Make a version of " + s.plan.Template.Name
	case made:
		return "Made the launch template " + s.plan.Template.Name
	}
	return "Make the launch template " + s.plan.Template.Name
}

// things are the image, the template and the group, as far as they are there.
func (s scene) things() []card.Fact {
	var facts []card.Fact
	if s.data.Image != "" {
		facts = append(facts, card.Fact{Label: "Image", Value: card.Join(card.Code(string(s.data.Image)), card.T(" %s", s.plan.ImageName))})
	}
	if s.data.Template.Version != "" {
		facts = append(facts, card.Fact{Label: "Template", Value: card.T("version %s of %s", s.data.Template.Version, s.data.Template.Name)})
	}
	return facts
}

// looked tells how fresh the picture is, and when it may be over.
func (s scene) looked() []card.Text {
	p := s.data.Progress
	if p.At.IsZero() || s.rec.At == stepBake {
		return nil
	}
	foot := card.Join(card.T("Last look at AWS "), card.When(p.At))
	done := s.rec.Started.Add(s.plan.Expected).Truncate(time.Minute)
	switch {
	case s.rec.At != stepFollow:
	case done.Add(time.Minute).Before(p.At):
		foot = card.Join(foot, card.T(" · longer than expected"))
	default:
		foot = card.Join(foot, card.T(" · done about "), card.When(done))
	}
	return []card.Text{foot}
}

// ended sums up what there is now.
func (s scene) ended() []card.Section {
	facts := s.things()
	if s.rec.State != ledger.Undone {
		p := s.data.Progress
		facts = append([]card.Fact{{Label: "In service", Value: card.T("%d of %d %s", p.Ready, p.Size, s.plan.Shape.Type)}}, facts...)
		if zones := s.zones(); zones != "" {
			facts = append(facts, card.Fact{Label: "Zones", Value: card.T("%s", zones)})
		}
	}
	sections := []card.Section{{Facts: facts}}
	if len(facts) == 0 {
		sections = nil
	}
	for _, words := range s.data.Failures {
		sections = append(sections, card.Section{Findings: []card.Finding{{Text: words, Hint: string(say.Sentences(say.Remedy(words)))}}})
	}
	return sections
}

// voided shows what was approved beside what is there now.
func (s scene) voided() []card.Section {
	facts := make([]card.Fact, len(s.data.Changes))
	for i, c := range s.data.Changes {
		facts[i] = card.Fact{Label: c.What, Value: card.T("%s → %s", c.Approved, c.Now)}
	}
	return []card.Section{card.Para(card.Text{{Bold: "Approved → now"}}), {Facts: facts}}
}

// buttons are what people can do with the operation as it stands.
func (s scene) buttons() []card.Button {
	switch {
	case s.rec.State == ledger.Stuck:
		return append([]card.Button{plan.Button(s.rec, "retry", "Try again", card.Primary, nil)}, s.backs()...)
	case s.rec.State == ledger.Running && s.rec.At == stepAsk:
		label := "Try again"
		if s.data.Retry == stepFollow {
			label = "Continue waiting"
		}
		return append([]card.Button{plan.Button(s.rec, "continue", label, card.Primary, nil)}, s.backs()...)
	case s.rec.State == ledger.Running && s.rec.At == stepUndo:
		return nil
	case s.rec.State == ledger.Running:
		return s.backs()
	case s.rec.State == ledger.Succeeded:
		return s.next()
	}
	return nil
}

// backs take back what was made; as long as nothing was, they only stop it.
func (s scene) backs() []card.Button {
	if !s.data.touched() {
		return []card.Button{plan.Button(s.rec, "cancel", "Cancel", card.Default, &card.Confirm{
			Title: "Cancel?", Text: "Nothing was made yet, apart from what the bake may have begun.", Yes: "Cancel it", No: "No"})}
	}
	text := fmt.Sprintf("What this operation made for %s is deleted: the group with its instances, and its template.", s.plan.Want.Group)
	if !s.data.Baked {
		return []card.Button{plan.Button(s.rec, "cancel", "Take back", card.Danger, &card.Confirm{Title: "Take back?", Text: text, Yes: "Take back", No: "No"})}
	}
	return []card.Button{
		plan.Button(s.rec, "cancel", "Take back", card.Danger, &card.Confirm{Title: "Take back?", Text: text + " The image is kept.", Yes: "Take back", No: "No"}),
		plan.Button(s.rec, "rollback", "Take back with image", card.Danger, &card.Confirm{
			Title: "Take back with image?", Text: text + " The image and its snapshots are deleted, too.", Yes: "Take back", No: "No"}),
	}
}

// next are the next steps with a group that is there.
func (s scene) next() []card.Button {
	in := " --in " + s.plan.Environment
	list := []card.Button{card.Run("Show", "/asg show "+string(s.plan.Want.Group)+in)}
	if s.data.Baked {
		list = append(list, card.Run("Show image", "/ami show "+string(s.data.Image)+in))
	}
	return list
}
