package bake

import (
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// Sections is the whole plan: what is captured, what becomes of the instance, and what comes of it.
func (p Plan) Sections() []card.Section { return p.under(p.facts()) }

// brief is as much of the plan as somebody needs who decides on it.
func (p Plan) brief() []card.Section { return p.under(p.facts()[1:]) }

func (p Plan) under(facts []card.Fact) []card.Section {
	sections := []card.Section{{Facts: facts}}
	if len(p.Findings) > 0 {
		sections = append(sections, card.Section{Findings: p.Findings})
	}
	return sections
}

func (p Plan) facts() []card.Fact {
	facts := []card.Fact{
		{Label: "Instance", Value: p.instanceText()},
		{Label: "Image", Value: p.imageText()},
		{Label: "Instance meanwhile", Value: card.T("%s", p.wayWords())},
		{Label: "Captures", Value: card.T("%s", diskWords(p.Disks))},
	}
	if len(p.Left) > 0 {
		facts = append(facts, card.Fact{Label: "Leaves out", Value: card.T("%s", diskWords(p.Left))})
	}
	facts = append(facts, card.Fact{Label: "Baseline", Value: card.T("%s", p.baselineWords())})
	if len(p.Want.CopyTo) > 0 {
		facts = append(facts, card.Fact{Label: "Copies", Value: card.T("%s", p.placeWords())})
	}
	if len(p.Want.Share) > 0 {
		facts = append(facts, card.Fact{Label: "Shared with", Value: card.T("%s; copies are not shared", say.Some(p.Want.Share, 5))})
	}
	if p.Want.Note != "" {
		facts = append(facts, card.Fact{Label: "Note", Value: card.T("%s", p.Want.Note)})
	}
	return append(facts,
		card.Fact{Label: "Takes", Value: card.T("about %s; AWS promises nothing, and it is waited for up to a day", card.Span(p.Expected))},
		card.Fact{Label: "Way back", Value: card.T("while it runs, cancelling removes what it made; afterwards `/ami retire` does")})
}

func (p Plan) instanceText() card.Text {
	t := card.Code(string(p.Instance))
	if p.Called != "" {
		t = card.Join(t, card.T(" %s", p.Called))
	}
	t = card.Join(t, card.T(", %s, in %s, %s (%s)", p.State, p.Environment, p.Region, p.Account))
	if p.Group != "" {
		t = card.Join(t, card.T(", serves in "), card.Code(string(p.Group)))
	}
	return t
}

func (p Plan) imageText() card.Text {
	t := card.Code(p.Name)
	if p.Family != "" {
		t = card.Join(t, card.T(" of the family %s", p.Family))
	}
	return t
}

// wayWords say what becomes of the instance, and what that means for the image.
func (p Plan) wayWords() string {
	if p.Group == "" && (p.Way == Standby || p.Way == Twin) {
		return "is not touched: it serves in no group"
	}
	switch p.Way {
	case NoReboot:
		return "runs on. The image is crash consistent: as after a power cut, what was not written to disk yet is missing"
	case Standby:
		return fmt.Sprintf("leaves the service of %s, is rebooted and comes back, even if the image fails. Desired capacity %d becomes %d meanwhile, so nothing is launched in its place. "+
			"The image is whole: nothing unwritten is missing", p.Group, p.Desired, p.Desired-1)
	case Twin:
		return fmt.Sprintf("is not touched. A throw-away twin is launched from version %s of %s, rebooted for the image and terminated, even if the image fails. "+
			"The image is whole", p.Template.Version, p.Template.Name)
	case Stopped:
		return "stays stopped. The image is whole"
	}
	return "is rebooted, as AWS does by default, and away for some minutes. The image is whole: nothing unwritten is missing"
}

func diskWords(disks []fleet.Disk) string {
	words := make([]string, len(disks))
	for i, d := range disks {
		words[i] = fmt.Sprintf("%s %d GiB", d.Device, d.Size)
		if d.Root {
			words[i] += " (root)"
		}
	}
	if len(words) == 0 {
		return "nothing"
	}
	if len(words) > 1 {
		return fmt.Sprintf("%s; %d GiB in all", say.Some(words, 8), size(disks))
	}
	return words[0]
}

func (p Plan) baselineWords() string {
	if p.NoManifest != "" {
		return "no manifest of the machine, because " + strings.TrimSuffix(p.NoManifest, ".") + "; security group rules only"
	}
	return "packages, files, services, firewall and security group rules are written down just before"
}

func (p Plan) placeWords() string {
	words := make([]string, len(p.Want.CopyTo))
	for i, c := range p.Want.CopyTo {
		words[i] = c.Region
		if c.Account != "" && c.Account != p.Account {
			words[i] = fmt.Sprintf("%s (%s, account %s: the image is shared with it while it is copied)", c.Environment, c.Region, c.Account)
		} else if c.Environment != p.Environment {
			words[i] = c.String()
		}
	}
	return strings.Join(words, "; ")
}
