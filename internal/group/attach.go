package group

import (
	"fmt"
	"strconv"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
)

// attaching has a group launch from another template, or another version, from now on. What runs stays as it is.
type attaching struct{}

func (attaching) aim(p *Plan, f Facts) {
	p.Old, p.New = versionOf(f.From), versionOf(f.To)
	g, named := f.Group, p.Want.ref()
	if p.New.Number == 0 {
		p.stop("`/template list` shows the templates there are, `/template versions` those of one.", "There is no %s.", refWords(named))
		return
	}
	if m := g.Mixed; m != nil && len(m.Images)+len(m.Templates) > 0 {
		p.warn("Change the policy where it is made.", "%s has a mixed instances policy, which is kept: what its overrides name themselves stays as it is.", g.Name)
	}
	if p.Refreshing != "" {
		p.stop("Wait for it, or cancel it.", "An instance refresh is under way (%s): AWS could not roll it back any more.", p.Refreshing)
	}
	p.image(f)
	if p.Old == p.New && g.Ref().Numeric() {
		p.stop("", "%s launches from %s already.", g.Name, p.New)
	}
	if p.Running > 0 {
		p.warn(fmt.Sprintf("`/asg rollout %s --version %d` replaces them.", g.Name, p.New.Number),
			"Only instances that are launched from now on are made from it; those that run stay as they are.")
	}
}

// image looks at what the version launches.
func (p *Plan) image(f Facts) {
	image, there := f.Images[p.New.Image]
	switch {
	case p.New.Image == "":
		p.stop("Give the template one: `/template update`.", "%s names no image.", p.New)
	case p.New.Image.IsParameter():
		p.warn("Name the AMI itself in the template.", "%s names a parameter, not an image: what is launched may change without notice.", p.New)
	case !there:
		p.stop("Choose another version.", "Its image %s does not exist.", p.New.Image)
	case image.State != "available":
		p.stop("Choose another version.", "Its image %s is %s.", p.New.Image, image.State)
	}
}

func versionOf(v fleet.TemplateVersion) Version {
	return Version{Template: v.Template, Name: v.Name, Number: v.Number, Image: v.Image}
}

// String names the version as people do.
func (v Version) String() string {
	if v.Number == 0 {
		return "none"
	}
	return fmt.Sprintf("version %d of %s", v.Number, v.Name)
}

func (v Version) ref() *fleet.TemplateRef {
	return &fleet.TemplateRef{ID: v.Template, Name: v.Name, Version: strconv.FormatInt(v.Number, 10)}
}

func refWords(r fleet.TemplateRef) string {
	if r.Version == "" {
		return "template " + r.Name + string(r.ID)
	}
	return "version " + r.Version + " of template " + r.Name + string(r.ID)
}

func (attaching) title(p Plan) string {
	if p.New.Number == 0 {
		return fmt.Sprintf("Let %s launch from %s", p.Want.Group, p.Want.Template)
	}
	return fmt.Sprintf("Let %s launch from %s@%d", p.Want.Group, p.New.Name, p.New.Number)
}

func (attaching) impact(Plan) string { return "new instances only; what runs stays as it is" }

func (attaching) blast(Plan) plan.Blast { return plan.Blast{} }

func (attaching) facts(p Plan) []card.Fact {
	now := card.T("nothing")
	if p.Old.Number > 0 {
		now = card.Join(card.T("%s, ", p.Old), card.Code(string(p.Old.Image)))
	}
	if p.New.Number == 0 {
		return []card.Fact{{Label: "Launches now", Value: now}}
	}
	return []card.Fact{{Label: "Launches now", Value: now}, {Label: "Then", Value: card.Join(card.T("%s, ", p.New), card.Code(string(p.New.Image)))}}
}
