package app_test

import (
	"syscall"
	"testing"
	"time"
)

// TestRedisGoesAndComesBack: while Redis is away people are told at once that nothing was done, whatever they
// type or press, and nothing of it happens later. When it is back everything works, and nothing that was
// agreed before is lost.
func TestRedisGoesAndComesBack(t *testing.T) {
	server := mortalRedis(t)
	w := newWorld(t, 1, server.on, bare)
	w.fill("shop-01", "shop-02")
	crowd := &people{slack: w.Slack}
	const first, second = "Roll shop-01 to ami-0002", "Roll shop-02 to ami-0002"
	if err := crowd.ask(t.Context(), "dev", "#deploys", "/asg rollout shop-01 --image ami-0002", first); err != nil {
		t.Fatal(err)
	}
	card, _ := crowd.card("#deploys", first)
	later := func() bool {
		m, _ := crowd.card("#deploys", first)
		_, there := crowd.card("#deploys", second)
		return there || !has(m, "Approve")
	}
	for _, away := range []struct {
		name        string
		leave, back func()
	}{
		{"frozen", func() { server.signal(syscall.SIGSTOP) }, func() { server.signal(syscall.SIGCONT) }},
		{"killed", server.kill, server.start},
	} {
		away.leave()
		told := crowd.refusals("dev", "#deploys")
		if err := w.Slack.As("dev").Slash("#deploys", "/asg rollout shop-02 --image ami-0002"); err != nil {
			t.Errorf("%s: typed: got %v, want an answer", away.name, err)
		}
		if crowd.refusals("dev", "#deploys") != told+1 { // the answer is the acknowledgement itself
			t.Errorf("%s: the person who typed was not told", away.name)
		}
		told = crowd.refusals("sre", "#deploys")
		if err := w.Slack.As("sre").Click("#deploys", card.TS, "Approve"); err != nil {
			t.Errorf("%s: pressed: got %v, want an acknowledgement", away.name, err)
		}
		if !until(t.Context(), 5*time.Second, func() bool { return crowd.refusals("sre", "#deploys") == told+1 }) {
			t.Errorf("%s: the person who pressed was not told", away.name)
		}
		away.back()
		if !until(t.Context(), 10*time.Second, server.answers) {
			t.Fatalf("%s: Redis did not come back", away.name)
		}
		if until(t.Context(), 2*time.Second, later) {
			t.Errorf("%s: something happened although people were told that it would not", away.name)
		}
	}
	if err := crowd.press(t.Context(), "sre", "#deploys", first, "Approve"); err != nil {
		t.Error(err)
	}
	if err := crowd.ask(t.Context(), "dev", "#deploys", "/asg rollout shop-02 --image ami-0002", second); err != nil {
		t.Error(err)
	}
	if !until(t.Context(), patience, func() bool { return len(w.refreshes("shop-01")) == 1 }) {
		t.Error("the rollout that was approved did not start")
	}
}
