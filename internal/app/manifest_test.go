package app

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the files that are made from the code")

// TestTheManifestIsInStepWithTheBook: what a newcomer pastes into Slack has the commands of this version.
func TestTheManifestIsInStepWithTheBook(t *testing.T) {
	path := filepath.Join("..", "..", "deploy", "slack-manifest.yaml")
	want, err := Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what amiral manifest prints; run make golden", path)
	}
}
