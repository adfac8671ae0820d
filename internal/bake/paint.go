package bake

import (
	"fmt"
	"slices"

	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// Painter draws bakes.
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
	case rec.State.Final() && (d.Image != "" || d.Launching || d.Entering):
		pic.Sections = []card.Section{{Facts: s.result()}}
	case rec.State.Final():
		pic.Sections = []card.Section{{Facts: p.facts()[:2]}}
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
	if s.rec.State != ledger.Running {
		return title
	}
	switch {
	case s.data.Cancelled:
		return title + ": cancelling"
	case s.rec.At == stepFollow && s.data.Slow:
		return title + ": slow, not failed"
	}
	return title
}

// running is an operation under way: how far it is, what is done and to do, and what exists.
func (s scene) running() []card.Section {
	var sections []card.Section
	if bar, ok := s.bar(); ok {
		sections = append(sections, card.Section{Bar: &bar})
	}
	sections = append(sections, card.Section{Steps: s.steps()})
	if s.data.Image != "" || s.data.Twin != "" {
		sections = append(sections, card.Section{Facts: s.result()})
	}
	var notes []card.Finding
	for _, n := range s.data.Notes {
		notes = append(notes, card.Finding{Text: string(n)})
	}
	if len(notes) > 0 {
		sections = append(sections, card.Section{Findings: notes})
	}
	return sections
}

func (s scene) bar() (card.Bar, bool) {
	p := s.data.Progress
	if p.At.IsZero() || s.data.Failed {
		return card.Bar{}, false
	}
	words := fmt.Sprintf("of %d GiB saved · %s", max(p.GiB, size(s.plan.Disks)), card.Span(p.At.Sub(s.data.Began)))
	if s.data.Available {
		words = fmt.Sprintf("of %d GiB saved", max(p.GiB, size(s.plan.Disks)))
	}
	return card.Bar{Done: p.Percent, Total: 100, Percent: true, Text: words}, true
}

// stage is one stop on the road, with all the steps that are told as one.
type stage struct {
	at    []string
	words string
}

func (s scene) road() []stage {
	road := []stage{{[]string{stepCheck}, "Check that nothing changed since it was planned"}}
	switch s.plan.Way {
	case Standby:
		road = append(road, stage{[]string{stepStandby, stepReady}, fmt.Sprintf("Take %s out of the service of %s", s.plan.Instance, s.plan.Group)})
	case Twin:
		road = append(road, stage{[]string{stepTwin, stepReady}, fmt.Sprintf("Launch a twin from version %s of %s", s.plan.Template.Version, s.plan.Template.Name)})
	}
	road = append(road, stage{[]string{stepManifest}, s.manifestWords()}, stage{[]string{stepImage, stepFollow}, s.imageWords()})
	switch s.plan.Way {
	case Standby:
		road = append(road, stage{[]string{stepLeave}, fmt.Sprintf("Bring %s back into service", s.plan.Instance)})
	case Twin:
		road = append(road, stage{[]string{stepLeave}, "Terminate the twin"})
	}
	road = append(road, stage{[]string{stepTag}, "Tag the image and its snapshots"})
	if n := len(s.plan.Want.CopyTo); n > 0 {
		road = append(road, stage{[]string{stepCopy, stepCopies}, s.copyWords()})
	}
	if len(s.plan.Want.Share) > 0 {
		road = append(road, stage{[]string{stepShare}, "Share it with " + say.Some(s.plan.Want.Share, 3)})
	}
	switch {
	case s.rec.At == stepUndo || s.data.Cancelled:
		road = append(road, stage{[]string{stepUndo, stepSettle}, "Remove what was made"})
	case s.rec.At == stepSettle && s.data.Ending != nil && s.data.Ending.State != ledger.Succeeded:
		road = append(road, stage{[]string{stepSettle}, "Leave everything in order"})
	}
	return road
}

func (s scene) manifestWords() string {
	if s.data.Digest == "" {
		return "Write down what is on it"
	}
	if why, absent := (baseline.Manifest{Missing: s.data.Lacks}).Absent(); absent {
		return "Write down what is on it: " + why
	}
	return "Wrote down " + s.data.Found
}

func (s scene) imageWords() string {
	switch {
	case s.data.Image == "" && s.plan.Way == NoReboot:
		return "Make the image, without a reboot"
	case s.data.Image == "":
		return "Make the image"
	}
	return fmt.Sprintf("Make %s", s.data.Image)
}

func (s scene) copyWords() string {
	done := 0
	for _, c := range s.data.Copies {
		if c.Available {
			done++
		}
	}
	return fmt.Sprintf("Copy it to %s (%d done)", say.Plural(len(s.plan.Want.CopyTo), "place"), done)
}

// steps lists what was done, is done and will be done. Where the road was left early, what was skipped stays open.
func (s scene) steps() []card.Step {
	road := s.road()
	here := slices.IndexFunc(road, func(p stage) bool { return slices.Contains(p.at, s.rec.At) })
	off := s.rec.At == stepUndo || s.rec.At == stepSettle
	list := make([]card.Step, 0, len(road))
	for n, p := range road {
		state := card.Todo
		switch {
		case n == here && s.rec.State == ledger.Stuck:
			state = card.Failed
		case n == here:
			state = card.Doing
		case off && n < here && !s.done(p):
			state = card.Skipped
		case n < here || here < 0:
			state = card.Done
		}
		list = append(list, card.Step{State: state, Text: card.T("%s", p.words)})
	}
	return list
}

// done reports whether a stop was passed on a road that was left early.
func (s scene) done(p stage) bool {
	switch p.at[0] {
	case stepManifest:
		return s.data.Digest != ""
	case stepImage:
		return s.data.Available
	case stepStandby, stepTwin, stepCheck:
		return true
	case stepLeave:
		return s.data.Left || s.data.Gone
	}
	return false
}

// result is what exists.
func (s scene) result() []card.Fact {
	var facts []card.Fact
	if s.data.Image != "" {
		state := s.data.Progress.State
		if s.data.Removed {
			state = "deregistered"
		}
		t := card.Join(card.Code(string(s.data.Image)), card.T(" %s", s.plan.Name))
		if state != "" {
			t = card.Join(t, card.T(", %s", state))
		}
		facts = append(facts, card.Fact{Label: "Image", Value: t})
		if len(s.data.Snapshots) > 0 && !s.data.Removed {
			facts = append(facts, card.Fact{Label: "Snapshots", Value: card.T("%s", say.Some(s.data.Snapshots, 5))})
		}
	}
	for _, c := range s.data.Copies {
		facts = append(facts, card.Fact{Label: "Copy in " + c.Place.String(), Value: copyText(c)})
	}
	if len(s.data.Shared) > 0 && !s.data.Removed {
		facts = append(facts, card.Fact{Label: "Shared with", Value: card.T("%s", say.Some(s.data.Shared, 5))})
	}
	if s.data.Twin != "" {
		facts = append(facts, card.Fact{Label: "Twin", Value: card.Join(card.Code(string(s.data.Twin)), card.T("%s", map[bool]string{true: ", terminated", false: ""}[s.data.Gone]))})
	}
	if s.data.Entering && !s.data.Left {
		facts = append(facts, card.Fact{Label: "Out of service", Value: card.Code(string(s.plan.Instance))})
	}
	if s.rec.State.Final() && s.data.Digest != "" && !s.data.Removed {
		facts = append(facts, card.Fact{Label: "Baseline", Value: card.T("%s", s.baselineWords())})
	}
	return facts
}

func (s scene) baselineWords() string {
	if why, absent := (baseline.Manifest{Missing: s.data.Lacks}).Absent(); absent {
		return why + "; " + s.data.Found
	}
	return s.data.Found
}

func copyText(c Copy) card.Text {
	switch {
	case c.Image == "" && c.Why != "":
		return card.T("none: %s", c.Why)
	case c.Image == "":
		return card.T("to do")
	case c.Removed:
		return card.Join(card.Code(string(c.Image)), card.T(", deregistered"))
	case c.Why != "":
		return card.Join(card.Code(string(c.Image)), card.T(": %s", c.Why))
	case c.Available:
		return card.Join(card.Code(string(c.Image)), card.T(", available"))
	}
	return card.Join(card.Code(string(c.Image)), card.T(", %d %%", c.Percent))
}

// looked tells how fresh the picture is, and when it may be over.
func (s scene) looked() []card.Text {
	if s.data.Progress.At.IsZero() || s.data.Available {
		return nil
	}
	foot := card.Join(card.T("Last look at AWS "), card.When(s.data.Progress.At), card.T(": %s, %d %%", s.data.Progress.State, s.data.Progress.Percent))
	switch about := s.data.Began.Add(s.plan.Expected); {
	case s.data.Slow || s.data.Progress.At.After(about):
		foot = card.Join(foot, card.T(" · longer than expected"))
	default:
		foot = card.Join(foot, card.T(" · done about "), card.When(about))
	}
	return []card.Text{foot}
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
		return []card.Button{plan.Button(s.rec, "retry", "Try again", card.Primary, nil), s.cancel("Give up")}
	case s.rec.State == ledger.Running && !s.data.Cancelled && s.rec.At != stepUndo && s.rec.At != stepSettle:
		return []card.Button{s.cancel("Cancel")}
	case s.rec.State.Final() && s.data.Available && !s.data.Removed:
		return s.onward()
	}
	return nil
}

func (s scene) cancel(label string) card.Button {
	text := "Nothing was made yet."
	if s.data.Image != "" {
		text = fmt.Sprintf("%s is deregistered again, with its snapshots and copies.", s.data.Image)
	} else if s.data.Asking {
		text = "What was made is removed again."
	}
	if s.data.Entering {
		text += fmt.Sprintf(" %s comes back into service.", s.plan.Instance)
	}
	if s.data.Launching {
		text += " The twin is terminated."
	}
	return plan.Button(s.rec, "cancel", label, card.Default, &card.Confirm{Title: label + "?", Text: text, Yes: label, No: "No"})
}

// onward are commands for the image that was made.
func (s scene) onward() []card.Button {
	in := " --in " + s.plan.Environment
	run := func(label, command string) card.Button {
		return card.Run(label, command+in)
	}
	list := []card.Button{run("Show", "/ami show "+string(s.data.Image))}
	if s.plan.Family != "" {
		list = append(list, run("Promote", "/ami promote "+string(s.data.Image)+" --family "+s.plan.Family))
	}
	if s.plan.Source != "" {
		list = append(list, run("Diff", "/ami diff "+string(s.plan.Source)+" "+string(s.data.Image)))
	}
	return append(list, run("Retire", "/ami retire "+string(s.data.Image)))
}
