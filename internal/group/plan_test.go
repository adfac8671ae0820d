package group

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// facts are of a group of five in three zones: two in a and b, one in c; a1 is the oldest, then b1, a2, b2 and c1, which
// is of version 1, the others being of version 2.
func facts(edit ...func(*Facts)) Facts {
	f := Facts{Now: noon, Environment: "prod", Machines: map[fleet.InstanceID]fleet.Instance{}, Images: map[fleet.ImageID]fleet.Image{},
		Group: fleet.Group{Name: "web", ARN: "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:u:autoScalingGroupName/web",
			Min: 2, Desired: 5, Max: 8, Template: fleet.TemplateRef{ID: "lt-1", Name: "web-lt", Version: "2"}, Suspended: []string{"AlarmNotification", "ScheduledActions"}}}
	for i, name := range []string{"a1", "b1", "a2", "b2", "c1"} {
		id := fleet.InstanceID("i-" + name)
		version := "2"
		if name == "c1" {
			version = "1"
		}
		f.Group.Instances = append(f.Group.Instances, fleet.Member{ID: id, Zone: name[:1], Lifecycle: "InService", Health: "Healthy", Template: fleet.TemplateRef{ID: "lt-1", Version: version}})
		f.Machines[id] = fleet.Instance{ID: id, Launched: noon.Add(time.Duration(i-100) * time.Hour)}
	}
	for _, e := range edit {
		e(&f)
	}
	return f
}

func suspend(names ...string) func(*Facts) { return func(f *Facts) { f.Group.Suspended = names } }

func member(i int, edit func(*fleet.Member)) func(*Facts) {
	return func(f *Facts) { edit(&f.Group.Instances[i]) }
}

func lifecycle(i int, state string) func(*Facts) {
	return member(i, func(m *fleet.Member) { m.Lifecycle = state })
}

func refreshing(f *Facts) {
	f.Refreshes = []fleet.Refresh{{Status: "InProgress"}}
}

func behind(f *Facts) { f.Group.TargetGroups = []string{"arn:tg"} }

func to(v fleet.TemplateVersion, images ...fleet.Image) func(*Facts) {
	return func(f *Facts) {
		f.From, f.To = fleet.TemplateVersion{Template: "lt-1", Name: "web-lt", Number: 2, Image: "ami-old"}, v
		for _, i := range images {
			f.Images[i.ID] = i
		}
	}
}

func TestWhatStandsInTheWay(t *testing.T) {
	a1 := []fleet.InstanceID{"i-a1"}
	all := []fleet.InstanceID{"i-a1", "i-a2", "i-b1", "i-b2", "i-c1"}
	good := fleet.Image{ID: "ami-new", State: "available"}
	v3 := fleet.TemplateVersion{Template: "lt-1", Name: "web-lt", Number: 3, Image: "ami-new"}
	attach := Want{Kind: Attach, Template: "web-lt", Version: 3}
	for _, c := range []struct {
		want Want
		edit []func(*Facts)
		stop bool
		text string // empty: nothing is found
	}{
		{Want{Kind: Scale, Desired: number(6)}, nil, false, ""},
		{Want{Kind: Scale, By: number(3)}, nil, false, ""},
		{Want{Kind: Scale, By: number(-6)}, nil, true, "6 fewer than 5 instances are less than none."},
		{Want{Kind: Scale, Desired: number(9)}, nil, true, "9 instances are more than the group's maximum of 8. (`/asg scale web 9 --max 9` raises it, too.)"},
		{Want{Kind: Scale, Desired: number(9), Max: number(9)}, nil, false, ""},
		{Want{Kind: Scale, Desired: number(1)}, nil, true, "1 instances are fewer than the group's minimum of 2. (`/asg scale web 1 --min 1` lowers it, too.)"},
		{Want{Kind: Scale, Min: number(9)}, nil, true, "A minimum of 9 is more than the maximum of 8."},
		{Want{Kind: Scale, Desired: number(5)}, nil, true, "web has this size already: 5 (2 to 8)."},
		{Want{Kind: Scale, Desired: number(0), Min: number(0)}, nil, false, "The group will have no instance at all."},
		{Want{Kind: Scale, Desired: number(6)}, []func(*Facts){suspend("Launch", "AlarmNotification", "ScheduledActions")}, true, "Launch is suspended on web, so nothing would happen. (`/asg resume web Launch` lets it work again.)"},
		{Want{Kind: Scale, Desired: number(4)}, []func(*Facts){suspend("Terminate", "AlarmNotification", "ScheduledActions")}, true, "Terminate is suspended on web"},
		{Want{Kind: Scale, Desired: number(6)}, []func(*Facts){suspend()}, false, "Scaling policies and scheduled actions are not read here"},
		{Want{Kind: Scale, Desired: number(6)}, []func(*Facts){suspend("AddToLoadBalancer", "AlarmNotification", "ScheduledActions"), behind}, false, "AddToLoadBalancer is suspended on web: what comes into service gets no traffic, not even when it is resumed."},
		{Want{Kind: Scale, Desired: number(4)}, []func(*Facts){refreshing}, false, "An instance refresh is under way (InProgress): the instances that go may be new ones."},
		{Want{Kind: Scale, Desired: number(2)}, []func(*Facts){member(0, func(m *fleet.Member) { m.Protected = true }), member(1, func(m *fleet.Member) { m.Protected = true }), lifecycle(2, "Terminating")}, true, "Only 2 instances can go"},
		{attach, []func(*Facts){to(v3, good)}, false, "Only instances that are launched from now on are made from it"},
		{attach, []func(*Facts){to(fleet.TemplateVersion{})}, true, "There is no version 3 of template web-lt."},
		{attach, []func(*Facts){to(v3)}, true, "Its image ami-new does not exist."},
		{attach, []func(*Facts){to(v3, fleet.Image{ID: "ami-new", State: "disabled"})}, true, "Its image ami-new is disabled."},
		{attach, []func(*Facts){to(v3, good), refreshing}, true, "An instance refresh is under way (InProgress): AWS could not roll it back any more."},
		{attach, []func(*Facts){to(fleet.TemplateVersion{Template: "lt-1", Name: "web-lt", Number: 3, Image: "resolve:ssm:/x"})}, false, "names a parameter, not an image"},
		{attach, []func(*Facts){to(v3, good), func(f *Facts) {
			f.Group.Mixed = &fleet.Mixed{Template: f.Group.Template, Images: []fleet.ImageID{"ami-9"}}
		}}, false, "what its overrides name themselves stays as it is"},
		{Want{Kind: Processes, On: true, Names: []string{"Launch"}}, nil, false, "While Launch is suspended, no instance is launched"},
		{Want{Kind: Processes, On: true, Names: []string{"Launch"}}, []func(*Facts){refreshing}, false, "which cannot go on without Launch"},
		{Want{Kind: Processes, On: true, Names: []string{"AlarmNotification"}}, nil, true, "AlarmNotification is suspended already."},
		{Want{Kind: Processes, Names: []string{"Launch"}}, nil, true, "Launch is at work already."},
		{Want{Kind: Processes, Names: []string{"AddToLoadBalancer"}}, []func(*Facts){suspend("AddToLoadBalancer"), behind}, false, "Instances that came while AddToLoadBalancer rested get no traffic afterwards either."},
		{Want{Kind: Protect, On: true, Instances: a1}, nil, false, "It is kept from scale in alone"},
		{Want{Kind: Protect, On: true, Instances: all}, nil, false, "No instance is left that can go: web cannot scale in any more."},
		{Want{Kind: Protect, On: true, Instances: []fleet.InstanceID{"i-zz"}}, nil, true, "i-zz is no instance of web."},
		{Want{Kind: Protect, Instances: a1}, nil, true, "i-a1 is not protected, so there is nothing to do."},
		{Want{Kind: Protect, On: true, Instances: a1}, []func(*Facts){lifecycle(0, "Pending")}, true, "i-a1 is Pending, and AWS protects only what is in service or in standby."},
		{Want{Kind: Standby, On: true, Instances: a1}, nil, false, ""},
		{Want{Kind: Standby, On: true, Instances: a1}, []func(*Facts){lifecycle(0, "Standby")}, true, "i-a1 is Standby already."},
		{Want{Kind: Standby, On: true, Instances: a1}, []func(*Facts){lifecycle(0, "Pending")}, true, "i-a1 is Pending. (Wait until it is InService.)"},
		{Want{Kind: Standby, On: true, Instances: all}, nil, true, "That would leave 0, fewer than the group's minimum of 2."},
		{Want{Kind: Standby, On: true, Refill: true, Instances: all}, nil, false, "Nothing else is in service: the group goes dark."},
		{Want{Kind: Standby, On: true, Refill: true, Instances: a1}, []func(*Facts){suspend("Launch")}, true, "Launch is suspended on web, so none would be launched in its place."},
		{Want{Kind: Standby, On: true, Instances: a1}, []func(*Facts){refreshing}, true, "An instance refresh is under way (InProgress)"},
		{Want{Kind: Standby, Instances: a1}, []func(*Facts){lifecycle(0, "Standby")}, false, "AWS has the group want 1 instance more for what comes back"},
		{Want{Kind: Standby, Instances: a1}, []func(*Facts){lifecycle(0, "Standby"), func(f *Facts) { f.Group.Max = 5 }}, true, "With 1 instance back it would want 6, more than its maximum of 5. (`/asg scale web 5 --max 6` raises it.)"},
		{Want{Kind: Replace, Instances: a1}, nil, false, ""},
		{Want{Kind: Replace, Instances: a1}, []func(*Facts){lifecycle(0, "Terminating:Wait")}, true, "i-a1 is on its way out already"},
		{Want{Kind: Replace, Instances: a1}, []func(*Facts){member(0, func(m *fleet.Member) { m.Protected = true })}, false, "i-a1 is protected from scale in; this terminates it all the same."},
		{Want{Kind: Replace, Instances: a1}, []func(*Facts){lifecycle(0, "Standby")}, false, "i-a1 is in standby, where the group may not count it"},
		{Want{Kind: Replace, Instances: all}, nil, false, "Nothing else is in service: the group goes dark until the new one is."},
		{Want{Kind: Replace, Instances: a1}, []func(*Facts){suspend("Launch")}, true, "Launch or Terminate is suspended on web."},
		{Want{Kind: Replace, Instances: a1}, []func(*Facts){func(f *Facts) { f.Group.Operator = "batch.amazonaws.com" }}, true, "web is managed by batch.amazonaws.com."},
		{Want{Kind: Scale, Desired: number(6)}, []func(*Facts){func(f *Facts) { f.Group.Tags = map[string]string{"aws:cloudformation:stack-name": "shop"} }}, false, "web belongs to the CloudFormation stack shop."},
	} {
		c.want.Group = "web"
		p, err := New(facts(c.edit...), c.want)
		if err != nil {
			t.Errorf("%+v: %v", c.want, err)
			continue
		}
		found := slices.ContainsFunc(p.Findings, func(f card.Finding) bool {
			return f.Stop == c.stop && strings.Contains(f.Text+" ("+f.Hint+")", c.text)
		})
		stops := slices.ContainsFunc(p.Findings, func(f card.Finding) bool { return f.Stop })
		if c.text == "" && len(p.Findings) > 0 || c.text != "" && !found || stops != c.stop {
			t.Errorf("%s: got %+v, want %v %q", p.Title(), p.Findings, c.stop, c.text)
		}
	}
}

func TestWhatMakesNoSense(t *testing.T) {
	for want, w := range map[string]Want{
		"Name a group.": {Kind: Scale, Desired: number(1)},
		"Say how many":  {Kind: Scale, Group: "web"},
		"A desired size of 20000 is out of range.":          {Kind: Scale, Group: "web", Desired: number(20000)},
		"A minimum of 3 is more than a maximum of 2.":       {Kind: Scale, Group: "web", Min: number(3), Max: number(2)},
		"Name the launch template.":                         {Kind: Attach, Group: "web"},
		"Name the processes; all of them at once are never": {Kind: Processes, Group: "web"},
		"There is no process Sleep.":                        {Kind: Processes, Group: "web", Names: []string{"Sleep"}},
		"Name an instance.":                                 {Kind: Protect, Group: "web"},
		"web-1 is not the id of an instance.":               {Kind: Replace, Group: "web", Instances: []fleet.InstanceID{"web-1"}},
		"21 instances are more than the 20":                 {Kind: Standby, Group: "web", Instances: make([]fleet.InstanceID, 21)},
		"I do not know how to":                              {Kind: "dance", Group: "web"},
	} {
		_, err := New(facts(), w)
		if f, ok := fault.As(err); !ok || f.Kind != fault.Invalid || !strings.Contains(f.Text, want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestWhoCanGo: AWS levels the zones first and then goes by the group's policies; what is protected, in standby or on
// its way is left out.
func TestWhoCanGo(t *testing.T) {
	newest := func(f *Facts) { f.Group.Policies = []string{"NewestInstance"} }
	for name, c := range map[string]struct {
		edit     []func(*Facts)
		want     string
		foretold string
	}{
		"default":     {nil, "i-a1 i-b1 i-c1 i-a2 i-b2", "policy Default; these are likely to be first."},
		"newest":      {[]func(*Facts){newest}, "i-b2 i-a2 i-c1 i-b1 i-a1", "policy NewestInstance; these are likely to be first."},
		"lambda":      {[]func(*Facts){func(f *Facts) { f.Group.Policies = []string{"arn:aws:lambda:x"} }}, "i-a1 i-b1 i-a2 i-b2 i-c1", "which cannot be foretold; these can go."},
		"protected":   {[]func(*Facts){member(0, func(m *fleet.Member) { m.Protected = true })}, "i-b1 i-a2 i-c1 i-b2", ""},
		"standby":     {[]func(*Facts){lifecycle(0, "Standby")}, "i-b1 i-c1 i-a2 i-b2", ""},
		"on its way":  {[]func(*Facts){lifecycle(1, "Terminating:Wait")}, "i-a1 i-c1 i-a2 i-b2", ""},
		"old version": {[]func(*Facts){member(2, func(m *fleet.Member) { m.Template.Version = "1" })}, "i-a2 i-b1 i-c1 i-a1 i-b2", ""},
	} {
		p, err := New(facts(c.edit...), Want{Kind: Scale, Group: "web", Desired: number(3)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range p.Going {
			got = append(got, string(s.ID))
		}
		if strings.Join(got, " ") != c.want || p.CanGo != len(got) || !strings.HasSuffix(p.foretold(), c.foretold) {
			t.Errorf("%s: got %v of %d, %s; want %s, %s", name, got, p.CanGo, p.foretold(), c.want, c.foretold)
		}
	}
}

// TestAPlanStaysSmall: of thousands that can go it names the first.
func TestAPlanStaysSmall(t *testing.T) {
	p, err := New(facts(func(f *Facts) {
		f.Group.Desired, f.Group.Max, f.Group.Instances = 3000, 3000, nil
		for i := range 3000 {
			f.Group.Instances = append(f.Group.Instances, fleet.Member{ID: fleet.InstanceID(fmt.Sprintf("i-%04d", i)), Zone: "a", Lifecycle: "InService"})
		}
	}), Want{Kind: Scale, Group: "web", Desired: number(100)})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Going) != mostGoing || p.CanGo != 3000 {
		t.Errorf("got %d named of %d, want %d of 3000", len(p.Going), p.CanGo, mostGoing)
	}
	words := ""
	for _, s := range p.Sections() {
		if s.Text != nil {
			words += fmt.Sprint(*s.Text)
		}
	}
	if !strings.Contains(words, "2900 of the 3000 that can go will.") || !strings.Contains(words, "2988 more can go.") {
		t.Errorf("got %s", words)
	}
}

// TestThePolicyIsToldWhatIsTouched, and what is locked.
func TestThePolicyIsToldWhatIsTouched(t *testing.T) {
	a1 := []fleet.InstanceID{"i-a1"}
	for _, c := range []struct {
		want                  Want
		instances, down       int
		lost, irreversible    bool
		title, resource, what string
	}{
		{Want{Kind: Scale, Desired: number(7)}, 0, 0, false, false, "Scale web from 5 to 7", "/asg/web/scale", "2 new instances"},
		{Want{Kind: Scale, Desired: number(3)}, 2, 40, true, false, "Scale web from 5 to 3", "/asg/web/scale", "2 of 5 instances terminated"},
		{Want{Kind: Scale, Max: number(9)}, 0, 0, false, false, "Let web have 2 to 9 instances", "/asg/web/scale", "no instance comes or goes"},
		{Want{Kind: Processes, On: true, Names: []string{"Launch"}}, 0, 0, false, false, "Suspend Launch on web", "/asg/web/processes", "looks after itself less"},
		{Want{Kind: Protect, On: true, Instances: a1}, 0, 0, false, false, "Protect i-a1 of web from scale in", "/asg/web/protect", "nothing is touched now"},
		{Want{Kind: Standby, On: true, Instances: a1}, 1, 20, false, false, "Put i-a1 of web into standby", "/asg/web", "1 of 5 instances out of service"},
		{Want{Kind: Replace, Instances: a1}, 1, 20, true, true, "Replace i-a1 of web", "/asg/web", "1 of 5 instances terminated"},
	} {
		c.want.Group = "web"
		p, err := New(facts(), c.want)
		if err != nil {
			t.Fatal(err)
		}
		b := p.Brief()
		if b.Title != c.title || b.Resource != "123456789012/eu-west-1"+c.resource || !strings.Contains(b.Impact, c.what) || b.Kind != c.want.Kind || b.Target != "web" || b.Step != First ||
			b.Blast.Instances != c.instances || b.Blast.CapacityDown != c.down || b.Blast.DataLost != c.lost || b.Blast.Irreversible != c.irreversible {
			t.Errorf("got %+v, want %+v", b, c)
		}
	}
}

func TestTheDigestIsOfWhatMatters(t *testing.T) {
	digest := func(w Want, edit ...func(*Facts)) string {
		w.Group = "web"
		p, err := New(facts(edit...), w)
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest()
	}
	two := func(f *Facts) { f.Group.Desired = 6 }
	later := func(f *Facts) { f.Now = noon.Add(time.Hour) }
	ill := member(0, func(m *fleet.Member) { m.Health = "Unhealthy" })
	scale, replace := Want{Kind: Scale, Desired: number(7)}, Want{Kind: Replace, Instances: []fleet.InstanceID{"i-a1"}}
	if digest(scale) != digest(scale, later, ill) || digest(replace) != digest(replace, later, ill, two) {
		t.Error("the digest changes with what does not matter")
	}
	if digest(scale) == digest(scale, two) || digest(scale) == digest(Want{Kind: Scale, Desired: number(8)}) || digest(replace) == digest(Want{Kind: Replace, Instances: []fleet.InstanceID{"i-a2"}}) {
		t.Error("the digest stays with what matters")
	}
}
