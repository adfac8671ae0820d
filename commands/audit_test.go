package commands

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestTheAuditTellsAStory(t *testing.T) {
	w := newWorld(t, op("op-abc", ledger.Succeeded))
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	w.trail.events = []audit.Event{
		{At: at(0), Kind: "proposed", Op: "op-abc", Who: audit.Who{User: "UDEV"}, Channel: "CDEPLOYS", What: "Roll web to ami-0b2", Outcome: "pending", Policy: "3f2c9a11deadbeef",
			Fields: map[string]string{"command": "/asg rollout web --image ami-0b2", "rule": "production", "facts": "{}"}, N: 1, Hash: "aa"},
		{At: at(1), Kind: "refused", Op: "op-abc", Who: audit.Who{User: "UNEW"}, Channel: "CDEPLOYS", What: "approve", Outcome: "You cannot approve this: you are not in @sre.", N: 2, Hash: "ab"},
		{At: at(2), Kind: "vote", Op: "op-abc", Who: audit.Who{User: "USRE"}, Channel: "CDEPLOYS", Link: "https://harbour.example/p1", Outcome: "pending",
			Fields: map[string]string{"choice": "approve", "reason": "looks good {user:U1}", "via": "command line"}, N: 3, Hash: "ac"},
		{At: at(2), Kind: "approved", Op: "op-abc", Who: audit.Who{User: "USRE"}, Channel: "CDEPLOYS", Link: "https://harbour.example/p1", Outcome: "approved",
			Fields: map[string]string{"command": "/asg rollout web --image ami-0b2"}, N: 3, Hash: "ad"},
		{At: at(2), Kind: "started", Op: "op-abc", Channel: "CDEPLOYS", Link: "https://harbour.example/p1", Outcome: "running", N: 4, Hash: "ae"},
		{At: at(2), Kind: "step", Op: "op-abc", Channel: "CDEPLOYS", Link: "https://harbour.example/p1", Outcome: "running", N: 5, Hash: "af"},
		{At: at(3), Kind: "ended", Op: "op-abc", Channel: "CDEPLOYS", Link: "https://harbour.example/p1", Outcome: "succeeded", N: 4, Hash: "0123456789abcdef"},
	}
	golden(t, "audit", text(w.says("audit op-a").Reply))
	if w.trail.asked != "op-abc" {
		t.Errorf("got %s asked, want the whole id", w.trail.asked)
	}
}

func TestTheAuditRemembersWhatIsGone(t *testing.T) {
	w := newWorld(t)
	w.trail.events = []audit.Event{{At: noon, Kind: "ended", Outcome: "failed"}}
	if got := text(w.says("audit OP-GONE").Reply); !strings.HasPrefix(got, "# Audit · op-gone\n12:00 ended · failed\n") || w.trail.asked != "op-gone" {
		t.Errorf("got %s", got)
	}
	w.trail.events = nil
	if got := text(w.says("audit op-gone").Reply); !strings.HasPrefix(got, "There is no operation op-gone.") {
		t.Errorf("got %s", got)
	}
	w = newWorld(t, op("op-abc", ledger.Succeeded))
	if got := text(w.says("audit op-abc").Reply); !strings.Contains(got, "The audit has no entry of it any more.") {
		t.Errorf("got %s", got)
	}
	w.trail.err = errors.New("dial tcp")
	if got := text(w.says("audit op-abc").Reply); got != away {
		t.Errorf("got %s", got)
	}
}

func TestALongStoryIsToldByItsEnds(t *testing.T) {
	w := newWorld(t, op("op-abc", ledger.Running))
	for i := range 100 {
		w.trail.events = append(w.trail.events, audit.Event{At: noon, Kind: "step", Outcome: "n" + string(rune('A'+i%26)), N: int64(i)})
	}
	got := text(w.says("audit op-abc").Reply)
	if strings.Count(got, "step · ") != mostEvents || !strings.Contains(got, "… 60 more …") {
		t.Errorf("got %s, want 40 entries and how many are left out", got)
	}
}
