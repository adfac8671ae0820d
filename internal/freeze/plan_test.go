package freeze

import (
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

var noon = time.Date(2026, 3, 2, 12, 1, 0, 0, time.UTC)

func TestAPlanSaysWhatItFreezes(t *testing.T) {
	for title, w := range map[string]Wish{
		"Freeze production for 4h":                 {Environment: "production", For: 4 * time.Hour},
		"Freeze web* in every environment for 30m": {Target: "web*", For: 30 * time.Minute},
		"Freeze web in production for 1d2h30m":     {Environment: " production ", Target: "web", For: 26*time.Hour + 30*time.Minute},
	} {
		w.Reason = " database\n move "
		p, err := New(w, noon)
		if err != nil || p.Title() != title || p.Reason != "database move" {
			t.Errorf("got %q (%q), %v; want %q", p.Title(), p.Reason, err, title)
		}
		again, err := New(p.Again(), noon)
		if err != nil || again != p {
			t.Errorf("%s: got %+v again, want the same", title, again)
		}
	}
}

func TestAPlanThatCannotBeIsRefused(t *testing.T) {
	good := Wish{Environment: "production", For: time.Hour, Reason: "move"}
	for want, change := range map[string]func(*Wish){
		"needs to know what to freeze":  func(w *Wish) { w.Environment = " " },
		"needs a reason":                func(w *Wish) { w.Reason = " \n " },
		"longer than 500 characters":    func(w *Wish) { w.Reason = strings.Repeat("ä", 501) },
		"between 1m and 30d":            func(w *Wish) { w.For = 59 * time.Second },
		"lasts between 1m and 30d":      func(w *Wish) { w.For = 30*24*time.Hour + 1 },
		"`web[` is not a pattern":       func(w *Wish) { w.Target = "web[" },
		"more than 255 characters":      func(w *Wish) { w.Target = strings.Repeat("w", 256) },
		"`{ user:U1}[` is not a patter": func(w *Wish) { w.Target = "{user:U1}[" },
	} {
		w := good
		change(&w)
		if _, err := New(w, noon); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a refusal that says %q", err, want)
		}
	}
	for _, edge := range []time.Duration{Shortest, Longest} {
		w := good
		w.For = edge
		if _, err := New(w, noon); err != nil {
			t.Errorf("%s: got %v, want it allowed", edge, err)
		}
	}
}

// TestTwoWithOneThoughtAskForOneFreeze: the same within minutes, another later and for any other wish.
func TestTwoWithOneThoughtAskForOneFreeze(t *testing.T) {
	digest := func(w Wish, at time.Time) string {
		p, err := New(w, at)
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest()
	}
	w := Wish{Environment: "production", For: time.Hour, Reason: "move"}
	other := w
	other.Reason = "the same move, in other words"
	if digest(w, noon) != digest(other, noon.Add(time.Minute)) {
		t.Error("two who ask for the same at one time ask for two freezes")
	}
	if digest(w, noon) == digest(w, noon.Add(time.Hour)) {
		t.Error("who asks again after an hour gets the freeze of before")
	}
	seen := map[string]bool{}
	for _, w := range []Wish{{"a", "", time.Hour, "r"}, {"", "a", time.Hour, "r"}, {"a", "b", time.Hour, "r"}, {"a", "", 2 * time.Hour, "r"}} {
		seen[digest(w, noon)] = true
	}
	if len(seen) != 4 {
		t.Errorf("got %d digests, want 4", len(seen))
	}
}

func TestWhatAFreezeCovers(t *testing.T) {
	end := noon.Add(time.Hour)
	for _, c := range []struct {
		f           Freeze
		env, target string
		now         time.Time
		want        bool
	}{
		{Freeze{Environment: "production"}, "production", "web", noon, true},
		{Freeze{Environment: "production"}, "production", "", noon, true},
		{Freeze{Environment: "production"}, "staging", "web", noon, false},
		{Freeze{Environment: "production"}, "production", "web", end, false},
		{Freeze{Environment: "production", Target: "web*"}, "production", "web-2", noon, true},
		{Freeze{Environment: "production", Target: "web*"}, "production", "api", noon, false},
		{Freeze{Target: "web"}, "staging", "web", noon, true},
		{Freeze{Target: "web"}, "staging", "web-2", noon, false},
		{Freeze{}, "staging", "web", noon, true},
		{Freeze{Target: "web["}, "staging", "api", noon, true}, // a slip freezes too much rather than too little
	} {
		c.f.Until = end
		if got := c.f.Covers(c.env, c.target, c.now); got != c.want {
			t.Errorf("%+v covers %s/%s at %s: got %v, want %v", c.f, c.env, c.target, c.now, got, c.want)
		}
	}
}

func TestTheFreezeThatEndsLastIsTheReason(t *testing.T) {
	all := []Freeze{
		{ID: "op-a", Environment: "production", Until: noon.Add(time.Hour)},
		{ID: "op-b", Target: "web", Until: noon.Add(3 * time.Hour)},
		{ID: "op-c", Environment: "staging", Until: noon.Add(9 * time.Hour)},
	}
	if f, over := Over(all, "production", "web", noon); !over || f.ID != "op-b" {
		t.Errorf("got %s %v, want op-b", f.ID, over)
	}
	if f, over := Over(all, "production", "api", noon.Add(2*time.Hour)); over {
		t.Errorf("got %s, want nothing to be frozen any more", f.ID)
	}
}

func TestWhoIsKeptWaitingReadsWhy(t *testing.T) {
	f := Freeze{Environment: "production", Target: "{user:U9}", Until: time.UnixMilli(1767366240000), By: ledger.Actor{User: "UDANA"}, Reason: "move of {group:S1}"}
	want := "{ user:U9} in production is frozen until {when:1767366240000} by {user:UDANA}: move of { group:S1}."
	if f.Why() != want {
		t.Errorf("got %q, want %q", f.Why(), want)
	}
}
