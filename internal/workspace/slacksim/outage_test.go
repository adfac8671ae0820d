package slacksim_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// knock posts to an address of the workspace and returns the status; 0 when nothing answered.
func knock(t *testing.T, url string) int {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(`{"text":"hi"}`))
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestAllOfSlackGoesAwayAndComesBack(t *testing.T) {
	for how, want := range map[slacksim.Outage]int{slacksim.Unavailable: http.StatusServiceUnavailable, slacksim.Unreachable: 0} {
		w := start(t, office())
		c := connect(t, w, ack)
		mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "before")
		mustUI(t, w, http.MethodPost, "outage", object{"how": how})
		if err := c.ended(t); err == nil {
			t.Errorf("%s: the connection ended without an error", how)
		}
		for _, path := range []string{"/api/chat.postMessage", "/api/auth.test", "/api/apps.connections.open", "/response/x", "/upload/x", "/link/x"} {
			if got := knock(t, w.URL()+path); got != want {
				t.Errorf("%s: %s: got status %d, want %d", how, path, got, want)
			}
		}
		if _, err := w.As("dev").Say("#deploys", "anybody?"); !errors.Is(err, slacksim.ErrDown) {
			t.Errorf("%s: saying something: got %v, want %v", how, err, slacksim.ErrDown)
		}
		if err := w.As("dev").Slash("#deploys", "/ops list"); !errors.Is(err, slacksim.ErrDown) {
			t.Errorf("%s: a command: got %v, want %v", how, err, slacksim.ErrDown)
		}
		state := mustUI(t, w, http.MethodGet, "state?as=dev", nil)
		if state["outage"] != string(how) || len(state["sockets"].([]any)) != 0 {
			t.Errorf("%s: the page sees outage %v and sockets %v", how, state["outage"], state["sockets"])
		}
		mustUI(t, w, http.MethodPost, "outage", object{"how": ""})
		again := connect(t, w, ack)
		mustCall(t, w, "chat.postMessage", "channel", "C0DEPLOYS", "text", "after")
		if err := w.As("dev").Slash("#deploys", "/ops list"); err != nil {
			t.Errorf("%s: a command afterwards: %v", how, err)
		}
		again.wait(t, "the command", func(o object) bool { return o["type"] == "slash_commands" })
	}
	w := start(t, office())
	if err := w.SetOutage("siesta"); err == nil {
		t.Error("got no error for an outage that there is not")
	}
}
