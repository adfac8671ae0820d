package commands

import (
	"context"
	"strings"

	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// quay is a fleet with a network, images by name and instances by name.
type quay struct {
	*cloud
	instances []fleet.Instance
}

func (y quay) Identity(context.Context) (fleet.Identity, error) {
	return fleet.Identity{Account: "123456789012", Region: "eu-west-1"}, nil
}

func (y quay) Template(context.Context, fleet.TemplateRef) (fleet.Template, error) {
	return fleet.Template{}, &fleet.Error{Kind: fleet.Absent, Call: "ec2:DescribeLaunchTemplates"}
}

func (y quay) ImageNamed(_ context.Context, name string) (fleet.Image, error) {
	for _, i := range y.images {
		if i.Name == name {
			return i, nil
		}
	}
	return fleet.Image{}, &fleet.Error{Kind: fleet.Absent, Call: "ec2:DescribeImages"}
}

func (y quay) FindInstances(_ context.Context, text string, _ int) ([]fleet.Instance, error) {
	var found []fleet.Instance
	for _, i := range y.instances {
		if strings.Contains(i.Name, text) {
			found = append(found, i)
		}
	}
	return found, nil
}

func (y quay) Subnets(context.Context, ...string) ([]fleet.Subnet, error) {
	return []fleet.Subnet{{ID: "subnet-a", VPC: "vpc-1", Zone: "eu-west-1a", Free: 4000}, {ID: "subnet-b", VPC: "vpc-1", Zone: "eu-west-1b", Free: 4000}}, nil
}

func (y quay) TypeZones(context.Context, string) ([]string, error) {
	return []string{"eu-west-1a", "eu-west-1b"}, nil
}

// goldens knows the golden images of families.
type goldens map[string]fleet.ImageID

func (g goldens) Golden(_ context.Context, environment, name string) (family.Golden, error) {
	if id, ok := g[name]; ok {
		return family.Golden{Environment: environment, Family: name, Image: id}, nil
	}
	return family.Golden{}, fault.New(fault.NotFound, "Family %s has no golden image.", name)
}
