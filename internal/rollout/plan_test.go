package rollout

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

// sane is a group of n healthy instances on version 3, and an image to roll to.
func sane(n int) Facts {
	ref := fleet.TemplateRef{ID: "lt-web", Name: "web-lt", Version: "3"}
	f := Facts{
		Now: noon, Environment: "prod", Account: "123456789012", Region: "eu-west-1",
		Group: fleet.Group{
			Name: "web", Min: 1, Max: 2 * n, Desired: n, Template: ref,
			Warmup: ptr(2 * time.Minute), TargetGroups: []string{"arn:tg"}, Subnets: []string{"subnet-a"},
		},
		Template: fleet.Template{ID: "lt-web", Name: "web-lt", Default: 1, Latest: 4},
		From: fleet.TemplateVersion{Template: "lt-web", Name: "web-lt", Number: 3, Image: "ami-old",
			Fields: map[string]string{"ImageId": "ami-old", "InstanceType": "m6i.large", "KeyName": "ops"}},
		Images: map[fleet.ImageID]fleet.Image{
			"ami-old": {ID: "ami-old", Name: "golden-2026-10", State: "available", Architecture: "x86_64", Volumes: 1},
			"ami-new": {ID: "ami-new", Name: "golden-2026-11", State: "available", Architecture: "x86_64", Volumes: 1},
		},
		Instances: map[fleet.InstanceID]fleet.Instance{},
	}
	for i := range n {
		id := fleet.InstanceID(fmt.Sprintf("i-%02d", i))
		f.Group.Instances = append(f.Group.Instances, fleet.Member{ID: id, Lifecycle: "InService", Health: "Healthy", Template: ref})
		f.Instances[id] = fleet.Instance{ID: id, Image: "ami-old", Architecture: "x86_64"}
		f.Targets = append(f.Targets, fleet.Target{Instance: id, State: "healthy"})
	}
	return f
}

// toFour adds version 4, with another image and another key.
func toFour(f *Facts) {
	f.To = &fleet.TemplateVersion{Template: "lt-web", Name: "web-lt", Number: 4, Image: "ami-new",
		Fields: map[string]string{"ImageId": "ami-new", "InstanceType": "m6i.large", "KeyName": "sre", "EbsOptimized": "true"}}
}

func TestFindings(t *testing.T) {
	image := Want{Image: "ami-new"}
	tests := []struct {
		name string
		n    int // 12 if zero
		edit func(*Facts)
		want Want // of ami-new if zero
		stop bool
		text string // part of the finding; empty: no finding at all
	}{
		{name: "all is well"},
		{name: "image does not exist", edit: func(f *Facts) { delete(f.Images, "ami-new") }, stop: true, text: "Image ami-new does not exist here"},
		{name: "image pending", edit: func(f *Facts) { setImage(f, "ami-new", func(i *fleet.Image) { i.State = "pending" }) }, stop: true, text: "not ready yet"},
		{name: "image failed", edit: func(f *Facts) {
			setImage(f, "ami-new", func(i *fleet.Image) { i.State, i.StateReason = "failed", "Snapshot lost" })
		}, stop: true, text: "it is failed. Snapshot lost."},
		{name: "image disabled", edit: func(f *Facts) { setImage(f, "ami-new", func(i *fleet.Image) { i.State = "disabled" }) }, stop: true, text: "it is disabled"},
		{name: "image deregistered", edit: func(f *Facts) { setImage(f, "ami-new", func(i *fleet.Image) { i.State = "deregistered" }) }, stop: true, text: "it is deregistered"},
		{name: "wrong architecture", edit: func(f *Facts) { setImage(f, "ami-new", func(i *fleet.Image) { i.Architecture = "arm64" }) }, stop: true, text: "is for arm64, the group's instances are x86_64"},
		{name: "other volumes", edit: func(f *Facts) { setImage(f, "ami-new", func(i *fleet.Image) { i.Volumes = 2 }) }, text: "launches with 2 volumes, the present one with 1"},
		{name: "another role", edit: tagged(map[string]string{"Role": "api"}, map[string]string{"Role": "web"}), text: "The image says Role web, the present one Role api."},
		{name: "another family", edit: tagged(map[string]string{"Role": "web", "Family": "al2"}, map[string]string{"Role": "web", "Family": "al2023"}), text: "The image says Family al2023, the present one Family al2."},
		{name: "the same role", edit: tagged(map[string]string{"Role": "web"}, map[string]string{"Role": "Web"})},
		{name: "the same role by another name", edit: func(f *Facts) {
			tagged(map[string]string{"Role": "web"}, map[string]string{"Role": "web"})(f)
			setImage(f, "ami-new", func(i *fleet.Image) { i.Name = "hardened-2026" })
		}},
		{name: "one without a role", edit: tagged(nil, map[string]string{"Role": "web"})},
		{name: "another name", edit: func(f *Facts) { setImage(f, "ami-new", func(i *fleet.Image) { i.Name = "api-2026-11" }) }, text: "The image is called api-2026-11, the present one golden-2026-10."},
		{name: "no name", edit: func(f *Facts) { setImage(f, "ami-new", func(i *fleet.Image) { i.Name = "" }) }},
		{name: "deprecated", edit: func(f *Facts) {
			setImage(f, "ami-new", func(i *fleet.Image) { i.Deprecated = noon.Add(-time.Hour) })
		}, text: "deprecated since 23 November 2026"},
		{name: "deprecated in future", edit: func(f *Facts) {
			setImage(f, "ami-new", func(i *fleet.Image) { i.Deprecated = noon.Add(time.Hour) })
		}},
		{name: "launch suspended", edit: func(f *Facts) { f.Group.Suspended = []string{"AZRebalance", "Launch"} }, stop: true, text: "A process is suspended on web: Launch"},
		{name: "two suspended", edit: func(f *Facts) { f.Group.Suspended = []string{"InstanceRefresh", "Terminate"} }, stop: true, text: "Processes are suspended on web: Terminate, InstanceRefresh"},
		{name: "rebalancing suspended", edit: func(f *Facts) { f.Group.Suspended = []string{"AZRebalance"} }},
		{name: "active refresh", edit: func(f *Facts) {
			f.Refreshes = []fleet.Refresh{{ID: "r-1", Status: "InProgress", Percent: 40, Started: noon.Add(-time.Hour), Desired: fleet.TemplateRef{ID: "lt-web", Version: "9"}}}
		}, stop: true, text: "Another instance refresh to version 9 of lt-web is active on web: r-1, InProgress, 40 %, started 23 Nov 11:00 UTC"},
		{name: "ended refresh", edit: func(f *Facts) { f.Refreshes = []fleet.Refresh{{ID: "r-1", Status: "Successful"}} }},
		{name: "follows $Latest", edit: func(f *Facts) { f.Group.Template.Version = "$Latest" }, text: "launches from $Latest"},
		{name: "follows $Default by omission", edit: func(f *Facts) { f.Group.Template.Version = "" }, text: "launches from $Default"},
		{name: "image is a parameter", edit: func(f *Facts) { f.From.Image = "resolve:ssm:/golden" }, text: "present image is the parameter resolve:ssm:/golden"},
		{name: "old image is gone", edit: func(f *Facts) { delete(f.Images, "ami-old") }, text: "present image ami-old does not exist any more"},
		{name: "old image is disabled", edit: func(f *Facts) { setImage(f, "ami-old", func(i *fleet.Image) { i.State = "disabled" }) }, text: "present image ami-old is disabled"},
		{name: "old image is gone behind $Latest", edit: func(f *Facts) { f.Group.Template.Version = "$Latest"; delete(f.Images, "ami-old") }, text: "present image ami-old does not exist any more, so there is no way back to it"},
		{name: "back to an image that is gone", edit: func(f *Facts) { toFour(f); delete(f.Images, "ami-new") }, want: Want{Version: 4, Back: true}, stop: true, text: "There is no way back to version 4: its image ami-new does not exist any more."},
		{name: "back to an image that is disabled", edit: func(f *Facts) {
			toFour(f)
			setImage(f, "ami-new", func(i *fleet.Image) { i.State = "disabled" })
		}, want: Want{Version: 4, Back: true}, stop: true, text: "There is no way back to version 4: its image ami-new is disabled."},
		{name: "mixed policy", edit: mixed(fleet.Mixed{Types: []string{"m6i.large", "m5.large"}}), text: "it is kept whole"},
		{name: "override with an image", edit: mixed(fleet.Mixed{Images: []fleet.ImageID{"ami-arm"}}), stop: true, text: "name their own image (ami-arm)"},
		{name: "override with a template", edit: mixed(fleet.Mixed{Templates: []fleet.TemplateRef{{Name: "arm-lt"}}}), stop: true, text: "have a template of their own (arm-lt)"},
		{name: "standby", edit: func(f *Facts) { f.Group.Instances[2].Lifecycle = "Standby" }, text: "1 instance in standby will be left alone: i-02"},
		{name: "standby terminated", edit: func(f *Facts) { f.Group.Instances[2].Lifecycle = "Standby" }, want: Want{Image: "ami-new", Standby: "Terminate"}},
		{name: "standby waited for", edit: func(f *Facts) { f.Group.Instances[2].Lifecycle = "Standby" }, want: Want{Image: "ami-new", Standby: "Wait"}, text: "AWS waits an hour"},
		{name: "protected", edit: func(f *Facts) { f.Group.Instances[2].Protected, f.Group.Instances[5].Protected = true, true }, text: "2 instances protected from scale in will be left alone: i-02, i-05"},
		{name: "unhealthy, within the floor", edit: func(f *Facts) { f.Targets[3].State = "unhealthy" }, text: "1 instance of 12 unhealthy now: i-03"},
		{name: "unhealthy, below the floor", edit: func(f *Facts) { f.Targets[3].State, f.Group.Instances[4].Health = "unhealthy", "Unhealthy" }, stop: true, text: "2 instances of 12 unhealthy now: i-03, i-04. At least 11 must stay"},
		{name: "unhealthy, rolled back", edit: func(f *Facts) {
			toFour(f)
			f.Targets[3].State, f.Group.Instances[4].Health = "unhealthy", "Unhealthy"
		}, want: Want{Version: 4, Back: true}, text: "2 instances of 12 unhealthy now"},
		{name: "draining is no illness", edit: func(f *Facts) { f.Targets[3].State = "draining" }},
		{name: "stack", edit: func(f *Facts) { f.Group.Tags = map[string]string{"aws:cloudformation:stack-name": "web-stack"} }, text: "CloudFormation stack web-stack"},
		{name: "terraform", edit: func(f *Facts) { f.Group.Tags = map[string]string{"ManagedBy": "Terraform"} }, text: "Terraform manages it"},
		{name: "another service's", edit: func(f *Facts) { f.Group.Operator = "eks.amazonaws.com" }, stop: true, text: "web is managed by eks.amazonaws.com"},
		{name: "launch configuration", edit: func(f *Facts) { f.Group.Template, f.From = fleet.TemplateRef{}, fleet.TemplateVersion{} }, stop: true, text: "web has no launch template"},
		{name: "version was deleted", edit: func(f *Facts) { f.From = fleet.TemplateVersion{} }, stop: true, text: "version 3 of template web-lt, which does not exist"},
		{name: "nothing to do", want: Want{Image: "ami-old"}, stop: true, text: "There is nothing to do"},
		{name: "some are behind", edit: func(f *Facts) { f.Group.Instances[1].Template.Version = "2" }, want: Want{Image: "ami-old"}, text: "nothing that AWS could roll back to"},
		{name: "no instances", edit: func(f *Facts) { f.Group.Desired, f.Group.Instances = 0, nil }, text: "wants no instances now"},
		{name: "dark by request", n: 1, want: Want{Image: "ami-new", MinHealthy: ptr(0), MaxHealthy: ptr(100)}, text: "will be out of service meanwhile"},
		{name: "one instance stays", n: 1},
		{name: "alarm rings", edit: func(f *Facts) { f.Alarms = []fleet.Alarm{{Name: "5xx", State: "ALARM"}} }, want: Want{Image: "ami-new", Alarms: []string{"5xx"}}, stop: true, text: "Alarm 5xx is in ALARM already"},
		{name: "alarm without data", edit: func(f *Facts) { f.Alarms = []fleet.Alarm{{Name: "5xx", State: "INSUFFICIENT_DATA"}} }, want: Want{Image: "ami-new", Alarms: []string{"5xx"}}, text: "Alarm 5xx has no data"},
		{name: "no such alarm", want: Want{Image: "ami-new", Alarms: []string{"5xx"}}, stop: true, text: "There is no alarm 5xx"},
		{name: "canary is everything", n: 1, want: Want{Image: "ami-new", Canary: 10}, text: "every instance there is to replace"},
		{name: "checkpoints end early", want: Want{Image: "ami-new", Checkpoints: []int{20, 50}}, text: "the roll ends with every instance"},
		{name: "version of a parameter", edit: func(f *Facts) { toFour(f); f.To.Image = "resolve:ssm:/golden" }, want: Want{Version: 4}, text: "Version 4 takes its image from resolve:ssm:/golden"},
		{name: "version without an image", edit: func(f *Facts) { toFour(f); f.To.Image = "" }, want: Want{Version: 4}, stop: true, text: "Version 4 of template web-lt names no image"},
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
			want := tt.want
			if want.Image == "" && want.Version == 0 {
				want = image
			}
			p, err := New(f, want)
			if err != nil {
				t.Fatal(err)
			}
			if tt.text == "" {
				if len(p.Findings) > 0 {
					t.Fatalf("got findings %+v, want none", p.Findings)
				}
				return
			}
			i := slices.IndexFunc(p.Findings, func(f card.Finding) bool { return strings.Contains(f.Text, tt.text) })
			if i < 0 {
				t.Fatalf("got findings %+v, want one with %q", p.Findings, tt.text)
			}
			if p.Findings[i].Stop != tt.stop {
				t.Errorf("got stop %v, want %v", p.Findings[i].Stop, tt.stop)
			}
			if !tt.stop && len(p.Stops()) > 0 {
				t.Errorf("got stops %+v, want none", p.Stops())
			}
		})
	}
}

func setImage(f *Facts, id fleet.ImageID, edit func(*fleet.Image)) {
	i := f.Images[id]
	edit(&i)
	f.Images[id] = i
}

// tagged gives the present image and the new one their tags.
func tagged(now, next map[string]string) func(*Facts) {
	return func(f *Facts) {
		setImage(f, "ami-old", func(i *fleet.Image) { i.Tags = now })
		setImage(f, "ami-new", func(i *fleet.Image) { i.Tags = next })
	}
}

func mixed(m fleet.Mixed) func(*Facts) {
	return func(f *Facts) {
		m.Template = f.Group.Template
		f.Group.Mixed, f.Group.Template = &m, fleet.TemplateRef{}
	}
}

func TestNonsenseIsAFault(t *testing.T) {
	tests := []struct {
		want Want
		text string
	}{
		{Want{}, "Nothing to roll out"},
		{Want{Image: "ami-new", Version: 4}, "cannot be asked for together"},
		{Want{Version: -1}, "Version -1 cannot exist"},
		{Want{Image: "resolve:ssm:/golden"}, "is a parameter"},
		{Want{Image: "golden"}, "not the id of an image"},
		{Want{Image: "ami-<!channel>"}, "not the id of an image"},
		{Want{Image: "ami-new", MinHealthy: ptr(101)}, "--min-healthy 101"},
		{Want{Image: "ami-new", MaxHealthy: ptr(99)}, "--max-healthy 99"},
		{Want{Image: "ami-new", MinHealthy: ptr(50), MaxHealthy: ptr(200)}, "more than 100 apart"},
		{Want{Image: "ami-new", Checkpoints: []int{50, 20}}, "Checkpoint 20 does not come after 50"},
		{Want{Image: "ami-new", Checkpoints: []int{0}}, "Checkpoint 0"},
		{Want{Image: "ami-new", Checkpoints: []int{101}}, "Checkpoint 101"},
		{Want{Image: "ami-new", CheckpointDelay: ptr(time.Hour)}, "without checkpoints"},
		{Want{Image: "ami-new", Canary: 100}, "--canary 100"},
		{Want{Image: "ami-new", Canary: 10, Checkpoints: []int{50}}, "canary and checkpoints"},
		{Want{Image: "ami-new", CanaryWait: time.Hour}, "without a canary"},
		{Want{Image: "ami-new", Canary: 10, CanaryWait: 48 * time.Hour}, "cannot wait for 48 h"},
		{Want{Image: "ami-new", Bake: ptr(49 * time.Hour)}, "`--bake` cannot be 2 d 1 h. It may be up to 48 h."},
		{Want{Image: "ami-new", Warmup: ptr(-time.Second)}, "--warmup"},
		{Want{Image: "ami-new", Alarms: make([]string, 11)}, "11 alarms"},
		{Want{Image: "ami-new", Standby: "ignore"}, "Standby instances"},
		{Want{Image: "ami-new", Protected: "Terminate"}, "Protected instances"},
		{Want{Version: 9}, "Template web-lt has no version 9. Its latest version is 4."},
	}
	for _, tt := range tests {
		_, err := New(sane(4), tt.want)
		f, ok := fault.As(err)
		if !ok || !strings.Contains(f.Error(), tt.text) {
			t.Errorf("%+v: got %v, want a fault with %q", tt.want, err, tt.text)
		} else if f.Hint == "" {
			t.Errorf("%+v: %q has no hint", tt.want, f.Text)
		}
	}
}

func TestShares(t *testing.T) {
	tests := []struct {
		desired        int
		want           Want
		ownLow, ownTop int // the group's policy, if not zero
		low, high      int
		floor, ceiling int
	}{
		{desired: 0, low: 90, high: 120},
		{desired: 1, low: 100, high: 200, floor: 1, ceiling: 2},
		{desired: 2, low: 90, high: 150, floor: 2, ceiling: 3},
		{desired: 3, low: 90, high: 134, floor: 3, ceiling: 4},
		{desired: 4, low: 90, high: 125, floor: 4, ceiling: 5},
		{desired: 5, low: 90, high: 120, floor: 5, ceiling: 6},
		{desired: 12, low: 90, high: 120, floor: 11, ceiling: 14},
		{desired: 100, low: 90, high: 120, floor: 90, ceiling: 120},
		{desired: 12, ownLow: 50, ownTop: 110, low: 50, high: 110, floor: 6, ceiling: 13},
		{desired: 1, ownLow: 50, ownTop: 110, low: 100, high: 200, floor: 1, ceiling: 2},
		{desired: 12, ownLow: 50, ownTop: 110, want: Want{MinHealthy: ptr(80), MaxHealthy: ptr(100)}, low: 80, high: 100, floor: 10, ceiling: 12},
		{desired: 12, want: Want{MinHealthy: ptr(10)}, low: 10, high: 110, floor: 2, ceiling: 13},
		{desired: 12, want: Want{MaxHealthy: ptr(200)}, low: 100, high: 200, floor: 12, ceiling: 24},
		{desired: 3, want: Want{MinHealthy: ptr(90), MaxHealthy: ptr(100)}, low: 90, high: 100, floor: 2, ceiling: 3},
		{desired: 1, want: Want{MinHealthy: ptr(90), MaxHealthy: ptr(100)}, low: 90, high: 100, floor: 0, ceiling: 1},
	}
	for _, tt := range tests {
		f := sane(tt.desired)
		if tt.ownTop > 0 {
			f.Group.MinHealthy, f.Group.MaxHealthy = &tt.ownLow, &tt.ownTop
		}
		tt.want.Image = "ami-new"
		p, err := New(f, tt.want)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(p.Order.MinHealthy, p.Order.MaxHealthy, p.Pace.Floor, p.Pace.Ceiling)
		if want := fmt.Sprint(tt.low, tt.high, tt.floor, tt.ceiling); got != want {
			t.Errorf("%d instances, %+v: got min, max, floor, ceiling %s, want %s", tt.desired, tt.want, got, want)
		}
	}
}

// TestDefaultsNeverGoDark holds for groups of any size: by default at least one instance stays in service.
func TestDefaultsNeverGoDark(t *testing.T) {
	for n := 1; n <= 300; n++ {
		p, err := New(sane(n), Want{Image: "ami-new"})
		if err != nil {
			t.Fatal(err)
		}
		if p.Pace.Floor < 1 || p.Order.MaxHealthy-p.Order.MinHealthy > 100 || p.Order.MaxHealthy > 200 {
			t.Errorf("%d instances: got %+v", n, p.Pace)
		}
	}
}

func TestPace(t *testing.T) {
	p, err := New(sane(100), Want{Image: "ami-new", MinHealthy: ptr(90), MaxHealthy: ptr(100), Warmup: ptr(5 * time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if p.Pace.Wave != 10 || p.Pace.Waves != 10 || p.Pace.Expected != 70*time.Minute {
		t.Errorf("got %+v, want 10 waves of 10 in 70 min", p.Pace)
	}
	p, err = New(sane(10), Want{Image: "ami-new", Checkpoints: []int{20, 50}, CheckpointDelay: ptr(time.Hour), Bake: ptr(10 * time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if want := 2*time.Hour + 10*time.Minute + 4*4*time.Minute; p.Pace.Expected != want {
		t.Errorf("got %s, want %s", p.Pace.Expected, want)
	}
}

// TestAProposalIsData: a plan comes back from JSON as it was.
func TestAProposalIsData(t *testing.T) {
	f := sane(12)
	toFour(&f)
	f.Alarms = []fleet.Alarm{{Name: "5xx", State: "OK"}}
	mixed(fleet.Mixed{Types: []string{}, Summary: map[string]string{"OnDemandBaseCapacity": "1"}})(&f)
	f.Group.Instances[3].Protected = true
	p, err := New(f, Want{Version: 4, Warmup: ptr(time.Minute), Alarms: []string{"5xx"}, Checkpoints: []int{50, 100}})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back Plan
	if err := json.Unmarshal(body, &back); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(back); string(again) != string(body) {
		t.Errorf("got %s, want %s", again, body)
	}
	if back.Digest() != p.Digest() {
		t.Error("the digest changed on the way")
	}
	if changed := back.Changed(p); len(changed) > 0 {
		t.Errorf("got changes %q, want none", changed)
	}
}

func TestDigestAndChange(t *testing.T) {
	want := Want{Image: "ami-new"}
	base, err := New(sane(12), want)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		edit   func(*Facts)
		same   bool   // the digest
		change string // part of a sentence; empty: nothing material
	}{
		{name: "nothing", edit: func(*Facts) {}, same: true},
		{name: "an hour later", edit: func(f *Facts) { f.Now = f.Now.Add(time.Hour) }, same: true},
		{name: "an image's name", edit: func(f *Facts) { setImage(f, "ami-new", func(i *fleet.Image) { i.Name = "other" }) }, same: true},
		{name: "two more instances", edit: func(f *Facts) { resize(f, 14) }, same: true},
		{name: "half as many more", edit: func(f *Facts) { resize(f, 18) }, same: true, change: "It would replace 18 instances, not 12."},
		{name: "one ill instance", edit: func(f *Facts) { f.Targets[0].State = "unhealthy" }, same: true},
		{name: "three ill instances", edit: func(f *Facts) {
			f.Targets[0].State, f.Targets[1].State, f.Targets[2].State = "unhealthy", "unhealthy", "unhealthy"
		}, same: true, change: "3 instances of 12 unhealthy"},
		{name: "the group's version", edit: func(f *Facts) { f.From.Number, f.Group.Template.Version = 4, "4" }, change: "The group launches version 4 (ami-old) now, not version 3 (ami-old)."},
		{name: "the group's image", edit: func(f *Facts) {
			f.From.Image = "ami-mid"
			f.Images["ami-mid"] = fleet.Image{ID: "ami-mid", State: "available"}
		}, change: "The group's image is ami-mid now, not ami-old."},
		{name: "the group's template", edit: func(f *Facts) { f.From.Template, f.Group.Template.ID = "lt-b", "lt-b" }, change: "The group's template is lt-b now, not lt-web."},
		{name: "$Latest", edit: func(f *Facts) { f.Group.Template.Version = "$Latest" }, change: "The group names its version as $Latest now, not 3."},
		{name: "no way back", edit: func(f *Facts) { delete(f.Images, "ami-old") }, change: "AWS could no longer roll it back"},
		{name: "image gone", edit: func(f *Facts) { delete(f.Images, "ami-new") }, same: true, change: "Image ami-new does not exist here"},
		{name: "somebody's refresh", edit: func(f *Facts) { f.Refreshes = []fleet.Refresh{{ID: "r-9", Status: "Pending"}} }, same: true, change: "r-9"},
		{name: "another account", edit: func(f *Facts) { f.Account = "210987654321" }, change: "210987654321/eu-west-1/asg/web"},
		{name: "a policy", edit: mixed(fleet.Mixed{Types: []string{"m5.large"}}), change: "mixed instances policy"},
		{name: "one instance less", edit: func(f *Facts) { resize(f, 11) }, same: true},
		{name: "another instance in the place of an ill one", edit: func(f *Facts) {
			f.Group.Instances[0].ID, f.Group.Instances[0].Lifecycle = "i-new", "Pending"
		}, same: true},
		{name: "an instance on its way out", edit: func(f *Facts) { f.Group.Instances[0].Lifecycle = "Terminating" }, same: true},
		{name: "another zone's instance in standby", edit: func(f *Facts) { f.Group.Instances[0].Lifecycle = "Standby" }, same: true},
		{name: "a version's description", edit: func(f *Facts) { f.From.Description = "release 3" }, same: true},
		{name: "tags of the group", edit: func(f *Facts) { f.Group.Tags = map[string]string{"Team": "b"} }, same: true},
		{name: "another default version", edit: func(f *Facts) { f.Template.Default = 2 }, same: true},
		{name: "an alarm that was quiet", edit: func(f *Facts) { f.Open = []fleet.Alarm{{Name: "web-5xx", State: "ALARM"}} }, same: true,
			change: "1 alarm is open that was not: web-5xx."},
		{name: "alarms out of sight", edit: func(f *Facts) { f.Unseen = map[string]string{"cloudwatch:DescribeAlarms": "no"} }, same: true,
			change: "It cannot be told any more whether an alarm is open."},
		{name: "disks of their own", edit: func(f *Facts) {
			f.Instances["i-03"] = fleet.Instance{ID: "i-03", Image: "ami-old", Architecture: "x86_64", Volumes: []string{"/dev/xvdb"}}
		}, same: true, change: "The instances have disks now that would be lost with them."},
		{name: "much less capacity", edit: func(f *Facts) { resize(f, 2) }, change: "It would take 50 % of the capacity away meanwhile, not 9 %."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := sane(12)
			tt.edit(&f)
			fresh, err := New(f, want)
			if err != nil {
				t.Fatal(err)
			}
			if got := fresh.Digest() == base.Digest(); got != tt.same {
				t.Errorf("got same digest %v, want %v", got, tt.same)
			}
			now, err := New(f, base.again())
			if err != nil {
				t.Fatal(err)
			}
			changed := sentencesOf(base.Changed(now))
			if tt.change == "" && changed != "" || !strings.Contains(changed, tt.change) {
				t.Errorf("got changes %q, want %q", changed, tt.change)
			}
		})
	}
}

// TestApprovedAndNow: every change says what was approved and what is there instead.
func TestApprovedAndNow(t *testing.T) {
	for _, tt := range []struct {
		edit func(*Facts)
		want Change
	}{
		{func(f *Facts) { f.From.Number, f.Group.Template.Version = 4, "4" }, Change{"Launches", "version 3 (ami-old)", "version 4 (ami-old)", ""}},
		{func(f *Facts) { f.Group.Template.Version = "$Latest" }, Change{"Named version", "3", "$Latest", ""}},
		{func(f *Facts) { setImage(f, "ami-old", func(i *fleet.Image) { i.State = "disabled" }) },
			Change{"Way back", "can be rolled back", "cannot be rolled back while it runs", ""}},
		{func(f *Facts) { f.Group.Mixed.Types = []string{"m5.large", "m6i.large"} },
			Change{"Mixed instances policy", "types m5.large", "types m5.large, m6i.large", ""}},
		{func(f *Facts) { f.Group.Mixed.Summary["SpotAllocationStrategy"] = "lowest-price" },
			Change{"Mixed instances policy", "summary OnDemandBaseCapacity 1", "summary OnDemandBaseCapacity 1, SpotAllocationStrategy lowest-price", ""}},
		{func(f *Facts) { resizeMixed(f, 20) }, Change{"Replaces", "12 instances", "20 instances", ""}},
		{func(f *Facts) { f.Group.Suspended = []string{"Launch"} }, Change{"In the way", "nothing", "A process is suspended on web: Launch.", ""}},
	} {
		facts := func() Facts {
			f := sane(12)
			mixed(fleet.Mixed{Types: []string{"m5.large"}, Summary: map[string]string{"OnDemandBaseCapacity": "1"}})(&f)
			return f
		}
		base, err := New(facts(), Want{Image: "ami-new"})
		if err != nil {
			t.Fatal(err)
		}
		f := facts()
		if tt.edit(&f); f.Group.Template.Version == "$Latest" {
			f.Group.Mixed.Template.Version = "$Latest"
		} else if f.Group.Template.Version == "4" {
			f.Group.Mixed.Template.Version = "4"
		}
		now, err := New(f, base.again())
		if err != nil {
			t.Fatal(err)
		}
		changed := base.Changed(now)
		if len(changed) == 0 || changed[0].text == "" {
			t.Errorf("got %+v, want %+v", changed, tt.want)
			continue
		}
		if changed[0].text = ""; changed[0] != tt.want {
			t.Errorf("got %+v, want %+v", changed[0], tt.want)
		}
	}
}

// TestDigestSeesTheFleet: what the plan found is part of what people agree to.
func TestDigestSeesTheFleet(t *testing.T) {
	seen := map[string]int{}
	for i, edit := range []func(*Facts){
		func(*Facts) {},
		func(f *Facts) { f.Environment = "staging" },
		func(f *Facts) { f.Region = "us-east-1" },
		func(f *Facts) { f.Group.Name = "api" },
		func(f *Facts) { f.From.Number, f.Group.Template.Version = 2, "2" },
		func(f *Facts) { f.To.Number = 5 },
		func(f *Facts) { f.To.Fields["KeyName"] = "dev" },
		func(f *Facts) { f.Group.MinHealthy, f.Group.MaxHealthy = ptr(50), ptr(150) },
		mixed(fleet.Mixed{Types: []string{"m5.large"}}),
		mixed(fleet.Mixed{Types: []string{"m5.large"}, Summary: map[string]string{"SpotAllocationStrategy": "lowest-price"}}),
		func(f *Facts) { delete(f.Images, "ami-old") }, // no automatic roll back
	} {
		f := sane(12)
		toFour(&f)
		edit(&f)
		p, err := New(f, Want{Version: f.To.Number})
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[p.Digest()]; twice {
			t.Errorf("cases %d and %d have one digest", other, i)
		}
		seen[p.Digest()] = i
	}
}

// resizeMixed makes the group one of n instances and keeps its policy.
func resizeMixed(f *Facts, n int) {
	policy := f.Group.Mixed
	resize(f, n)
	f.Group.Mixed, f.Group.Template = policy, fleet.TemplateRef{}
}

// resize makes the group one of n instances.
func resize(f *Facts, n int) {
	big := sane(n)
	f.Group, f.Instances, f.Targets = big.Group, big.Instances, big.Targets
}

// TestDigestSeesEveryWish: whatever somebody asks for differently is another proposal.
func TestDigestSeesEveryWish(t *testing.T) {
	seen := map[string]string{}
	for _, w := range []Want{
		{Image: "ami-new"}, {Image: "ami-other"}, {Version: 4}, {Version: 4, Back: true},
		{Image: "ami-new", MinHealthy: ptr(80)}, {Image: "ami-new", MaxHealthy: ptr(130)}, {Image: "ami-new", Warmup: ptr(time.Minute)},
		{Image: "ami-new", Bake: ptr(time.Minute)}, {Image: "ami-new", Checkpoints: []int{50}},
		{Image: "ami-new", Checkpoints: []int{50}, CheckpointDelay: ptr(time.Minute)}, {Image: "ami-new", Alarms: []string{"a"}},
		{Image: "ami-new", Canary: 10}, {Image: "ami-new", Canary: 20}, {Image: "ami-new", Canary: 10, CanaryWait: time.Minute},
		{Image: "ami-new", SetDefault: true}, {Image: "ami-new", Standby: "Wait"}, {Image: "ami-new", Protected: "Refresh"},
	} {
		f := sane(12)
		toFour(&f)
		if w.Version == 0 {
			f.To = nil
		}
		p, err := New(f, w)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := json.Marshal(w)
		if other, twice := seen[p.Digest()]; twice {
			t.Errorf("%s and %s have one digest", body, other)
		}
		seen[p.Digest()] = string(body)
	}
}

// TestSpan: one way of telling how long something takes, on every card and line.
func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 0: "0 s", 59 * time.Second: "59 s", time.Minute: "1 min", 21*time.Minute + 9*time.Second: "21 min",
		59*time.Minute + 40*time.Second: "1 h", time.Hour: "1 h", 65 * time.Minute: "1 h 5 min", 48 * time.Hour: "48 h",
		100*time.Hour + 8*time.Minute: "4 d 4 h", 72 * time.Hour: "3 d",
	} {
		if got := card.Span(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}

func TestNamesOfAPlan(t *testing.T) {
	f := sane(3)
	p, _ := New(f, Want{Image: "ami-new"})
	toFour(&f)
	v, _ := New(f, Want{Version: 4})
	b, _ := New(f, Want{Version: 4, Back: true})
	got := []string{p.Title(), v.Title(), b.Title(), p.Resource(), fmt.Sprint(p.Touched())}
	want := []string{"Roll web to ami-new", "Roll web to version 4", "Roll web back to version 4", "123456789012/eu-west-1/asg/web", "3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
