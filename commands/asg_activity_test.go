package commands

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
)

func TestActivityGolden(t *testing.T) {
	w := newWorld(t)
	at := func(minutes int) time.Time { return noon.Add(-time.Duration(minutes) * time.Minute) }
	none := "We currently do not have sufficient m7i.large capacity in the Availability Zone you requested (eu-west-1%s)."
	w.cloud.activities = []fleet.Activity{
		{Status: "InProgress", Percent: 30, Description: "Launching a new EC2 instance: i-0aa1", Started: at(0),
			Cause: "At 2026-11-23T11:59:00Z a user request update of AutoScalingGroup constraints to min: 1, max: 8, desired: 6 changing the desired capacity from 4 to 6.  At 2026-11-23T12:00:00Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 4 to 5."},
		{Status: "WaitingForELBConnectionDraining", Percent: 60, Description: "Terminating EC2 instance: i-0aa2", Started: at(1), Cause: "At 2026-11-23T11:59:00Z an instance was taken out of service in response to an ELB system health check failure."},
	}
	for i := range 12 {
		w.cloud.activities = append(w.cloud.activities, fleet.Activity{Status: "Failed", Percent: 100, Started: at(i + 2), Message: fmt.Sprintf(none, string("ab"[i%2])),
			Description: "Launching a new EC2 instance.  Status Reason: " + fmt.Sprintf(none, string("ab"[i%2]))})
	}
	for i := range 3 {
		w.cloud.activities = append(w.cloud.activities, fleet.Activity{Status: "Successful", Percent: 100, Description: fmt.Sprintf("Terminating EC2 instance: i-0b%02d", i), Started: at(60 + i),
			Cause: "At 2026-11-23T10:59:00Z an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped."})
	}
	w.cloud.activities = append(w.cloud.activities,
		fleet.Activity{Status: "Cancelled", Description: "Launching a new EC2 instance: i-0cc1", Started: at(80), Cause: "At 2026-11-23T10:30:00Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 3 to 4."},
		fleet.Activity{Status: "Successful", Description: "Something new of AWS: <!channel>", Started: at(90)})
	golden(t, "asg_activity", text(w.says("asg activity web").Reply))
	got := text(w.says("asg activity web --failed").Reply)
	if strings.Contains(got, "Terminate") || strings.Count(got, "×6") != 2 || !strings.Contains(got, "[Everything] /asg activity web --in production") {
		t.Errorf("got %s, want the failures alone", got)
	}
}

func TestActivityOfNothing(t *testing.T) {
	w := newWorld(t)
	if got := text(w.says("asg activity web").Reply); !strings.Contains(got, "0 activities in six weeks on web in production.") {
		t.Errorf("got %s", got)
	}
	if got := text(w.says("asg activity wev").Reply); !strings.Contains(got, "There is no group wev in production.\nDid you mean `web`?") {
		t.Errorf("got %s", got)
	}
}

func TestActivityPages(t *testing.T) {
	w := newWorld(t)
	for i := range 45 {
		w.cloud.activities = append(w.cloud.activities, fleet.Activity{Status: "Failed", Message: fmt.Sprint("no ", i), Description: "Launching a new EC2 instance.", Started: noon})
	}
	if got := text(w.says("asg activity web --page 2").Reply); !strings.Contains(got, "21–40 of 45") || !strings.Contains(got, "AWS says: no 20") || strings.Contains(got, "AWS says: no 19") {
		t.Errorf("got %s", got)
	}
}

func TestTheDrawing(t *testing.T) {
	g := fleet.Group{Template: fleet.TemplateRef{Version: "10"}}
	add := func(n int, zone, version, lifecycle, health string) {
		for range n {
			g.Instances = append(g.Instances, fleet.Member{Zone: zone, Lifecycle: lifecycle, Health: health, Template: fleet.TemplateRef{Version: version}})
		}
	}
	add(4, "eu-west-1a", "10", "InService", "Healthy")
	add(1, "eu-west-1a", "9", "InService", "Unhealthy")
	add(40, "eu-west-1b", "9", "InService", "Healthy")
	add(2, "eu-west-1b", "10", "Pending", "Healthy")
	add(1, "eu-west-1b", "10", "Standby", "Healthy")
	want := strings.Join([]string{
		"            v10*      v9",
		"eu-west-1a  ●●●● 4    ○ 1",
		"eu-west-1b  ○○ 2 ◌ 1  ● 40",
		"● in service  ○ not well or not yet in service  ◌ standby"}, "\n")
	if got := drawing(g).Code; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for i := range 5 {
		add(1, "eu-west-1b", fmt.Sprint(i+1), "InService", "Healthy")
	}
	if got := drawing(g).Code; !strings.Contains(got, "3 older versions not drawn") || strings.Contains(got, "v3") {
		t.Errorf("got\n%s", got)
	}
}

func TestShowPages(t *testing.T) {
	w := newWorld(t)
	g := &w.cloud.groups[0]
	for i := range 30 {
		g.Instances = append(g.Instances, fleet.Member{ID: fleet.InstanceID(fmt.Sprintf("i-more%02d", i)), Zone: "eu-west-1b", Lifecycle: "InService", Health: "Healthy"})
	}
	g.Instances[33].Health = "Unhealthy"
	got := text(w.says("asg show web").Reply)
	if !strings.Contains(got, "1–20 of 34") || !strings.Contains(got, "| `i-more29` | InService, Unhealthy |") || strings.Contains(got, "i-more25") {
		t.Errorf("got %s, want the first page with what is ill", got)
	}
	if got := text(w.says("asg show web --page 2").Reply); !strings.Contains(got, "21–34 of 34") || !strings.Contains(got, "i-more25") {
		t.Errorf("got %s", got)
	}
}
