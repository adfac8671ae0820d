package patch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/rollout"
	"github.com/amiral-ops/amiral/internal/say"
)

// Painter draws patches.
type Painter struct{}

// Paint draws an operation from its record and nothing else.
func (Painter) Paint(rec ledger.Record) card.Picture {
	p, d, err := decode(rec)
	if err != nil {
		return plan.Blank(rec, err)
	}
	s := scene{rec: rec, plan: p, data: d}
	switch {
	case rec.State == ledger.Running || rec.State == ledger.Stuck:
		return s.running()
	case len(d.Changes) > 0:
		return card.Picture{Headline: s.title(), Sections: s.voided()}
	case rec.State.Final() && (d.Image.ID != "" || len(d.Parts) > 0):
		return card.Picture{Headline: s.title(), Sections: s.ended(), Buttons: s.onward()}
	case rec.State.Final():
		return card.Picture{Headline: s.title(), Sections: []card.Section{{Facts: p.facts()[:2]}}}
	}
	return card.Picture{Headline: s.title(), Sections: p.Sections()}
}

// scene is what a picture is drawn from.
type scene struct {
	rec  ledger.Record
	plan Plan
	data Data
}

func (s scene) title() string {
	if s.rec.Title == "" {
		return s.plan.Title()
	}
	return s.rec.Title
}

// at is the step without its part's.
func (s scene) at() string {
	name, _, _ := strings.Cut(s.rec.At, "/")
	return name
}

// running is an operation under way: the whole road, and the picture of the part that is at work.
func (s scene) running() card.Picture {
	pic := card.Picture{Headline: s.title()}
	switch s.at() {
	case stepBake:
		pic = s.add(pic, s.baking(), "")
		pic.Sections = append(pic.Sections, s.waits()...)
		pic.Buttons = append([]card.Button{s.pause()}, pic.Buttons...)
	case stepRoll:
		pic = s.add(pic, s.rolling(), string(s.data.part().Group))
	default:
		pic.Sections = []card.Section{{Steps: s.steps()}}
		pic.Sections = append(pic.Sections, s.waits()...)
		switch s.at() {
		case stepEnd, stepNext, stepSettle:
		case stepPromote:
			if s.data.Held {
				pic.Buttons = []card.Button{s.pause(), s.cancel()}
			}
		default:
			pic.Buttons = []card.Button{s.pause(), s.cancel()}
		}
	}
	if s.rec.State == ledger.Stuck {
		pic.Buttons = []card.Button{plan.Button(s.rec, "retry", "Try again", card.Primary, nil), s.cancel()}
	}
	return pic
}

// add puts a part's picture around the road. What it asks of the whole it says with the group's name.
func (s scene) add(pic, part card.Picture, group string) card.Picture {
	title := s.title()
	if group != "" {
		if _, state, ok := strings.Cut(part.Headline, ": "); ok {
			if len(s.plan.Groups) > 1 {
				state = group + ": " + state
			}
			title += ": " + state
		}
		if len(s.plan.Groups) > 1 {
			pic.Sections = append(pic.Sections, card.Para(card.Text{{Bold: fmt.Sprintf("%s, %d of %d", group, len(s.data.Parts), len(s.plan.Groups))}}))
		}
	}
	pic.Headline = title
	pic.Sections = append(pic.Sections, within(s.steps(), part.Sections)...)
	pic.Buttons, pic.Foot = part.Buttons, part.Foot
	return pic
}

// within draws a part's steps under the one of the road that is at work, and its bar above all of them. That nothing
// changed since the plan is told once, by the whole.
func within(road []card.Step, sections []card.Section) []card.Section {
	var above, below []card.Section
	for _, section := range sections {
		switch {
		case section.Bar != nil:
			above = append(above, section)
		case len(section.Steps) > 0:
			road = nested(road, section.Steps[1:])
		default:
			below = append(below, section)
		}
	}
	return slices.Concat(above, []card.Section{{Steps: road}}, below)
}

func nested(road, steps []card.Step) []card.Step {
	at := slices.IndexFunc(road, func(s card.Step) bool { return s.State == card.Doing || s.State == card.Failed })
	var inner []card.Step
	for _, s := range steps {
		s.Part = true
		inner = append(inner, s)
	}
	return slices.Insert(slices.Clone(road), at+1, inner...)
}

// baking is the bake as an operation of its own would be drawn.
func (s scene) baking() card.Picture {
	rec, err := s.plan.bakeRecord(s.rec, s.data)
	if err != nil {
		return card.Picture{}
	}
	return bake.Painter{}.Paint(rec)
}

// rolling is the group's rollout as an operation of its own would be drawn.
func (s scene) rolling() card.Picture {
	rec, err := s.plan.record(s.rec, s.data, len(s.data.Parts)-1)
	if err != nil {
		return card.Picture{}
	}
	return rollout.Painter{}.Paint(rec)
}

func (s scene) cancel() card.Button {
	return plan.Button(s.rec, "cancel", "Cancel", card.Default, &card.Confirm{
		Title: "Cancel?", Text: "It ends here: groups that are patched stay so, the others are not touched.", Yes: "Cancel", No: "No"})
}

// pause has nothing more begun, or lets it go on.
func (s scene) pause() card.Button {
	if s.data.Held {
		return plan.Button(s.rec, "resume", "Resume", card.Primary, nil)
	}
	return plan.Button(s.rec, "pause", "Pause", card.Default, nil)
}

// waits tells what it waits for.
func (s scene) waits() []card.Section {
	var all []card.Section
	if words := s.waiting(); words != "" {
		all = append(all, card.Para(card.T("%s", words)))
	}
	if s.data.Held {
		all = append(all, card.Para(card.T("Paused: what is under way is finished, and nothing more is begun until somebody resumes.")))
	}
	return all
}

// waiting is what a step between the parts waits for.
func (s scene) waiting() string {
	t := s.data.Trial
	switch s.at() {
	case stepBake:
		if s.data.Ahead != "" {
			return fmt.Sprintf("The bake of %s waits for %s, which is at work on it.", s.plan.Bake.Instance, s.data.Ahead)
		}
	case stepBoot:
		return fmt.Sprintf("%s boots with %s.", t.Instance, s.data.Image.ID)
	case stepTest:
		return fmt.Sprintf("The test runs on %s.", t.Instance)
	case stepTake:
		if part := s.data.part(); part != nil && part.Ahead != "" {
			return fmt.Sprintf("%s waits for %s, which is at work on it.", part.Group, part.Ahead)
		}
	}
	return ""
}

// stage is one stop on the road.
type stage struct {
	words string
	rank  int
}

// The stops in order; groups count from rollRank.
const (
	bakeRank = 1 + iota
	trialRank
	rollRank
)

// rank is where the operation stands on the road.
func (s scene) rank() int {
	switch s.at() {
	case stepCheck:
		return 0
	case stepBake:
		return bakeRank
	case stepTrial, stepBoot, stepTest, stepEnd:
		return trialRank
	case stepTake, stepRoll, stepNext:
		n := len(s.data.Parts)
		if p := s.data.part(); s.at() == stepTake && (p == nil || p.At != "") {
			n++ // it has not begun with the next one yet
		}
		return rollRank + n - 1
	case stepPromote:
		return rollRank + len(s.plan.Groups)
	}
	return rollRank + len(s.plan.Groups) + 1
}

// steps lists what was done, is done and will be done.
func (s scene) steps() []card.Step {
	road := []stage{{"Check that nothing changed since it was planned", 0}, {s.imageWords(), bakeRank}}
	if s.plan.Want.Test != "" {
		road = append(road, stage{s.testWords(), trialRank})
	}
	for i, g := range s.plan.Groups {
		road = append(road, stage{fmt.Sprintf("Roll %s: %s", g.Group, say.Plural(g.Pace.Replaced, "instance")), rollRank + i})
	}
	if s.plan.Want.Promote {
		road = append(road, stage{"Make it the golden image of " + s.plan.Bake.Family, rollRank + len(s.plan.Groups)})
	}
	here := s.rank()
	steps := make([]card.Step, len(road))
	for i, r := range road {
		state := card.Todo
		switch {
		case r.rank < here:
			state = card.Done
		case r.rank == here && s.rec.State == ledger.Stuck:
			state = card.Failed
		case r.rank == here:
			state = card.Doing
		}
		steps[i] = card.Step{State: state, Text: card.T("%s", r.words)}
	}
	return steps
}

func (s scene) imageWords() string {
	if s.data.Image.ID != "" {
		return fmt.Sprintf("Made %s (%s) from %s", s.data.Image.ID, s.data.Image.Name, s.plan.server())
	}
	return fmt.Sprintf("Make %s from %s", s.plan.Bake.Name, s.plan.server())
}

func (s scene) testWords() string {
	switch {
	case s.data.Trial.Passed && s.at() == stepEnd:
		return "Tested on a throw-away machine: passed; the machine is terminated"
	case s.data.Trial.Passed:
		return "Tested on a throw-away machine: passed"
	case s.data.Trial.Failure != "":
		return "Test on a throw-away machine: failed"
	}
	return "Test it on a throw-away machine"
}

// voided shows what was approved beside what is there now.
func (s scene) voided() []card.Section {
	facts := make([]card.Fact, len(s.data.Changes))
	for i, c := range s.data.Changes {
		label := c.What
		if c.Group != "" {
			label = c.Group + ": " + label
		}
		facts[i] = card.Fact{Label: label, Value: card.T("%s → %s", c.Approved, c.Now)}
	}
	return []card.Section{card.Para(card.Text{{Bold: "Approved → now"}}), {Facts: facts}}
}

// ended sums up: the image, the test, and a row for each group.
func (s scene) ended() []card.Section {
	facts := []card.Fact{{Label: "Image", Value: card.Join(card.Code(string(s.data.Image.ID)), card.T(" %s, made from %s", s.data.Image.Name, s.plan.server()))}}
	if s.data.Golden {
		facts = append(facts, card.Fact{Label: "Golden", Value: card.T("of %s", s.plan.Bake.Family)})
	}
	sections := []card.Section{{Facts: facts}, {Table: s.results()}}
	var found []card.Finding
	for _, t := range []say.Safe{s.data.Trial.Failure, s.data.Trial.Left} {
		if t != "" {
			found = append(found, card.Finding{Text: string(t)})
		}
	}
	if len(found) > 0 {
		sections = append(sections, card.Section{Findings: found})
	}
	if s.data.Trial.Tail != "" && !s.data.Trial.Passed {
		sections = append(sections, card.Section{Code: s.data.Trial.Tail})
	}
	return sections
}

// results is a row for each group.
func (s scene) results() *card.Table {
	t := &card.Table{Columns: []card.Column{{Label: "Group"}, {Label: "Before"}, {Label: "Result"}}}
	for i, g := range s.plan.Groups {
		t.Rows = append(t.Rows, []card.Text{card.Code(string(g.Group)), card.T("%s, version %d", g.From.Image, g.From.Version), card.T("%s", s.result(i))})
	}
	return t
}

func (s scene) result(i int) string {
	if i >= len(s.data.Parts) {
		return "not touched"
	}
	switch s.data.Parts[i].State {
	case ledger.Succeeded:
		return "patched"
	case ledger.Void:
		return "not touched: it changed meanwhile"
	case ledger.Undone:
		return "rolled back"
	case ledger.Cancelled:
		return "cancelled"
	case "":
		return "not finished"
	}
	return "failed"
}

// onward are the next steps: the way back of what is patched, and on with what is not.
func (s scene) onward() []card.Button {
	done, left := s.data.done(), s.plan.untouched(s.data)
	unpromoted := s.plan.Want.Promote && !s.data.Golden && len(done) == len(s.plan.Groups)
	if len(s.plan.Groups) == 1 {
		done = nil
	}
	var all []card.Button
	if len(s.plan.Groups) == 1 {
		if _, ok := Previous(s.rec, s.plan.Groups[0].Group); ok {
			all = append(all, plan.Button(s.rec, "rollback_new", "Roll back…", card.Default, nil))
		}
	}
	in := " --in " + s.plan.Environment
	for _, g := range slices.Backward(done[max(0, len(done)-2):]) {
		all = append(all, card.Run("Roll back "+g+"…", "/asg rollback "+grammar.Quote(g)+in))
	}
	for _, g := range left[:min(len(left), 2)] {
		if s.data.Trial.Failure == "" && s.data.Image.ID != "" {
			all = append(all, card.Run("Roll "+g+"…", fmt.Sprintf("/asg rollout %s --image %s%s", grammar.Quote(g), s.data.Image.ID, in)))
		}
	}
	if unpromoted {
		all = append(all, card.Run("Promote…", s.plan.promotes(s.data)+in))
	}
	if s.data.Image.ID != "" {
		all = append(all, card.Run("Show image", fmt.Sprintf("/ami show %s%s", s.data.Image.ID, in)))
	}
	return all
}
