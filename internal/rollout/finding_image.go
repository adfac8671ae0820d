package rollout

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// imageState: can the image be launched?
func imageState(f Facts, p Plan) []card.Finding {
	id := p.To.Image
	if id == "" || id.IsParameter() {
		return nil
	}
	image, there := f.Images[id]
	switch {
	case !there && p.Want.Back:
		return plan.One(plan.Stop("Roll to another version or image instead.", "There is no way back to version %d: its image %s does not exist any more.", p.To.Version, id))
	case image.State != "available" && p.Want.Back:
		return plan.One(plan.Stop("Roll to another version or image instead.", "There is no way back to version %d: its image %s is %s.", p.To.Version, id, image.State))
	case !there:
		return plan.One(plan.Stop("Check the id and the region, and that the image is shared with this account.",
			"Image %s does not exist here.", id))
	case image.State == "pending":
		return plan.One(plan.Stop("Wait until it is available.", "Image %s is not ready yet: it is pending.", id))
	case image.State != "available":
		return plan.One(plan.Stop("Choose another image.", "%s", say.Sentences(fmt.Sprintf("Image %s cannot be launched: it is %s", id, image.State), image.StateReason)))
	case !image.Deprecated.IsZero() && !image.Deprecated.After(f.Now):
		return plan.One(plan.Warn("", "Image %s is deprecated since %s.", id, image.Deprecated.Format("2 January 2006")))
	}
	return nil
}

// imageFit: does the image go with these machines?
func imageFit(f Facts, p Plan) (found []card.Finding) {
	to, from := f.image(p), f.Images[p.From.Image]
	if to.ID == "" && to.Name == "" {
		return nil
	}
	called := p.To.image()
	now := from.Architecture
	for _, i := range f.Instances {
		if i.Architecture != "" {
			now = i.Architecture
			break
		}
	}
	otherType := slices.ContainsFunc(p.Differences, func(d fleet.Difference) bool { return d.Field == "InstanceType" })
	switch {
	case to.Architecture == "" || now == "" || to.Architecture == now:
	case otherType:
		found = append(found, plan.Warn("Make sure that the new instance type goes with it.",
			"Image %s is for %s, the instances are %s now.", called, to.Architecture, now))
	default:
		found = append(found, plan.Stop("Choose an image for "+now+".", "Image %s is for %s, the group's instances are %s.", called, to.Architecture, now))
	}
	if from.Volumes > 0 && to.Volumes > 0 && from.Volumes != to.Volumes {
		found = append(found, plan.Warn("", "Image %s launches with %s, the present one with %d.", called, say.Plural(to.Volumes, "volume"), from.Volumes))
	}
	return found
}

// imageKind: is the image meant for these machines? Where both images say what they are for, their tags
// tell; otherwise the first word of their names does.
func imageKind(f Facts, p Plan) []card.Finding {
	to, from := f.image(p), f.Images[p.From.Image]
	const hint = "Make sure that it is meant for this group."
	said := false
	for _, tag := range []string{"Role", "Family"} {
		next, now := to.Tags[tag], from.Tags[tag]
		if next == "" || now == "" {
			continue
		}
		if said = true; !strings.EqualFold(next, now) {
			return plan.One(plan.Warn(hint, "The image says %s %s, the present one %s %s.", tag, next, tag, now))
		}
	}
	next, now := firstWord(to.Name), firstWord(from.Name)
	if said || next == "" || now == "" || strings.EqualFold(next, now) {
		return nil
	}
	return plan.One(plan.Warn(hint, "The image is called %s, the present one %s.", to.Name, from.Name))
}

// firstWord is what a name begins with, up to the first character that is no letter.
func firstWord(name string) string {
	end := strings.IndexFunc(name, func(r rune) bool { return !unicode.IsLetter(r) })
	if end < 0 {
		return name
	}
	return name[:end]
}

// versionImage: the version may name no image, or a parameter.
func versionImage(_ Facts, p Plan) []card.Finding {
	switch {
	case p.To.Version > 0 && p.To.Image == "":
		return plan.One(plan.Stop("", "Version %d of template %s names no image.", p.To.Version, p.To.Name))
	case p.To.Image.IsParameter():
		return plan.One(plan.Warn("Make a version that names the image itself.",
			"Version %d takes its image from %s at each launch: what will run cannot be checked, nor rolled back later.", p.To.Version, p.To.Image))
	}
	return nil
}
