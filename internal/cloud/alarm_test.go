package cloud

import (
	"fmt"
	"slices"
	"testing"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// TestOpenAlarms: those count that ring for the group, whichever way their metric names it.
func TestOpenAlarms(t *testing.T) {
	local(t)
	w := newWorld(t)
	ctx := t.Context()
	group, err := w.Group(ctx, "web")
	if err != nil {
		t.Fatal(err)
	}
	const (
		balancer = "app/web/50dc6c495c0c9188"
		own      = "targetgroup/web/73e2d6bc24d8a067"
		other    = "targetgroup/api/73e2d6bc24d8a067"
	)
	by := func(pairs ...string) (all []awssim.Dimension) {
		for i := 0; i < len(pairs); i += 2 {
			all = append(all, awssim.Dimension{Name: pairs[i], Value: pairs[i+1]})
		}
		return all
	}
	w.region.AddAlarm("group", "ALARM", by("AutoScalingGroupName", "web")...)
	w.region.AddAlarm("instance", "ALARM", by("InstanceId", string(group.Instances[2].ID))...)
	w.region.AddAlarm("target group", "ALARM", by("TargetGroup", own, "LoadBalancer", balancer)...)
	w.region.AddAlarm("balancer", "ALARM", by("LoadBalancer", balancer)...)
	w.region.AddAlarm("quiet", "OK", by("AutoScalingGroupName", "web")...)
	w.region.AddAlarm("deaf", "INSUFFICIENT_DATA", by("AutoScalingGroupName", "web")...)
	w.region.AddAlarm("other group", "ALARM", by("AutoScalingGroupName", "web-2")...)
	w.region.AddAlarm("other target group", "ALARM", by("TargetGroup", other, "LoadBalancer", balancer)...)
	w.region.AddAlarm("other balancer", "ALARM", by("LoadBalancer", "app/api/50dc6c495c0c9188")...)
	w.region.AddAlarm("queue", "ALARM", by("QueueName", "web")...)
	w.region.AddAlarm("nobody's", "ALARM")
	open, err := w.OpenAlarms(ctx, group)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range open {
		names = append(names, a.Name)
		if a.State != "ALARM" {
			t.Errorf("got %+v", a)
		}
	}
	slices.Sort(names)
	if want := []string{"balancer", "group", "instance", "target group"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

// TestOpenAlarmsOfMany: all pages are read, and load balancers only when one is rung for.
func TestOpenAlarmsOfMany(t *testing.T) {
	local(t)
	w := newWorld(t)
	for i := range 250 {
		w.region.AddAlarm(fmt.Sprintf("a-%03d", i), "ALARM", awssim.Dimension{Name: "AutoScalingGroupName", Value: []string{"web", "api"}[i%2]})
		w.region.AddAlarm(fmt.Sprintf("b-%03d", i), "OK", awssim.Dimension{Name: "AutoScalingGroupName", Value: "web"})
	}
	w.ResetCalls()
	open, err := w.OpenAlarms(t.Context(), fleet.Group{Name: "web", TargetGroups: []string{"arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/gone/1"}})
	if err != nil || len(open) != 125 {
		t.Errorf("got %d alarms, %v, want 125", len(open), err)
	}
	if calls := w.Counts(); calls["cloudwatch:DescribeAlarms"] != 3 || len(calls) != 1 {
		t.Errorf("got calls %v, want three pages and nothing else", calls)
	}
}

func TestOpenAlarmsThatMayNotBeSeen(t *testing.T) {
	local(t)
	w := newWorld(t)
	group, err := w.Group(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	w.region.AddAlarm("balancer", "ALARM", awssim.Dimension{Name: "LoadBalancer", Value: "app/web/50dc6c495c0c9188"})
	w.Deny("elasticloadbalancing:DescribeTargetGroups")
	_, err = w.OpenAlarms(t.Context(), group)
	wantKind(t, err, fleet.Refused, "elasticloadbalancing:DescribeTargetGroups")
	w.Deny("cloudwatch:DescribeAlarms")
	_, err = w.OpenAlarms(t.Context(), group)
	wantKind(t, err, fleet.Refused, "cloudwatch:DescribeAlarms")
}

// TestDisks: what is deleted with an instance besides its root, and which types have disks of their own.
func TestDisks(t *testing.T) {
	local(t)
	w := newWorld(t)
	image := w.region.AddImage(awssim.Image{Name: "db", DataSize: 20})
	w.region.AddTemplate(awssim.Template{Name: "db", Versions: []awssim.TemplateVersion{{Image: image, Type: "m6id.large"}}})
	if err := w.region.AddGroup(awssim.Group{Name: "db", Template: "db", Max: 2, Desired: 1}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[fleet.GroupName][]string{"web": nil, "db": {"/dev/xvdb"}} {
		group, err := w.Group(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		machines, err := w.Instances(t.Context(), group.Instances[0].ID)
		if err != nil || len(machines) != 1 || !slices.Equal(machines[0].Volumes, want) {
			t.Errorf("got %+v, %v, want volumes %q", machines, err, want)
		}
	}
	stores, err := w.LocalDisks(t.Context(), "m5.large", "m6id.large", "never.heard")
	if err != nil || len(stores) != 2 || stores["m5.large"] || !stores["m6id.large"] {
		t.Errorf("got %v, %v", stores, err)
	}
	if none, err := w.LocalDisks(t.Context()); err != nil || len(none) != 0 {
		t.Errorf("got %v, %v, want nothing", none, err)
	}
}
