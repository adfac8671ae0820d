package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// preflight looks for everything in the live fleet that stands in the way, or that people should know
// before they agree. Stops come first.
func preflight(f Facts, p Plan) []card.Finding {
	var found []card.Finding
	for _, look := range []func(Facts, Plan) []card.Finding{
		ownership, source, nothingToDo, rootVolumes, imageState, imageFit, imageKind, versionImage, suspensions, otherRefresh, mixedPolicy,
		wayBack, capacity, disks, leftovers, health, alarms, openAlarms, canarySize, fullStops,
	} {
		found = append(found, look(f, p)...)
	}
	return plan.StopsFirst(found)
}

// ownership: somebody else may believe that the group is theirs.
func ownership(f Facts, p Plan) (found []card.Finding) {
	if f.Group.Operator != "" {
		found = append(found, plan.Stop("Change it through that service.", "%s is managed by %s.", p.Group, f.Group.Operator))
	}
	if stack := f.Group.Tags["aws:cloudformation:stack-name"]; stack != "" {
		found = append(found, plan.Warn("Bring the stack's template in line afterwards.",
			"The group belongs to the CloudFormation stack %s, which will see a drift.", stack))
	}
	for key, value := range f.Group.Tags {
		if strings.Contains(strings.ToLower(key+" "+value), "terraform") {
			return append(found, plan.Warn("Bring the configuration in line afterwards, or the next apply may turn it back.",
				"The group's tags say that Terraform manages it."))
		}
	}
	return found
}

// source: there must be a template version to start from.
func source(f Facts, p Plan) []card.Finding {
	switch {
	case p.Ref == (fleet.TemplateRef{}):
		return plan.One(plan.Stop("Move the group to a launch template first.", "%s has no launch template.", p.Group))
	case p.From.Version == 0:
		return plan.One(plan.Stop("Give the group a version that exists.",
			"%s launches from version %s of template %s, which does not exist.", p.Group, orDefault(p.Ref.Version), nameOf(p.Ref)))
	}
	return nil
}

func orDefault(version string) string {
	if version == "" {
		return "$Default"
	}
	return version
}

func nameOf(ref fleet.TemplateRef) string {
	if ref.Name != "" {
		return ref.Name
	}
	return string(ref.ID)
}

// nothingToDo: a roll that would replace nothing and change nothing is a mistake.
func nothingToDo(_ Facts, p Plan) []card.Finding {
	if p.Makes() || p.From.Version == 0 || p.From.Version != p.To.Version || p.Pace.Replaced > 0 {
		return nil
	}
	return plan.One(plan.Stop("", "There is nothing to do: the group launches version %d (%s), and so does every instance that may be replaced.",
		p.To.Version, p.To.Image))
}

// suspensions: a refresh needs these processes.
func suspensions(f Facts, p Plan) []card.Finding {
	var needed []string
	for _, process := range []string{"Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy", "InstanceRefresh", "AddToLoadBalancer"} {
		if slices.Contains(f.Group.Suspended, process) {
			needed = append(needed, process)
		}
	}
	if len(needed) == 0 {
		return nil
	}
	return plan.One(plan.Stop("Find out who suspended it and why, then resume it.", "%s suspended on %s: %s.",
		map[bool]string{true: "A process is", false: "Processes are"}[len(needed) == 1], p.Group, strings.Join(needed, ", ")))
}

// otherRefresh: a group can have one refresh at a time.
func otherRefresh(f Facts, p Plan) []card.Finding {
	for _, r := range f.Refreshes {
		if !r.Over() {
			what := ""
			if r.Desired.Version != "" {
				what = fmt.Sprintf(" to version %s of %s", r.Desired.Version, nameOf(r.Desired))
			}
			return plan.One(plan.Stop("Wait for its end, or ask whoever started it.",
				"Another instance refresh%s is active on %s: %s, %s, %d %%, started %s.",
				what, p.Group, r.ID, r.Status, r.Percent, r.Started.UTC().Format("2 Jan 15:04 UTC")))
		}
	}
	return nil
}

// mixedPolicy: overrides may launch from somewhere else.
func mixedPolicy(_ Facts, p Plan) (found []card.Finding) {
	if p.Mixed == nil {
		return nil
	}
	other := func(id fleet.ImageID) bool { return id != p.To.Image && p.Order.Image == "" }
	if slices.ContainsFunc(p.Mixed.Images, other) {
		found = append(found, plan.Stop("Change the overrides of the mixed instances policy first.",
			"Some instance types of the group name their own image (%s), which this change would not reach.", say.Some(p.Mixed.Images, 3)))
	}
	if len(p.Mixed.Templates) > 0 {
		found = append(found, plan.Stop("Change the overrides of the mixed instances policy first.",
			"Some instance types of the group have a template of their own (%s), which this change would not reach.", nameOf(p.Mixed.Templates[0])))
	}
	if p.Order.Image != "" {
		return append(found, plan.Warn("", "The group has a mixed instances policy; it is kept whole, only the template's version and the image of each instance type change."))
	}
	return append(found, plan.Warn("", "The group has a mixed instances policy; it is kept whole, only the template's version changes."))
}

// wayBack: what keeps AWS from taking the refresh back, and anybody from going back afterwards.
func wayBack(_ Facts, p Plan) (found []card.Finding) {
	if p.Reversible || p.From.Version == 0 {
		return nil
	}
	const hint = "The automatic roll back is switched off."
	switch {
	case p.From.Version == p.To.Version:
		return plan.One(plan.Warn(hint, "The group already launches version %d, so there is nothing that AWS could roll back to.", p.To.Version))
	case !p.Ref.Numeric():
		text := fmt.Sprintf("The group launches from %s, which AWS cannot roll back to while the refresh runs; a success pins it to a number.", orDefault(p.Ref.Version))
		if p.Ref.Version == "$Latest" && p.Makes() {
			text += " New instances of every group that follows $Latest launch from the new version as soon as it is made."
		}
		found = plan.One(plan.Warn(hint, "%s", text))
	case p.From.Image.IsParameter():
		found = plan.One(plan.Warn(hint, "The group's present image is the parameter %s, which AWS cannot roll back to.", p.From.Image))
	case p.inPlace() && p.NoReturn == "":
		found = plan.One(plan.Warn(hint+" After this rollout they do, so the next one can be rolled back.",
			"Not every instance type of the group names an image now, so it is not certain that AWS could replace root volumes back."))
	}
	if p.NoReturn != "" {
		found = append(found, plan.Warn(hint, "The present %s, so there is no way back to it.", p.NoReturn))
	}
	return found
}

// noReturn says why the version that the group launches now could not be launched again; empty when it could,
// or when its image is only named by a parameter.
func noReturn(f Facts, p Plan) string {
	image, there := f.Images[p.From.Image]
	switch {
	case p.From.Version == 0, p.From.Image == "", p.From.Image.IsParameter():
		return ""
	case !there:
		return fmt.Sprintf("image %s does not exist any more", p.From.Image)
	case image.State != "available":
		return fmt.Sprintf("image %s is %s", p.From.Image, image.State)
	}
	return ""
}

// capacity: does the group stay in service?
func capacity(_ Facts, p Plan) []card.Finding {
	switch {
	case p.Pace.Desired == 0:
		return plan.One(plan.Warn("", "The group wants no instances now: only what it launches from changes."))
	case p.Pace.Floor == 0 && p.Pace.Replaced > 0:
		return plan.One(plan.Warn("With `--min-healthy 100 --max-healthy 200` new instances come into service first.",
			"The group will be out of service meanwhile: nothing keeps an instance in service at %d %% to %d %%.", p.Order.MinHealthy, p.Order.MaxHealthy))
	}
	return nil
}

// leftovers: instances in standby or protected from scale in.
func leftovers(f Facts, p Plan) (found []card.Finding) {
	for _, kind := range []struct{ why, words string }{{"standby", "in standby"}, {"protected", "protected from scale in"}} {
		if ids := p.leftBecause(kind.why); len(ids) > 0 {
			found = append(found, plan.Warn("", "%s %s will be left alone: %s.", say.Plural(len(ids), "instance"), kind.words, say.Some(ids, 5)))
		}
	}
	waits := (p.Want.Standby == "Wait" && slices.ContainsFunc(f.Group.Instances, func(m fleet.Member) bool { return m.Lifecycle == "Standby" })) ||
		(p.Want.Protected == "Wait" && slices.ContainsFunc(f.Group.Instances, func(m fleet.Member) bool { return m.Protected }))
	if waits {
		found = append(found, plan.Warn("", "AWS waits an hour for instances in standby or protected from scale in, then fails the refresh."))
	}
	return found
}

func (p Plan) leftBecause(why string) []fleet.InstanceID {
	var ids []fleet.InstanceID
	for _, l := range p.Left {
		if l.Why == why {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// health: what is ill already.
func health(f Facts, p Plan) []card.Finding {
	ill := unhealthy(f)
	if len(ill) == 0 {
		return nil
	}
	text := fmt.Sprintf("%s of %d unhealthy now: %s.", say.Plural(len(ill), "instance"), p.Pace.Desired, say.Some(ill, 5))
	if !p.Want.Back && p.Pace.Desired-len(ill) < p.Pace.Floor {
		return plan.One(plan.Stop("Repair the group first, or lower the floor with `--min-healthy`.",
			"%s At least %d must stay in service.", text, p.Pace.Floor))
	}
	return plan.One(plan.Warn("", "%s", text))
}

// unhealthy lists the instances that their group or a target group calls unhealthy.
func unhealthy(f Facts) []fleet.InstanceID {
	ill := []fleet.InstanceID{}
	for _, m := range f.Group.Instances {
		bad := m.Health == "Unhealthy" || slices.ContainsFunc(f.Targets, func(t fleet.Target) bool {
			return t.Instance == m.ID && t.State == "unhealthy"
		})
		if bad && !going(m) && m.Lifecycle != "Standby" {
			ill = append(ill, m.ID)
		}
	}
	return ill
}

// alarms: each that was named must exist and be quiet.
func alarms(f Facts, p Plan) (found []card.Finding) {
	for _, name := range p.Want.Alarms {
		state := ""
		for _, a := range f.Alarms {
			if a.Name == name {
				state = a.State
			}
		}
		switch state {
		case "":
			found = append(found, plan.Stop("Check its name and the region.", "There is no alarm %s.", name))
		case "ALARM":
			found = append(found, plan.Stop("Find out why first.", "Alarm %s is in ALARM already.", name))
		case "INSUFFICIENT_DATA":
			found = append(found, plan.Warn("", "Alarm %s has no data now, so it may not notice trouble.", name))
		}
	}
	return found
}

// canarySize: a canary that is the whole group asks nobody.
func canarySize(_ Facts, p Plan) []card.Finding {
	if p.Want.Canary == 0 || p.Pace.Replaced == 0 || p.canaries() < p.Pace.Replaced {
		return nil
	}
	return plan.One(plan.Warn("", "The canary of %d %% is every instance there is to replace: it may be over before anybody is asked.", p.Want.Canary))
}

// canaries is how many instances the canary replaces: as asked for, or as many as are replaced when no
// more than a canary is approved.
func (p Plan) canaries() int {
	return max(1, (p.Pace.Replaced*cmp.Or(p.Want.Canary, narrowShare)+99)/100)
}

// canaryWait is how long people may take to answer about the canary.
func (p Plan) canaryWait() time.Duration { return cmp.Or(p.Want.CanaryWait, time.Hour) }

// canaryShare is the percentage at which AWS shall stop, so that no more than so many canaries are replaced as
// the group is now. Instances that match already count for AWS as replaced, so they are added.
func (p Plan) canaryShare(now Plan, canaries int) int {
	most := 100 * (now.Matching + canaries) / max(now.Matching+now.Pace.Replaced, 1)
	if now.Matching == 0 {
		most = min(most, cmp.Or(p.Want.Canary, narrowShare))
	}
	return min(max(most, 1), 99)
}

// fullStops: a checkpoint below 100 at the end would leave the rest behind.
func fullStops(_ Facts, p Plan) []card.Finding {
	if n := len(p.Want.Checkpoints); n == 0 || p.Want.Checkpoints[n-1] == 100 {
		return nil
	}
	return plan.One(plan.Warn("", "After the last checkpoint the rest follows: the roll ends with every instance."))
}
