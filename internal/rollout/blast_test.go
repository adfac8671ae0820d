package rollout

import (
	"reflect"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func TestBlast(t *testing.T) {
	disk := func(f *Facts, n int) {
		for _, m := range f.Group.Instances[:n] {
			i := f.Instances[m.ID]
			i.Volumes = []string{"/dev/xvdb"}
			f.Instances[m.ID] = i
		}
	}
	tests := []struct {
		name    string
		n       int // 12 if zero
		edit    func(*Facts)
		want    Want // of ami-new if zero
		blast   plan.Blast
		impact  string
		narrow  string
		finding string // part of one; empty: no finding at all
	}{
		{name: "as usual", blast: plan.Blast{Instances: 12, Percent: 100, CapacityDown: 9},
			impact: "12 instances (100 %), 9 % less capacity meanwhile, can be rolled back", narrow: "the canary, 2 of 12 instances"},
		{name: "one", n: 1, blast: plan.Blast{Instances: 1, Percent: 100}, impact: "1 instance (100 %), full capacity meanwhile, can be rolled back"},
		{name: "two", n: 2, blast: plan.Blast{Instances: 2, Percent: 100},
			impact: "2 instances (100 %), full capacity meanwhile, can be rolled back", narrow: "the canary, 1 of 2 instances"},
		{name: "a canary", want: Want{Image: "ami-new", Canary: 30}, blast: plan.Blast{Instances: 12, Percent: 100, CapacityDown: 9},
			impact: "12 instances (100 %), 9 % less capacity meanwhile, can be rolled back", narrow: "the canary, 4 of 12 instances"},
		{name: "a canary of everything", n: 2, want: Want{Image: "ami-new", Canary: 60}, blast: plan.Blast{Instances: 2, Percent: 100},
			impact: "2 instances (100 %), full capacity meanwhile, can be rolled back", finding: "every instance there is to replace"},
		{name: "checkpoints", want: Want{Image: "ami-new", Checkpoints: []int{50, 100}}, blast: plan.Blast{Instances: 12, Percent: 100, CapacityDown: 9},
			impact: "12 instances (100 %), 9 % less capacity meanwhile, can be rolled back"},
		{name: "some match", want: Want{Image: "ami-old"}, edit: func(f *Facts) { f.Group.Instances[0].Template.Version = "2" },
			blast:  plan.Blast{Instances: 1, Percent: 9, CapacityDown: 9, Irreversible: true},
			impact: "1 instance (9 %), 9 % less capacity meanwhile, cannot be rolled back while it runs", finding: "nothing that AWS could roll back to"},
		{name: "dark", n: 1, want: Want{Image: "ami-new", MinHealthy: ptr(0), MaxHealthy: ptr(100)}, blast: plan.Blast{Instances: 1, Percent: 100, CapacityDown: 100},
			impact: "1 instance (100 %), 100 % less capacity meanwhile, can be rolled back", finding: "out of service"},
		{name: "nobody", edit: func(f *Facts) { f.Group.Desired, f.Group.Instances = 0, nil }, blast: plan.Blast{},
			impact: "no instance is replaced, can be rolled back", finding: "wants no instances now"},
		{name: "more in standby than wanted", n: 2, edit: func(f *Facts) { f.Group.Desired = 1 }, blast: plan.Blast{Instances: 2, Percent: 100},
			impact: "2 instances (100 %), full capacity meanwhile, can be rolled back", narrow: "the canary, 1 of 2 instances"},
		{name: "an alarm", edit: func(f *Facts) { f.Open = []fleet.Alarm{{Name: "web-5xx", State: "ALARM"}} },
			blast:  plan.Blast{Instances: 12, Percent: 100, CapacityDown: 9, Alarms: []string{"web-5xx"}},
			impact: "12 instances (100 %), 9 % less capacity meanwhile, can be rolled back, 1 alarm open", narrow: "the canary, 2 of 12 instances",
			finding: "1 alarm of the group is open now: web-5xx."},
		{name: "volumes", edit: func(f *Facts) { disk(f, 3) }, blast: plan.Blast{Instances: 12, Percent: 100, CapacityDown: 9, DataLost: true},
			impact: "12 instances (100 %), 9 % less capacity meanwhile, data on their other disks is lost, can be rolled back",
			narrow: "the canary, 2 of 12 instances", finding: "3 instances have volumes besides the root that are deleted with them: /dev/xvdb."},
		{name: "volumes of what is left alone", edit: func(f *Facts) { disk(f, 1); f.Group.Instances[0].Protected = true },
			blast:  plan.Blast{Instances: 11, Percent: 92, CapacityDown: 9},
			impact: "11 instances (92 %), 9 % less capacity meanwhile, can be rolled back", narrow: "the canary, 2 of 11 instances", finding: "left alone"},
		{name: "instance store", edit: func(f *Facts) { f.Group.Instances[4].Type, f.Stores = "m5d.large", map[string]bool{"m5d.large": true} },
			blast:  plan.Blast{Instances: 12, Percent: 100, CapacityDown: 9, DataLost: true},
			impact: "12 instances (100 %), 9 % less capacity meanwhile, data on their other disks is lost, can be rolled back",
			narrow: "the canary, 2 of 12 instances", finding: "1 instance has instance store, which is lost with the instance."},
		{name: "alarms out of sight", edit: func(f *Facts) { f.Unseen = map[string]string{"cloudwatch:DescribeAlarms": "no"} },
			blast:  plan.Blast{Instances: 12, Percent: 100, CapacityDown: 9, Alarms: []string{"unknown"}},
			impact: "12 instances (100 %), 9 % less capacity meanwhile, can be rolled back, open alarms unknown", narrow: "the canary, 2 of 12 instances",
			finding: "It is not known whether an alarm is open: AWS refused cloudwatch:DescribeAlarms. It counts as if one were."},
		{name: "disks out of sight", edit: func(f *Facts) { f.Unseen = map[string]string{"ec2:DescribeInstanceTypes": "no"} },
			blast:  plan.Blast{Instances: 12, Percent: 100, CapacityDown: 9, DataLost: true},
			impact: "12 instances (100 %), 9 % less capacity meanwhile, data on their other disks is lost, can be rolled back",
			narrow: "the canary, 2 of 12 instances", finding: "AWS refused ec2:DescribeInstanceTypes. It counts as if they had."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := sane(max(tt.n, 1))
			if tt.n == 0 {
				f = sane(12)
			}
			if tt.edit != nil {
				tt.edit(&f)
			}
			if tt.want.Image == "" {
				tt.want.Image = "ami-new"
			}
			p, err := New(f, tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Blast(); !reflect.DeepEqual(got, tt.blast) {
				t.Errorf("got %+v, want %+v", got, tt.blast)
			}
			if p.Impact() != tt.impact || p.Narrow() != tt.narrow {
				t.Errorf("got %q, %q\nwant %q, %q", p.Impact(), p.Narrow(), tt.impact, tt.narrow)
			}
			var found []string
			for _, finding := range p.Findings {
				found = append(found, finding.Text)
			}
			if all := strings.Join(found, "\n"); !strings.Contains(all, tt.finding) || tt.finding == "" && all != "" {
				t.Errorf("got findings %q, want %q", all, tt.finding)
			}
		})
	}
}

// TestTheRiskIsReadFromTheFleet: alarms that ring for the group and for nobody else, and what is lost with its
// instances.
func TestTheRiskIsReadFromTheFleet(t *testing.T) {
	var behind string
	w := newWorld(t, 3)
	behind = w.aws.AddTargetGroup("api-tg")
	if err := w.aws.AddGroup(awssim.Group{Name: "api", Template: "web-lt", Max: 2, Desired: 1, TargetGroups: []string{behind}}); err != nil {
		t.Fatal(err)
	}
	g, _ := w.aws.Group("web")
	w.aws.AddAlarm("cpu", "ALARM", awssim.Dimension{Name: "AutoScalingGroupName", Value: "web"})
	w.aws.AddAlarm("quiet", "OK", awssim.Dimension{Name: "AutoScalingGroupName", Value: "web"})
	w.aws.AddAlarm("status", "ALARM", awssim.Dimension{Name: "InstanceId", Value: g.Instances[1].ID})
	w.aws.AddAlarm("elsewhere", "ALARM", awssim.Dimension{Name: "AutoScalingGroupName", Value: "api"})
	w.aws.AddAlarm("nobody's", "ALARM")
	w.sim.ResetCalls()
	p := w.propose(Want{Image: "ami-0002"})
	if got := p.Blast(); !reflect.DeepEqual(got.Alarms, []string{"cpu", "status"}) || got.DataLost {
		t.Errorf("got %+v", got)
	}
	if n := w.sim.Counts()["cloudwatch:DescribeAlarms"]; n != 1 {
		t.Errorf("alarms were asked for %d times, want once", n)
	}
}

// TestWhatMayNotBeSeenIsNoError: a missing permission is a finding, and counts as bad.
func TestWhatMayNotBeSeenIsNoError(t *testing.T) {
	w := newWorld(t, 3)
	w.sim.Deny("cloudwatch:DescribeAlarms")
	w.sim.Deny("ec2:DescribeInstanceTypes")
	p := w.propose(Want{Image: "ami-0002"})
	if got := p.Blast(); !reflect.DeepEqual(got.Alarms, []string{Unknown}) || !got.DataLost {
		t.Errorf("got %+v", got)
	}
	w.finish(ledger.Succeeded)
}
