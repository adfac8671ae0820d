package awssim_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func to(version string) *types.DesiredConfiguration {
	return &types.DesiredConfiguration{LaunchTemplate: &types.LaunchTemplateSpecification{
		LaunchTemplateName: aws.String("web"), Version: aws.String(version),
	}}
}

func (l *lab) start(desired *types.DesiredConfiguration, p *types.RefreshPreferences) string {
	l.Helper()
	out, err := l.scaling.StartInstanceRefresh(l.ctx, &autoscaling.StartInstanceRefreshInput{
		AutoScalingGroupName: aws.String("web"), DesiredConfiguration: desired, Preferences: p,
	})
	if err != nil {
		l.Fatal(err)
	}
	return aws.ToString(out.InstanceRefreshId)
}

func (l *lab) refresh() types.InstanceRefresh {
	l.Helper()
	out, err := l.scaling.DescribeInstanceRefreshes(l.ctx, &autoscaling.DescribeInstanceRefreshesInput{AutoScalingGroupName: aws.String("web")})
	if err != nil {
		l.Fatal(err)
	}
	return out.InstanceRefreshes[0]
}

func TestRefreshReplacesInWaves(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(10)
	l.start(to("2"), nil)
	for range 40 {
		l.clock.push(30 * time.Second)
		r := l.refresh()
		t.Log(l.clock.Now().Format("15:04:05"), r.Status, aws.ToInt32(r.PercentageComplete), aws.ToInt32(r.InstancesToUpdate), aws.ToString(r.StatusReason), l.images())
	}
}
