package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace"
)

// dial is a client of the workspace's Redis.
func dial(t *testing.T, w *workspace.Workspace) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(w.Info().Redis)
	if err != nil {
		t.Fatal(err)
	}
	o.MaxRetries = -1
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// proposal asks for a rollout in the name of dev.
func proposal(t *testing.T, w *workspace.Workspace, change ...func(*ledger.Proposal)) ledger.Record {
	t.Helper()
	p := ledger.Proposal{
		ID: "op-1", Kind: "rollout", Environment: "production", Target: "web", Resource: "1/eu/asg/web", Step: "check",
		Title: "Roll web to ami-0b2", Command: "/asg rollout web --image ami-0b2", Channel: "C0DEPLOYS", Digest: "d1",
		Requester: ledger.Actor{User: "U0DEV", Team: "T0HARBOUR"}, Narrow: "the canary, 2 of 12 instances",
		Rule:  ledger.Rule{Name: "production", Policy: "0badcafe", Why: "environment production", Needs: ledger.From(1, "sre"), ValidFor: time.Hour},
		Facts: []byte(`{"kind":"rollout","environment":"production","target":"web","blast":{"instances":12,"percent":100,"capacity_down":10},"user":"U0DEV","at":"2026-01-05T12:00:00Z"}`),
	}
	for _, f := range change {
		f(&p)
	}
	rec, _, err := ledger.New(dial(t, w), ledger.Options{}).Submit(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestAnExportIsVerifiedAnywhere(t *testing.T) {
	w := inside(t)
	proposal(t, w)
	log, path := audit.New(dial(t, w), audit.Key("amiral")), filepath.Join(t.TempDir(), "export.jsonl")
	if err := log.Append(t.Context(), audit.Event{Kind: "command", What: "x"}); err != nil {
		t.Fatal(err)
	}
	head, err := log.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if out, err := amiral(t, "audit", "export", "-config", file(t, good), "-out", path); err != nil || !strings.Contains(out, "3 entries, up to the head "+head.String()) {
		t.Fatalf("got %q, %v", out, err)
	}
	plain, err := amiral(t, "audit", "export", "-config", file(t, good), "-since", "1h")
	raw, _ := os.ReadFile(path)
	if err != nil || plain != string(raw) {
		t.Errorf("got %q, %v on the standard output, want what the file has", plain, err)
	}
	for _, name := range []string{"SLACK_BOT_TOKEN", "REDIS_URL"} {
		t.Setenv(name, "")
	}
	for _, args := range [][]string{{path}, {path, "-head", head.String()}, {"-head", head.Hash, path}} {
		if out, err := amiral(t, append([]string{"audit", "verify"}, args...)...); err != nil || !strings.Contains(out, "Sound: 3 entries, from 1 to 3") || !strings.Contains(out, "1 seals hold") {
			t.Errorf("%v: got %q, %v", args, out, err)
		}
	}
	var out bytes.Buffer
	if err := verified([]string{"-"}, bytes.NewReader(raw), &out); err != nil || !strings.Contains(out.String(), "shows only with -head") {
		t.Errorf("from the standard input: got %q, %v", out.String(), err)
	}
	changed := bytes.Replace(raw, []byte("Roll web to ami-0b2"), []byte("Roll web to ami-0b3"), 1)
	err = verified(nil, bytes.NewReader(changed), &out)
	if err == nil || status(err) != 1 || !strings.Contains(err.Error(), "The audit is broken. Entry 1") || !strings.Contains(err.Error(), "altered") {
		t.Errorf("got %v, want it to name entry 1", err)
	}
	lines := bytes.SplitAfter(raw, []byte("\n"))
	err = verified([]string{"-head", head.String()}, bytes.NewReader(bytes.Join(lines[:2], nil)), &out)
	if err == nil || !strings.Contains(err.Error(), "cut off") || !strings.Contains(err.Error(), "Up to entry 2 everything holds") {
		t.Errorf("got %v, want it to say that the end is missing", err)
	}
	if _, err := amiral(t, "audit", "verify", path, "-head", "nonsense"); err == nil {
		t.Error("a head that is none is taken")
	}
}

// TestAnAuditWithoutItsChainIsNotSound: whoever takes the hashes off every entry has broken no link.
func TestAnAuditWithoutItsChainIsNotSound(t *testing.T) {
	bare := `{"id":"1-0","at":"1","kind":"vote","op":"op-1","what":"nobody ever wrote this"}` + "\n"
	var out bytes.Buffer
	if err := verified(nil, strings.NewReader(bare+bare), &out); err == nil || status(err) != 1 || !strings.Contains(err.Error(), "None of the 2 entries") {
		t.Errorf("got %q, %v, want it refused", out.String(), err)
	}
	if err := verified(nil, strings.NewReader(""), &out); err != nil || !strings.Contains(out.String(), "There is no entry") {
		t.Errorf("got %q, %v of nothing", out.String(), err)
	}
}

func TestTrimmingIsOnTheOperatorsName(t *testing.T) {
	w := inside(t)
	proposal(t, w)
	conf := file(t, good+operatorLine(t, "U0SRE", "sre"))
	if _, err := amiral(t, "audit", "trim", "-config", file(t, good), "-before", "1h"); err == nil || !strings.Contains(err.Error(), "no operator") {
		t.Errorf("got %v, want it refused to a stranger", err)
	}
	if out, err := amiral(t, "audit", "trim", "-config", conf, "-before", "1h"); err != nil || !strings.Contains(out, "nothing before") {
		t.Errorf("got %q, %v, want nothing to trim", out, err)
	}
	if err := w.Advance(time.Minute); err != nil {
		t.Fatal(err)
	}
	if out, err := amiral(t, "audit", "trim", "-config", conf, "-before", "0h"); err != nil || !strings.Contains(out, "The entries up to") {
		t.Errorf("got %q, %v", out, err)
	}
	out, err := amiral(t, "audit", "export", "-config", conf)
	if err != nil || !strings.Contains(out, `"kind":"trimmed"`) || !strings.Contains(out, "U0SRE") {
		t.Errorf("got %q, %v, want to read who trimmed it", out, err)
	}
	var said bytes.Buffer
	if err := verified(nil, strings.NewReader(out), &said); err != nil || !strings.Contains(said.String(), "was trimmed, and the record of that fits") {
		t.Errorf("got %q, %v", said.String(), err)
	}
	for _, wrong := range [][]string{{"-before", "yesterday"}, {"-before", "2999-01-01"}, {}} {
		if _, err := amiral(t, append([]string{"audit", "trim", "-config", conf}, wrong...)...); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}
