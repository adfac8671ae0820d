package launch

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// facts are of an account in which everything is in order.
func facts() Facts {
	image := fleet.Image{ID: "ami-1", Name: "golden", State: "available", Architecture: "x86_64"}
	return Facts{
		Now: noon, Environment: "prod", Account: "123456789012", Region: "eu-west-1", Image: &image,
		Subnets: []fleet.Subnet{
			{ID: "subnet-a", VPC: "vpc-1", Zone: "eu-west-1a", Free: 100, Default: true},
			{ID: "subnet-b", VPC: "vpc-1", Zone: "eu-west-1b", Free: 100, Default: true},
			{ID: "subnet-x", VPC: "vpc-2", Zone: "eu-west-1a", Free: 100},
		},
		SecurityGroups: []fleet.SecurityGroup{{ID: "sg-1", VPC: "vpc-1"}},
		TargetGroups:   []fleet.TargetGroup{{Name: "web", ARN: "arn:web", VPC: "vpc-1", Type: "instance"}},
		Offered:        []string{"eu-west-1a", "eu-west-1b"},
		Keys:           []string{"ops"},
	}
}

func wanted() Want {
	return Want{Group: "web", Image: "ami-1", Size: 50, Type: "m7i.large", Key: "ops", SecurityGroups: []string{"sg-1"}, TargetGroups: []string{"web"}}
}

func TestPlan(t *testing.T) {
	p, err := New(facts(), wanted())
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Findings) > 0 {
		// Twice the size needs 100 addresses, and there are 200.
		t.Errorf("got findings %+v, want none", p.Findings)
	}
	b := p.Brief()
	if b.Impact != "50 new m7i.large in 2 zones" || b.Blast.Instances != 0 || b.Resource != "123456789012/eu-west-1/asg/web" {
		t.Errorf("got %+v", b)
	}
	o := p.Order
	if o.Min != 50 || o.Max != 100 || o.Desired != 50 || o.Warmup != time.Minute || o.Grace != 5*time.Minute || o.HealthCheck != "ELB" || strings.Join(o.Subnets, " ") != "subnet-a subnet-b" {
		t.Errorf("got order %+v", o)
	}
}

// TestWhatStandsInTheWay is told in the plan, each in a sentence with a next step.
func TestWhatStandsInTheWay(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Facts, *Want)
		says   string
	}{
		{"image gone", func(f *Facts, _ *Want) { f.Image = nil }, "Image ami-1 does not exist here."},
		{"image pending", func(f *Facts, _ *Want) { f.Image.State = "pending" }, "is not ready yet"},
		{"image failed", func(f *Facts, _ *Want) { f.Image.State, f.Image.StateReason = "failed", "Client.InternalError" }, "it is failed. Client.InternalError."},
		{"architecture", func(f *Facts, _ *Want) { f.Image.Architecture = "arm64" }, "m7i.large are for x86_64, but image ami-1 is for arm64."},
		{"graviton", func(_ *Facts, w *Want) { w.Type = "m7g.large" }, "m7g.large are for arm64"},
		{"group", func(f *Facts, _ *Want) {
			f.Group = &fleet.Group{Name: "web", Desired: 2, Template: fleet.TemplateRef{Name: "old", Version: "7"}}
		}, "There is a group web already: 0 instances in service of 2, launching version 7 of template old."},
		{"template", func(f *Facts, _ *Want) { f.Taken = &fleet.Template{Name: "web", Latest: 3} }, "There is a launch template web already, with 3 versions."},
		{"no subnets", func(f *Facts, _ *Want) { f.Subnets = nil }, "There are no subnets in eu-west-1."},
		{"which network", func(f *Facts, w *Want) {
			for i := range f.Subnets {
				f.Subnets[i].Default = false
			}
			w.SecurityGroups = nil
		}, "there are 2 VPCs, and none is the default one."},
		{"subnet gone", func(_ *Facts, w *Want) { w.Subnets = []string{"subnet-z"} }, "There is no subnet subnet-z here."},
		{"two networks", func(_ *Facts, w *Want) { w.Subnets = []string{"subnet-a", "subnet-x"} }, "different VPCs: vpc-1, vpc-2."},
		{"no room", func(_ *Facts, w *Want) { w.Size, w.Max = 300, nil }, "The subnets have 200 free addresses for 300 instances."},
		{"target gone", func(_ *Facts, w *Want) { w.TargetGroups = []string{"wbe"} }, "There is no target group wbe here."},
		{"target of addresses", func(f *Facts, _ *Want) { f.TargetGroups[0].Type = "ip" }, "takes targets of type ip"},
		{"target elsewhere", func(f *Facts, _ *Want) { f.TargetGroups[0].VPC = "vpc-2" }, "Target group web is in vpc-2, the subnets are in vpc-1."},
		{"security group gone", func(f *Facts, _ *Want) { f.SecurityGroups = nil }, "There is no security group sg-1 here."},
		{"security group elsewhere", func(_ *Facts, w *Want) { w.Subnets, w.TargetGroups = []string{"subnet-x"}, nil }, "Security group sg-1 is in vpc-1, the subnets are in vpc-2."},
		{"not offered", func(f *Facts, _ *Want) { f.Offered = nil }, "Instances of type m7i.large are not offered in eu-west-1."},
		{"not offered there", func(f *Facts, w *Want) { f.Offered, w.Subnets = []string{"eu-west-1a"}, []string{"subnet-b"} }, "are not offered in eu-west-1b."},
		{"key", func(_ *Facts, w *Want) { w.Key = "mine" }, "There is no key pair mine here."},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, w := facts(), wanted()
			c.change(&f, &w)
			p, err := New(f, w)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range p.Brief().Stops() {
				if strings.Contains(s.Text, c.says) && s.Hint != "" {
					return
				}
			}
			t.Errorf("got %+v, want it stopped with %q and a hint", p.Findings, c.says)
		})
	}
}

// TestWhatPeopleShouldKnow stops nothing.
func TestWhatPeopleShouldKnow(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Facts, *Want)
		says   string
	}{
		{"deprecated", func(f *Facts, _ *Want) { f.Image.Deprecated = noon.Add(-time.Hour) }, "is deprecated since 23 November 2026."},
		{"no room to grow", func(_ *Facts, w *Want) { w.Max = ptr(500) }, "cannot grow to its maximum of 500."},
		{"one zone", func(_ *Facts, w *Want) { w.Subnets = []string{"subnet-a"} }, "All instances would be in one zone, eu-west-1a"},
		{"no security group", func(_ *Facts, w *Want) { w.SecurityGroups = nil }, "the VPC's default one guards"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, w := facts(), wanted()
			c.change(&f, &w)
			p, err := New(f, w)
			if err != nil || len(p.Brief().Stops()) > 0 || len(p.Findings) != 1 || !strings.Contains(p.Findings[0].Text, c.says) {
				t.Errorf("got %+v %v, want a warning with %q", p.Findings, err, c.says)
			}
		})
	}
}

// TestWhatMakesNoSense is refused whatever the cloud looks like.
func TestWhatMakesNoSense(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Want)
		says   string
	}{
		{"no name", func(w *Want) { w.Group = "" }, "needs a name"},
		{"colon", func(w *Want) { w.Group = "web:1" }, "cannot be the name"},
		{"nothing to launch", func(w *Want) { w.Image = "" }, "nothing to launch from"},
		{"two sources", func(w *Want) { w.Instance = "i-1" }, "cannot be launched from together"},
		{"parameter", func(w *Want) { w.Image = "resolve:ssm:/golden" }, "is a parameter"},
		{"nothing", func(w *Want) { w.Size = 0 }, "A launch is of 1 to 500 instances"},
		{"too many", func(w *Want) { w.Size = 501 }, "A launch is of 1 to 500 instances"},
		{"minimum", func(w *Want) { w.Min = ptr(51) }, "The minimum of 51 does not go with 50"},
		{"capacity below size", func(w *Want) { w.Max = ptr(49) }, "The maximum of 49 is below the 50 instances"},
		{"warmup", func(w *Want) { w.Warmup = ptr(3 * time.Hour) }, "`--warmup` cannot be"},
		{"user data", func(w *Want) { w.UserData = ptr(strings.Repeat("x", MostUserData+1)) }, "The user data has 16385 bytes; AWS takes 16384."},
		{"subnet", func(w *Want) { w.Subnets = []string{"vpc-1"} }, "vpc-1 is not an id for `--subnets`."},
		{"twice", func(w *Want) { w.SecurityGroups = []string{"sg-1", "sg-1"} }, "sg-1 is named twice."},
		{"way", func(w *Want) { w.Way = bake.Twin }, "Nothing is baked here"},
		{"no type", func(w *Want) { w.Type = "" }, "An image alone does not say on which machines it runs."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := wanted()
			c.change(&w)
			_, err := New(facts(), w)
			if f, ok := fault.As(err); !ok || f.Kind != fault.Invalid || !strings.Contains(f.Text, c.says) || f.Hint == "" {
				t.Errorf("got %v, want it refused with %q and a hint", err, c.says)
			}
		})
	}
}

// TestSubnetsLikeTheSources: the source's own subnet in its zone, and elsewhere those that are called alike.
func TestSubnetsLikeTheSources(t *testing.T) {
	f := facts()
	named := func(id, zone, name string) fleet.Subnet {
		return fleet.Subnet{ID: id, VPC: "vpc-1", Zone: "eu-west-1" + zone, Free: 250, Tags: map[string]string{"Name": name}}
	}
	f.Subnets = []fleet.Subnet{
		named("subnet-1", "a", "public-a"), named("subnet-2", "a", "private-a"), named("subnet-3", "a", "private-a"),
		named("subnet-4", "b", "public-eu-west-1b"), named("subnet-5", "b", "private-eu-west-1b"), named("subnet-6", "c", "private-c"),
	}
	f.Instance = fleet.Instance{ID: "i-1", VPC: "vpc-1", Subnet: "subnet-3"}
	p := Plan{Want: wanted()}
	place(f, &p)
	var got []string
	for _, s := range p.Subnets {
		got = append(got, s.ID)
	}
	if strings.Join(got, " ") != "subnet-3 subnet-5" { // the third zone does not offer the type
		t.Errorf("got %v, want the private ones of the zones that offer the type", got)
	}
}

func TestArchitectures(t *testing.T) {
	for kind, want := range map[string]string{
		"m7i.large": "x86_64", "m7g.large": "arm64", "c7gn.xlarge": "arm64", "t4g.nano": "arm64", "g4dn.xlarge": "x86_64", "g5.xlarge": "x86_64",
		"g5g.xlarge": "arm64", "im4gn.large": "arm64", "a1.medium": "arm64", "x2gd.medium": "arm64", "u7i-12tb.224xlarge": "x86_64",
	} {
		if got := architecture(kind); got != want {
			t.Errorf("%s: got %s, want %s", kind, got, want)
		}
	}
}

// TestGroupsThatFollowTheLatestVersion are named before a version is made that they would launch.
func TestGroupsThatFollowTheLatestVersion(t *testing.T) {
	w := newWorld(t)
	if err := w.aws.AddGroup(awssim.Group{Name: "api", Template: "shared-lt", Version: "$Latest", Max: 4, Desired: 1}); err != nil {
		t.Fatal(err)
	}
	says := func(p Plan) bool {
		return slices.ContainsFunc(p.Findings, func(f card.Finding) bool {
			return strings.Contains(f.Text, "these groups launch the latest: api.") && !f.Stop
		})
	}
	if p := w.plan(Want{Group: "web", Image: "ami-0002", Template: "shared-lt", Size: 2}); !says(p) {
		t.Errorf("got %+v, want the group that follows", p.Findings)
	}
	if p := w.plan(Want{Group: "web", Image: "ami-0001", Template: "shared-lt", Size: 2}); says(p) {
		t.Errorf("got %+v, and no version is made", p.Findings)
	}
}
