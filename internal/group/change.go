package group

import (
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// Change is something material that is not as it was approved.
type Change struct {
	What     string `json:"what"`
	Approved string `json:"approved"`
	Now      string `json:"now"`
}

// Changed says what is material and not as it was approved.
func (p Plan) Changed(now Plan) []Change {
	var all []Change
	differs := func(what string, approved, is any) {
		if a, b := fmt.Sprint(approved), fmt.Sprint(is); a != b {
			all = append(all, Change{what, a, b})
		}
	}
	switch p.Want.Kind {
	case Scale:
		differs("Size", p.From, now.From)
	case Attach:
		differs("Launches", p.Old, now.Old)
		differs("Then", p.New, now.New)
	case Processes:
		differs("Processes", p.Change, now.Change)
	}
	for _, f := range now.Findings {
		if f.Stop && !has(p.Findings, f) {
			all = append(all, Change{"In the way", "nothing", f.Text})
		}
	}
	return all
}

func has(all []card.Finding, f card.Finding) bool {
	for _, o := range all {
		if o.Text == f.Text {
			return true
		}
	}
	return false
}

// touched reports whether the change, or a part of it, is made.
func (p Plan) touched(g fleet.Group) bool {
	w := p.Want
	switch w.Kind {
	case Scale:
		return sizeOf(g) == p.To
	case Attach:
		return launches(g, p.New)
	case Processes:
		return suspended(g, p.Change, w.On)
	case Protect:
		return everyMember(g, w.Instances, protectedIs(w.On))
	case Standby:
		return !everyMember(g, w.Instances, lifecycleIs(standbyState(!w.On)))
	}
	return !everyMember(g, w.Instances, func(m fleet.Member) bool { return !strings.HasPrefix(m.Lifecycle, "Terminat") })
}

// launches reports whether the group launches exactly this version.
func launches(g fleet.Group, v Version) bool {
	now, ref := g.Ref(), v.ref()
	return now.Version == ref.Version && (now.ID == ref.ID || now.ID == "" && now.Name == ref.Name)
}

// reached reports whether somebody else has brought the group where the plan leads.
func (p Plan) reached(f Facts) bool {
	g := f.Group
	switch p.Want.Kind {
	case Scale:
		return sizeOf(g) == p.To
	case Attach:
		return versionOf(f.From) == p.New && g.Ref().Numeric()
	case Processes:
		return suspended(g, p.Want.Names, p.Want.On)
	case Protect:
		return everyMember(g, p.Want.Instances, protectedIs(p.Want.On))
	case Standby:
		return everyMember(g, p.Want.Instances, lifecycleIs(standbyState(p.Want.On)))
	}
	return false
}
