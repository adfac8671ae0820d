package app

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/bot"
	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/freeze"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Question is what the policy would make of a command.
type Question struct {
	Command string    // as it is typed in Slack
	User    string    // who would type it, by Slack id
	Groups  []string  // that they are taken to be in; nil: those that Slack knows
	At      time.Time // when; now if zero
}

// Explain plans a command as the bot would, through the same commands, with the fleet and the groups as they are
// now, and answers what the policy says of it. Nothing is asked for.
func Explain(ctx context.Context, o Options, q Question) (card.Card, error) {
	store, err := NewStore(ctx, o)
	if err != nil {
		return card.Card{}, err
	}
	defer store.Close()
	slack, err := bot.New(bot.Settings{BotToken: o.Environ.BotToken.Reveal(), AppToken: o.Environ.AppToken.Reveal(), APIURL: o.Environ.SlackAPI, Log: o.Log})
	if err != nil {
		return card.Card{}, err
	}
	defer slack.Close()
	self, err := slack.Check(ctx)
	if err != nil {
		return card.Card{}, unreachable(err)
	}
	people := bot.NewPeople(slack, self)
	gate, err := explaining(ctx, o, store, people, q)
	if err != nil {
		return card.Card{}, err
	}
	book, err := consulted(ctx, o, store, people)
	if err != nil {
		return card.Card{}, err
	}
	desk := &commands.Desk{Book: book, Gate: gate, People: people, Records: store.Records, Groups: people, Log: o.Log}
	answer := desk.Command(ctx, commands.Request{
		Key: "explain", Actor: ledger.Actor{User: q.User, Team: self.Team}, Text: "amiral policy explain " + q.Command, Received: time.Now(),
	})
	if answer.Reply == nil {
		return card.Card{}, errors.New("explain the command: there is no answer")
	}
	return *answer.Reply, nil
}

// explaining is the gate with the groups and the time of the question. It is never asked for more than Explain.
func explaining(ctx context.Context, o Options, store *Store, people *bot.People, q Question) (*approvals.Gate, error) {
	rules, calendars := almanac(o.Config.Policy)
	if err := calendars.Refresh(ctx); err != nil {
		o.Log.Warn("calendars of the policy not read", "err", err) // what needs one waits
	}
	channel, err := security(ctx, rules, people)
	if err != nil {
		return nil, err
	}
	gate := &approvals.Gate{
		Ledger: store.Records, Policy: rules, People: people, SecurityChannel: channel,
		Freezes: freeze.NewStore(store.client, cmp.Or(o.Config.Redis.Prefix, "amiral")), Time: redisTime(store.client),
	}
	if q.Groups != nil {
		gate.People = supposed{people, q.User, q.Groups}
	}
	if !q.At.IsZero() {
		gate.Time = func(context.Context) (time.Time, error) { return q.At, nil }
	}
	return gate, nil
}

// supposed is Slack but for one person, who is taken to be in these groups and no others.
type supposed struct {
	*bot.People
	user   string
	groups []string
}

// InGroup reports whether somebody is in a group.
func (s supposed) InGroup(ctx context.Context, who ledger.Actor, handle string) (bool, error) {
	if who.User == s.user {
		return slices.Contains(s.groups, handle), nil
	}
	return s.People.InGroup(ctx, who, handle)
}

// consulted is the book of commands, over the fleet as it is.
func consulted(ctx context.Context, o Options, store *Store, people *bot.People) (*commands.Book, error) {
	aws, err := cloud.New(ctx, environments(o.Config), cloud.Options{Log: o.Log, HTTPClient: through(o.AWS)})
	if err != nil {
		return nil, err
	}
	settings, err := resolved(ctx, o.Config, people)
	if err != nil {
		return nil, err
	}
	return newShelf(materials{
		site: commands.Site{Settings: settings, Records: store.Records, Fleets: reading(aws)},
		aws:  aws, trail: store.Trail, client: store.client, prefix: cmp.Or(o.Config.Redis.Prefix, "amiral"), images: o.Config.Images,
	}).book()
}
