package cloud

import (
	"net/url"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// versionAnswer is an answer of DescribeLaunchTemplateVersions with this data.
func versionAnswer(data string) func(url.Values) (int, string) {
	return always(`<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet><item>` +
		`<launchTemplateId>lt-1</launchTemplateId><versionNumber>7</versionNumber><launchTemplateData>` + data +
		`</launchTemplateData></item></launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>`)
}

func wouldLaunch(url.Values) (int, string) {
	return ec2Error(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
}

func TestLaunchIsProvenTheWayTheGroupLaunches(t *testing.T) {
	const requirements = `<imageId>ami-arm</imageId><keyName>ops</keyName><securityGroupIdSet><item>sg-1</item></securityGroupIdSet>` +
		`<iamInstanceProfile><arn>arn:p</arn></iamInstanceProfile>` +
		`<instanceRequirements><vCpuCount><min>2</min></vCpuCount></instanceRequirements>`
	tests := []struct {
		name, data string
		want       map[string]string
	}{
		{"typed", `<imageId>ami-1</imageId><instanceType>m5.large</instanceType>`, map[string]string{
			"LaunchTemplate.LaunchTemplateId": "lt-1", "LaunchTemplate.Version": "7", "SubnetId": "subnet-a",
		}},
		{"interfaces without a subnet", `<instanceType>m5.large</instanceType><networkInterfaceSet><item><deviceIndex>0</deviceIndex>` +
			`<groupSet><groupId>sg-1</groupId></groupSet></item></networkInterfaceSet>`, map[string]string{
			"LaunchTemplate.LaunchTemplateId": "lt-1", "LaunchTemplate.Version": "7",
			"NetworkInterface.1.DeviceIndex": "0", "NetworkInterface.1.SubnetId": "subnet-a", "NetworkInterface.1.SecurityGroupId.1": "sg-1",
		}},
		{"interfaces with a subnet", `<instanceType>m5.large</instanceType><networkInterfaceSet><item><deviceIndex>0</deviceIndex>` +
			`<subnetId>subnet-z</subnetId></item></networkInterfaceSet>`, map[string]string{
			"LaunchTemplate.LaunchTemplateId": "lt-1", "LaunchTemplate.Version": "7",
		}},
		{"one of two interfaces with a subnet", `<instanceType>m5.large</instanceType><networkInterfaceSet>` +
			`<item><deviceIndex>0</deviceIndex></item><item><deviceIndex>1</deviceIndex><subnetId>subnet-z</subnetId></item>` +
			`</networkInterfaceSet>`, map[string]string{
			"LaunchTemplate.LaunchTemplateId": "lt-1", "LaunchTemplate.Version": "7",
		}},
		{"type left to the group", `<imageId>ami-arm</imageId>`, map[string]string{
			"LaunchTemplate.LaunchTemplateId": "lt-1", "LaunchTemplate.Version": "7", "SubnetId": "subnet-a", "InstanceType": "m6g.large",
		}},
		{"type left to requirements", requirements, map[string]string{
			"ImageId": "ami-arm", "KeyName": "ops", "SecurityGroupId.1": "sg-1", "IamInstanceProfile.Arn": "arn:p",
			"SubnetId": "subnet-a", "InstanceType": "m6g.large",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, w := client(t, script{
				"DescribeLaunchTemplateVersions": versionAnswer(tt.data),
				"DescribeImages": always(`<DescribeImagesResponse><imagesSet><item><imageId>ami-arm</imageId>` +
					`<architecture>arm64</architecture></item></imagesSet></DescribeImagesResponse>`),
				"RunInstances": wouldLaunch,
			})
			if err := c.ProveLaunch(t.Context(), fleet.TemplateRef{ID: "lt-1", Version: "7"}, "subnet-a"); err != nil {
				t.Fatal(err)
			}
			form := w.of("RunInstances")[0].Form
			if !strings.HasPrefix(form.Get("ClientToken"), "amiral-dry-run-") || len(form.Get("ClientToken")) > 64 {
				t.Errorf("got token %q, want ours within 64 letters", form.Get("ClientToken"))
			}
			form.Del("ClientToken")
			want := map[string]string{"Action": "RunInstances", "Version": "2016-11-15", "DryRun": "true", "MinCount": "1", "MaxCount": "1"}
			for key, value := range tt.want {
				want[key] = value
			}
			wantForm(t, form, "", want)
		})
	}
}

func TestLaunchThatWouldFailSaysWhy(t *testing.T) {
	for code, kind := range map[string]fleet.ErrorKind{
		"UnauthorizedOperation": fleet.Refused, "InvalidAMIID.NotFound": fleet.Absent, "InvalidParameterCombination": fleet.Rejected,
	} {
		c, _ := client(t, script{
			"DescribeLaunchTemplateVersions": versionAnswer(`<instanceType>m5.large</instanceType>`),
			"RunInstances":                   func(url.Values) (int, string) { return ec2Error(400, code, "AWS's own words") },
		})
		err := c.ProveLaunch(t.Context(), fleet.TemplateRef{ID: "lt-1"}, "")
		wantKind(t, err, kind, "ec2:RunInstances")
	}
}

func TestDryRunThatSucceedsProvesNothing(t *testing.T) {
	c, _ := client(t, script{
		"DescribeLaunchTemplateVersions": versionAnswer(`<instanceType>m5.large</instanceType>`),
		"RunInstances":                   always(`<RunInstancesResponse/>`),
	})
	err := c.ProveLaunch(t.Context(), fleet.TemplateRef{ID: "lt-1"}, "")
	wantKind(t, err, fleet.Other, "ec2:RunInstances")
}
