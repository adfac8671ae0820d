package app_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// TestAskedToEnd: a bot that gets SIGTERM in the middle of rollouts says goodbye to Slack and ends well within
// ten seconds; the other goes on with them within a lease.
func TestAskedToEnd(t *testing.T) {
	w := newWorld(t, 0, bare)
	groups := named("shop", 4)
	w.fill(groups...)
	leaving, staying := w.child(), w.child()
	crowd := &people{slack: w.Slack}
	var all []change
	for _, g := range groups {
		all = append(all, change{group: g, image: "ami-0002"})
	}
	if err := crowd.want(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if !until(t.Context(), patience, func() bool { return w.Slack.Sockets() == 4 }) {
		t.Fatal("the bots did not open two connections each")
	}
	client := dial(t, w.Info())
	records := ledger.New(client, ledger.Options{})
	// A look at AWS takes its time, so that turns are under way when the bot is to end.
	w.Cloud.Faults().Add(awssim.Fault{Kind: awssim.FaultDelay, Action: "DescribeInstanceRefreshes", Delay: time.Second})
	if !until(t.Context(), patience, func() bool { return held(t, client, groups, records) > 1 }) {
		t.Fatal("no turn was ever under way")
	}
	if err := leaving.term(10 * time.Second); err != nil {
		t.Errorf("the bot that was asked to end: got %v, want exit 0\n%s", err, leaving.out)
	}
	closed, vanished := w.goodbyes()
	if closed != 2 || vanished != 0 {
		t.Errorf("got %d connections closed and %d cut, want 2 and 0", closed, vanished)
	}
	before := checkpoints(t, records)
	on := func() bool {
		now := checkpoints(t, records)
		for id, n := range before {
			if now[id] <= n {
				return false
			}
		}
		return len(before) == len(groups)
	}
	// A lease, the pause between two looks, and the looks themselves.
	if !until(t.Context(), settings().Engine.Lease+settings().Engine.Poll+10*time.Second, on) {
		t.Errorf("the other did not go on: checkpoints before %v, after %v", before, checkpoints(t, records))
	}
	w.Cloud.Faults().Clear()
	if err := staying.term(10 * time.Second); err != nil {
		t.Errorf("the other: got %v, want exit 0\n%s", err, staying.out)
	}
	ledgertest.Check(t, client, "amiral")
}

// dial opens a client of the test's own to the world's Redis.
func dial(t *testing.T, info workspace.Info) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(info.Redis)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// held counts the operations on the groups whose turn is under way.
func held(t *testing.T, client *redis.Client, groups []string, records *ledger.Ledger) (n int) {
	t.Helper()
	open, err := records.Open(t.Context())
	if err != nil || len(open) != len(groups) {
		return 0
	}
	for _, r := range open {
		if till, err := client.HGet(t.Context(), "{amiral}:op:"+string(r.ID), "held").Int64(); err == nil && till > 0 {
			n++
		}
	}
	return n
}

// goodbyes counts the connections that ended with a close frame, and those that just ended.
func (w *world) goodbyes() (closed, vanished int) {
	for _, e := range w.Slack.Journal() {
		switch {
		case e.Kind == "socket" && e.Has("closed"):
			closed++
		case e.Kind == "socket" && e.Has("vanished"):
			vanished++
		}
	}
	return closed, vanished
}

// checkpoints are how far the open operations have come.
func checkpoints(t *testing.T, records *ledger.Ledger) map[ledger.ID]int64 {
	t.Helper()
	open, err := records.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[ledger.ID]int64{}
	for _, r := range open {
		all[r.ID] = r.Seq
	}
	return all
}
