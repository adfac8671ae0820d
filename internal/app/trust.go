package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/approvals/policy/calendar"
	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// How often what was written into the audit is sealed, and what is older than it need be is removed.
const (
	sealEvery = time.Minute
	trimEvery = 24 * time.Hour
)

// almanac gives the policy the calendars that it names. Until they are read, what needs one waits.
func almanac(p policy.Policy) (policy.Policy, *calendar.Calendars) {
	calendars := calendar.New(p.Calendars)
	p.Almanac = calendars
	return p, calendars
}

// wake has everything that is held looked at again: a calendar says something else than before.
func (a *App) wake(records *ledger.Ledger) func(string) {
	return func(name string) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := records.Wake(ctx); err != nil {
			a.log.Warn("what is held looks at the calendar later", "calendar", name, "err", err)
		}
	}
}

// security is the id of the channel that is told of broken glass; empty where the policy names none.
func security(ctx context.Context, p policy.Policy, people *bot.People) (string, error) {
	if p.SecurityChannel == "" {
		return "", nil
	}
	id, err := people.ChannelID(ctx, p.SecurityChannel)
	if err != nil {
		return "", fmt.Errorf("the policy's security channel: %w", err)
	}
	return id, nil
}

// admits says whether somebody is a full, living member of the workspace still.
func admits(people *bot.People) func(context.Context, ledger.Actor) error {
	return func(ctx context.Context, who ledger.Actor) error {
		_, err := people.Person(ctx, who)
		return err
	}
}

// redisTime is the clock that everything in Redis is due by.
func redisTime(client redis.UniversalClient) func(context.Context) (time.Time, error) {
	return func(ctx context.Context) (time.Time, error) {
		now, err := client.Time(ctx).Result()
		if err != nil {
			return time.Time{}, fmt.Errorf("ask Redis for the time: %w", err)
		}
		return now, nil
	}
}

// record keeps the audit sealed, and as short as the configuration wants it, until ctx ends; then it seals once
// more, so that what is the head then is in the log.
func (a *App) record(trail *audit.Log, c config.Audit, clock func(context.Context) (time.Time, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		sealing, trimming := time.NewTicker(sealEvery), time.NewTicker(trimEvery)
		defer sealing.Stop()
		defer trimming.Stop()
		for {
			select {
			case <-ctx.Done():
				last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
				defer cancel()
				a.seal(last, trail)
				return nil
			case <-sealing.C:
				a.seal(ctx, trail)
			case <-trimming.C:
				a.trim(ctx, trail, c.Keep, clock)
			}
		}
	}
}

// seal logs the head, which shows later whether the record still leads to it.
func (a *App) seal(ctx context.Context, trail *audit.Log) {
	head, err := trail.Seal(ctx)
	switch {
	case err != nil:
		a.log.Error("audit not sealed", "err", err)
	case head != a.head:
		a.head = head
		a.log.Info("audit sealed", "head", head.String())
	}
}

func (a *App) trim(ctx context.Context, trail *audit.Log, keep time.Duration, clock func(context.Context) (time.Time, error)) {
	if keep == 0 {
		return
	}
	now, err := clock(ctx)
	if err != nil {
		a.log.Error("audit not trimmed", "err", err)
		return
	}
	gone, err := trail.Trim(ctx, audit.Who{}, now.Add(-keep))
	if err != nil {
		a.log.Error("audit not trimmed", "err", err)
		return
	}
	a.log.Info("audit trimmed", "to", gone, "keep", keep)
}

// announce writes into the audit that the policy is another one than the last that any replica ran with.
func announce(ctx context.Context, client redis.UniversalClient, trail *audit.Log, prefix string, p policy.Policy) error {
	key := "{" + prefix + "}:policy"
	before, err := client.SetArgs(ctx, key, p.Hash(), redis.SetArgs{Get: true}).Result()
	if errors.Is(err, redis.Nil) {
		before, err = "", nil
	}
	if err != nil || before == p.Hash() {
		return err
	}
	what := "the first policy"
	if before != "" {
		what = "the policy was " + before[:min(8, len(before))]
	}
	return trail.Append(ctx, audit.Event{Kind: "policy", What: what, Outcome: "it is " + p.Short() + " now", Policy: p.Short()})
}

// missing tells at the start which rules can never be met, or not for everybody. Slack may not answer then: the
// gate asks again with every request.
func (a *App) missing(ctx context.Context, p policy.Policy, people *bot.People) {
	ends, err := deadEnds(ctx, p, people)
	if err != nil {
		a.log.Warn("groups of the policy not read", "err", err)
		return
	}
	for _, d := range ends {
		a.log.Warn("a rule of the policy has a dead end", "rule", d.Rule, "always", d.Always, "why", d.Why)
	}
}

func deadEnds(ctx context.Context, p policy.Policy, people *bot.People) ([]policy.DeadEnd, error) {
	members := map[string][]string{}
	for _, g := range p.Groups() {
		all, err := people.Members(ctx, g)
		if err != nil {
			return nil, fmt.Errorf("who is in @%s: %w", g, err)
		}
		members[g] = all
	}
	return p.DeadEnds(members), nil
}
