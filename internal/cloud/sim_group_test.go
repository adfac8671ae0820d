package cloud

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func (w *world) groupOrder(t *testing.T) fleet.GroupOrder {
	t.Helper()
	web, err := w.Group(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	return fleet.GroupOrder{
		Name: "api", Template: fleet.TemplateRef{ID: w.template, Version: "1"}, Min: 1, Max: 5, Desired: 2, Subnets: web.Subnets[:2],
		TargetGroups: web.TargetGroups, HealthCheck: "ELB", Grace: 2 * time.Minute, Warmup: time.Minute,
		Tags: map[string]string{"amiral:operation": "op-1", "Name": "api"},
	}
}

func TestGroupIsMadeChangedAndDeleted(t *testing.T) {
	local(t)
	w := newWorld(t)
	ctx := t.Context()
	order := w.groupOrder(t)
	if err := w.CreateGroup(ctx, order); err != nil {
		t.Fatal(err)
	}
	wantKind(t, w.CreateGroup(ctx, order), fleet.Exists, "autoscaling:CreateAutoScalingGroup")
	w.now = w.now.Add(10 * time.Minute)
	group, err := w.Group(ctx, "api")
	if err != nil || group.Min != 1 || group.Max != 5 || len(group.Instances) != 2 || len(group.Subnets) != 2 || group.HealthCheck != "ELB" ||
		group.Grace != 2*time.Minute || *group.Warmup != time.Minute || group.Tags["amiral:operation"] != "op-1" || group.Template.Version != "1" {
		t.Fatalf("got %+v, %v, want what was ordered", group, err)
	}
	if i, err := w.Instance(ctx, group.Instances[0].ID); err != nil || i.Tags["amiral:operation"] != "op-1" {
		t.Errorf("got %+v, %v, want the group's tags on its instances", i, err)
	}
	three := 3
	if err := w.UpdateGroup(ctx, fleet.GroupChange{Group: "api", Desired: &three}); err != nil {
		t.Fatal(err)
	}
	sent := w.wire.of("UpdateAutoScalingGroup")[0].Form
	if sent.Get("DesiredCapacity") != "3" || sent.Has("MinSize") || sent.Has("MaxSize") || sent.Has("LaunchTemplate.Version") {
		t.Errorf("got %v, want the one number and nothing else", sent)
	}
	groups, err := w.GroupsNamed(ctx, "api", "gone", "web")
	if err != nil || len(groups) != 2 {
		t.Errorf("got %+v, %v, want the two that exist", groups, err)
	}
	wantKind(t, w.DeleteGroup(ctx, "api", false), fleet.Busy, "autoscaling:DeleteAutoScalingGroup")
	if err := w.DeleteGroup(ctx, "api", true); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	_, err = w.Group(ctx, "api")
	wantKind(t, err, fleet.Absent, "autoscaling:DescribeAutoScalingGroups")
}

func TestGroupTakesAnotherVersion(t *testing.T) {
	local(t)
	w := newWorld(t)
	if _, _, err := w.CreateTemplateVersion(t.Context(), w.newVersion()); err != nil {
		t.Fatal(err)
	}
	two := fleet.TemplateRef{ID: w.template, Version: "2"}
	if err := w.UpdateGroup(t.Context(), fleet.GroupChange{Group: "web", Template: &two}); err != nil {
		t.Fatal(err)
	}
	if group, err := w.Group(t.Context(), "web"); err != nil || group.Template.Version != "2" || group.Desired != 4 {
		t.Errorf("got %+v, %v, want version 2 and the rest as it was", group, err)
	}
	latest := fleet.TemplateRef{ID: w.template, Version: "$Latest"}
	wantKind(t, w.UpdateGroup(t.Context(), fleet.GroupChange{Group: "web", Template: &latest}), fleet.Rejected, "autoscaling:UpdateAutoScalingGroup")
}

func TestMembersAreProtectedRestedAndReplaced(t *testing.T) {
	local(t)
	w := newWorld(t)
	ctx := t.Context()
	id := w.member(t)
	state := func() fleet.Member {
		t.Helper()
		w.now = w.now.Add(10 * time.Minute)
		group, err := w.Group(ctx, "web")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range group.Instances {
			if m.ID == id {
				return m
			}
		}
		return fleet.Member{}
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(w.Protect(ctx, "web", true, id))
	if m := state(); !m.Protected {
		t.Errorf("got %+v, want it protected", m)
	}
	ok(w.Protect(ctx, "web", false, id))
	ok(w.EnterStandby(ctx, "web", true, id))
	if m := state(); m.Lifecycle != "Standby" || m.Protected {
		t.Errorf("got %+v, want it in standby and not protected", m)
	}
	ok(w.ExitStandby(ctx, "web", id))
	if m := state(); m.Lifecycle != "InService" {
		t.Errorf("got %+v, want it in service", m)
	}
	activity, err := w.Replace(ctx, id)
	if err != nil || activity == "" {
		t.Errorf("got %q, %v, want an activity", activity, err)
	}
	w.now = w.now.Add(time.Hour)
	if m := state(); m.ID != "" {
		t.Errorf("got %+v, want it gone", m)
	}
	if group, err := w.Group(ctx, "web"); err != nil || len(group.Instances) != 4 || group.Desired != 4 {
		t.Errorf("got %+v, %v, want four again", group, err)
	}
	activities, err := w.Activities(ctx, "web", time.Time{})
	if err != nil || len(activities) == 0 || activities[0].Zone == "" || activities[0].Subnet == "" || activities[0].Percent != 100 || activities[0].Ended.IsZero() {
		t.Errorf("got %+v, %v, want where and when", activities, err)
	}
}

func TestNetworkOfTheRegion(t *testing.T) {
	local(t)
	w := newWorld(t)
	ctx := t.Context()
	w.region.AddKeyPair("ops")
	web, err := w.Group(ctx, "web")
	if err != nil {
		t.Fatal(err)
	}
	all, err := w.Subnets(ctx)
	if err != nil || len(all) < 3 || all[0].VPC == "" || all[0].Zone == "" || all[0].Free == 0 {
		t.Errorf("got %+v, %v, want the region's subnets", all, err)
	}
	one, err := w.Subnets(ctx, web.Subnets[0], "subnet-0123456789abcdef0")
	if err != nil || len(one) != 1 || one[0].ID != web.Subnets[0] {
		t.Errorf("got %+v, %v, want the one that exists", one, err)
	}
	groups, err := w.TargetGroups(ctx)
	if err != nil || len(groups) != 1 || groups[0].Name != "web" || groups[0].ARN != web.TargetGroups[0] {
		t.Errorf("got %+v, %v, want the one", groups, err)
	}
	both, err := w.TargetGroups(ctx, "web", groups[0].ARN)
	if err != nil || len(both) != 2 {
		t.Errorf("got %+v, %v, want it by name and by ARN", both, err)
	}
	_, err = w.TargetGroups(ctx, "gone")
	wantKind(t, err, fleet.Absent, "elasticloadbalancing:DescribeTargetGroups")
	kinds, err := w.InstanceTypes(ctx, "m5.")
	if err != nil || len(kinds) == 0 || strings.TrimPrefix(kinds[0], "m5.") == kinds[0] {
		t.Errorf("got %v, %v, want types of m5", kinds, err)
	}
	id := w.region.AddSecurityGroup(awssim.SecurityGroup{Name: "web", Rules: []awssim.SecurityRule{{From: 443, To: 443, CIDR: "10.0.0.0/8", Note: "office"}}})
	if found, err := w.SecurityGroups(ctx, id, "sg-0123456789abcdef0"); err != nil || len(found) != 1 || found[0].Name != "web" {
		t.Errorf("got %+v, %v, want the one that exists", found, err)
	}
	rules, err := w.Rules(ctx, id)
	if err != nil || !slices.ContainsFunc(rules, func(r fleet.Rule) bool {
		return r.ID != "" && r == fleet.Rule{ID: r.ID, Group: id, Protocol: "tcp", From: 443, To: 443, Peer: "10.0.0.0/8", Text: "office"}
	}) {
		t.Errorf("got %+v, %v, want the rule", rules, err)
	}
	if keys, err := w.KeyPairs(ctx); err != nil || len(keys) == 0 {
		t.Errorf("got %v, %v, want a key", keys, err)
	}
}
