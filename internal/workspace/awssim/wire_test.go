package awssim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// post sends a request as a stranger might, without the SDK.
func (l *lab) post(body, contentType string, headers map[string]string) (int, string) {
	l.Helper()
	request, err := http.NewRequestWithContext(l.ctx, http.MethodPost, l.cloud.URL()+"/", strings.NewReader(body))
	if err != nil {
		l.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		l.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(http.DefaultClient.CloseIdleConnections)
	return response.StatusCode, string(raw)
}

func TestAlarmsInEveryProtocol(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.fleet.AddAlarm("5xx", "ALARM")
	l.fleet.AddAlarm("cpu", "OK")
	out := must[*cloudwatch.DescribeAlarmsOutput](l)(l.alarms.DescribeAlarms(l.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"5xx"}, MaxRecords: aws.Int32(10)}))
	if a := out.MetricAlarms; len(a) != 1 || a[0].StateValue != "ALARM" || a[0].StateUpdatedTimestamp == nil || aws.ToInt32(a[0].Period) != 60 {
		t.Errorf("by CBOR: got %+v", a)
	}
	_, body := l.post(`{"AlarmNames":["5xx"]}`, "application/x-amz-json-1.0", map[string]string{"X-Amz-Target": "GraniteServiceVersion20100801.DescribeAlarms"})
	var answer struct {
		MetricAlarms []struct{ AlarmName, StateValue string }
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.MetricAlarms) != 1 || answer.MetricAlarms[0].StateValue != "ALARM" {
		t.Errorf("by JSON: got %s, %v", body, err)
	}
	_, body = l.post("Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=5xx", "application/x-www-form-urlencoded", nil)
	if !strings.Contains(body, "<StateValue>ALARM</StateValue>") || strings.Contains(body, "cpu") {
		t.Errorf("by form: got %s", body)
	}
	_, err := l.alarms.PutMetricAlarm(l.ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("x"), ComparisonOperator: "GreaterThanThreshold", EvaluationPeriods: aws.Int32(1)})
	wantCode(t, err, "InvalidAction")
}

func TestErrorsAreWrittenAsEachServiceDoes(t *testing.T) {
	l := newLab(t, awssim.Options{})
	const form = "application/x-www-form-urlencoded"
	status, body := l.post("Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-0dead", form, nil)
	if status != http.StatusBadRequest || !strings.Contains(body, "<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>") || !strings.Contains(body, "<RequestID>") {
		t.Errorf("EC2: got %d %s", status, body)
	}
	status, body = l.post("Action=Explode&Version=2011-01-01", form, nil)
	if status != http.StatusBadRequest || !strings.Contains(body, "<ErrorResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>The simulated autoscaling has no action Explode.") {
		t.Errorf("Auto Scaling: got %d %s", status, body)
	}
	_, err := l.ec2.DescribeAddresses(l.ctx, &ec2.DescribeAddressesInput{})
	wantCode(t, err, "InvalidAction")
	if status, _ = l.post("Action=Hello&Version=1", form, nil); status != http.StatusBadRequest {
		t.Errorf("got %d for a service nobody knows, want 400", status)
	}
}

// tool runs a program that speaks to the simulator, if this machine has it.
func (l *lab) tool(name string, args ...string) string {
	l.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		l.Skipf("%s is not installed here.", name)
	}
	command := exec.CommandContext(l.ctx, path, args...)
	command.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+l.cloud.URL(), "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
		"AWS_DEFAULT_REGION=eu-west-1", "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true")
	out, err := command.CombinedOutput()
	if err != nil {
		l.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestTheCommandLineOfAWS(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	l.tool("aws", "autoscaling", "start-instance-refresh", "--auto-scaling-group-name", "web", "--desired-configuration",
		`{"LaunchTemplate":{"LaunchTemplateName":"web","Version":"2"}}`)
	got := l.tool("aws", "autoscaling", "describe-instance-refreshes", "--auto-scaling-group-name", "web",
		"--query", "InstanceRefreshes[0].[Status,DesiredConfiguration.LaunchTemplate.Version]", "--output", "text")
	if got != "Pending\t2" {
		t.Errorf("got %q, want a pending refresh to version 2", got)
	}
}

func TestBoto3(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	l.fleet.AddAlarm("5xx", "OK")
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed here.")
	}
	got := l.tool("python3", "-c", `
try:
    import boto3
except ImportError:
    print("absent")
    raise SystemExit
ec2, asg, cw = boto3.client("ec2"), boto3.client("autoscaling"), boto3.client("cloudwatch")
print(len(ec2.describe_instances()["Reservations"]), ec2.describe_snapshots()["Snapshots"] != [])
print(ec2.describe_instances(Filters=[{"Name": "image-id", "Values": ["none"]}])["Reservations"])
print(asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"][0]["LifecycleState"])
print(cw.describe_alarms()["MetricAlarms"][0]["StateValue"])
try:
    asg.cancel_instance_refresh(AutoScalingGroupName="web")
except asg.exceptions.ActiveInstanceRefreshNotFoundFault:
    print("nothing to cancel")
`)
	if got == "absent" {
		t.Skip("boto3 is not installed here.")
	}
	if want := "2 True\n[]\nInService\nOK\nnothing to cancel"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func FuzzRequests(f *testing.F) {
	f.Add("Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag:a&Filter.1.Value.1=b")
	f.Add("Action=RunInstances&Version=2016-11-15&MinCount=1&MaxCount=1&ImageId=ami-00000000000000001&BlockDeviceMapping.1.Ebs.VolumeSize=9")
	f.Add("Action=CreateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=g&MinSize=1&MaxSize=2&LaunchTemplate.LaunchTemplateName=web&AvailabilityZones.member.1=eu-west-1a")
	f.Add("Action=StartInstanceRefresh&Version=2011-01-01&AutoScalingGroupName=web&Preferences.CheckpointPercentages.member.1=x")
	f.Add("Action=DescribeTargetHealth&Version=2015-12-01&TargetGroupArn=..&Targets.member.1.Id=%zz")
	f.Add("Action=CreateImage&Version=2016-11-15&InstanceId=i-1&Name=abc&BlockDeviceMapping.1.DeviceName=/dev/xvda&BlockDeviceMapping.1.NoDevice=")
	f.Add("Action=ModifyImageAttribute&Version=2016-11-15&ImageId=ami-00000000000000001&LaunchPermission.Add.1.UserId=123456789012")
	f.Add("Action=DescribeImageReferences&Version=2016-11-15&ImageId.1=ami-00000000000000001&ResourceType.1.ResourceType=ec2:LaunchTemplate&ResourceType.1.ResourceTypeOption.1.OptionName=version-depth")
	f.Fuzz(func(t *testing.T, form string) {
		cloud := awssim.New(awssim.Options{NoThrottle: true, Latency: -1})
		fleet := cloud.Region("eu-west-1")
		fleet.AddImage(awssim.Image{ID: oldImage})
		fleet.AddTemplate(awssim.Template{Name: "web", Versions: []awssim.TemplateVersion{{Image: oldImage}}})
		if err := fleet.AddGroup(awssim.Group{Name: "web", Template: "web", Max: 3, Desired: 1}); err != nil {
			t.Fatal(err)
		}
		answer := &recorder{header: http.Header{}}
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(form))
		cloud.Handler().ServeHTTP(answer, request)
		if answer.status == http.StatusInternalServerError {
			t.Errorf("%q gives %s", form, answer.body.String())
		}
	})
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
