package launch

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
	"github.com/amiral-ops/amiral/internal/template"
)

// Tags on what a launch makes.
const (
	tagOperation = "amiral:operation"
	tagRequester = "amiral:requester"
	tagFamily    = "amiral:family"
	tagInstance  = "amiral:source-instance"
	tagImage     = "amiral:source-image"
)

// preflight looks for everything that stands in the way, or that people should know before they agree. Stops come
// first.
func preflight(f Facts, p Plan) []card.Finding {
	var found []card.Finding
	for _, look := range []func(Facts, Plan) []card.Finding{
		taken, templateTaken, imageState, imageFit, baking, rooms, targets, securityGroups, hardware, comesAlong, followers,
	} {
		found = append(found, look(f, p)...)
	}
	return plan.StopsFirst(found)
}

// taken: a group of the name exists already. It is told what it is, and how to change it instead.
func taken(f Facts, p Plan) []card.Finding {
	g := f.Group
	if g == nil {
		return nil
	}
	return plan.One(plan.Stop(fmt.Sprintf("`/asg scale %s %d` changes its size, `/asg rollout %s` its image; or choose another name.", g.Name, p.Want.Size, g.Name),
		"There is a group %s already: %s.", g.Name, standing(*g)))
}

// standing says what a group is, in a few words.
func standing(g fleet.Group) string {
	words := fmt.Sprintf("%s in service of %d", say.Plural(inService(g), "instance"), g.Desired)
	if ref := g.Ref(); ref.Name != "" || ref.ID != "" {
		name := ref.Name
		if name == "" {
			name = string(ref.ID)
		}
		words += fmt.Sprintf(", launching version %s of template %s", ref.Version, name)
	}
	if op := g.Tags[tagOperation]; op != "" {
		words += ", made by " + op
	}
	return words
}

// inService counts the instances that are in service and well.
func inService(g fleet.Group) int {
	n := 0
	for _, m := range g.Instances {
		if m.Lifecycle == "InService" && m.Health == "Healthy" {
			n++
		}
	}
	return n
}

// templateTaken: a template of the name exists already, and nobody asked to use it.
func templateTaken(f Facts, p Plan) []card.Finding {
	if f.Taken == nil {
		return nil
	}
	return plan.One(plan.Stop(fmt.Sprintf("Use it with `--template %s`, or choose another name for the group.", f.Taken.Name),
		"There is a launch template %s already, with %s.", f.Taken.Name, say.Plural(int(f.Taken.Latest), "version")))
}

// imageState: can the image be launched?
func imageState(f Facts, p Plan) []card.Finding {
	switch i := f.Image; {
	case p.Bake != nil:
		return nil
	case i == nil:
		return plan.One(plan.Stop("Check the id and the region, and that the image is shared with this account.", "Image %s does not exist here.", p.Image))
	case i.State == "pending":
		return plan.One(plan.Stop("Wait until it is available.", "Image %s is not ready yet: it is pending.", p.Image))
	case i.State != "available":
		return plan.One(plan.Stop("Choose another image.", "%s", say.Sentences(fmt.Sprintf("Image %s cannot be launched: it is %s", p.Image, i.State), i.StateReason)))
	case !i.Deprecated.IsZero() && !i.Deprecated.After(f.Now):
		return plan.One(plan.Warn("", "Image %s is deprecated since %s.", p.Image, i.Deprecated.Format("2 January 2006")))
	}
	return nil
}

// arm tells the instance types with Graviton processors by their names: a g behind the generation.
var arm = regexp.MustCompile(`^(a1|[a-z]+\d+[a-z]*g[a-z]*)[.-]`)

// architecture is what machines of a type run.
func architecture(kind string) string {
	if arm.MatchString(kind) {
		return "arm64"
	}
	return "x86_64"
}

// imageFit: does the image run on these machines?
func imageFit(f Facts, p Plan) []card.Finding {
	has, id := f.Instance.Architecture, "what is baked from "+string(p.Want.Instance)
	if f.Image != nil {
		has, id = f.Image.Architecture, "image "+string(p.Image)
	}
	if needs := architecture(p.Shape.Type); has == "arm64" && needs != has || has == "x86_64" && needs != has {
		return plan.One(plan.Stop("Choose another `--type` or another image.", "%s are for %s, but %s is for %s.", p.Shape.Type, needs, id, has))
	}
	return nil
}

// baking: what the bake has to say of the source.
func baking(_ Facts, p Plan) []card.Finding {
	if p.Bake == nil {
		return nil
	}
	return p.Bake.Brief().Findings
}

// targets: each target group must exist, take instances, and be in the same network.
func targets(f Facts, p Plan) (found []card.Finding) {
	for _, name := range p.Want.TargetGroups {
		t, there := target(f, name)
		switch vpcs := networks(p.Subnets); {
		case !there:
			found = append(found, plan.Stop("Check its name and the region.", "There is no target group %s here.", name))
		case t.Type != "" && t.Type != "instance":
			found = append(found, plan.Stop("Name one whose targets are instances.", "Target group %s takes targets of type %s, not instances.", t.Name, t.Type))
		case t.VPC != "" && len(vpcs) == 1 && t.VPC != vpcs[0]:
			found = append(found, plan.Stop("Name subnets of that VPC with `--subnets`, or another target group.", "Target group %s is in %s, the subnets are in %s.", t.Name, t.VPC, vpcs[0]))
		}
	}
	return found
}

// securityGroups: each must exist, in the same network.
func securityGroups(f Facts, p Plan) (found []card.Finding) {
	vpcs := networks(p.Subnets)
	for _, id := range p.Shape.SecurityGroups {
		i := slices.IndexFunc(f.SecurityGroups, func(g fleet.SecurityGroup) bool { return g.ID == id })
		switch {
		case i < 0:
			found = append(found, plan.Stop("Name others with `--sg`.", "There is no security group %s here.", id))
		case f.SecurityGroups[i].VPC != "" && len(vpcs) == 1 && f.SecurityGroups[i].VPC != vpcs[0]:
			found = append(found, plan.Stop("Name subnets of that VPC with `--subnets`, or other groups with `--sg`.",
				"Security group %s is in %s, the subnets are in %s.", id, f.SecurityGroups[i].VPC, vpcs[0]))
		}
	}
	if len(p.Shape.SecurityGroups) == 0 {
		found = append(found, plan.Warn("Name others with `--sg`.", "No security group is named, so the VPC's default one guards the instances."))
	}
	return found
}

// hardware: is the type offered here, and does the key exist?
func hardware(f Facts, p Plan) (found []card.Finding) {
	if len(f.Offered) == 0 {
		found = append(found, plan.Stop("Choose another with `--type`.", "Instances of type %s are not offered in %s.", p.Shape.Type, f.Region))
	}
	for _, zone := range zones(p.Subnets) {
		if len(f.Offered) > 0 && !slices.Contains(f.Offered, zone) {
			found = append(found, plan.Stop("Name subnets of other zones, or choose another `--type`.", "Instances of type %s are not offered in %s.", p.Shape.Type, zone))
		}
	}
	if p.Want.Role != "" {
		found = append(found, plan.Warn("", "Instance profiles cannot be looked up from here: the dry run before the group is made tells whether %s can be used.", p.Want.Role))
	}
	if p.Want.Key != "" && !slices.Contains(f.Keys, p.Want.Key) {
		found = append(found, plan.Stop("Name one that exists with `--key`.", "There is no key pair %s here.", p.Want.Key))
	}
	return found
}

// comesAlong: what every new instance does that the source did once.
func comesAlong(_ Facts, p Plan) (found []card.Finding) {
	if p.Want.Instance != "" && p.Want.UserData == nil && p.Shape.UserData != "" {
		found = append(found, plan.Warn("Give other user data with `--user-data` if it should not.", "The user data of %s comes along, and every new instance runs it when it first starts.", p.Want.Instance))
	}
	if p.Want.UserData != nil {
		found = append(found, template.CheckUserData(*p.Want.UserData)...)
	}
	return found
}

// followers: other groups that launch whatever is the template's latest version would launch the one that is made here.
func followers(f Facts, p Plan) []card.Finding {
	if !p.makesVersion() || len(f.Followers) == 0 {
		return nil
	}
	return plan.One(plan.Warn("Attach a numbered version to them first, or leave `--template` out.",
		"The version that is made of %s is its latest, and these groups launch the latest: %s. Their new instances would run it, too.", p.Template.Name, say.Some(f.Followers, 5)))
}
