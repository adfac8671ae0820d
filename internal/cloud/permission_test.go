package cloud

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/amiral-ops/amiral/internal/fleet"
)

func TestPermissionsAreTriedWithoutChange(t *testing.T) {
	refused := func(url.Values) (int, string) { return ec2Error(403, "UnauthorizedOperation", "You may not.") }
	dry := func(url.Values) (int, string) { return ec2Error(412, "DryRunOperation", "Would have.") }
	c, w := client(t, script{
		"GetCallerIdentity":              always(caller),
		"DescribeAutoScalingGroups":      always(groupsAnswer("", plainGroup)),
		"DescribeInstanceRefreshes":      always(`<DescribeInstanceRefreshesResponse><DescribeInstanceRefreshesResult/></DescribeInstanceRefreshesResponse>`),
		"DescribeScalingActivities":      func(url.Values) (int, string) { return queryError(403, "AccessDenied", "Not you.") },
		"DescribeLaunchTemplates":        always(`<DescribeLaunchTemplatesResponse/>`),
		"DescribeLaunchTemplateVersions": versionAnswer(`<imageId>ami-1</imageId><instanceType>m5.large</instanceType>`),
		"DescribeImages":                 always(`<DescribeImagesResponse/>`),
		"DescribeInstances":              always(`<DescribeInstancesResponse/>`),
		"DescribeTargetHealth":           always(`<DescribeTargetHealthResponse><DescribeTargetHealthResult/></DescribeTargetHealthResponse>`),
		"CreateLaunchTemplateVersion":    dry,
		"ModifyLaunchTemplate":           refused,
		"RunInstances":                   func(url.Values) (int, string) { return ec2Error(400, "InvalidKeyPair.NotFound", "No key.") },
	})
	permissions, err := c.Permissions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]fleet.Permission{}
	for _, p := range permissions {
		got[p.Action] = p
	}
	for _, want := range []fleet.Permission{
		{Action: "autoscaling:DescribeAutoScalingGroups", Allowed: true, Provable: true},
		{Action: "autoscaling:DescribeScalingActivities", Provable: true, Text: "autoscaling:DescribeScalingActivities: AccessDenied: Not you."},
		{Action: "elasticloadbalancing:DescribeTargetHealth", Allowed: true, Provable: true},
		{Action: "ec2:CreateLaunchTemplateVersion", Allowed: true, Provable: true},
		{Action: "ec2:ModifyLaunchTemplate", Provable: true, Text: "ec2:ModifyLaunchTemplate: UnauthorizedOperation: You may not."},
		{Action: "ec2:RunInstances", Text: "not provable: ec2:RunInstances: InvalidKeyPair.NotFound: No key."},
		{Action: "autoscaling:StartInstanceRefresh", Text: "not provable: Auto Scaling has no dry run"},
	} {
		if got[want.Action] != want {
			t.Errorf("got %+v, want %+v", got[want.Action], want)
		}
	}
	for _, action := range []string{"CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "RunInstances"} {
		for _, s := range w.of(action) {
			if s.Form.Get("DryRun") != "true" {
				t.Errorf("got %v, want a dry run", s.Form)
			}
		}
	}
}

func TestPermissionsOfAnEmptyRegion(t *testing.T) {
	c, _ := client(t, script{
		"GetCallerIdentity":         always(caller),
		"DescribeAutoScalingGroups": always(groupsAnswer("")),
		"DescribeLaunchTemplates":   always(`<DescribeLaunchTemplatesResponse/>`),
	})
	permissions, err := c.Permissions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range permissions {
		if p.Action == "ec2:RunInstances" && (p.Provable || p.Text != "not provable: there is nothing to try it on") {
			t.Errorf("got %+v, want it not provable", p)
		}
	}
}

func TestPermissionsWithoutAnIdentity(t *testing.T) {
	c, _ := client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	if _, err := c.Permissions(t.Context()); err == nil {
		t.Error("got no error, want the identity's")
	}
}
