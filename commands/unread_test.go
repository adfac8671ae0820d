package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// away is what is said of operations while Redis does not answer.
const away = "Redis does not answer, so I cannot look at operations.\nNothing can be asked for until it does.\n"

func TestWhatNeedsOnlyAWSIsAnsweredWithoutRedis(t *testing.T) {
	w := newWorld(t)
	with := map[string]string{}
	for _, typed := range []string{"asg list", "asg show web", "help", "whoami", "help asg rollout", "asg rollout web --image ami-0b2 --dry-run"} {
		with[typed] = text(w.says(typed).Reply)
	}
	w.records.err = errors.New("dial tcp 127.0.0.1:6379: connect: connection refused")
	for typed, want := range with {
		if typed == "asg show web" {
			want += "-- Operations cannot be read just now: Redis does not answer.\n"
		}
		if got := text(w.says(typed).Reply); got != want {
			t.Errorf("%s: got %s, want %s", typed, got, want)
		}
	}
}

func TestWhatNeedsRedisSaysSo(t *testing.T) {
	for _, typed := range []string{"status", "ops list", "ops list --all", "ops show op-abc", "ops cancel op-abc", "asg status", "asg status web",
		"asg cancel web", "asg rollback web", "asg pause web", "freezes", "unfreeze production", "audit op-abc"} {
		w := newWorld(t, op("op-abc", ledger.Pending))
		w.records.err, w.trail.err = errors.New("connection refused"), errors.New("connection refused")
		if got := text(w.says(typed).Reply); got != away || len(w.gate.asked) > 0 {
			t.Errorf("%s: got %s and %v asked, want %s", typed, got, w.gate.asked, away)
		}
	}
	w := newWorld(t, op("op-abc", ledger.Pending))
	w.records.err = errors.New("connection refused")
	for _, action := range []string{"details", "why", "copy", "deny", "again"} {
		if got := text(w.presses(sre, action, "op-abc").Reply); got != away {
			t.Errorf("%s: got %s, want %s", action, got, away)
		}
	}
	c := w.desk.Home(t.Context(), sre)
	if got := text(&c); got != away {
		t.Errorf("home: got %s, want %s", got, away)
	}
}

func TestWhatCannotBeUnderstoodIsNotBlamedOnRedis(t *testing.T) {
	w := newWorld(t)
	var bad error
	for _, raw := range []string{"{", `{"id":3}`} {
		bad = fmt.Errorf("read record: %w", jsonError(raw))
		w.records.err = bad
		if got := text(w.says("ops list").Reply); !strings.HasPrefix(got, "Something went wrong on my side (ref ") {
			t.Errorf("got %s", got)
		}
	}
}

func TestReadOnly(t *testing.T) {
	d := newWorld(t).desk
	for text, want := range map[string]bool{
		"asg list": true, "/asg show web": true, "amiral help": true, "help": true, "": true, "whoami": true, "nonsense here": true,
		"asg rollout --help": true, "asg rollout web": true, "asg rollout web --image a --dry-run": true, "policy explain asg rollout web --image a": true,
		"freezes": true, "ops list": true, "audit op-a": true,
		"asg rollout web --image a": false, "asg rollout web --image a --no-dry-run": false, "asg cancel web": false, "asg rollback web": false,
		"asg pause web": false, "ops cancel op-a": false, "freeze production --for 4h --reason x": false, "unfreeze production": false,
		`asg rollout web --image a --break-glass "x"`: false,
	} {
		if got := d.ReadOnly(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func jsonError(raw string) error {
	var into struct {
		ID string `json:"id"`
	}
	return json.Unmarshal([]byte(raw), &into)
}
