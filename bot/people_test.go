package bot_test

import (
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// TestGroupsForShowingAskSlackLess: a tab that is drawn again and again asks once a minute; who votes is looked up
// anew, and what is learned by that is shown too.
func TestGroupsForShowingAskSlackLess(t *testing.T) {
	r := wire(t, workspace(t, office()), newMemory()) // without sockets: no event tells of the change
	sre := ledger.Actor{User: "U0SRE", Team: r.Team().ID}
	in := func(what string, ask func() (bool, error), want bool) {
		t.Helper()
		if got, err := ask(); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", what, got, err, want)
		}
	}
	lately := func() (bool, error) { return r.people.Lately().InGroup(t.Context(), sre, "sre") }
	now := func() (bool, error) { return r.people.InGroup(t.Context(), sre, "sre") }
	in("at first", lately, true)
	if err := r.SetGroup("sre", "dev"); err != nil {
		t.Fatal(err)
	}
	r.clock.push(11 * time.Second)
	in("shown from before", lately, true)
	if n := len(r.Calls("usergroups.users.list")); n != 1 {
		t.Errorf("got %d calls, want one", n)
	}
	in("decided by what is so now", now, false)
	in("shown with what was learned", lately, false)
	r.clock.push(61 * time.Second)
	r.Faults().Add(slacksim.Fault{Method: "usergroups.users.list", Status: 500})
	if got, err := lately(); err == nil || got {
		t.Errorf("got %v, %v after a minute while Slack does not tell, want an error", got, err)
	}
	if got, _ := r.people.Lately().InGroup(t.Context(), ledger.Actor{User: "U0DEV", Team: "T0OTHER01"}, "sre"); got {
		t.Error("got somebody of another workspace into the group")
	}
}
