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

// Changed tells, in sentences, what is materially different in a plan made now from the same wish.
// Whatever stops the new plan counts, and so does a group that grew by more than a quarter.
func (p Plan) Changed(now Plan) []string {
	var told []string
	tell := func(changed bool, format string, args ...any) {
		if changed {
			told = append(told, fmt.Sprintf(format, args...))
		}
	}
	tell(p.Environment != now.Environment || p.Resource() != now.Resource(), "it is about %s now, not %s.", now.Resource(), p.Resource())
	tell(p.From.Template != now.From.Template, "the group's template is %s, it was %s.", now.From.Template, p.From.Template)
	tell(p.From.Version != now.From.Version, "the group launches version %d, it was version %d.", now.From.Version, p.From.Version)
	tell(p.From.Image != now.From.Image, "the group's image is %s, it was %s.", now.From.Image, p.From.Image)
	tell(p.Ref.Version != now.Ref.Version, "the group names its version as %s, it was %s.", orDefault(now.Ref.Version), orDefault(p.Ref.Version))
	tell(p.To.Version != now.To.Version || p.To.Template != now.To.Template || p.To.Image != now.To.Image,
		"it would lead to %s, approved was %s.", now.To.words(), p.To.words())
	tell(p.To.Version == now.To.Version && p.From.Version == now.From.Version && !same(p.Differences, now.Differences),
		"the two versions differ in other fields than before.")
	tell(!same(p.Mixed, now.Mixed), "the group's mixed instances policy is another one.")
	tell(p.Reversible && !now.Reversible, "AWS could no longer roll it back.")
	tell(p.otherOrder(now), "the refresh would be asked for in another way.")
	tell(p.Pace.Floor > 0 && now.Pace.Floor == 0 && now.Pace.Replaced > 0, "the group would go out of service meanwhile.")
	tell(now.Pace.Replaced > p.Pace.Replaced+max(1, p.Pace.Replaced/4), "it would replace %s, approved were %d.",
		plural(now.Pace.Replaced, "instance"), p.Pace.Replaced)
	for _, s := range now.Stops() {
		told = append(told, s.Text)
	}
	return told
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
