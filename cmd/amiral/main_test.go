package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

const good = `
environments:
  - {name: production, region: eu-west-1, channels: ["#deploys"], default: true}
policy:
  - {kind: rollout, approvals: 1, from: sre}
http: {addr: "off"}
`

// inside points the process at a fresh workspace, as a shell would.
func inside(t *testing.T, change ...func(*workspace.Options)) *workspace.Workspace {
	t.Helper()
	o := workspace.Options{NoLimits: true}
	for _, f := range change {
		f(&o)
	}
	w, err := workspace.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	i := w.Info()
	for name, value := range map[string]string{
		"SLACK_BOT_TOKEN": i.SlackBotToken, "SLACK_APP_TOKEN": i.SlackAppToken, "SLACK_API_URL": i.SlackAPI, "REDIS_URL": i.Redis,
		"AWS_ENDPOINT_URL": i.AWSEndpoint, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": "eu-west-1", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	return w
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "amiral.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func amiral(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var out bytes.Buffer
	err := run(ctx, args, &out)
	return out.String(), err
}

func TestCheckIsContentWithAWorkingPlace(t *testing.T) {
	inside(t)
	out, err := amiral(t, "check", "-config", file(t, good))
	if err != nil {
		t.Errorf("got %v, want no error:\n%s", err, out)
	}
	for _, want := range []string{"Slack tokens", "Harbour", "2 people", "every one of 1 rules can be met", "account 123456789012", "may ec2:CreateLaunchTemplateVersion", "StartInstanceRefresh: not provable"} {
		if !strings.Contains(out, want) {
			t.Errorf("the check lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "xoxb-") || strings.Contains(out, "xapp-") {
		t.Errorf("a token is printed:\n%s", out)
	}
}

func TestCheckSaysWhatToFix(t *testing.T) {
	inside(t, func(o *workspace.Options) {
		o.AWS = func(a *awssim.Options) { a.Denied = []string{"ec2:CreateLaunchTemplateVersion"} }
	})
	out, err := amiral(t, "check", "-config", file(t, strings.Replace(good, "from: sre", "from: nobody", 1)))
	if err == nil {
		t.Errorf("got no error, want one:\n%s", out)
	}
	for _, want := range []string{"FAIL", "@nobody", "may not ec2:CreateLaunchTemplateVersion", "deploy/iam-policy.json"} {
		if !strings.Contains(out, want) {
			t.Errorf("the check lacks %q:\n%s", want, out)
		}
	}
}

// TestServeRefusesPlainly: what cannot work ends at once, with a sentence and a hint, and tells no secret.
func TestServeRefusesPlainly(t *testing.T) {
	for name, c := range map[string]struct {
		env    map[string]string
		config string
		want   string
	}{
		"swapped tokens":   {map[string]string{"SLACK_BOT_TOKEN": "xapp-local", "SLACK_APP_TOKEN": "xoxb-local"}, good, "SLACK_BOT_TOKEN"},
		"no tokens":        {map[string]string{"SLACK_BOT_TOKEN": ""}, good, "SLACK_BOT_TOKEN"},
		"a token refused":  {map[string]string{"SLACK_BOT_TOKEN": "xoxb-wrong"}, good, "bot token"},
		"a broken file":    {nil, "environments: [", "read the document"},
		"an unknown field": {nil, good + "polcy: []\n", "polcy"},
		"no channel":       {nil, strings.Replace(good, "#deploys", "#nowhere", 1), "#nowhere"},
		"no slack":         {map[string]string{"SLACK_API_URL": "http://127.0.0.1:1/api/"}, good, "Slack cannot be reached"},
		"no redis":         {map[string]string{"REDIS_URL": "redis://127.0.0.1:1/0"}, good, "Redis does not answer"},
		"no address":       {map[string]string{"REDIS_URL": "somewhere"}, good, "redis://"},
	} {
		t.Run(name, func(t *testing.T) {
			inside(t)
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			began := time.Now()
			_, err := amiral(t, "serve", "-config", file(t, c.config))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to speak of %q", err, c.want)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s, want under 5s", took)
			}
			if err != nil && (strings.Contains(err.Error(), "xoxb-local") || strings.Contains(err.Error(), "xoxb-wrong")) {
				t.Errorf("the token is told: %v", err)
			}
		})
	}
}

func TestUnknownWordsAreAnswered(t *testing.T) {
	if _, err := amiral(t, "sreve"); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want a fault", err)
	}
	out, err := amiral(t)
	if status(err) != 2 || !strings.Contains(out, "amiral serve") {
		t.Errorf("got %v and %q, want the usage and status 2", err, out)
	}
	if _, err := amiral(t, "help"); err != nil {
		t.Errorf("got %v from help, want no error", err)
	}
	for _, help := range []string{"-h", "--help", "help"} {
		out, err := amiral(t, "audit", help)
		if err != nil || !strings.Contains(out, "amiral audit verify") || strings.Contains(out, "amiral serve") {
			t.Errorf("audit %s: got %q, %v, want what there is about the audit, and no more", help, out, err)
		}
	}
	if _, err := amiral(t, "audit", "verfy"); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want a fault", err)
	}
	if out, _ := amiral(t, "version"); !strings.HasPrefix(out, "amiral ") {
		t.Errorf("got %q, want the version", out)
	}
}
