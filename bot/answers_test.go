package bot

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// answersAt are answers whose time is set, in front of a Slack that nobody calls.
func answersAt(t *testing.T, now *time.Time) *answers {
	t.Helper()
	s, err := New(Settings{BotToken: "xoxb-local", AppToken: "xapp-local", Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	return NewWeb(s).answers
}

func TestAnAddressIsUsedFiveTimesInHalfAnHour(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	a := answersAt(t, &now)
	n := &note{Response: "https://hooks.slack.com/commands/1", Received: now}
	for i := range responseUses {
		if err := a.may(n); err != nil {
			t.Fatalf("use %d: got %v, want nil", i+1, err)
		}
	}
	usedUp := func(n *note) bool {
		r, ok := errors.AsType[*Refused](a.may(n))
		return ok && r.Code == "used_up"
	}
	if !usedUp(n) {
		t.Error("an address can be used a sixth time")
	}
	fresh := &note{Response: "https://hooks.slack.com/commands/2", Received: now}
	now = now.Add(responseLife)
	if !usedUp(fresh) {
		t.Error("an address can be used after half an hour")
	}
}

func TestAddressesAreForgotten(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	a := answersAt(t, &now)
	use := func(i int) {
		if err := a.may(&note{Response: fmt.Sprintf("https://hooks.slack.com/commands/%d", i), Received: now}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		use(i)
	}
	now = now.Add(responseLife + sweepEvery)
	use(100)
	if n := len(a.used); n != 1 {
		t.Errorf("got %d addresses after half an hour, want the latest", n)
	}
	for i := range 3 * mostUsed {
		use(i)
	}
	if n := len(a.used); n > mostUsed {
		t.Errorf("got %d addresses after a flood, want at most %d", n, mostUsed)
	}
}
