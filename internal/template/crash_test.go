package template

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

type startRefresh interface {
	StartRefresh(ctx context.Context, order fleet.RefreshOrder) (fleet.RefreshID, error)
}

// roads are all that can be done, and how the library stands after it.
func roads(w *world) map[string]Want {
	id, err := w.aws.AddInstance(awssim.Instance{Name: "snowflake", Image: "ami-0001"})
	if err != nil {
		w.t.Fatal(err)
	}
	withDefault := updating()
	withDefault.SetDefault = true
	return map[string]Want{
		"web-lt 1 2* 3 4":          updating(),
		"web-lt 1 2 3 4*":          withDefault,
		"web-lt 1 2 3*":            {Action: Default, Name: "web-lt", Version: 3},
		"web-lt 2* 3":              {Action: Clean, Name: "web-lt", Keep: 1},
		"api-lt 1* web-lt 1 2* 3":  creating(),
		"snow-lt 1* web-lt 1 2* 3": {Action: Adopt, Name: "snow-lt", From: fleet.InstanceID(id)},
		"":                         {Action: Delete, Name: "web-lt"},
	}
}

// TestAStepTakenTwiceChangesNothing: every turn's checkpoint is lost once.
func TestAStepTakenTwiceChangesNothing(t *testing.T) {
	for want := range roads(newWorld(t)) {
		w := newWorld(t)
		w.propose(roads(w)[want])
		w.twice = true
		w.finish(ledger.Succeeded)
		w.wantListing(want)
	}
}

// TestDeathBehindAnyCall: the process dies behind each call to AWS, once each, and what was wanted comes about all
// the same, and once.
func TestDeathBehindAnyCall(t *testing.T) {
	for want := range roads(newWorld(t)) {
		calls := 1
		for at := 1; at <= calls; at++ {
			w := newWorld(t)
			w.propose(roads(w)[want])
			before := w.wire.calls
			w.wire.dieAt = before + at
			w.finish(ledger.Succeeded)
			w.wantListing(want)
			calls = max(calls, w.wire.calls-before-2)
		}
		if calls < 4 && want != "" {
			t.Errorf("%s: got %d calls, want the whole road", want, calls)
		}
	}
}

// slow is AWS, which does not show at once what was made a moment ago.
type slow struct {
	Fleet
	proofs int // how often it says so
}

func (s *slow) ProveLaunch(ctx context.Context, ref fleet.TemplateRef, subnet string) error {
	if s.proofs--; s.proofs >= 0 {
		return &fleet.Error{Kind: fleet.Absent, Call: "ec2:RunInstances", Message: "There is no such version."}
	}
	return s.Fleet.ProveLaunch(ctx, ref, subnet)
}

// TestWaitingIsNoAttempt: what was just made and is not to be seen yet is waited for, in plain words.
func TestWaitingIsNoAttempt(t *testing.T) {
	w := newWorld(t)
	w.propose(updating())
	w.fleet = &slow{w.fleet, 3}
	w.until(stepProve)
	for range 3 {
		w.turn()
		got := fmt.Sprint((Painter{}).Paint(w.rec).Sections[0].Steps)
		if !strings.Contains(got, "waiting until AWS shows version 4") || w.rec.Trouble != "" {
			t.Errorf("got %s with trouble %q, want it to wait", got, w.rec.Trouble)
		}
	}
	w.finish(ledger.Succeeded)
}

// forgetful is AWS after it has forgotten the tokens of before.
type forgetful struct {
	Fleet
	calls *int
}

func (f forgetful) token() string {
	*f.calls++
	return fmt.Sprintf("fresh-%d", *f.calls)
}

func (f forgetful) CreateTemplate(ctx context.Context, o fleet.TemplateOrder) (fleet.Template, []string, error) {
	o.Token = f.token()
	return f.Fleet.CreateTemplate(ctx, o)
}

func (f forgetful) CreateTemplateVersion(ctx context.Context, o fleet.NewVersion) (fleet.TemplateVersion, []string, error) {
	o.Token = f.token()
	return f.Fleet.CreateTemplateVersion(ctx, o)
}

// TestWhatWasMadeIsFoundWithoutTokens: AWS forgets tokens; what an attempt made long ago is found by its marks.
func TestWhatWasMadeIsFoundWithoutTokens(t *testing.T) {
	for want := range roads(newWorld(t)) {
		w := newWorld(t)
		w.propose(roads(w)[want])
		w.fleet, w.twice = forgetful{w.fleet, new(int)}, true
		w.finish(ledger.Succeeded)
		w.wantListing(want)
	}
}

// TestCancelTakesBackWhatWasMade: whoever cancels while nobody knows whether something was made, finds nothing left.
func TestCancelTakesBackWhatWasMade(t *testing.T) {
	for _, at := range []string{stepCheck, stepMake, stepProve} {
		w := newWorld(t)
		w.propose(updating())
		w.until(at)
		if at == stepMake {
			_, _, _ = w.attempt() // its outcome is lost, and somebody has made another since
			if _, _, err := w.fleet.CreateTemplateVersion(t.Context(), fleet.NewVersion{Template: "lt-0001", Source: 1, Image: "ami-0001", Token: "theirs"}); err != nil {
				t.Fatal(err)
			}
		}
		w.signal = []ledger.Signal{{Name: "cancel", By: sre}}
		w.finish(ledger.Cancelled, "Cancelled", "by {user:USRE}")
		want := "web-lt 1 2* 3"
		if at == stepMake {
			want += " 5" // theirs
		}
		w.wantListing(want)
	}
}
