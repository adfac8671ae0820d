package bake

import (
	"cmp"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// Change is one thing that is materially not as it was approved.
type Change struct {
	What     string `json:"what"`
	Approved string `json:"approved"`
	Now      string `json:"now"`
}

// Changed tells what is materially different in a plan made now from the same wish. Whatever stops the new plan
// counts. How many instances the group has does not.
func (p Plan) Changed(now Plan) []Change {
	var told []Change
	look := func(what, was, is string) {
		if was != is {
			told = append(told, Change{What: what, Approved: cmp.Or(was, "none"), Now: cmp.Or(is, "none")})
		}
	}
	look("Target", p.Resource(), now.Resource())
	look("State", p.State, now.State)
	look("Runs", string(p.Source), string(now.Source))
	look("Group", string(p.Group), string(now.Group))
	look("Captures", strings.Join(volumes(p.Disks), ", "), strings.Join(volumes(now.Disks), ", "))
	look("Leaves out", strings.Join(volumes(p.Left), ", "), strings.Join(volumes(now.Left), ", "))
	look("Twin from", templateWords(p.Template), templateWords(now.Template))
	for _, s := range now.Findings {
		if s.Stop {
			told = append(told, Change{What: "In the way", Approved: "nothing", Now: s.Text})
		}
	}
	return told
}

func templateWords(r fleet.TemplateRef) string {
	if r.Version == "" {
		return ""
	}
	return cmp.Or(r.Name, string(r.ID)) + " version " + r.Version
}

// changeWords are the changes as one sentence each.
func changeWords(changed []Change) string {
	words := make([]string, 0, len(changed))
	for _, c := range changed {
		if c.What == "In the way" {
			words = append(words, say.Closed(c.Now))
			continue
		}
		words = append(words, c.What+" was "+c.Approved+" and is "+say.Closed(c.Now))
	}
	return strings.Join(slices.Compact(words), " ")
}
