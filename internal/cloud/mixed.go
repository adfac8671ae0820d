package cloud

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	asg "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// mixedOf is what people need to see of a mixed instances policy.
func mixedOf(p *asg.MixedInstancesPolicy) *fleet.Mixed {
	if p == nil {
		return nil
	}
	mixed := &fleet.Mixed{Summary: flatten(p.InstancesDistribution)}
	if p.LaunchTemplate == nil {
		return mixed
	}
	mixed.Template = refOf(p.LaunchTemplate.LaunchTemplateSpecification)
	for _, o := range p.LaunchTemplate.Overrides {
		if o.InstanceType != nil {
			mixed.Types = append(mixed.Types, *o.InstanceType)
		}
		if o.ImageId != nil {
			mixed.Images = append(mixed.Images, fleet.ImageID(*o.ImageId))
		}
		if o.LaunchTemplateSpecification != nil {
			mixed.Templates = append(mixed.Templates, refOf(o.LaunchTemplateSpecification))
		}
	}
	return mixed
}

// desired is what a refresh of the group should bring. EC2 Auto Scaling replaces the group's
// configuration by it on success, so a group with a mixed instances policy gets its whole policy back
// (instance types, Spot and On-Demand shares, images of overrides), at the ordered template version.
// Sending the template alone would turn it into a group without Spot. An image is named by every override, where one is
// given: replacing root volumes asks for that.
func desired(g asg.AutoScalingGroup, template fleet.TemplateRef, image fleet.ImageID) *asg.DesiredConfiguration {
	if g.MixedInstancesPolicy == nil {
		return &asg.DesiredConfiguration{LaunchTemplate: specOf(template)}
	}
	policy := *g.MixedInstancesPolicy
	launch := asg.LaunchTemplate{LaunchTemplateSpecification: specOf(template)}
	if policy.LaunchTemplate != nil {
		launch.Overrides = slices.Clone(policy.LaunchTemplate.Overrides)
	}
	for i, o := range launch.Overrides {
		if o.LaunchTemplateSpecification != nil {
			launch.Overrides[i].LaunchTemplateSpecification = specOf(refOf(o.LaunchTemplateSpecification))
		}
		if image != "" {
			launch.Overrides[i].ImageId = aws.String(string(image))
		}
	}
	policy.LaunchTemplate = &launch
	return &asg.DesiredConfiguration{MixedInstancesPolicy: &policy}
}

// specOf names a template by its id where there is one: describing returns id and name, and asking
// with both is refused.
func specOf(ref fleet.TemplateRef) *asg.LaunchTemplateSpecification {
	spec := &asg.LaunchTemplateSpecification{Version: given(ref.Version)}
	if ref.ID != "" {
		spec.LaunchTemplateId = aws.String(string(ref.ID))
	} else {
		spec.LaunchTemplateName = given(ref.Name)
	}
	return spec
}
