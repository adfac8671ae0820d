package awssim_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func (l *lab) look() error {
	_, err := l.ec2.DescribeInstances(l.ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5)})
	return err
}

func TestFaultsAreOrderedForAnAction(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	faults := l.cloud.Faults()
	faults.Add(awssim.Fault{Kind: awssim.FaultError, Action: "DescribeInstances", Code: "Unavailable", Message: "Try later.", Times: 2})
	for range 2 {
		wantCode(t, l.look(), "Unavailable")
	}
	if err := l.look(); err != nil {
		t.Fatal(err)
	}
	faults.Add(awssim.Fault{Kind: awssim.FaultThrottle, Action: "ec2:*", For: time.Minute})
	wantCode(t, l.look(), "RequestLimitExceeded")
	l.clock.push(time.Minute)
	if err := l.look(); err != nil {
		t.Fatal(err)
	}
	id := faults.Add(awssim.Fault{Kind: awssim.FaultServer, Action: "autoscaling:StartInstanceRefresh"})
	err := l.tryStart(to("2"), nil)
	var response *awshttp.ResponseError
	if !errors.As(err, &response) || response.HTTPStatusCode() != http.StatusInternalServerError {
		t.Errorf("got %v, want a 500", err)
	}
	faults.Remove(id)
	faults.Add(awssim.Fault{Kind: awssim.FaultThrottle, Action: "autoscaling:StartInstanceRefresh", Times: 1})
	wantCode(t, l.tryStart(to("2"), nil), "Throttling")
	if got := faults.List(); len(got) != 0 {
		t.Errorf("got %+v, want no fault left", got)
	}
	l.start(to("2"), nil)
}

func TestALostReplyHasItsEffect(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	l.cloud.Faults().Add(awssim.Fault{Kind: awssim.FaultLostReply, Action: "StartInstanceRefresh", Times: 1})
	err := l.tryStart(to("2"), nil)
	var failure smithy.APIError
	if err == nil || errors.As(err, &failure) {
		t.Fatalf("got %v, want a broken connection", err)
	}
	wantCode(t, l.tryStart(to("2"), nil), "InstanceRefreshInProgress")
}

func TestALateAnswerIsLate(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.cloud.Faults().Add(awssim.Fault{Kind: awssim.FaultDelay, Delay: 30 * time.Millisecond, Times: 1})
	began := time.Now()
	if err := l.look(); err != nil || time.Since(began) < 30*time.Millisecond {
		t.Errorf("got %v after %s, want an answer after 30ms", err, time.Since(began))
	}
}

func TestCallsAreRemembered(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	must[*ec2.RunInstancesOutput](l)(l.ec2.RunInstances(l.ctx, run("mine")))
	wantCode(t, l.tryStart(to("9"), nil), "ValidationError")
	calls := l.cloud.Calls()
	first, second := calls[0], calls[1]
	if first.Service != "ec2" || first.Action != "RunInstances" || first.ClientToken != "mine" || first.Error != "" ||
		first.Params["LaunchTemplate.Version"] != "2" || !strings.HasSuffix(first.Caller, "user/local") {
		t.Errorf("got %+v", first)
	}
	if second.Service != "autoscaling" || second.Error != "ValidationError" {
		t.Errorf("got %+v", second)
	}
	if got := l.cloud.Counts()["ec2:RunInstances"]; got != 1 {
		t.Errorf("got %d calls of RunInstances, want 1", got)
	}
}

func TestThrottling(t *testing.T) {
	l := newLab(t, awssim.Options{ScalingBurst: 5, ScalingRate: 0.001})
	l.web(1)
	count := func(do func() error, code string) int {
		for n := range 200 {
			if err := do(); err != nil {
				wantCode(t, err, code)
				return n
			}
		}
		return 200
	}
	names := []func() error{
		func() error {
			_, err := l.scaling.DescribeAutoScalingGroups(l.ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
			return err
		},
		func() error {
			_, err := l.scaling.DescribeScalingActivities(l.ctx, &autoscaling.DescribeScalingActivitiesInput{})
			return err
		},
	}
	turn := 0
	if got := count(func() error { turn++; return names[turn%2]() }, "Throttling"); got != 5 {
		t.Errorf("got %d calls of two actions before throttling, want 5 together", got)
	}
	whole := func() error { _, err := l.ec2.DescribeInstances(l.ctx, &ec2.DescribeInstancesInput{}); return err }
	if got := count(whole, "RequestLimitExceeded"); got < 50 { // a slow machine gets tokens back meanwhile
		t.Errorf("got %d calls without a filter before throttling, want 50 or more", got)
	}
	if err := l.look(); err != nil {
		t.Errorf("got %v, want calls with pages to have a bucket of their own", err)
	}
}

func TestRolesLeadToOtherAccounts(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	who := must[*sts.GetCallerIdentityOutput](l)(l.sts.GetCallerIdentity(l.ctx, &sts.GetCallerIdentityInput{}))
	if aws.ToString(who.Account) != "123456789012" {
		t.Fatalf("got account %s", aws.ToString(who.Account))
	}
	out := must[*sts.AssumeRoleOutput](l)(l.sts.AssumeRole(l.ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::210987654321:role/amiral"), RoleSessionName: aws.String("bot")}))
	l.cloud.Account("210987654321").Region("eu-west-1").AddImage(awssim.Image{ID: "ami-0000000000000000f"})
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	l.connect(l.config(client, aws.ToString(out.Credentials.AccessKeyId)))
	who = must[*sts.GetCallerIdentityOutput](l)(l.sts.GetCallerIdentity(l.ctx, &sts.GetCallerIdentityInput{}))
	if got := aws.ToString(who.Arn); got != "arn:aws:sts::210987654321:assumed-role/amiral/bot" {
		t.Errorf("got %s", got)
	}
	images := must[*ec2.DescribeImagesOutput](l)(l.ec2.DescribeImages(l.ctx, &ec2.DescribeImagesInput{Owners: []string{"self"}}))
	if len(images.Images) != 1 || aws.ToString(images.Images[0].ImageId) != "ami-0000000000000000f" {
		t.Errorf("got %d images, want the one of the other account", len(images.Images))
	}
}
