package cloud

import (
	"maps"
	"net/url"
	"slices"
	"testing"

	"github.com/amiral-ops/amiral/internal/fleet"
)

const oneVersion = `<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet><item>
<launchTemplateId>lt-1</launchTemplateId><launchTemplateName>web</launchTemplateName><versionNumber>7</versionNumber>
<versionDescription>reviewed</versionDescription><createTime>2026-03-04T05:06:07.000Z</createTime>
<defaultVersion>true</defaultVersion>
<launchTemplateData>
 <imageId>ami-1</imageId><instanceType>m5.large</instanceType><keyName>ops</keyName>
 <disableApiTermination>false</disableApiTermination>
 <iamInstanceProfile><name>web</name></iamInstanceProfile>
 <securityGroupIdSet><item>sg-2</item><item>sg-1</item></securityGroupIdSet>
 <blockDeviceMappingSet>
  <item><deviceName>/dev/sdb</deviceName><ebs><volumeSize>100</volumeSize></ebs></item>
  <item><deviceName>/dev/sda1</deviceName><ebs><volumeSize>20</volumeSize><encrypted>true</encrypted></ebs></item>
 </blockDeviceMappingSet>
 <tagSpecificationSet>
  <item><resourceType>volume</resourceType><tagSet><item><key>team</key><value>web</value></item></tagSet></item>
  <item><resourceType>instance</resourceType><tagSet>
   <item><key>team</key><value>web</value></item><item><key>Name</key><value>web</value></item></tagSet></item>
 </tagSpecificationSet>
 <userData>c2VjcmV0PWxvY2Fs</userData>
</launchTemplateData></item></launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>`

func TestTemplateVersionIsFlat(t *testing.T) {
	c, w := client(t, script{"DescribeLaunchTemplateVersions": always(oneVersion)})
	got, err := c.TemplateVersion(t.Context(), fleet.TemplateRef{ID: "lt-1", Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Number != 7 || !got.Default || got.Image != "ami-1" || got.InstanceType != "m5.large" || got.Created.Year() != 2026 {
		t.Errorf("got %+v, want version 7 of ami-1 on m5.large", got)
	}
	want := map[string]string{
		"ImageId": "ami-1", "InstanceType": "m5.large", "KeyName": "ops", "DisableApiTermination": "false",
		"IamInstanceProfile.Name": "web", "SecurityGroupIds.0": "sg-1", "SecurityGroupIds.1": "sg-2",
		"BlockDeviceMappings.0.DeviceName": "/dev/sda1", "BlockDeviceMappings.0.Ebs.VolumeSize": "20",
		"BlockDeviceMappings.0.Ebs.Encrypted": "true",
		"BlockDeviceMappings.1.DeviceName":    "/dev/sdb", "BlockDeviceMappings.1.Ebs.VolumeSize": "100",
		"TagSpecifications.instance.Tags.Name": "web", "TagSpecifications.instance.Tags.team": "web",
		"TagSpecifications.instance.ResourceType": "instance", "TagSpecifications.volume.ResourceType": "volume",
		"TagSpecifications.volume.Tags.team": "web",
		"UserData":                           "sha256:56b6534c3a67 (12 bytes)",
	}
	for _, key := range slices.Sorted(maps.Keys(got.Fields)) {
		if got.Fields[key] != want[key] {
			t.Errorf("%s: got %q, want %q", key, got.Fields[key], want[key])
		}
	}
	if len(got.Fields) != len(want) {
		t.Errorf("got %d fields, want %d", len(got.Fields), len(want))
	}
	form := w.of("DescribeLaunchTemplateVersions")[0].Form
	if form.Get("LaunchTemplateVersion.1") != "$Default" || form.Has("LaunchTemplateName") {
		t.Errorf("got %v, want the default version by id alone", form)
	}
}

func TestTemplateThatIsNotThere(t *testing.T) {
	c, _ := client(t, script{
		"DescribeLaunchTemplates":        always(`<DescribeLaunchTemplatesResponse/>`),
		"DescribeLaunchTemplateVersions": always(`<DescribeLaunchTemplateVersionsResponse/>`),
	})
	_, err := c.Template(t.Context(), fleet.TemplateRef{Name: "web"})
	wantKind(t, err, fleet.Absent, "ec2:DescribeLaunchTemplates")
	_, err = c.TemplateVersion(t.Context(), fleet.TemplateRef{ID: "lt-1", Version: "9"})
	wantKind(t, err, fleet.Absent, "ec2:DescribeLaunchTemplateVersions")
	_, err = c.TemplateVersion(t.Context(), fleet.TemplateRef{})
	wantKind(t, err, fleet.Rejected, "ec2:DescribeLaunchTemplateVersions")
}

func TestNewVersionChangesTheImageAlone(t *testing.T) {
	c, w := client(t, script{"CreateLaunchTemplateVersion": always(`<CreateLaunchTemplateVersionResponse>
		<launchTemplateVersion><launchTemplateId>lt-1</launchTemplateId><versionNumber>8</versionNumber>
		<launchTemplateData><imageId>ami-2</imageId></launchTemplateData></launchTemplateVersion>
		<warning><errorSet><item><code>InvalidKeyPair.NotFound</code><message>no such key</message></item></errorSet></warning>
		</CreateLaunchTemplateVersionResponse>`)})
	version, warnings, err := c.CreateTemplateVersion(t.Context(), fleet.NewVersion{
		Template: "lt-1", Source: 7, Image: "ami-2", Description: "amiral op-1", Token: "amiral-op-1",
	})
	if err != nil || version.Number != 8 || version.Image != "ami-2" {
		t.Errorf("got %+v, %v, want version 8 with ami-2", version, err)
	}
	if len(warnings) != 1 || warnings[0] != "InvalidKeyPair.NotFound: no such key" {
		t.Errorf("got warnings %q, want AWS's one", warnings)
	}
	form := w.of("CreateLaunchTemplateVersion")[0].Form
	want := url.Values{
		"Action": {"CreateLaunchTemplateVersion"}, "Version": {"2016-11-15"}, "LaunchTemplateId": {"lt-1"},
		"SourceVersion": {"7"}, "LaunchTemplateData.ImageId": {"ami-2"}, "VersionDescription": {"amiral op-1"},
		"ClientToken": {"amiral-op-1"},
	}
	if form.Encode() != want.Encode() {
		t.Errorf("got %s, want %s", form.Encode(), want.Encode())
	}
}

func TestVagueOrdersDoNotLeave(t *testing.T) {
	c, w := client(t, script{})
	for name, order := range map[string]fleet.NewVersion{
		"no token":  {Template: "lt-1", Source: 7, Image: "ami-2"},
		"no source": {Template: "lt-1", Image: "ami-2", Token: "op"},
		"no image":  {Template: "lt-1", Source: 7, Token: "op"},
		"parameter": {Template: "lt-1", Source: 7, Image: "resolve:ssm:/golden", Token: "op"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := c.CreateTemplateVersion(t.Context(), order)
			wantKind(t, err, fleet.Rejected, "ec2:CreateLaunchTemplateVersion")
		})
	}
	wantKind(t, c.SetDefaultVersion(t.Context(), "lt-1", 8, ""), fleet.Rejected, "ec2:ModifyLaunchTemplate")
	wantKind(t, c.Suspend(t.Context(), "web"), fleet.Rejected, "autoscaling:SuspendProcesses")
	wantKind(t, c.Resume(t.Context(), "web"), fleet.Rejected, "autoscaling:ResumeProcesses")
	_, err := c.StartRefresh(t.Context(), fleet.RefreshOrder{Group: "web", Template: fleet.TemplateRef{ID: "lt-1", Version: "$Latest"}})
	wantKind(t, err, fleet.Rejected, "autoscaling:StartInstanceRefresh")
	if len(w.sent) != 0 {
		t.Errorf("got %v sent, want nothing", w.sent)
	}
}
