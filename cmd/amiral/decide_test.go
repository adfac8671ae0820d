package main

import (
	"bytes"
	"context"
	"fmt"
	"os/user"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// operatorLine names whoever runs the test as a Slack user.
func operatorLine(t *testing.T, slackUser string, groups ...string) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("operators:\n  - {login: %q, user: %s, team: T0HARBOUR, groups: [%s]}\n", u.Username, slackUser, strings.Join(groups, ", "))
}

// typed runs approve with somebody at the keyboard.
func typed(t *testing.T, keys string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var out bytes.Buffer
	err := approved(ctx, args, strings.NewReader(keys), &out)
	return out.String(), err
}

func TestApproveAsksToTypeTheTarget(t *testing.T) {
	w := inside(t)
	rec := proposal(t, w)
	conf := file(t, good+operatorLine(t, "U0SRE"))
	out, err := amiral(t, "list", "-config", conf)
	if err != nil || !strings.Contains(out, "op-1") || !strings.Contains(out, "waits for 1 of @sre") {
		t.Errorf("got %q, %v, want the request in the list", out, err)
	}
	for _, keys := range []string{"", "yes\n", "op-1\n"} {
		if out, err := typed(t, keys, "op-1", "-config", conf); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q typed: got %q, %v, want nothing approved", keys, out, err)
		}
	}
	records := ledger.New(dial(t, w), ledger.Options{})
	if now, _ := records.Get(t.Context(), rec.ID); now.State != ledger.Pending {
		t.Errorf("got %s, want it pending", now.State)
	}
	out, err = typed(t, "web\n", "-config", conf, "op-1", "-reason", "looks fine")
	for _, want := range []string{"Roll web to ami-0b2", "/asg rollout web --image ami-0b2", "Type web to approve", "Approved. Roll web to ami-0b2: running."} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("got %q, %v, want %q in it", out, err, want)
		}
	}
	now, err := records.Get(t.Context(), rec.ID)
	if err != nil || now.State != ledger.Running || now.Votes[0].Via != "command line" || now.Votes[0].Reason != "looks fine" {
		t.Errorf("got %+v, %v", now, err)
	}
	if out, err := amiral(t, "list", "-all", "-config", conf); err != nil || !strings.Contains(out, "running") {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestOnlyTheCanaryIsApproved(t *testing.T) {
	w := inside(t)
	rec := proposal(t, w)
	out, err := amiral(t, "approve", "op-1", "-only-canary", "-yes", "-config", file(t, good+operatorLine(t, "U0SRE")))
	if err != nil {
		t.Fatalf("got %q, %v", out, err)
	}
	if now, err := ledger.New(dial(t, w), ledger.Options{}).Get(t.Context(), rec.ID); err != nil || !now.Narrowed {
		t.Errorf("got %+v, %v, want no more than the canary approved", now, err)
	}
}

func TestDenyNeedsAReason(t *testing.T) {
	w := inside(t)
	rec := proposal(t, w)
	conf := file(t, good+operatorLine(t, "U0SRE"))
	if _, err := amiral(t, "deny", "op-1", "-config", conf); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want it refused", err)
	}
	if out, err := amiral(t, "deny", "op-1", "-reason", "not on a Friday", "-config", conf); err != nil || !strings.Contains(out, "Denied. Roll web") {
		t.Errorf("got %q, %v", out, err)
	}
	if now, err := ledger.New(dial(t, w), ledger.Options{}).Get(t.Context(), rec.ID); err != nil || now.State != ledger.Denied {
		t.Errorf("got %v, %v", now.State, err)
	}
	if _, err := amiral(t, "deny", "op-1", "-reason", "twice", "-config", conf); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v, want to read that it was denied", err)
	}
}

// TestRefusalsOnTheCommandLineSayWhy: each is a sentence, and says what to do.
func TestRefusalsOnTheCommandLineSayWhy(t *testing.T) {
	for name, c := range map[string]struct {
		operator string
		down     bool
		args     []string
		want     []string
	}{
		"a stranger":       {"", false, []string{"approve", "op-1", "-yes"}, []string{"is no operator", "operators"}},
		"the requester":    {"U0DEV", false, []string{"approve", "op-1", "-yes"}, []string{"your own request"}},
		"the same, away":   {"U0DEV", true, []string{"approve", "op-1", "-yes"}, []string{"your own request"}},
		"the wrong group":  {"U0SEC", false, []string{"approve", "op-1", "-yes"}, []string{"not in @sre", "@U0SRE"}},
		"a guest":          {"U0GUEST", false, []string{"approve", "op-1", "-yes"}, []string{"Guests"}},
		"an unknown id":    {"U0SRE", false, []string{"approve", "op-9", "-yes"}, []string{"no operation op-9", "amiral list"}},
		"no id":            {"U0SRE", false, []string{"approve", "-yes"}, []string{"amiral approve <operation>"}},
		"a flag unknown":   {"U0SRE", false, []string{"deny", "op-1", "-whatever"}, []string{"whatever"}},
		"two ids":          {"U0SRE", false, []string{"deny", "op-1", "op-2", "-reason", "x"}, []string{"amiral deny <operation>"}},
		"half of a policy": {"U0SRE", false, []string{"policy"}, []string{"no command"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := inside(t)
			proposal(t, w)
			if c.down {
				if err := w.Slack.SetOutage(slacksim.Unreachable); err != nil {
					t.Fatal(err)
				}
			}
			conf := good
			if c.operator != "" {
				conf += operatorLine(t, c.operator, "sre")
			}
			args := c.args
			if len(args) > 1 {
				args = append([]string{args[0], "-config", file(t, conf)}, args[1:]...)
			}
			out, err := amiral(t, args...)
			for _, want := range c.want {
				if err == nil || !strings.Contains(said(err.Error()), want) {
					t.Errorf("got %q, %v, want it to speak of %q", out, err, want)
				}
			}
			if now, err := ledger.New(dial(t, w), ledger.Options{}).Get(t.Context(), "op-1"); err != nil || now.State != ledger.Pending {
				t.Errorf("got %v, %v, want it pending", now.State, err)
			}
		})
	}
}

func TestWithoutRedisTheCommandLineRefuses(t *testing.T) {
	inside(t)
	conf := file(t, good+operatorLine(t, "U0SRE"))
	t.Setenv("REDIS_URL", "redis://127.0.0.1:1/0")
	for _, args := range [][]string{{"list"}, {"approve", "op-1", "-yes"}, {"audit", "export"}} {
		if _, err := amiral(t, append(args, "-config", conf)...); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%v: got %v, want to read that Redis does not answer", args, err)
		}
	}
	t.Setenv("REDIS_URL", "")
	if _, err := amiral(t, "list", "-config", conf); err == nil || !strings.Contains(err.Error(), "No Redis is configured") {
		t.Errorf("got %v, want to read that there is none", err)
	}
}

// TestWhatIsPrintedSteersNoTerminal: titles are data.
func TestWhatIsPrintedSteersNoTerminal(t *testing.T) {
	w := inside(t)
	proposal(t, w, func(p *ledger.Proposal) { p.Title = "Roll \x1b[2Jweb\u202e" })
	out, err := amiral(t, "list", "-config", file(t, good))
	if err != nil || strings.ContainsAny(out, "\x1b\u202e") || !strings.Contains(out, "Roll [2Jweb") {
		t.Errorf("got %q, %v", out, err)
	}
}
