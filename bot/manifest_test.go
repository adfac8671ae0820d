package bot_test

import (
	"flag"
	"os"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/amiral-ops/amiral/bot"
)

var update = flag.Bool("update", false, "write the golden files")

func TestManifest(t *testing.T) {
	got, err := bot.Manifest([]bot.SlashCommand{
		{Command: "/amiral", Description: "Ask amiral", UsageHint: "help"},
		{Command: "/asg", Description: "Groups: look, roll, undo", UsageHint: "rollout web --image ami-0b2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/manifest.yaml"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("got %s, want %s (run with -update when it is meant)", got, want)
	}
	var m struct {
		OAuth struct {
			Scopes struct{ Bot []string }
		} `yaml:"oauth_config"`
	}
	if err := yaml.Unmarshal(got, &m); err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"channels:history", "groups:history", "mpim:history", "admin", "chat:write.customize", "chat:write.public"} {
		if slices.Contains(m.OAuth.Scopes.Bot, never) {
			t.Errorf("got the scope %s, which the bot must not have", never)
		}
	}
}

func TestManifestRefusesWhatSlackWould(t *testing.T) {
	for _, name := range []string{"", "asg", "/", "/a-name-that-is-longer-than-slack-takes"} {
		if _, err := bot.Manifest([]bot.SlashCommand{{Command: name}}); err == nil {
			t.Errorf("got %q accepted", name)
		}
	}
	if _, err := bot.Manifest(slices.Repeat([]bot.SlashCommand{{Command: "/a"}}, 51)); err == nil {
		t.Error("got 51 commands accepted")
	}
}
