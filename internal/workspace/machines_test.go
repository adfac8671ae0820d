package workspace

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// clients are the SDK's, pointed at a workspace.
type clients struct {
	*testing.T
	w   *Workspace
	ec2 *ec2.Client
	ssm *ssm.Client
}

// at connects to a region, of production or, by its role, of staging.
func at(t *testing.T, w *Workspace, environment Environment, region string) clients {
	t.Helper()
	config := aws.Config{Region: region, BaseEndpoint: aws.String(w.Info().AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
	if environment.Role != "" {
		config.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(config), environment.Role))
	}
	return clients{t, w, ec2.NewFromConfig(config), ssm.NewFromConfig(config)}
}

func (c clients) named(name string) string {
	c.Helper()
	for _, i := range c.w.Cloud.State().Instances {
		if i.Name == name {
			return i.ID
		}
	}
	c.Fatalf("there is no server %s", name)
	return ""
}

// shell runs a script by Systems Manager and returns what it printed.
func (c clients) shell(instance string, commands ...string) *ssm.GetCommandInvocationOutput {
	c.Helper()
	sent, err := c.ssm.SendCommand(c.Context(), &ssm.SendCommandInput{DocumentName: aws.String("AWS-RunShellScript"), InstanceIds: []string{instance},
		Parameters: map[string][]string{"commands": commands}})
	if err != nil {
		c.Fatal(err)
	}
	if err := c.w.Advance(10 * time.Second); err != nil {
		c.Fatal(err)
	}
	out, err := c.ssm.GetCommandInvocation(c.Context(), &ssm.GetCommandInvocationInput{CommandId: sent.Command.CommandId, InstanceId: aws.String(instance)})
	if err != nil {
		c.Fatal(err)
	}
	return out
}

func (c clients) bake(instance, name string, noReboot bool) string {
	c.Helper()
	out, err := c.ec2.CreateImage(c.Context(), &ec2.CreateImageInput{InstanceId: aws.String(instance), Name: aws.String(name), NoReboot: aws.Bool(noReboot)})
	if err != nil {
		c.Fatal(err)
	}
	if err := c.w.Advance(10 * time.Minute); err != nil {
		c.Fatal(err)
	}
	return aws.ToString(out.ImageId)
}

// launch starts a server from an image and waits until its agent has called.
func (c clients) launch(image string) string {
	c.Helper()
	out, err := c.ec2.RunInstances(c.Context(), &ec2.RunInstancesInput{ImageId: aws.String(image), InstanceType: "t3.medium", MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
	if err != nil {
		c.Fatal(err)
	}
	if err := c.w.Advance(5 * time.Minute); err != nil {
		c.Fatal(err)
	}
	return aws.ToString(out.Instances[0].InstanceId)
}

func TestWhatIsDoneOnAServerIsInItsImage(t *testing.T) {
	w := running(t)
	c := at(t, w, environments()[0], region)
	builder := c.named("web-builder")
	if out := c.shell(builder, "apt-get update", "apt-get install -y nginx=1.26.2", "nginx -v"); out.Status != "Success" || !strings.Contains(aws.ToString(out.StandardErrorContent), "nginx/1.26.2") {
		t.Fatalf("got %s: %s %s", out.Status, aws.ToString(out.StandardOutputContent), aws.ToString(out.StandardErrorContent))
	}
	twin := c.launch(c.bake(builder, "web-next", false))
	got := c.shell(twin, "dpkg-query -W -f '${Version}\\n' nginx; cat /etc/nginx/conf.d/shop.conf | head -1; hostname")
	if want := "1.26.2\ngzip on;\n"; !strings.HasPrefix(aws.ToString(got.StandardOutputContent), want) {
		t.Errorf("on a server of the image: got %q, want %q", aws.ToString(got.StandardOutputContent), want)
	}
	untouched := c.launch(c.bake(twin, "web-again", true))
	if got := c.shell(untouched, "curl -s http://localhost/health"); aws.ToString(got.StandardOutputContent) != "ok\n" {
		t.Errorf("on a server of an image of that: got %q", aws.ToString(got.StandardOutputContent))
	}
	if got := c.shell(c.named("web-builder"), "explode"); got.Status != "Failed" || got.ResponseCode != 127 {
		t.Errorf("got %s with %d for a command that nobody has", got.Status, got.ResponseCode)
	}
}

func TestImagesOfRunningServersMayLackTheLastWrite(t *testing.T) {
	w := running(t)
	builder := at(t, w, environments()[0], region).named("web-builder")
	for noReboot, want := range map[bool]string{true: "", false: "late\n"} {
		c := at(t, w, environments()[0], region)
		if err := w.Advance(time.Minute); err != nil {
			t.Fatal(err)
		}
		if out, ok := w.Cloud.Play(builder, "rm -f /etc/late; sync; echo late > /etc/late"); !ok || out.Exit != 0 {
			t.Fatalf("got %+v", out)
		}
		image := c.bake(builder, map[bool]string{true: "torn", false: "whole"}[noReboot], noReboot)
		if got := aws.ToString(c.shell(c.launch(image), "cat /etc/late 2>/dev/null || true").StandardOutputContent); got != want {
			t.Errorf("no-reboot %v: got %q, want %q", noReboot, got, want)
		}
	}
}

func TestImagesTravelToTheOtherAccount(t *testing.T) {
	w := running(t)
	production, abroad := at(t, w, environments()[0], region), at(t, w, environments()[0], stagingRegion)
	staging := at(t, w, environments()[1], stagingRegion)
	copied, err := abroad.ec2.CopyImage(t.Context(), &ec2.CopyImageInput{Name: aws.String("web-abroad"), SourceImageId: aws.String("ami-0b2"), SourceRegion: aws.String(region)})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Advance(20 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := staging.ec2.DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{*copied.ImageId}}); err == nil {
		t.Error("staging sees an image that nobody shared with it")
	}
	if _, err := abroad.ec2.ModifyImageAttribute(t.Context(), &ec2.ModifyImageAttributeInput{ImageId: copied.ImageId,
		LaunchPermission: &types.LaunchPermissionModifications{Add: []types.LaunchPermission{{UserId: aws.String(stagingAccount)}}}}); err != nil {
		t.Fatal(err)
	}
	got := staging.shell(staging.launch(*copied.ImageId), "dpkg-query -W -f '${Version}' nginx")
	if aws.ToString(got.StandardOutputContent) != "1.26.1" {
		t.Errorf("on staging's server: got %q, want the nginx of the image that was copied", aws.ToString(got.StandardOutputContent))
	}
	if _, err := production.ec2.DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{*copied.ImageId}}); err == nil {
		t.Error("an image of one region is seen in another")
	}
}
