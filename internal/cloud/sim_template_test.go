package cloud

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// order is a new template from what a person would say.
func templateOrder() fleet.TemplateOrder {
	script := "#!/bin/sh\necho hello\n"
	return fleet.TemplateOrder{
		Name: "api", Description: "amiral op-1", Token: "amiral-op-1-template", Tags: map[string]string{"amiral:operation": "op-1"},
		Spec: fleet.LaunchSpec{Type: "m5.large", Key: "ops", UserData: &script, Tags: map[string]string{"Name": "api"}},
	}
}

func TestTemplateIsMadeOnce(t *testing.T) {
	local(t)
	w := newWorld(t)
	ctx := t.Context()
	order := templateOrder()
	order.Spec.Image = fleet.ImageID(w.golden)
	made, _, err := w.CreateTemplate(ctx, order)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := w.CreateTemplate(ctx, order)
	if err != nil || again.ID != made.ID || made.Default != 1 || made.Name != "api" {
		t.Errorf("got %+v, %v, want %+v again", again, err, made)
	}
	order.Token = "amiral-op-2-template"
	_, _, err = w.CreateTemplate(ctx, order)
	wantKind(t, err, fleet.Exists, "ec2:CreateLaunchTemplate")
	ref := fleet.TemplateRef{ID: made.ID, Version: "1"}
	version, err := w.TemplateVersion(ctx, ref)
	if err != nil || string(version.Image) != w.golden || version.Fields["KeyName"] != "ops" ||
		version.Fields["TagSpecifications.volume.Tags.Name"] != "api" || version.Description != "amiral op-1" {
		t.Errorf("got %+v, %v, want what was ordered", version, err)
	}
	if script, err := w.UserData(ctx, ref); err != nil || script != *order.Spec.UserData {
		t.Errorf("got %q, %v, want the script in plain", script, err)
	}
	templates, err := w.Templates(ctx)
	if err != nil || len(templates) != 2 {
		t.Errorf("got %+v, %v, want two", templates, err)
	}
	if err := w.DeleteTemplate(ctx, made.ID); err != nil {
		t.Fatal(err)
	}
	wantKind(t, w.DeleteTemplate(ctx, made.ID), fleet.Absent, "ec2:DeleteLaunchTemplate")
}

func TestTemplateIsMadeFromALiveServer(t *testing.T) {
	local(t)
	w := newWorld(t)
	ctx := t.Context()
	id := w.member(t)
	live, err := w.LiveSpec(ctx, id)
	if err != nil || live.InstanceType != "m5.large" || live.Fields["KeyName"] != "ops" {
		t.Fatalf("got %+v, %v, want what it was launched with", live, err)
	}
	made, _, err := w.CreateTemplate(ctx, fleet.TemplateOrder{Name: "twin", From: id, Token: "amiral-op-1-twin",
		Spec: fleet.LaunchSpec{Image: fleet.ImageID(w.golden)}})
	if err != nil {
		t.Fatal(err)
	}
	version, err := w.TemplateVersion(ctx, fleet.TemplateRef{ID: made.ID})
	if err != nil || string(version.Image) != w.golden || version.InstanceType != "m5.large" || version.Fields["KeyName"] != "ops" {
		t.Errorf("got %+v, %v, want the server's with the other image", version, err)
	}
	for field := range version.Fields {
		for _, own := range []string{"PrivateIp", "NetworkInterfaceId", "SubnetId", "AvailabilityZone", "SnapshotId", "aws:"} {
			if strings.Contains(field, own) {
				t.Errorf("got %s=%s, want nothing that only that one server can have", field, version.Fields[field])
			}
		}
	}
	group, err := w.Group(ctx, "web")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ProveLaunch(ctx, fleet.TemplateRef{ID: made.ID, Version: "1"}, group.Subnets[0]); err != nil {
		t.Errorf("got %v, want it launchable", err)
	}
	_, _, err = w.CreateTemplate(ctx, fleet.TemplateOrder{Name: "ghost", From: "i-0123456789abcdef0", Token: "amiral-op-2"})
	wantKind(t, err, fleet.Absent, "ec2:GetLaunchTemplateData")
}

func TestLongUserDataIsRefusedHere(t *testing.T) {
	c, w := client(t, script{})
	order := templateOrder()
	order.Spec.Image = "ami-1"
	long := strings.Repeat("x", longestUserData+1)
	order.Spec.UserData = &long
	_, _, err := c.CreateTemplate(t.Context(), order)
	wantKind(t, err, fleet.Rejected, "ec2:CreateLaunchTemplate")
	_, _, err = c.CreateTemplateVersion(t.Context(), fleet.NewVersion{Template: "lt-1", Source: 1, Token: "amiral-1", Change: order.Spec})
	if err == nil || len(w.of("CreateLaunchTemplateVersion"))+len(w.of("CreateLaunchTemplate")) != 0 {
		t.Errorf("got %v and %v, want nothing sent", err, w.sent)
	}
	fits := long[1:]
	order.Spec.UserData = &fits
	if data, err := c.templateData(t.Context(), order); err != nil || len(*data.UserData) != base64.StdEncoding.EncodedLen(longestUserData) {
		t.Errorf("got %v, want the longest to fit, whatever its encoding needs", err)
	}
}

// TestOnlyWhatChangesIsSent looks at the requests: AWS takes everything else from the source.
func TestOnlyWhatChangesIsSent(t *testing.T) {
	source := `<imageId>ami-1</imageId><instanceType>m5.large</instanceType><securityGroupIdSet><item>sg-1</item></securityGroupIdSet>` +
		`<tagSpecificationSet><item><resourceType>instance</resourceType><tagSet><item><key>team</key><value>web</value></item></tagSet></item></tagSpecificationSet>`
	empty := ""
	for name, tt := range map[string]struct {
		change fleet.LaunchSpec
		source string
		want   map[string]string
	}{
		"image":           {fleet.LaunchSpec{Image: "ami-2"}, "7", map[string]string{"ImageId": "ami-2"}},
		"type":            {fleet.LaunchSpec{Type: "m6i.large"}, "7", map[string]string{"InstanceType": "m6i.large"}},
		"key":             {fleet.LaunchSpec{Key: "other"}, "7", map[string]string{"KeyName": "other"}},
		"role":            {fleet.LaunchSpec{Profile: "web"}, "7", map[string]string{"IamInstanceProfile.Name": "web"}},
		"no user data":    {fleet.LaunchSpec{UserData: &empty}, "7", map[string]string{"UserData": ""}},
		"security groups": {fleet.LaunchSpec{SecurityGroups: []string{"sg-2"}}, "7", map[string]string{"SecurityGroupId.1": "sg-2"}},
		"tags": {fleet.LaunchSpec{Tags: map[string]string{"a": "b"}}, "7", map[string]string{
			"TagSpecification.1.ResourceType": "instance", "TagSpecification.1.Tag.1.Key": "a", "TagSpecification.1.Tag.1.Value": "b",
			"TagSpecification.1.Tag.2.Key": "team", "TagSpecification.1.Tag.2.Value": "web",
			"TagSpecification.2.ResourceType": "volume", "TagSpecification.2.Tag.1.Key": "a", "TagSpecification.2.Tag.1.Value": "b",
		}},
		"a subnet, which takes the security groups with it": {fleet.LaunchSpec{Subnet: "subnet-1"}, "", map[string]string{
			"ImageId": "ami-1", "InstanceType": "m5.large", "NetworkInterface.1.DeviceIndex": "0", "NetworkInterface.1.SubnetId": "subnet-1",
			"NetworkInterface.1.SecurityGroupId.1": "sg-1", "TagSpecification.1.ResourceType": "instance",
			"TagSpecification.1.Tag.1.Key": "team", "TagSpecification.1.Tag.1.Value": "web",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c, w := client(t, script{
				"DescribeLaunchTemplateVersions": versionAnswer(source),
				"CreateLaunchTemplateVersion":    always(`<CreateLaunchTemplateVersionResponse/>`),
			})
			_, _, err := c.CreateTemplateVersion(t.Context(), fleet.NewVersion{Template: "lt-1", Source: 7, Change: tt.change, Token: "amiral-1"})
			if err != nil {
				t.Fatal(err)
			}
			form := w.of("CreateLaunchTemplateVersion")[0].Form
			got := map[string]string{}
			for key := range form {
				if field, ok := strings.CutPrefix(key, "LaunchTemplateData."); ok {
					got[field] = form.Get(key)
				}
			}
			if form.Get("SourceVersion") != tt.source || len(got) != len(tt.want) {
				t.Errorf("got source %q and %v, want %q and %v", form.Get("SourceVersion"), got, tt.source, tt.want)
			}
			for field, want := range tt.want {
				if value, ok := got[field]; !ok || value != want {
					t.Errorf("got %s=%q, want %q", field, value, want)
				}
			}
		})
	}
}

func TestVersionThatChangesNothingIsRefused(t *testing.T) {
	c, _ := client(t, script{})
	_, _, err := c.CreateTemplateVersion(t.Context(), fleet.NewVersion{Template: "lt-1", Source: 7, Token: "amiral-1"})
	wantKind(t, err, fleet.Rejected, "ec2:CreateLaunchTemplateVersion")
}

func TestVersionsAreListedAndDeleted(t *testing.T) {
	local(t)
	w := newWorld(t)
	ctx := t.Context()
	w.region.AddTemplate(awssim.Template{Name: "db", Versions: []awssim.TemplateVersion{{Image: w.golden, Type: "m5.large"}}})
	for n := range int64(3) {
		_, _, err := w.CreateTemplateVersion(ctx, fleet.NewVersion{Template: w.template, Source: n + 1,
			Change: fleet.LaunchSpec{Type: "m5.xlarge"}, Token: "amiral-op-1-" + strconv.FormatInt(n, 10)})
		if err != nil {
			t.Fatal(err)
		}
	}
	versions, err := w.TemplateVersions(ctx, fleet.TemplateRef{Name: "web"})
	if err != nil || len(versions) != 4 || versions[0].Number != 4 || versions[3].Number != 1 || versions[0].InstanceType != "m5.xlarge" {
		t.Errorf("got %+v, %v, want four, newest first", versions, err)
	}
	later, err := w.TemplateVersionsAfter(ctx, w.template, 2)
	if err != nil || len(later) != 2 || later[0].Number != 4 || later[1].Number != 3 {
		t.Errorf("got %+v, %v, want 4 and 3", later, err)
	}
	if later, err = w.TemplateVersionsAfter(ctx, w.template, 4); err != nil || len(later) != 0 {
		t.Errorf("got %+v, %v, want nothing after the latest", later, err)
	}
	counted, calls := fleet.Counting(ctx)
	current, err := w.CurrentVersions(counted)
	if err != nil || len(current) != 3 || calls.Count() != 1 {
		t.Errorf("got %+v, %v in %d calls, want web's latest and default and db's one, in one", current, err, calls.Count())
	}
	for range 2 { // the second time two of them are gone
		deleted, failed, err := w.DeleteTemplateVersions(ctx, w.template, []int64{1, 2, 3})
		if err != nil || !slices.Equal(deleted, []int64{2, 3}) || len(failed) != 1 || failed[1] == "" {
			t.Errorf("got %v, %v, %v, want 2 and 3 deleted and the default kept", deleted, failed, err)
		}
	}
}
