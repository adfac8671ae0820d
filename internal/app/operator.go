package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Operator is somebody at the command line who decides by the same gate and the same rules as people in Slack.
// They are the Slack user that the configuration names for their login, so that nobody approves their own
// request here either. Slack is asked who they are and which groups they are in. Only where it cannot be
// reached, the groups of the configuration are believed, and the record says so.
//
// Whoever may run this can reach Redis, and could write anything there: it keeps honest people to the rules and
// on the record, and is no wall against others.
type Operator struct {
	Who  ledger.Actor
	Away error // why Slack could not be reached; nil: it was

	store  *Store
	config config.Config
	gate   approvals.Gate
	live   approvals.People // nil while Slack is away, like admits
	admits func(context.Context, ledger.Actor) error
	close  []func()
}

// Where a decision was given, as the record tells it.
const (
	viaCommandLine = "command line"
	viaSlackAway   = "command line, Slack away"
)

// slackPatience is how long Slack may take to say who it is, before it counts as away.
const slackPatience = 10 * time.Second

// NewOperator opens what a decision needs, for the person of that login. An error that is a fault says what to
// mend.
func NewOperator(ctx context.Context, o Options, login string) (_ *Operator, err error) {
	known, ok := o.Config.Operator(login)
	if !ok {
		return nil, fault.New(fault.Denied, "The login %q is no operator, so I do not know who you are in Slack.", login).
			WithHint("Add it under operators in the configuration: {login, user, team, groups}.")
	}
	op := &Operator{Who: ledger.Actor{User: known.User, Team: known.Team}, config: o.Config}
	defer func() {
		if err != nil {
			op.Close()
		}
	}()
	if op.store, err = NewStore(ctx, o); err != nil {
		return nil, err
	}
	op.close = append(op.close, op.store.Close)
	if err := op.meet(ctx, o); err != nil {
		return nil, err
	}
	rules, calendars := almanac(o.Config.Policy)
	if err := calendars.Refresh(ctx); err != nil {
		o.Log.Warn("calendars of the policy not read", "err", err) // what needs one waits
	}
	prefix := cmp.Or(o.Config.Redis.Prefix, "amiral")
	op.gate = approvals.Gate{
		Ledger: op.store.Records, Policy: rules, Audit: op.store.Trail,
		Freezes: freeze.NewStore(op.store.client, prefix), Time: redisTime(op.store.client),
	}
	return op, nil
}

// meet asks Slack who the operator is. A Slack that says no is believed; one that cannot be reached is away.
func (op *Operator) meet(ctx context.Context, o Options) error {
	slack, err := bot.New(bot.Settings{BotToken: o.Environ.BotToken.Reveal(), AppToken: o.Environ.AppToken.Reveal(), APIURL: o.Environ.SlackAPI, Log: o.Log})
	if err != nil {
		return err
	}
	op.close = append(op.close, slack.Close)
	ctx, cancel := context.WithTimeout(ctx, slackPatience)
	defer cancel()
	self, err := slack.Check(ctx)
	if isAway(err) {
		op.Away = err
		return nil
	}
	if err != nil {
		return unreachable(err)
	}
	people := bot.NewPeople(slack, self)
	if _, err := people.Person(ctx, op.Who); err != nil {
		return err
	}
	op.live, op.admits = people, admits(people)
	return nil
}

// isAway reports whether Slack could not be reached, rather than that it refused or asked to wait.
func isAway(err error) bool {
	if err == nil {
		return false
	}
	if _, said := fault.As(err); said {
		return false
	}
	if _, said := errors.AsType[*bot.Refused](err); said {
		return false
	}
	_, said := errors.AsType[*bot.RateLimited](err)
	return !said
}

// Close gives back what NewOperator opened.
func (op *Operator) Close() {
	for _, f := range slices.Backward(op.close) {
		f()
	}
	op.close = nil
}

// Find reads the request whose id begins like that.
func (op *Operator) Find(ctx context.Context, id string) (ledger.Record, error) {
	return op.store.Find(ctx, id)
}

// May says why the operator may not do that, before anybody is asked whether they are sure.
func (op *Operator) May(ctx context.Context, r ledger.Record, deed string) error {
	gate := op.gateFor(r)
	return gate.May(ctx, r, op.Who, deed)
}

// Vote gives the operator's word on a request, as it was read.
func (op *Operator) Vote(ctx context.Context, r ledger.Record, b approvals.Ballot) (ledger.Record, error) {
	gate := op.gateFor(r)
	if b.Via = viaCommandLine; op.Away != nil {
		b.Via = viaSlackAway
	}
	voted, err := gate.Vote(ctx, r.ID, r.Version, op.Who, b)
	if _, ok := fault.As(err); err != nil && !ok {
		return voted, fmt.Errorf("nobody can tell whether that counted; look at it with amiral list: %w", err)
	}
	return voted, err
}

// gateFor is the gate with those who say who is in which group.
func (op *Operator) gateFor(r ledger.Record) *approvals.Gate {
	gate := op.gate
	gate.People, gate.Admits = op.live, op.admits
	if op.live == nil {
		gate.People = absent{operators: op.config.Operators, record: r}
	}
	return &gate
}
