package bot_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/card"
)

// withoutRedis is a rig whose inbox answers nothing.
func withoutRedis(t *testing.T) *rig {
	t.Helper()
	r := startRig(t)
	r.intake.Reader = r.desk
	r.inbox.set(nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")})
	return r
}

func TestWithoutRedisCommandsThatReadAreAnswered(t *testing.T) {
	r := withoutRedis(t)
	dev := r.As("dev")
	if err := dev.Slash("#deploys", "/asg list"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the list", func() bool { return lastWhisper(r, "dev", "#deploys", "you said asg list") })
	root, err := dev.Say("#deploys", "@amiral asg list")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the list for a mention", func() bool { return len(dev.Whispers("#deploys")) == 2 })
	if got := r.desk.asked(); len(got) != 2 || got[1].Actor.User != "U0DEV" || got[0].Channel != "C0DEPLOYS" {
		t.Errorf("got %+v (after %s), want both asked as ever", got, root)
	}
}

func TestWithoutRedisEverythingElseIsRefusedPlainly(t *testing.T) {
	r := withoutRedis(t)
	dev := r.As("dev")
	const plainly = "Redis does not answer, so I could not write this down and nothing was done."
	if err := dev.Slash("#deploys", "/asg rollout web"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a refusal of the command", func() bool { return lastWhisper(r, "dev", "#deploys", plainly) })
	m, err := r.web.Post(t.Context(), "C0DEPLOYS", "", card.Card{Title: "x", Buttons: []card.Button{{Action: "approve", ID: "op-1", Label: "Approve"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.Click("#deploys", m.TS, "Approve"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a refusal of the press", func() bool {
		all := dev.Whispers("#deploys")
		return len(all) == 2 && strings.Contains(all[1].Text, plainly)
	})
	if err := dev.OpenHome(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the sentence in the Home tab", func() bool {
		calls := r.Calls("views.publish")
		return len(calls) == 1 && strings.Contains(calls[0].Data, plainly)
	})
	if n := len(r.desk.asked()) + len(r.desk.pressed()) + len(r.desk.homes); n != 0 {
		t.Errorf("got the desk asked %d times, want nothing done", n)
	}
}

// TestWithoutRedisReadersAreBounded: those beyond the bound are refused, and nobody waits.
func TestWithoutRedisReadersAreBounded(t *testing.T) {
	r := withoutRedis(t)
	stuck := make(chan struct{})
	r.desk.onCommand = func(commands.Request) commands.Result {
		<-stuck
		return commands.Result{Reply: say("here it is")}
	}
	for range 17 {
		if err := r.As("dev").Slash("#deploys", "/asg list"); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "a refusal", func() bool { return lastWhisper(r, "dev", "#deploys", "nothing was done") })
	close(stuck)
	eventually(t, "the others' answers", func() bool {
		n := 0
		for _, m := range r.As("dev").Whispers("#deploys") {
			if strings.Contains(m.Text, "here it is") {
				n++
			}
		}
		return n == 16
	})
}
