package slacksim_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// TestStockBoltForJavaScript runs testdata/bolt.js with the Bolt installed
// under BOLT_DIR (npm install @slack/bolt).
func TestStockBoltForJavaScript(t *testing.T) {
	dir := os.Getenv("BOLT_DIR")
	node, err := exec.LookPath("node")
	if dir == "" || err != nil {
		t.Skip("Bolt is not available: set BOLT_DIR to a folder with node_modules/@slack/bolt, and have node on the path.")
	}
	w := start(t, office())
	runBolt(t, w, node, dir)
	dev := w.As("dev")

	if err := dev.Slash("#deploys", "/ops list"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "answer to the command", func() bool {
		got := dev.Whispers("#deploys")
		return len(got) == 1 && got[0].Text == "you said list"
	})

	if err := dev.Slash("#deploys", "/ops form"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "modal", func() bool { return dev.View() != nil })
	if err := dev.Submit(map[string]any{"Why": "no"}); err != nil {
		t.Fatal(err)
	}
	if v := dev.View(); v == nil || v.Errors["why"] != "Try again." {
		t.Errorf("got view %+v, want the error under the input", v)
	}
	if err := dev.Submit(map[string]any{"Why": "yes"}); err != nil || dev.View() != nil {
		t.Errorf("got %v and view %+v, want the modal closed", err, dev.View())
	}

	ts := mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "press", "blocks", goButton).str("ts")
	if err := dev.Click("#deploys", ts, "Go"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "message rewritten", func() bool { return find(dev.Sees("#deploys"), ts).Text == "pressed by U0DEV" })

	root, err := dev.Say("#deploys", "hi @bot")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "answer in the thread", func() bool {
		thread := w.Thread("#deploys", root)
		return len(thread) == 2 && thread[1].Text == "hello <@U0DEV>"
	})
	for _, e := range w.Journal() {
		for _, odd := range []string{"unknown_envelope", "malformed", "second_ack", "late", "no_envelope"} {
			if e.Has(odd) {
				t.Errorf("Bolt sent a frame flagged %s: %s", odd, e.Data)
			}
		}
	}
}

// runBolt starts the program and waits until it is ready.
func runBolt(t *testing.T, w *slacksim.Workspace, node, dir string) {
	t.Helper()
	script, err := filepath.Abs("testdata/bolt.js")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, script)
	cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(dir, "node_modules"), "SLACK_API_URL="+w.URL()+"/api/",
		"SLACK_BOT_TOKEN="+w.App().BotToken, "SLACK_APP_TOKEN="+w.App().AppToken)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("Bolt ended with %v: %s", err, complaints.String())
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		t.Fatalf("Bolt said %q: %v %s", line, err, complaints.String())
	}
}
