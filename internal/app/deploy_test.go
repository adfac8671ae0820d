package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/config"
)

// TestTheExampleConfigurationWorks reads the files that people start from.
func TestTheExampleConfigurationWorks(t *testing.T) {
	if _, err := config.Load(filepath.Join("..", "..", "deploy", "amiral.yaml")); err != nil {
		t.Error(err)
	}
	raw, err := os.ReadFile(filepath.Join("..", "..", "deploy", "kubernetes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "amiral.yaml: |\n")
	inner, _, _ := strings.Cut(rest, "\n---")
	if _, err := config.Parse([]byte(strings.ReplaceAll("\n"+inner, "\n    ", "\n"))); err != nil {
		t.Errorf("the configuration in kubernetes.yaml: %v", err)
	}
}

// TestTheIAMPolicyAllowsWhatTheBotCalls compares the policy with the calls in the code.
func TestTheIAMPolicyAllowsWhatTheBotCalls(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "deploy", "iam-policy.json"))
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Statement []struct {
			Effect string
			Action any
		}
	}
	if err := json.Unmarshal(raw, &policy); err != nil {
		t.Fatal(err)
	}
	var allowed []string
	for _, s := range policy.Statement {
		if s.Effect == "Allow" {
			allowed = append(allowed, actions(s.Action)...)
		}
	}
	for _, call := range calls(t) {
		if !slices.ContainsFunc(allowed, func(a string) bool {
			return a == call || strings.HasSuffix(a, "*") && strings.HasPrefix(call, strings.TrimSuffix(a, "*"))
		}) {
			t.Errorf("the bot calls %s, which the policy does not allow", call)
		}
	}
}

// TestWhatTheBotDidNotMakeCannotBeEnded reads the policy: what ends things is allowed on what carries the bot's tag, and
// denied on everything else, whatever another policy allows.
func TestWhatTheBotDidNotMakeCannotBeEnded(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "deploy", "iam-policy.json"))
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Statement []struct {
			Effect    string
			Action    any
			Condition map[string]map[string]any
		}
	}
	if err := json.Unmarshal(raw, &policy); err != nil {
		t.Fatal(err)
	}
	for action, key := range map[string]string{
		"ec2:DeregisterImage": "aws", "ec2:DeleteSnapshot": "aws", "ec2:TerminateInstances": "aws",
		"ec2:DeleteLaunchTemplate": "aws", "autoscaling:DeleteAutoScalingGroup": "autoscaling",
	} {
		key += ":ResourceTag/amiral:operation"
		denied := false
		for _, s := range policy.Statement {
			if !slices.Contains(actions(s.Action), action) {
				continue
			}
			untagged := s.Condition["Null"][key]
			denied = denied || s.Effect == "Deny" && untagged == "true"
			if s.Effect == "Allow" && untagged != "false" {
				t.Errorf("%s is allowed on things without the tag", action)
			}
		}
		if !denied {
			t.Errorf("%s is not denied on things without the tag", action)
		}
	}
}

func actions(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	var all []string
	list, _ := v.([]any)
	for _, a := range list {
		s, _ := a.(string)
		all = append(all, s)
	}
	return all
}

// calls are the operations that internal/cloud asks of AWS: methods of its clients that take an input of their name.
func calls(t *testing.T) []string {
	t.Helper()
	services := map[string]string{"ec2.": "ec2:", "autoscaling.": "autoscaling:", "elb.": "elasticloadbalancing:", "cloudwatch.": "cloudwatch:", "ssm.": "ssm:", "sts.": "sts:"}
	files, err := filepath.Glob(filepath.Join("..", "cloud", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for pkg, prefix := range services {
			for _, part := range strings.Split(string(raw), "&"+pkg)[1:] {
				name, _, _ := strings.Cut(part, "Input{")
				if len(name) < 60 && !strings.ContainsAny(name, " \n(") {
					all = append(all, prefix+name)
				}
			}
		}
	}
	if len(all) < 10 {
		t.Fatalf("found only the calls %v; does the search still fit the code?", all)
	}
	return all
}
