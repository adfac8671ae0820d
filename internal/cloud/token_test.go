package cloud

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// takesTokens are the actions that we call and AWS takes a client token for.
func takesTokens(action string) bool {
	switch action {
	case "CreateLaunchTemplate", "CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "RunInstances", "CopyImage", "CreateImageUsageReport":
		return true
	}
	return false
}

// TestNoTokenButOursLeaves does everything that writes, and looks at what AWS would have seen.
func TestNoTokenButOursLeaves(t *testing.T) {
	empty := func(action string) func(url.Values) (int, string) {
		return always("<" + action + "Response><" + action + "Result/></" + action + "Response>")
	}
	s := script{
		"DescribeLaunchTemplateVersions": versionAnswer(`<imageId>ami-1</imageId><instanceType>m5.large</instanceType>`),
		"DescribeAutoScalingGroups":      always(groupsAnswer("", plainGroup)),
		"GetCallerIdentity":              always(caller),
		"RunInstances":                   wouldLaunch,
	}
	for _, action := range []string{
		"CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "StartInstanceRefresh", "CancelInstanceRefresh",
		"RollbackInstanceRefresh", "SuspendProcesses", "ResumeProcesses", "CreateImage", "CopyImage", "CreateLaunchTemplate",
		"CreateImageUsageReport", "CreateAutoScalingGroup", "EnableImageDeprecation",
	} {
		s[action] = empty(action)
	}
	c, w := client(t, s)
	ctx := t.Context()
	template := fleet.TemplateRef{ID: "lt-1", Version: "7"}

	_, _, _ = c.CreateTemplateVersion(ctx, fleet.NewVersion{Template: "lt-1", Source: 7, Image: "ami-2", Token: "amiral-op-1-version"})
	_ = c.SetDefaultVersion(ctx, "lt-1", 8, "amiral-op-1-default")
	_ = c.ProveLaunch(ctx, template, "")
	_, _ = c.StartRefresh(ctx, fleet.RefreshOrder{Group: "web", Template: template})
	_ = c.CancelRefresh(ctx, "web")
	_, _ = c.RollbackRefresh(ctx, "web")
	_ = c.Suspend(ctx, "web", "InstanceRefresh")
	_ = c.Resume(ctx, "web", "InstanceRefresh")
	_, _ = c.CreateImage(ctx, fleet.ImageOrder{Instance: "i-1", Name: "web"})
	_, _ = c.CopyImage(ctx, fleet.ImageCopy{Image: "ami-1", Region: "eu-west-1", Name: "web", Token: "amiral-op-1-copy"})
	_, _, _ = c.CreateTemplate(ctx, fleet.TemplateOrder{Name: "web", Token: "amiral-op-1-template"})
	_, _ = c.StartUsageReport(ctx, "ami-1", "amiral-op-1-usage")
	_, _ = c.Launch(ctx, fleet.LaunchOrder{Template: template, Token: "amiral-op-1-canary"})
	_ = c.CreateGroup(ctx, fleet.GroupOrder{Name: "web", Template: template})
	_, _ = c.Permissions(ctx)

	tokens := 0
	for _, s := range w.sent {
		token := s.Form.Get("ClientToken")
		if takesTokens(s.Action) != (token != "") {
			t.Errorf("%s: got token %q, want one exactly where AWS takes one", s.Action, token)
		}
		if token != "" && !strings.HasPrefix(token, "amiral-") {
			t.Errorf("%s: got token %q, want ours", s.Action, token)
		}
		if token != "" {
			tokens++
		}
	}
	if want := 11; tokens != want {
		t.Errorf("got %d calls with a token, want %d", tokens, want)
	}
}

func TestCallWithoutATokenDoesNotLeave(t *testing.T) {
	c, w := client(t, script{})
	_, err := c.machines.CreateLaunchTemplateVersion(t.Context(), &ec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateData: &types.RequestLaunchTemplateData{},
	})
	wantKind(t, failure(err), fleet.Rejected, "ec2:CreateLaunchTemplateVersion")
	if len(w.sent) != 0 {
		t.Errorf("got %v sent, want nothing", w.sent)
	}
}

func TestDryRunTokensDiffer(t *testing.T) {
	if dryToken("lt-1", "7", "subnet-a") != dryToken("lt-1", "7", "subnet-a") {
		t.Error("got two tokens for one dry run, want one")
	}
	if dryToken("lt-1", "7", "subnet-a") == dryToken("lt-1", "7", "subnet-b") {
		t.Error("got one token for two dry runs, want two")
	}
}
