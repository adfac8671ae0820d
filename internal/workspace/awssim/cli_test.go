package awssim_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// TestAGoldenImageByTheCommandLineOfAWS takes the whole road from a server to a group of its like.
func TestAGoldenImageByTheCommandLineOfAWS(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.fleet.AddImage(awssim.Image{ID: oldImage, Name: "web-1", Tags: map[string]string{"amiral:family": "web"}})
	pet, err := l.fleet.AddInstance(awssim.Instance{Name: "builder", Image: oldImage, Type: "t3.medium"})
	if err != nil {
		t.Fatal(err)
	}
	query := func(q string, args ...string) string {
		return l.tool("aws", append(args, "--query", q, "--output", "text")...)
	}
	image := query("ImageId", "ec2", "create-image", "--instance-id", pet, "--name", "web-2", "--no-reboot",
		"--tag-specifications", "ResourceType=image,Tags=[{Key=amiral:family,Value=web}]")
	l.clock.push(10 * time.Minute)
	l.tool("aws", "ec2", "wait", "image-available", "--image-ids", image)
	data, _ := json.Marshal(map[string]string{"ImageId": image, "InstanceType": "t3.medium"})
	l.tool("aws", "ec2", "create-launch-template", "--launch-template-name", "web", "--launch-template-data", string(data))
	l.tool("aws", "autoscaling", "create-auto-scaling-group", "--auto-scaling-group-name", "web", "--min-size", "0", "--max-size", "5", "--desired-capacity", "2",
		"--launch-template", "LaunchTemplateName=web,Version=1", "--availability-zones", "eu-west-1a", "eu-west-1b")
	l.clock.push(5 * time.Minute)
	l.tool("aws", "autoscaling", "set-desired-capacity", "--auto-scaling-group-name", "web", "--desired-capacity", "3")
	l.clock.push(5 * time.Minute)
	if got := query("length(AutoScalingGroups[0].Instances[?LifecycleState=='InService'])", "autoscaling", "describe-auto-scaling-groups"); got != "3" {
		t.Errorf("got %s servers in service, want 3", got)
	}
	if got := query("DeleteSnapshotResults[0].ReturnCode", "ec2", "deregister-image", "--image-id", image, "--delete-associated-snapshots"); got != "success" {
		t.Errorf("got %q for its snapshot, want success", got)
	}
	if img, _ := l.fleet.Image(image); img.State != "deregistered" || img.Tags["amiral:family"] != "web" {
		t.Errorf("got %+v at the end, want it deregistered", img)
	}
}
