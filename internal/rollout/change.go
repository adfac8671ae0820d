package rollout

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
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

// Change is one thing that is materially not as it was approved.
type Change struct {
	What     string `json:"what"`
	Approved string `json:"approved"`
	Now      string `json:"now"`

	text string // the same as a sentence
}

// Changed tells what is materially different in a plan made now from the same wish. Where the group itself
// moved on, that is told and not all that follows from it. Whatever stops the new plan counts, and so does a
// group that grew by more than a quarter. An instance more or less, or another in the place of one that was
// ill, does not; nor do names and descriptions.
func (p Plan) Changed(now Plan) []Change {
	told := p.moved(now)
	if len(told) == 0 {
		told = p.misled(now)
	}
	for _, look := range []func(Plan) (Change, bool){p.otherPolicy, p.otherOrder, p.darker, p.more, p.dataAtStake, p.alarmed} {
		if c, changed := look(now); changed {
			told = append(told, c)
		}
	}
	for _, s := range now.Stops() {
		told = append(told, Change{What: "In the way", Approved: "nothing", Now: s.Text, text: say.Closed(s.Text)})
	}
	return told
}

// moved tells where the group stands now, if it does not stand where it stood.
func (p Plan) moved(now Plan) []Change {
	what, was, is, text := "", "", "", ""
	switch {
	case p.Environment != now.Environment || p.Resource() != now.Resource():
		what, was, is, text = "Target", p.Resource(), now.Resource(), "It is %s now, not %s."
	case now.From.Version == 0 && p.From.Version != 0:
		return nil // what the group launches from is gone, which is a stop with words of its own
	case p.From.Template != now.From.Template:
		what, was, is, text = "Template", string(p.From.Template), string(now.From.Template), "The group's template is %s now, not %s."
	case p.From.Version != now.From.Version:
		what, was, is, text = "Launches", p.From.words(), now.From.words(), "The group launches %s now, not %s."
	case p.From.Image != now.From.Image:
		what, was, is, text = "Image", string(p.From.Image), string(now.From.Image), "The group's image is %s now, not %s."
	case p.Ref.Version != now.Ref.Version:
		what, was, is = "Named version", orDefault(p.Ref.Version), orDefault(now.Ref.Version)
		text = "The group names its version as %s now, not %s."
	default:
		return nil
	}
	return []Change{{What: what, Approved: was, Now: is, text: fmt.Sprintf(text, is, was)}}
}

// misled tells what the rollout would lead to now, and whether there is still a way back from it.
func (p Plan) misled(now Plan) (told []Change) {
	switch {
	case p.To.Version != now.To.Version || p.To.Template != now.To.Template || p.To.Image != now.To.Image:
		told = append(told, Change{What: "Leads to", Approved: p.To.words(), Now: now.To.words(),
			text: fmt.Sprintf("It would lead to %s now, not to %s.", now.To.words(), p.To.words())})
	case !same(p.Differences, now.Differences):
		told = append(told, Change{What: "Differences", Approved: p.differenceWords(), Now: now.differenceWords(),
			text: "The two versions differ in other fields than before."})
	}
	if p.Reversible && !now.Reversible {
		told = append(told, Change{What: "Way back", Approved: "can be rolled back", Now: "cannot be rolled back while it runs",
			text: "AWS could no longer roll it back."})
	}
	return told
}

// differenceWords lists in which fields the two versions differ.
func (p Plan) differenceWords() string {
	words := make([]string, len(p.Differences))
	for i, d := range p.Differences {
		words[i] = change(d)
	}
	return say.Some(words, 5)
}

func (p Plan) otherPolicy(now Plan) (Change, bool) {
	if same(p.Mixed, now.Mixed) || p.onlyRef(now) {
		return Change{}, false
	}
	was, is := unlike(p.Mixed, now.Mixed)
	return Change{What: "Mixed instances policy", Approved: was, Now: is, text: "The group's mixed instances policy is another one."}, true
}

// otherOrder compares the orders apart from what misled tells in words of its own.
func (p Plan) otherOrder(now Plan) (Change, bool) {
	a, b := p.Order, now.Order
	a.Template, b.Template = fleet.TemplateRef{}, fleet.TemplateRef{}
	a.AutoRollback, b.AutoRollback = false, false
	was, is := unlike(a, b)
	return Change{What: "Refresh", Approved: was, Now: is, text: "The refresh would be asked for in another way."}, !same(a, b)
}

// muchDarker is by how many points of the capacity more may be taken away than was approved.
const muchDarker = 25

// darker: the group would go out of service, or lose much more of its capacity than was approved.
func (p Plan) darker(now Plan) (Change, bool) {
	was, is := p.Blast().CapacityDown, now.Blast().CapacityDown
	c := Change{What: "Capacity meanwhile", Approved: fmt.Sprintf("%d %% less", was), Now: fmt.Sprintf("%d %% less", is)}
	if p.Pace.Floor > 0 && now.Pace.Floor == 0 && now.Pace.Replaced > 0 {
		c.text = "The group would go out of service meanwhile."
		return c, true
	}
	c.text = fmt.Sprintf("It would take %d %% of the capacity away meanwhile, not %d %%.", is, was)
	return c, is > was+muchDarker
}

// more: by a quarter, and by more than one.
func (p Plan) more(now Plan) (Change, bool) {
	was, is := p.Pace.Replaced, now.Pace.Replaced
	return Change{What: "Replaces", Approved: say.Plural(was, "instance"), Now: say.Plural(is, "instance"),
		text: fmt.Sprintf("It would replace %s, not %d.", say.Plural(is, "instance"), was)}, is > was+max(1, was/4)
}

// dataAtStake: disks that nobody who agreed had heard of.
func (p Plan) dataAtStake(now Plan) (Change, bool) {
	return Change{What: "Data", Approved: "none is lost besides the root volumes", Now: "other disks are deleted with the instances",
		text: "The instances have disks now that would be lost with them."}, !p.dataLost() && now.dataLost()
}

// alarmed: something rings for the group that was quiet when people agreed, or cannot be heard any more. A roll
// back is not held up by that: it may well be the cure.
func (p Plan) alarmed(now Plan) (Change, bool) {
	if p.Want.Back || p.Risk.NoAlarms != "" {
		return Change{}, false
	}
	if now.Risk.NoAlarms != "" {
		return Change{What: "Open alarms", Approved: p.alarmWord(), Now: Unknown, text: "It cannot be told any more whether an alarm is open."}, true
	}
	fresh := slices.DeleteFunc(slices.Clone(now.Risk.Alarms), func(name string) bool { return slices.Contains(p.Risk.Alarms, name) })
	return Change{What: "Open alarms", Approved: p.alarmWord(), Now: now.alarmWord(),
		text: fmt.Sprintf("%s open that was not: %s.", are(len(fresh), "alarm"), say.Some(fresh, 3))}, len(fresh) > 0
}

func (p Plan) alarmWord() string {
	if len(p.Risk.Alarms) == 0 {
		return "none"
	}
	return say.Some(p.Risk.Alarms, 5)
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

// words names a side as people say it.
func (s Side) words() string {
	if s.Version == 0 {
		return fmt.Sprintf("a new version with %s", s.image())
	}
	return fmt.Sprintf("version %d (%s)", s.Version, s.Image)
}

// same compares two values as they are stored, so that a plan that went through JSON equals a fresh one.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// unlike lists the fields in which two values, as they are stored, differ: those of the one, and those of the other.
func unlike(a, b any) (was, is string) {
	x, y := fields(a), fields(b)
	keys := map[string]bool{}
	for k := range x {
		keys[k] = true
	}
	for k := range y {
		keys[k] = true
	}
	var left, right []string
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if !bytes.Equal(x[k], y[k]) {
			left, right = append(left, field(k, x[k])), append(right, field(k, y[k]))
		}
	}
	return strings.Join(left, ", "), strings.Join(right, ", ")
}

// fields are the fields of a value as it is stored.
func fields(v any) map[string]json.RawMessage {
	body, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(body, &all) != nil {
		return nil
	}
	return all
}

// field is a stored field as people read it: `types m5.large, m6i.large`.
func field(name string, value json.RawMessage) string {
	name = strings.ReplaceAll(name, "_", " ")
	if len(value) == 0 {
		return "no " + name
	}
	plain := strings.NewReplacer(`"`, "", "{", "", "}", "", "[", "", "]", "", ",", ", ", ":", " ").Replace(string(value))
	return name + " " + plain
}
