package awssim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// TestAlarmsByState: the state filters, the answer has dimensions, and comes in pages.
func TestAlarmsByState(t *testing.T) {
	l := newLab(t, awssim.Options{})
	for i := range 120 {
		l.fleet.AddAlarm(fmt.Sprintf("alarm-%03d", i), []string{"OK", "ALARM"}[i%2],
			awssim.Dimension{Name: "TargetGroup", Value: "targetgroup/web/1"}, awssim.Dimension{Name: "LoadBalancer", Value: "app/web/1"})
	}
	in := &cloudwatch.DescribeAlarmsInput{StateValue: cw.StateValueAlarm, MaxRecords: aws.Int32(25)}
	pages, seen := 0, 0
	for p := cloudwatch.NewDescribeAlarmsPaginator(l.alarms, in); p.HasMorePages(); pages++ {
		out := must[*cloudwatch.DescribeAlarmsOutput](l)(p.NextPage(l.ctx))
		seen += len(out.MetricAlarms)
		for _, a := range out.MetricAlarms {
			if a.StateValue != cw.StateValueAlarm || len(a.Dimensions) != 2 || aws.ToString(a.Dimensions[1].Name) != "LoadBalancer" ||
				aws.ToString(a.Dimensions[0].Value) != "targetgroup/web/1" || aws.ToString(a.Namespace) != "AWS/ApplicationELB" {
				t.Fatalf("got %+v", a)
			}
		}
	}
	if pages != 3 || seen != 60 {
		t.Errorf("got %d alarms on %d pages, want 60 on 3", seen, pages)
	}
	in = &cloudwatch.DescribeAlarmsInput{AlarmTypes: []cw.AlarmType{cw.AlarmTypeCompositeAlarm}}
	if out := must[*cloudwatch.DescribeAlarmsOutput](l)(l.alarms.DescribeAlarms(l.ctx, in)); len(out.MetricAlarms) != 0 {
		t.Errorf("got %d metric alarms where composite ones were asked for", len(out.MetricAlarms))
	}
	_, err := l.alarms.DescribeAlarms(l.ctx, &cloudwatch.DescribeAlarmsInput{StateValue: "BLUE"})
	wantCode(t, err, "ValidationError")
}

// TestAnAlarmThatIsSetByHandIsSeen by whoever asks, with the dimensions that it has.
func TestAnAlarmThatIsSetByHandIsSeen(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.fleet.AddAlarm("cpu", "OK", awssim.Dimension{Name: "AutoScalingGroupName", Value: "web"})
	if got := l.order(http.MethodPost, "alarm", `{"name":"cpu","state":"ALARM"}`); got != http.StatusOK {
		t.Fatalf("got %d", got)
	}
	out := must[*cloudwatch.DescribeAlarmsOutput](l)(l.alarms.DescribeAlarms(l.ctx, &cloudwatch.DescribeAlarmsInput{StateValue: cw.StateValueAlarm}))
	if len(out.MetricAlarms) != 1 || aws.ToString(out.MetricAlarms[0].MetricName) != "CPUUtilization" {
		t.Errorf("got %+v", out.MetricAlarms)
	}
	if s := l.cloud.State().Alarms; len(s) != 1 || s[0].Dimensions["AutoScalingGroupName"] != "web" {
		t.Errorf("got %+v", s)
	}
}

func TestTheCommandLineReadsAlarms(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.fleet.AddAlarm("web-5xx", "OK")
	l.fleet.AddAlarm("cpu", "ALARM", awssim.Dimension{Name: "AutoScalingGroupName", Value: "web"})
	got := l.tool("aws", "cloudwatch", "describe-alarms", "--state-value", "ALARM",
		"--query", "MetricAlarms[].[AlarmName,StateValue,Dimensions[0].Name,Dimensions[0].Value]", "--output", "text")
	if got != "cpu\tALARM\tAutoScalingGroupName\tweb" {
		t.Errorf("got %q", got)
	}
}

func TestInstanceTypes(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.fleet.AddImage(awssim.Image{ID: oldImage})
	for _, kind := range []string{"m7i.large", "m6id.large", "i4i.large", "g5.xlarge", "t3.micro", "r7i.large"} {
		if _, err := l.fleet.AddInstance(awssim.Instance{Image: oldImage, Type: kind}); err != nil {
			t.Fatal(err)
		}
	}
	out := must[*ec2.DescribeInstanceTypesOutput](l)(l.ec2.DescribeInstanceTypes(l.ctx, &ec2.DescribeInstanceTypesInput{
		Filters: []types.Filter{{Name: aws.String("instance-storage-supported"), Values: []string{"true"}}}}))
	var names []string
	for _, kind := range out.InstanceTypes {
		names = append(names, string(kind.InstanceType))
	}
	got := " " + strings.Join(names, " ") + " "
	for kind, want := range map[string]bool{"g5.xlarge": true, "i4i.large": true, "m6id.large": true, "m7i.large": false, "t3.micro": false, "r7i.large": false} {
		if strings.Contains(got, " "+kind+" ") != want {
			t.Errorf("got %v for a disk of its own of %s, want %v", !want, kind, want)
		}
	}
	_, err := l.ec2.DescribeInstanceTypes(l.ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []types.InstanceType{"m9.huge"}})
	wantCode(t, err, "InvalidInstanceType")
}
