package rollout

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// material is what people agree to. The numbers of the day (how many instances, how long, which of them
// are ill) are not in it; Changed judges those by how far they moved.
type material struct {
	Environment, Account, Region string
	Group                        fleet.GroupName
	Ref                          fleet.TemplateRef
	From, To                     Side
	Differences                  []fleet.Difference
	Mixed                        *fleet.Mixed
	Order                        fleet.RefreshOrder
	Want                         Want
}

func (p Plan) material() material {
	from, to := p.From, p.To
	from.Name, from.ImageName, from.Description = "", "", ""
	to.Name, to.ImageName, to.Description = "", "", ""
	return material{p.Environment, p.Account, p.Region, p.Group, p.Ref, from, to, p.Differences, p.Mixed, p.Order, p.Want}
}

// Digest is a fingerprint of what is material in the plan: the same for the same change, whenever and by
// whichever replica it was planned.
func (p Plan) Digest() string {
	body, err := json.Marshal(p.material())
	if err != nil { // strings, numbers and maps of them always marshal
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// again is the wish with every number that people saw, so that planning once more decides nothing anew.
func (p Plan) again() Want {
	w := p.Want
	w.MinHealthy, w.MaxHealthy = &p.Order.MinHealthy, &p.Order.MaxHealthy
	return w
}

// Changed tells, in sentences, what is materially different in a plan made now from the same wish. Where
// the group itself moved on, that is told and not all that follows from it. Whatever stops the new plan
// counts, and so does a group that grew by more than a quarter.
func (p Plan) Changed(now Plan) []string {
	told := p.moved(now)
	tell := func(changed bool, format string, args ...any) {
		if changed {
			told = append(told, fmt.Sprintf(format, args...))
		}
	}
	if len(told) == 0 {
		tell(p.To.Version != now.To.Version || p.To.Template != now.To.Template || p.To.Image != now.To.Image,
			"It would lead to %s now, not to %s.", now.To.words(), p.To.words())
		tell(p.To.Version == now.To.Version && !same(p.Differences, now.Differences),
			"The two versions differ in other fields than before.")
		tell(p.Reversible && !now.Reversible, "AWS could no longer roll it back.")
	}
	tell(!same(p.Mixed, now.Mixed) && !p.onlyRef(now), "The group's mixed instances policy is another one.")
	tell(p.otherOrder(now), "The refresh would be asked for in another way.")
	tell(p.Pace.Floor > 0 && now.Pace.Floor == 0 && now.Pace.Replaced > 0, "The group would go out of service meanwhile.")
	tell(now.Pace.Replaced > p.Pace.Replaced+max(1, p.Pace.Replaced/4), "It would replace %s, not %d.",
		plural(now.Pace.Replaced, "instance"), p.Pace.Replaced)
	for _, s := range now.Stops() {
		told = append(told, closed(s.Text))
	}
	return told
}

// moved tells where the group stands now, if it does not stand where it stood.
func (p Plan) moved(now Plan) []string {
	switch {
	case p.Environment != now.Environment || p.Resource() != now.Resource():
		return []string{fmt.Sprintf("It is %s now, not %s.", now.Resource(), p.Resource())}
	case now.From.Version == 0 && p.From.Version != 0:
		return nil // what the group launches from is gone, which is a stop with words of its own
	case p.From.Template != now.From.Template:
		return []string{fmt.Sprintf("The group's template is %s now, not %s.", now.From.Template, p.From.Template)}
	case p.From.Version != now.From.Version:
		return []string{fmt.Sprintf("The group launches %s now, not %s.", now.From.words(), p.From.words())}
	case p.From.Image != now.From.Image:
		return []string{fmt.Sprintf("The group's image is %s now, not %s.", now.From.Image, p.From.Image)}
	case p.Ref.Version != now.Ref.Version:
		return []string{fmt.Sprintf("The group names its version as %s now, not %s.", orDefault(now.Ref.Version), orDefault(p.Ref.Version))}
	}
	return nil
}

// onlyRef reports whether the mixed instances policies differ in nothing but the template's version, which
// is told in words of its own.
func (p Plan) onlyRef(now Plan) bool {
	if p.Mixed == nil || now.Mixed == nil {
		return false
	}
	a, b := *p.Mixed, *now.Mixed
	a.Template, b.Template = fleet.TemplateRef{}, fleet.TemplateRef{}
	return same(a, b) && len(p.moved(now)) > 0
}

// reached reports whether somebody else brought the group where the plan leads: it launches what was wished
// for, and so did every instance in service.
func (p Plan) reached(f Facts) bool {
	w := p.Want
	launches := f.From.Image == w.Image && w.Image != "" || f.From.Number == w.Version && w.Version > 0 && f.From.Template == p.To.Template
	if !launches || f.From.Template != p.From.Template || w.SetDefault && f.Template.Default != f.From.Number {
		return false
	}
	for _, m := range f.Group.Instances {
		runs := launchedFrom(m, f.From.Template, f.From.Number) || w.Image != "" && f.Instances[m.ID].Image == w.Image
		if m.Lifecycle == "InService" && !runs {
			return false
		}
	}
	return len(f.Refreshes) == 0 || f.Refreshes[0].Over()
}

// otherOrder compares the orders apart from what Changed tells in words of its own.
func (p Plan) otherOrder(now Plan) bool {
	a, b := p.Order, now.Order
	a.Template, b.Template = fleet.TemplateRef{}, fleet.TemplateRef{}
	a.AutoRollback, b.AutoRollback = false, false
	return !same(a, b)
}

// words names a side as people say it.
func (s Side) words() string {
	if s.Version == 0 {
		return fmt.Sprintf("a new version with %s", s.Image)
	}
	return fmt.Sprintf("version %d (%s)", s.Version, s.Image)
}

// same compares two values as they are stored, so that a plan that went through JSON equals a fresh one.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
