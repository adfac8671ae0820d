package app_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
	"github.com/amiral-ops/amiral/internal/workspace"
)

// change is a rollout that people ask for while everything is killed, and how it must end.
type change struct {
	group     string
	image     string
	canary    bool
	state     ledger.State
	says      string // on the card
	refreshes []string
}

func (c change) title() string { return "Roll " + c.group + " to " + c.image }

func (c change) command() string {
	line := "/asg rollout " + c.group + " --image " + c.image
	if c.canary {
		line += " --canary 50"
	}
	return line
}

func changes() (all []change) {
	for _, group := range named("shop", 10) {
		all = append(all, change{group: group, image: "ami-0002", state: ledger.Succeeded, says: "Done", refreshes: []string{"Successful"}})
	}
	for _, i := range []int{2, 6} {
		all[i].canary, all[i].refreshes = true, []string{"Cancelled", "Successful"}
	}
	all[0].image, all[0].state, all[0].says, all[0].refreshes = "ami-0bad", ledger.Undone, "Rolled back", []string{"RollbackSuccessful"}
	return all
}

// TestKilledAtRandom kills bots' processes and Redis itself, again and again, while people ask for rollouts,
// approve them, and these run. Every one that was approved ends as told, and nothing happens twice.
func TestKilledAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	t.Parallel()
	server := mortalRedis(t)
	fleetTime := workspace.NewClock(time.Now(), 40) // so that a rollout takes some ten seconds
	w := newWorld(t, 0, server.on, bare, func(o *workspace.Options, _ *config.Config) { o.AWS = at(fleetTime) })
	all := changes()
	var groups []string
	for _, c := range all {
		groups = append(groups, c.group)
	}
	w.fill(groups...)
	client := redis.NewClient(&redis.Options{Addr: server.addr()})
	defer func() { _ = client.Close() }()
	records := ledger.New(client, ledger.Options{})

	began := time.Now()
	crowd := &people{slack: w.Slack}
	asked := make(chan error, 1)
	go func() { asked <- crowd.want(t.Context(), all) }()
	kills, redisKills := w.mayhem(server, func() error { return fleetTime.Advance(time.Hour) }, func() bool {
		select {
		case err := <-asked:
			asked <- err
		default:
			return false
		}
		open, err := records.Open(t.Context())
		return err == nil && len(open) == 0
	})
	if err := <-asked; err != nil {
		t.Error(err)
	}
	t.Logf("after %s all is over", time.Since(began).Round(time.Second))
	drawn := func() bool {
		n, err := client.ZCard(t.Context(), "{amiral}:draw").Result()
		return err == nil && n == 0
	}
	if !until(t.Context(), patience, drawn) {
		t.Error("the threads were not brought up to date")
	}
	twice := 0
	for _, c := range all {
		wrong, again := w.wrong(c, crowd, records)
		for _, why := range wrong {
			t.Errorf("%s: %s", c.group, why)
		}
		twice += again
	}
	ledgertest.Check(t, client, "amiral")
	t.Logf("%d rollouts; %d bots and %d Redis killed; people were told %d times that something failed; %d cards or lines came twice",
		len(all), kills, redisKills, crowd.tried.Load(), twice)
}

// want asks for every change and approves it, three at the same time.
func (p *people) want(ctx context.Context, all []change) error {
	var wg sync.WaitGroup
	errs := make([]error, len(all))
	slots := make(chan struct{}, 3)
	for i, c := range all {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = p.have(ctx, c)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// have asks for a change, has it approved, and goes on with its canary.
func (p *people) have(ctx context.Context, c change) error {
	if err := p.ask(ctx, "dev", "#deploys", c.command(), c.title()); err != nil {
		return err
	}
	if err := p.press(ctx, "sre", "#deploys", c.title(), "Approve"); err != nil || !c.canary {
		return err
	}
	if !until(ctx, 2*patience, func() bool { m, there := p.card("#deploys", c.title()); return there && has(m, "Continue") }) {
		return fmt.Errorf("%s: nobody was asked about the canary", c.title())
	}
	return p.press(ctx, "sre", "#deploys", c.title(), "Continue")
}

// mayhem kills one of two bots at a time, and Redis now and then. When it has killed enough it calls calm, and
// goes on until all is done.
func (w *world) mayhem(server *redisProcess, calm func() error, done func() bool) (kills, redisKills int) {
	w.t.Helper()
	rng := rand.New(rand.NewPCG(7, 23))
	const enough = 15
	bots := []*child{w.child(), w.child()}
	for end := time.Now().Add(2 * time.Minute); ; {
		until(w.t.Context(), time.Duration(500+rng.IntN(1500))*time.Millisecond, func() bool { return kills >= enough && done() })
		switch {
		case kills >= enough && done():
			return kills, redisKills
		case time.Now().After(end):
			w.t.Error("the rollouts did not end")
			return kills, redisKills
		case kills >= enough:
			continue
		}
		i := rng.IntN(len(bots))
		bots[i].kill()
		bots[i] = w.child()
		if kills++; kills%6 == 4 {
			server.kill()
			server.start()
			redisKills++
		}
		if kills == enough {
			if err := calm(); err != nil {
				w.t.Error(err)
			}
		}
	}
}

// wrong is what is not as it must be about a change, and how many cards and lines came twice.
func (w *world) wrong(c change, p *people, records *ledger.Ledger) (bad []string, again int) {
	ctx := context.Background()
	differs := func(what string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			bad = append(bad, fmt.Sprintf("%s: got %v, want %v", what, got, want))
		}
	}
	recent, err := records.Recent(ctx, 100)
	if err != nil {
		return []string{err.Error()}, 0
	}
	recent = slices.DeleteFunc(recent, func(r ledger.Record) bool { return r.Target != c.group })
	if len(recent) != 1 {
		return []string{fmt.Sprintf("%d operations", len(recent))}, 0
	}
	rec := recent[0]
	differs("state", rec.State, c.state)
	differs("refreshes", w.refreshes(c.group), c.refreshes)
	starts, versions := w.effects(c.group)
	differs("starts with an effect", starts, len(c.refreshes))
	differs("template versions made", versions, 1)
	card, there := p.card("#deploys", c.title())
	if !there || card.TS != rec.Message.TS {
		return append(bad, "the last card is not the one of the record"), 0
	}
	if !contains(card, c.says) || has(card, "Pause") || has(card, "Cancel") || has(card, "Approve") {
		bad = append(bad, "the card says:\n"+card.Visible())
	}
	entries, err := records.Journal(ctx, rec.ID)
	if err != nil {
		return append(bad, err.Error()), 0
	}
	entries = slices.DeleteFunc(entries, func(e ledger.Entry) bool { return e.Line == "" })
	lines := len(w.Slack.Thread(rec.Message.Channel, rec.Message.TS)) - 1
	if lines < len(entries) {
		bad = append(bad, fmt.Sprintf("%d lines in the thread, %d in the journal", lines, len(entries)))
	}
	return bad, len(p.cards("#deploys", c.title())) - 1 + lines - len(entries)
}
