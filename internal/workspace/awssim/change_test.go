package awssim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func TestWhatHappensToDisksIsTold(t *testing.T) {
	l := newLab(t, awssim.Options{})
	var heard []string
	l.cloud.OnChange(func(c awssim.Change) {
		heard = append(heard, fmt.Sprintf("%s from %s whole %v", c.Kind, c.Source.Name, c.Whole))
	})
	l.fleet.AddImage(awssim.Image{ID: oldImage, Name: "web-1"})
	pet, err := l.fleet.AddInstance(awssim.Instance{Name: "pet", Image: oldImage})
	if err != nil {
		t.Fatal(err)
	}
	heard = nil
	for name, noReboot := range map[string]bool{"torn": true, "whole": false} {
		heard = nil
		must[*ec2.CreateImageOutput](l)(l.ec2.CreateImage(l.ctx, &ec2.CreateImageInput{InstanceId: aws.String(pet), Name: aws.String(name), NoReboot: aws.Bool(noReboot)}))
		want := fmt.Sprintf("imaged from web-1 whole %v", !noReboot)
		if !noReboot {
			want += ", restarted from  whole false"
		}
		if got := strings.Join(heard, ", "); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if out, ok := l.cloud.Play("PET", "echo hello"); !ok || out.Stdout != "hello\n" {
		t.Errorf("got %+v, %v of a script on a server by its name", out, ok)
	}
	if _, ok := l.cloud.Play("nobody", "true"); ok {
		t.Error("a script ran on a server that is not there")
	}
	l.cloud.OnScript(func(s awssim.Script) awssim.Output {
		return awssim.Output{Stdout: s.From.Name + s.Now.Format(" 15:04")}
	})
	if out, _ := l.cloud.Play(pet); out.Stdout != "web-1 09:00" {
		t.Errorf("got %q, want the name of the image and the time", out.Stdout)
	}
}

func TestANewRootKeepsTheRest(t *testing.T) {
	l := newLab(t, awssim.Options{})
	for n, id := range []string{oldImage, newImage} {
		l.fleet.AddImage(awssim.Image{ID: id, Name: fmt.Sprintf("web-%d", n+1), Size: 8 + 2*n})
	}
	l.fleet.AddTemplate(awssim.Template{Name: "web", Versions: []awssim.TemplateVersion{{Image: oldImage, Type: "t3.medium",
		Data: map[string]string{"BlockDeviceMapping.1.DeviceName": "/dev/xvdf", "BlockDeviceMapping.1.Ebs.VolumeSize": "50"}}}})
	warmup := time.Duration(0)
	if err := l.fleet.AddGroup(awssim.Group{Name: "web", Template: "web", Types: []string{"t3.medium"}, Max: 4, Desired: 1, Warmup: &warmup}); err != nil {
		t.Fatal(err)
	}
	look := func() (address string, volumes map[string]string) {
		i := must[*ec2.DescribeInstancesOutput](l)(l.ec2.DescribeInstances(l.ctx, &ec2.DescribeInstancesInput{InstanceIds: l.ids()})).Reservations[0].Instances[0]
		volumes = map[string]string{"image": aws.ToString(i.ImageId), "id": aws.ToString(i.InstanceId)}
		for _, d := range i.BlockDeviceMappings {
			volumes[aws.ToString(d.DeviceName)] = aws.ToString(d.Ebs.VolumeId)
		}
		return aws.ToString(i.PrivateIpAddress), volumes
	}
	address, before := look()
	must[*autoscaling.StartInstanceRefreshOutput](l)(l.scaling.StartInstanceRefresh(l.ctx, &autoscaling.StartInstanceRefreshInput{
		AutoScalingGroupName: aws.String("web"), Strategy: scaling.RefreshStrategyReplaceRootVolume, Preferences: &scaling.RefreshPreferences{MinHealthyPercentage: aws.Int32(0)},
		DesiredConfiguration: &scaling.DesiredConfiguration{MixedInstancesPolicy: &scaling.MixedInstancesPolicy{LaunchTemplate: &scaling.LaunchTemplate{
			LaunchTemplateSpecification: &scaling.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web"), Version: aws.String("1")},
			Overrides:                   []scaling.LaunchTemplateOverrides{{InstanceType: aws.String("t3.medium"), ImageId: aws.String(newImage)}}}}}}))
	l.clock.push(time.Hour)
	now, after := look()
	if now != address || after["id"] != before["id"] || after["/dev/xvdf"] != before["/dev/xvdf"] {
		t.Errorf("got %s with %v, want what was there: %s with %v", now, after, address, before)
	}
	if after["image"] != newImage || after["/dev/xvda"] == before["/dev/xvda"] {
		t.Errorf("got the image %s and the root volume %s, want new ones", after["image"], after["/dev/xvda"])
	}
	v := must[*ec2.DescribeVolumesOutput](l)(l.ec2.DescribeVolumes(l.ctx, &ec2.DescribeVolumesInput{VolumeIds: []string{after["/dev/xvda"]}})).Volumes[0]
	if aws.ToInt32(v.Size) != 10 || len(v.Attachments) != 1 {
		t.Errorf("got the root volume %+v", v)
	}
}
