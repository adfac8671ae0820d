package awssim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// answer is what Systems Manager answers, read by path.
type answer struct{ value any }

// at walks down by names and numbers.
func (a answer) at(path ...any) answer {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			inner, _ := a.value.(map[string]any)
			a = answer{inner[step]}
		case int:
			inner, _ := a.value.([]any)
			if step >= len(inner) {
				return answer{}
			}
			a = answer{inner[step]}
		}
	}
	return a
}

func (a answer) String() string {
	if a.value == nil {
		return ""
	}
	return fmt.Sprint(a.value)
}

func (a answer) len() int {
	list, _ := a.value.([]any)
	return len(list)
}

// ssm sends one request of Systems Manager's JSON protocol.
func (l *lab) ssm(action string, in map[string]any) (answer, string) {
	l.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		l.Fatal(err)
	}
	status, raw := l.post(string(body), "application/x-amz-json-1.1", map[string]string{"X-Amz-Target": "AmazonSSM." + action})
	var out map[string]any
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		l.Fatalf("%s: %v in %s", action, err, raw)
	}
	code, _ := out["__type"].(string)
	if (status == 200) != (code == "") {
		l.Fatalf("%s: got %d %s", action, status, raw)
	}
	return answer{out}, code
}

func (l *lab) ssmOK(action string, in map[string]any) answer {
	l.Helper()
	out, code := l.ssm(action, in)
	if code != "" {
		l.Fatalf("%s: got %s %s", action, code, out.at("message"))
	}
	return out
}

func (l *lab) ssmRefused(want, action string, in map[string]any) {
	l.Helper()
	if _, code := l.ssm(action, in); code != want {
		l.Errorf("%s: got %q, want %s", action, code, want)
	}
}

func (l *lab) send(in map[string]any, commands ...string) string {
	l.Helper()
	in["DocumentName"], in["Parameters"] = "AWS-RunShellScript", map[string]any{"commands": commands}
	return l.ssmOK("SendCommand", in).at("Command", "CommandId").String()
}

// invocations tells the status of a command on each machine, in order.
func (l *lab) invocations(command string) string {
	l.Helper()
	out := l.ssmOK("ListCommandInvocations", map[string]any{"CommandId": command})
	var states []string
	for n := range out.at("CommandInvocations").len() {
		states = append(states, out.at("CommandInvocations", n, "StatusDetails").String())
	}
	return strings.Join(states, " ")
}

func (l *lab) ids() []string {
	g, _ := l.fleet.Group("web")
	var ids []string
	for _, i := range g.Instances {
		ids = append(ids, i.ID)
	}
	return ids
}

func TestNodesAreListedWhileTheyRun(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(12)
	ids := l.ids()
	l.cloud.Crash(ids[0], awssim.CrashAgent)
	first := l.ssmOK("DescribeInstanceInformation", map[string]any{})
	second := l.ssmOK("DescribeInstanceInformation", map[string]any{"NextToken": first.at("NextToken").String()})
	if a, b := first.at("InstanceInformationList").len(), second.at("InstanceInformationList").len(); a != 10 || b != 2 || second.at("NextToken").String() != "" {
		t.Errorf("got %d and %d nodes, want pages of 10 and 2", a, b)
	}
	filtered := func(key, value string) answer {
		return l.ssmOK("DescribeInstanceInformation", map[string]any{"Filters": []any{map[string]any{"Key": key, "Values": []string{value}}}}).at("InstanceInformationList")
	}
	if got := filtered("PingStatus", "ConnectionLost"); got.len() != 1 || got.at(0, "InstanceId").String() != ids[0] {
		t.Errorf("got %v, want the one that was cut off", got)
	}
	if _, isNumber := filtered("InstanceIds", ids[1]).at(0, "LastPingDateTime").value.(float64); !isNumber {
		t.Error("the time is not a number, as JSON has it")
	}
	l.cloud.Crash(ids[1], awssim.CrashStopped)
	if got := filtered("InstanceIds", ids[1]); got.len() != 0 {
		t.Errorf("got %v, want a machine that stops to be left out", got)
	}
	l.ssmRefused("InvalidInstanceInformationFilterValue", "DescribeInstanceInformation", map[string]any{"Filters": []any{
		map[string]any{"Key": "tag:a", "Values": []string{"b"}}, map[string]any{"Key": "PingStatus", "Values": []string{"Online"}}}})
	l.ssmRefused("InvalidFilterKey", "DescribeInstanceInformation", map[string]any{"Filters": []any{map[string]any{"Key": "Colour", "Values": []string{"b"}}}})
	l.ssmRefused("ValidationException", "DescribeInstanceInformation", map[string]any{"MaxResults": 4})
}

func TestCommandsRunInTheirTime(t *testing.T) {
	l := newLab(t, awssim.Options{NotFoundFor: time.Second})
	l.web(3)
	ids := l.ids()
	l.cloud.Crash(ids[2], awssim.CrashAgent)
	id := l.send(map[string]any{"InstanceIds": ids, "Comment": "run 7", "TimeoutSeconds": 600}, "sleep 10", "echo hello")
	l.ssmRefused("InvocationDoesNotExist", "GetCommandInvocation", map[string]any{"CommandId": id, "InstanceId": ids[0]})
	l.clock.push(2 * time.Second)
	if got := l.invocations(id); got != "InProgress InProgress Pending" {
		t.Errorf("got %s after two seconds", got)
	}
	l.clock.push(time.Minute)
	if got := l.invocations(id); got != "Success Success Pending" {
		t.Errorf("got %s after a minute, want the one that is offline to wait", got)
	}
	one := l.ssmOK("GetCommandInvocation", map[string]any{"CommandId": id, "InstanceId": ids[0]})
	if one.at("StandardOutputContent").String() != "hello\n" || one.at("ResponseCode").String() != "0" || one.at("ExecutionElapsedTime").String() != "PT10S" || one.at("Comment").String() != "run 7" {
		t.Errorf("got %v", one)
	}
	l.clock.push(10 * time.Minute)
	if got := l.invocations(id); got != "Success Success DeliveryTimedOut" {
		t.Errorf("got %s, want the delivery to time out", got)
	}
	sum := l.ssmOK("ListCommands", map[string]any{"CommandId": id}).at("Commands", 0)
	if got := fmt.Sprint(sum.at("Status"), sum.at("TargetCount"), sum.at("CompletedCount"), sum.at("ErrorCount"), sum.at("DeliveryTimedOutCount")); got != "TimedOut 3 3 1 1" {
		t.Errorf("got %s", got)
	}
}

func TestCommandsStopAfterTooManyErrors(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(4)
	all := func() map[string]any {
		return map[string]any{"Targets": []any{map[string]any{"Key": "tag:aws:autoscaling:groupName", "Values": []string{"web"}}}, "MaxConcurrency": "25%"}
	}
	id := l.send(all(), "exit 3")
	l.clock.push(time.Minute)
	if got := l.invocations(id); got != "Failed Terminated Terminated Terminated" {
		t.Errorf("got %s, want one tried", got)
	}
	tolerant := all()
	tolerant["MaxErrors"] = "100%"
	id = l.send(tolerant, "nonsense")
	l.clock.push(time.Minute)
	out := l.ssmOK("ListCommandInvocations", map[string]any{"CommandId": id, "Details": true}).at("CommandInvocations")
	plugin := out.at(3, "CommandPlugins", 0)
	if want := "\n----------ERROR-------\nsh: nonsense: command not found\nfailed to run commands: exit status 127"; plugin.at("Output").String() != want || plugin.at("ResponseCode").String() != "127" {
		t.Errorf("got %v, want all tried, and %q", plugin, want)
	}
}

func TestOutputIsCutAsAWSCutsIt(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	l.fleet.OnScript(func(s awssim.Script) awssim.Output {
		return awssim.Output{Stdout: strings.Repeat("o", 30_000), Stderr: strings.Repeat("e", 9_000), Took: time.Second}
	})
	id := l.send(map[string]any{"InstanceIds": l.ids()}, "anything")
	l.clock.push(time.Minute)
	one := l.ssmOK("GetCommandInvocation", map[string]any{"CommandId": id, "InstanceId": l.ids()[0]})
	out, err := one.at("StandardOutputContent").String(), one.at("StandardErrorContent").String()
	if len(out) != 24_000 || len(err) != 8_000 || !strings.HasSuffix(out, "o\n--output truncated--") {
		t.Errorf("got %d and %d characters", len(out), len(err))
	}
	listed := l.ssmOK("ListCommandInvocations", map[string]any{"CommandId": id, "Details": true}).at("CommandInvocations", 0, "CommandPlugins", 0, "Output").String()
	if len(listed) > 2500 || !strings.Contains(listed, "o\n---Output truncated---\n----------ERROR-------\neee") {
		t.Errorf("got %d characters: %s", len(listed), listed)
	}
}

func TestAScriptThatTakesTooLongOrLosesItsMachineTimesOut(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	ids := l.ids()
	slow := l.ssmOK("SendCommand", map[string]any{"InstanceIds": ids, "DocumentName": "AWS-RunShellScript",
		"Parameters": map[string]any{"commands": []string{"sleep 100"}, "executionTimeout": []string{"60"}}}).at("Command", "CommandId").String()
	lost := l.send(map[string]any{"InstanceIds": ids}, "sleep 100")
	l.clock.push(5 * time.Second)
	l.cloud.Crash(ids[1], awssim.CrashTerminated)
	l.clock.push(10 * time.Minute)
	if got := l.invocations(slow); got != "ExecutionTimedOut ExecutionTimedOut" {
		t.Errorf("got %s", got)
	}
	if got := l.invocations(lost); got != "Success InProgress" {
		t.Errorf("got %s, want nothing heard of the one that is gone", got)
	}
	l.clock.push(time.Hour)
	if got := l.invocations(lost); got != "Success ExecutionTimedOut" {
		t.Errorf("got %s", got)
	}
}

func TestCommandsThatAreRefused(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	ids := l.ids()
	script := map[string]any{"commands": []string{"true"}}
	for code, in := range map[string]map[string]any{
		"InvalidDocument":     {"DocumentName": "Mine", "InstanceIds": ids, "Parameters": script},
		"InvalidInstanceId":   {"DocumentName": "AWS-RunShellScript", "InstanceIds": []string{"i-0dead"}, "Parameters": script},
		"DuplicateInstanceId": {"DocumentName": "AWS-RunShellScript", "InstanceIds": []string{ids[0], ids[0]}, "Parameters": script},
		"InvalidParameters":   {"DocumentName": "AWS-RunShellScript", "InstanceIds": ids, "Parameters": map[string]any{"command": []string{"true"}}},
		"ValidationException": {"DocumentName": "AWS-RunShellScript", "InstanceIds": ids, "Parameters": script, "TimeoutSeconds": 29},
	} {
		l.ssmRefused(code, "SendCommand", in)
	}
	l.ssmRefused("InvalidCommandId", "ListCommandInvocations", map[string]any{"CommandId": "none"})
	l.cloud.Deny("ssm:SendCommand")
	l.ssmRefused("AccessDeniedException", "SendCommand", map[string]any{"DocumentName": "AWS-RunShellScript", "InstanceIds": ids, "Parameters": script})
	l.cloud.Faults().Add(awssim.Fault{Kind: awssim.FaultThrottle, Action: "ssm:ListCommands", Times: 1})
	l.ssmRefused("ThrottlingException", "ListCommands", map[string]any{})
}

func TestParametersHaveVersionsAndLabels(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	put := func(value string, more map[string]any) map[string]any {
		in := map[string]any{"Name": "/golden/web", "Value": value}
		for name, v := range more {
			in[name] = v
		}
		return in
	}
	l.ssmRefused("ParameterNotFound", "GetParameter", map[string]any{"Name": "/golden/web"})
	l.ssmRefused("ValidationException", "PutParameter", put(oldImage, nil))
	l.ssmOK("PutParameter", put(oldImage, map[string]any{"Type": "String", "DataType": "aws:ec2:image"}))
	l.ssmRefused("ParameterAlreadyExists", "PutParameter", put(newImage, nil))
	if got := l.ssmOK("PutParameter", put(newImage, map[string]any{"Overwrite": true})).at("Version").String(); got != "2" {
		t.Errorf("got version %s, want 2", got)
	}
	l.ssmOK("PutParameter", put("ami-0dead", map[string]any{"Overwrite": true}))
	value := func(name string) string {
		return l.ssmOK("GetParameter", map[string]any{"Name": name}).at("Parameter", "Value").String()
	}
	if got := value("/golden/web"); got != newImage {
		t.Errorf("got %s, want an image that is not there to be dropped", got)
	}
	l.ssmOK("LabelParameterVersion", map[string]any{"Name": "/golden/web", "ParameterVersion": 1, "Labels": []string{"previous"}})
	if a, b := value("/golden/web:1"), value("/golden/web:previous"); a != oldImage || b != oldImage {
		t.Errorf("got %s and %s, want the first version", a, b)
	}
	l.ssmRefused("ParameterVersionNotFound", "GetParameter", map[string]any{"Name": "/golden/web:9"})
	both := l.ssmOK("GetParameters", map[string]any{"Names": []string{"/golden/web", "/none"}})
	if both.at("Parameters").len() != 1 || both.at("InvalidParameters", 0).String() != "/none" {
		t.Errorf("got %v", both)
	}
}

func TestInventoryTellsWhatIsInstalled(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	ids := l.ids()
	var packages []map[string]string
	for n := range 60 {
		packages = append(packages, map[string]string{"Name": fmt.Sprintf("package-%02d", n), "Version": "1.0"})
	}
	l.fleet.SetInventory(ids[0], "AWS:Application", append(packages, map[string]string{"Name": "openssl", "Version": "3.0.7"}))
	l.fleet.SetInventory(ids[1], "AWS:Application", []map[string]string{{"Name": "openssl", "Version": "3.0.8"}})
	l.clock.push(time.Hour)
	list := map[string]any{"InstanceId": ids[0], "TypeName": "AWS:Application"}
	first := l.ssmOK("ListInventoryEntries", list)
	list["NextToken"] = first.at("NextToken").String()
	second := l.ssmOK("ListInventoryEntries", list)
	if a, b := first.at("Entries").len(), second.at("Entries").len(); a != 50 || b != 11 || first.at("CaptureTime").String() != "2026-03-02T09:00:00Z" {
		t.Errorf("got %d and %d entries captured %s", a, b, first.at("CaptureTime"))
	}
	found := l.ssmOK("GetInventory", map[string]any{"Filters": []any{
		map[string]any{"Key": "AWS:Application.Name", "Values": []string{"openssl"}, "Type": "Equal"},
		map[string]any{"Key": "AWS:Application.Version", "Values": []string{"3.0.8"}, "Type": "LessThan"},
	}}).at("Entities")
	if found.len() != 1 || found.at(0, "Id").String() != ids[0] || found.at(0, "Data", "AWS:InstanceInformation", "Content", 0, "PlatformType").String() != "Linux" {
		t.Errorf("got %v, want the one with the older version", found)
	}
	l.ssmRefused("InvalidTypeNameException", "ListInventoryEntries", map[string]any{"InstanceId": ids[0], "TypeName": "Mine"})
}

func TestBoto3SpeaksToSystemsManager(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	got := l.tool("python3", "-c", `
try:
    import boto3
except ImportError:
    print("absent"); raise SystemExit
ssm = boto3.client("ssm")
node = ssm.describe_instance_information()["InstanceInformationList"][0]
sent = ssm.send_command(InstanceIds=[node["InstanceId"]], DocumentName="AWS-RunShellScript", Parameters={"commands": ["echo hi"]})["Command"]
print(node["PingStatus"], node["LastPingDateTime"].year, sent["Status"], sent["Parameters"])
print(ssm.get_command_invocation(CommandId=sent["CommandId"], InstanceId=node["InstanceId"])["Status"])
print(ssm.put_parameter(Name="/x", Value="1", Type="String")["Version"], ssm.get_parameter(Name="/x")["Parameter"]["Value"])
try:
    ssm.get_parameter(Name="/none")
except ssm.exceptions.ParameterNotFound:
    print("none")
`)
	if got == "absent" {
		t.Skip("boto3 is not installed here.")
	}
	if want := "Online 2026 Pending {'commands': ['echo hi']}\nPending\n1 1\nnone"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func FuzzSystemsManager(f *testing.F) {
	f.Add("SendCommand", `{"DocumentName":"AWS-RunShellScript","Targets":[{"Key":"tag:a","Values":["b"]}],"Parameters":{"commands":["x"]},"MaxErrors":"9%"}`)
	f.Add("DescribeInstanceInformation", `{"InstanceInformationFilterList":[{"key":"PingStatus","valueSet":["Online"]}],"MaxResults":5}`)
	f.Add("GetInventory", `{"Filters":[{"Key":"AWS:Application.Name","Values":["x"],"Type":"BeginWith"}]}`)
	f.Add("PutParameter", `{"Name":"/a","Value":"b","Type":"String"}`)
	f.Add("LabelParameterVersion", `{"Name":"/golden","Labels":["x"],"ParameterVersion":1}`)
	f.Fuzz(func(t *testing.T, action, body string) {
		cloud := awssim.New(awssim.Options{NoThrottle: true, Latency: -1})
		cloud.Region("eu-west-1").SetParameter("/golden", "x")
		got := &recorder{header: http.Header{}}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Amz-Target", "AmazonSSM."+action)
		cloud.Handler().ServeHTTP(got, request)
		if got.status == http.StatusInternalServerError {
			t.Errorf("%s %q gives %s", action, body, got.body.String())
		}
	})
}
