package cloud

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// world is a simulated AWS with a group web of four instances on version 1 of the template web, and
// a clock that tests push.
type world struct {
	*awssim.Cloud
	*Client
	region *awssim.Fleet
	wire   *wire

	now      time.Time
	template fleet.TemplateID
	golden   string // the image to roll to
}

func (w *world) clock() time.Time { return w.now }

// order is a refresh of web to a version.
func (w *world) order(version string) fleet.RefreshOrder {
	warmup := 30 * time.Second
	return fleet.RefreshOrder{
		Group: "web", Template: fleet.TemplateRef{ID: w.template, Version: version},
		MinHealthy: 100, MaxHealthy: 150, Warmup: &warmup,
	}
}

// newVersion is version 2 of web's template.
func (w *world) newVersion() fleet.NewVersion {
	return fleet.NewVersion{Template: w.template, Source: 1, Image: fleet.ImageID(w.golden),
		Description: "amiral op-1", Token: "amiral-op-1-version"}
}

// newWorld builds the world; local must have been called.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)}
	w.Cloud = awssim.New(awssim.Options{Now: w.clock, NoThrottle: true, NotFoundFor: -1, Latency: -1})
	w.region = w.Region("eu-west-1")
	w.golden = w.region.AddImage(awssim.Image{Name: "web-2", Created: w.now.Add(-time.Hour)})
	old := w.region.AddImage(awssim.Image{Name: "web-1"})
	w.template = fleet.TemplateID(w.region.AddTemplate(awssim.Template{Name: "web", Versions: []awssim.TemplateVersion{
		{Image: old, Type: "m5.large", Data: map[string]string{"KeyName": "ops"}},
	}}))
	err := w.region.AddGroup(awssim.Group{Name: "web", Template: "web", Max: 8, Desired: 4,
		TargetGroups: []string{w.region.AddTargetGroup("web")}})
	if err != nil {
		t.Fatal(err)
	}
	w.region.AddAlarm("5xx", "OK")
	w.Client, w.wire = dial(t, w.Handler())
	return w
}

// rolled waits for the group's newest refresh to end, and returns it.
func (w *world) rolled(t *testing.T) fleet.Refresh {
	t.Helper()
	for range 200 {
		refreshes, err := w.Refreshes(t.Context(), "web")
		if err != nil {
			t.Fatal(err)
		}
		if len(refreshes) > 0 && refreshes[0].Over() {
			return refreshes[0]
		}
		w.now = w.now.Add(time.Minute)
	}
	t.Fatal("the refresh did not end in 200 minutes")
	return fleet.Refresh{}
}

func TestReadsOfTheSimulatedFleet(t *testing.T) {
	local(t)
	w := newWorld(t)
	ctx := t.Context()
	group, err := w.Group(ctx, "web")
	if err != nil {
		t.Fatal(err)
	}
	if len(group.Instances) != 4 || group.Desired != 4 || len(group.Subnets) != 3 || group.Template.ID != w.template {
		t.Errorf("got %+v, want four instances in three subnets on the template", group)
	}
	var ids []fleet.InstanceID
	for _, m := range group.Instances {
		ids = append(ids, m.ID)
	}
	instances, err := w.Instances(ctx, append(ids, "i-0123456789abcdef0")...)
	if err != nil || len(instances) != 4 || instances[0].State != "running" || instances[0].Zone == "" {
		t.Errorf("got %+v, %v, want the four that exist", instances, err)
	}
	targets, err := w.TargetHealth(ctx, group.TargetGroups[0])
	if err != nil || len(targets) != 4 || targets[0].State != "healthy" || targets[0].Instance == "" {
		t.Errorf("got %+v, %v, want four healthy targets", targets, err)
	}
	_, err = w.TargetHealth(ctx, strings.Replace(group.TargetGroups[0], "web", "gone", 1))
	wantKind(t, err, fleet.Absent, "elasticloadbalancing:DescribeTargetHealth")
	alarms, err := w.Alarms(ctx, "5xx", "gone")
	if err != nil || len(alarms) != 1 || alarms[0] != (fleet.Alarm{Name: "5xx", State: "OK"}) {
		t.Errorf("got %+v, %v, want the one that exists", alarms, err)
	}
	template, err := w.Template(ctx, fleet.TemplateRef{Name: "web"})
	if err != nil || template.ID != w.template || template.Latest != 1 || template.Default != 1 {
		t.Errorf("got %+v, %v, want the template at version 1", template, err)
	}
	version, err := w.TemplateVersion(ctx, group.Ref())
	if err != nil || version.Number != 1 || version.Fields["KeyName"] != "ops" || version.Fields["InstanceType"] != "m5.large" {
		t.Errorf("got %+v, %v, want version 1 with its key", version, err)
	}
	images, err := w.OwnImages(ctx)
	if err != nil || len(images) != 2 || string(images[0].ID) != w.golden || images[0].Architecture != "x86_64" {
		t.Errorf("got %+v, %v, want two, the golden one first", images, err)
	}
}

func TestAlarmsOfEveryTypeAreAskedFor(t *testing.T) {
	local(t)
	w := newWorld(t)
	if _, err := w.Alarms(t.Context(), "5xx"); err != nil {
		t.Fatal(err)
	}
	request := w.wire.sent[len(w.wire.sent)-1].Body
	for _, want := range []string{"MetricAlarm", "CompositeAlarm", "LogAlarm"} {
		if !strings.Contains(request, want) {
			t.Errorf("got %q, want it to ask for %s", request, want)
		}
	}
}

// TestZeroOptionsSpeakHTTP goes over a real connection, to where the SDK's own setting points.
func TestZeroOptionsSpeakHTTP(t *testing.T) {
	local(t)
	w := newWorld(t)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	t.Setenv("AWS_ENDPOINT_URL", w.URL())
	cloud, err := New(t.Context(), []Environment{{Name: "dev", Region: "eu-west-1"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := cloud.In("dev")
	if err != nil {
		t.Fatal(err)
	}
	if group, err := c.Group(t.Context(), "web"); err != nil || len(group.Instances) != 4 {
		t.Errorf("got %+v, %v, want the group", group, err)
	}
	w.Faults().Add(awssim.Fault{Kind: awssim.FaultLostReply, Action: "CreateLaunchTemplateVersion", Times: 1})
	version, _, err := c.CreateTemplateVersion(t.Context(), w.newVersion())
	if err != nil || version.Number != 2 {
		t.Errorf("got %+v, %v, want version 2 after the first answer was lost", version, err)
	}
}

func TestManyGroupsAreAllRead(t *testing.T) {
	local(t)
	w := newWorld(t)
	for n := range 250 {
		if err := w.region.AddGroup(awssim.Group{Name: fmt.Sprintf("g-%03d", n), Template: "web"}); err != nil {
			t.Fatal(err)
		}
	}
	groups, err := w.Groups(t.Context())
	if err != nil || len(groups) != 251 {
		t.Errorf("got %d groups, %v, want 251", len(groups), err)
	}
	if calls := w.Counts()["autoscaling:DescribeAutoScalingGroups"]; calls != 3 {
		t.Errorf("got %d calls, want 3", calls)
	}
}

func TestAbsentAndRefused(t *testing.T) {
	local(t)
	w := newWorld(t)
	ctx := t.Context()
	_, err := w.Group(ctx, "gone")
	wantKind(t, err, fleet.Absent, "autoscaling:DescribeAutoScalingGroups")
	_, err = w.Image(ctx, "ami-0123456789abcdef0")
	wantKind(t, err, fleet.Absent, "ec2:DescribeImages")
	_, err = w.Template(ctx, fleet.TemplateRef{ID: "lt-0123456789abcdef0"})
	wantKind(t, err, fleet.Absent, "ec2:DescribeLaunchTemplates")
	_, err = w.Template(ctx, fleet.TemplateRef{Name: "gone"})
	wantKind(t, err, fleet.Absent, "ec2:DescribeLaunchTemplates")
	_, err = w.TemplateVersion(ctx, fleet.TemplateRef{ID: w.template, Version: "9"})
	wantKind(t, err, fleet.Absent, "ec2:DescribeLaunchTemplateVersions")
	wantKind(t, w.CancelRefresh(ctx, "web"), fleet.NoRefresh, "autoscaling:CancelInstanceRefresh")
	_, err = w.RollbackRefresh(ctx, "web")
	wantKind(t, err, fleet.NoRefresh, "autoscaling:RollbackInstanceRefresh")

	w.Deny("ec2:CreateLaunchTemplateVersion", "autoscaling:StartInstanceRefresh", "cloudwatch:DescribeAlarms")
	_, _, err = w.CreateTemplateVersion(ctx, w.newVersion())
	wantKind(t, err, fleet.Refused, "ec2:CreateLaunchTemplateVersion")
	_, err = w.StartRefresh(ctx, w.order("1"))
	wantKind(t, err, fleet.Refused, "autoscaling:StartInstanceRefresh")
	_, err = w.Alarms(ctx, "5xx")
	wantKind(t, err, fleet.Refused, "cloudwatch:DescribeAlarms")
}

func TestThrottlingOfTheSimulatedFleet(t *testing.T) {
	local(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Faults().Add(awssim.Fault{Kind: awssim.FaultThrottle, Action: "DescribeAutoScalingGroups", Times: 3})
		if _, err := w.Group(t.Context(), "web"); err != nil {
			t.Errorf("got %v, want the call to outlast three refusals", err)
		}
		w.Faults().Add(awssim.Fault{Kind: awssim.FaultThrottle})
		_, err := w.Group(t.Context(), "web")
		wantKind(t, err, fleet.Throttled, "autoscaling:DescribeAutoScalingGroups")
		_, err = w.Image(t.Context(), fleet.ImageID(w.golden))
		wantKind(t, err, fleet.Throttled, "ec2:DescribeImages")
		_, err = w.Alarms(t.Context(), "5xx")
		wantKind(t, err, fleet.Throttled, "cloudwatch:DescribeAlarms")
	})
}

// TestLostReplyMakesOneVersion loses the answer of the effect, within a call and between two of them.
func TestLostReplyMakesOneVersion(t *testing.T) {
	local(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		w.Faults().Add(awssim.Fault{Kind: awssim.FaultLostReply, Action: "CreateLaunchTemplateVersion", Times: attempts + 1})
		_, _, err := w.CreateTemplateVersion(ctx, w.newVersion())
		wantKind(t, err, fleet.Other, "ec2:CreateLaunchTemplateVersion")
		version, _, err := w.CreateTemplateVersion(ctx, w.newVersion())
		if err != nil || version.Number != 2 || string(version.Image) != w.golden {
			t.Errorf("got %+v, %v, want version 2 with the golden image", version, err)
		}
		again, _, err := w.CreateTemplateVersion(ctx, w.newVersion())
		if err != nil || again.Number != 2 {
			t.Errorf("got %+v, %v, want version 2 once more", again, err)
		}
		template, err := w.Template(ctx, fleet.TemplateRef{ID: w.template})
		if err != nil || template.Latest != 2 {
			t.Errorf("got %+v, %v, want two versions and no more", template, err)
		}
		other := w.newVersion()
		other.Description = "something else"
		_, _, err = w.CreateTemplateVersion(ctx, other)
		wantKind(t, err, fleet.TokenMismatch, "ec2:CreateLaunchTemplateVersion")
	})
}

func TestNewVersionKeepsTheRest(t *testing.T) {
	local(t)
	w := newWorld(t)
	version, warnings, err := w.CreateTemplateVersion(t.Context(), w.newVersion())
	if err != nil || len(warnings) != 0 {
		t.Fatalf("got %v, %v, want a version without warnings", warnings, err)
	}
	before, err := w.TemplateVersion(t.Context(), fleet.TemplateRef{ID: w.template, Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	before.Fields["ImageId"] = w.golden
	if got, want := printed(t, version.Fields), printed(t, before.Fields); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := w.SetDefaultVersion(t.Context(), w.template, 2, "amiral-op-1-default"); err != nil {
		t.Fatal(err)
	}
	if v, err := w.TemplateVersion(t.Context(), fleet.TemplateRef{ID: w.template}); err != nil || v.Number != 2 || !v.Default {
		t.Errorf("got %+v, %v, want version 2 as the default", v, err)
	}
}

// TestLostReplyStartsOneRefresh has no token to rely on: the second attempt meets the first one's refresh.
func TestLostReplyStartsOneRefresh(t *testing.T) {
	local(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if _, _, err := w.CreateTemplateVersion(t.Context(), w.newVersion()); err != nil {
			t.Fatal(err)
		}
		w.Faults().Add(awssim.Fault{Kind: awssim.FaultLostReply, Action: "StartInstanceRefresh", Times: 1})
		_, err := w.StartRefresh(t.Context(), w.order("2"))
		wantKind(t, err, fleet.InProgress, "autoscaling:StartInstanceRefresh")
		refreshes, err := w.Refreshes(t.Context(), "web")
		if err != nil || len(refreshes) != 1 || refreshes[0].Desired.Version != "2" || refreshes[0].Over() {
			t.Errorf("got %+v, %v, want the one that was started", refreshes, err)
		}
	})
}

func TestLaunchIsProvenOnTheSimulatedFleet(t *testing.T) {
	local(t)
	w := newWorld(t)
	group, err := w.Group(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ProveLaunch(t.Context(), group.Ref(), group.Subnets[0]); err != nil {
		t.Error(err)
	}
	w.Deny("ec2:RunInstances")
	wantKind(t, w.ProveLaunch(t.Context(), group.Ref(), group.Subnets[0]), fleet.Refused, "ec2:RunInstances")
	if group, err := w.Group(t.Context(), "web"); err != nil || len(group.Instances) != 4 {
		t.Errorf("got %+v, %v, want nothing launched", group, err)
	}
}

func TestPermissionsOnTheSimulatedFleet(t *testing.T) {
	local(t)
	w := newWorld(t)
	if err := w.Tag(t.Context(), map[string]string{operationTag: "op-1"}, w.golden, string(w.member(t))); err != nil {
		t.Fatal(err)
	}
	w.Deny("ec2:ModifyLaunchTemplate", "elasticloadbalancing:DescribeTargetHealth")
	permissions, err := w.Permissions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range permissions {
		scaling := strings.HasPrefix(p.Action, "autoscaling:") && !strings.HasPrefix(p.Action, "autoscaling:Describe") ||
			p.Action == "ssm:SendCommand" || p.Action == "ssm:PutParameter" // neither service has dry runs
		denied := p.Action == "ec2:ModifyLaunchTemplate" || p.Action == "elasticloadbalancing:DescribeTargetHealth"
		if p.Allowed == (scaling || denied) || p.Provable == scaling {
			t.Errorf("got %+v, want everything allowed but the two that are denied", p)
		}
	}
	if template, err := w.Template(t.Context(), fleet.TemplateRef{ID: w.template}); err != nil || template.Latest != 1 {
		t.Errorf("got %+v, %v, want nothing changed", template, err)
	}
	if image, err := w.Image(t.Context(), fleet.ImageID(w.golden)); err != nil || image.State != "available" || !image.Deprecated.IsZero() {
		t.Errorf("got %+v, %v, want the image as it was", image, err)
	}
	if i, err := w.Instance(t.Context(), w.member(t)); err != nil || i.State != "running" {
		t.Errorf("got %+v, %v, want the instance as it was", i, err)
	}
}

func TestRoleReachesAnotherAccount(t *testing.T) {
	local(t)
	w := newWorld(t)
	other := w.Account("210987654321").Region("us-east-1")
	other.AddImage(awssim.Image{ID: "ami-0aaaaaaaaaaaaaaaa", Name: "theirs"})
	cloud, err := New(t.Context(), []Environment{
		{Name: "prod", Region: "us-east-1", Role: "arn:aws:iam::210987654321:role/amiral", ExternalID: "fleet"},
	}, Options{HTTPClient: &http.Client{Transport: w.wire}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := cloud.In("prod")
	if err != nil {
		t.Fatal(err)
	}
	who, err := c.Identity(t.Context())
	if err != nil || who.Account != "210987654321" || who.Region != "us-east-1" || !strings.Contains(who.ARN, "assumed-role/amiral/amiral") {
		t.Errorf("got %+v, %v, want the role in the other account", who, err)
	}
	ctx, calls := fleet.Counting(t.Context())
	images, err := c.OwnImages(ctx)
	if calls.Count() != 1 {
		t.Errorf("got %d calls, want the one that was asked for", calls.Count())
	}
	if err != nil || len(images) != 1 || images[0].Name != "theirs" {
		t.Errorf("got %+v, %v, want the other account's image", images, err)
	}
}
