package bot

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

const (
	userAge   = time.Minute      // how long what Slack said about a person is believed,
	groupAge  = 5 * time.Minute  // about which groups and channels there are,
	memberAge = 10 * time.Second // and about who is in a group: a vote must not count on old news
	lateAge   = time.Minute      // the same where nothing is decided by it
)

var idPattern = map[byte]*regexp.Regexp{
	'S': regexp.MustCompile(`^S[A-Z0-9]{6,}$`),
	'C': regexp.MustCompile(`^[CGD][A-Z0-9]{6,}$`),
}

// People knows who may speak to the bot and who is in which group, from Slack and for a short time. It
// fails closed: what it cannot find out, it refuses. Slack tells of changes to one socket only: the replica that
// hears of them forgets at once what it knew of groups, the others within ten seconds, and nobody decides by
// anything older.
type People struct {
	slack *Slack
	self  Identity

	users    memo[*slack.User]
	groups   memo[[]slack.UserGroup]
	members  memo[[]string]
	channels memo[map[string]string]
}

// NewPeople returns the people of the workspace that self belongs to.
func NewPeople(s *Slack, self Identity) *People {
	return &People{
		slack: s, self: self,
		users:    memo[*slack.User]{age: userAge, now: s.now},
		groups:   memo[[]slack.UserGroup]{age: groupAge, now: s.now},
		members:  memo[[]string]{now: s.now},
		channels: memo[map[string]string]{age: groupAge, now: s.now},
	}
}

// Person looks somebody up. It refuses guests, people of other workspaces, bots and deactivated accounts
// with a fault that says so.
func (p *People) Person(ctx context.Context, who ledger.Actor) (commands.Person, error) {
	if who.User == "" || who.Team == "" {
		return commands.Person{}, fault.New(fault.Denied, "Slack did not say who asks.")
	}
	if who.Team != p.self.Team {
		return commands.Person{}, errStranger()
	}
	u, err := p.users.get(ctx, who.User, func(ctx context.Context) (u *slack.User, err error) {
		err = p.slack.call(ctx, "users.info", nil, false, func() (err error) {
			u, err = p.slack.api.GetUserInfoContext(ctx, who.User)
			return err
		})
		return u, err
	})
	if err != nil {
		return commands.Person{}, p.unknown("who asks", err)
	}
	if err := p.admits(u, who); err != nil {
		return commands.Person{}, err
	}
	name := cmp.Or(u.Profile.DisplayName, u.RealName, u.Profile.RealName, u.Name)
	return commands.Person{ID: u.ID, Team: who.Team, Name: name, Zone: u.TZ}, nil
}

// admits refuses everybody who is not a full, living member of this workspace.
func (p *People) admits(u *slack.User, who ledger.Actor) error {
	switch {
	case u == nil || u.ID != who.User:
		return fault.New(fault.Denied, "Slack does not know who asks.")
	case u.IsStranger || (u.TeamID != "" && u.TeamID != p.self.Team):
		return errStranger()
	case u.Deleted:
		return fault.New(fault.Denied, "This account is deactivated.")
	case u.IsBot || u.ID == "USLACKBOT" || u.ID == p.self.User:
		return fault.New(fault.Denied, "I do not take orders from bots.")
	case u.IsRestricted || u.IsUltraRestricted:
		return fault.New(fault.Denied, "Guests cannot use me.").WithHint("Ask a full member of this workspace.")
	}
	return nil
}

func errStranger() error {
	return fault.New(fault.Denied, "Only people of this workspace can use me.").
		WithHint("Ask a member of the workspace I am installed in.")
}

// unknown turns a failed look-up into a refusal.
func (p *People) unknown(what string, err error) error {
	if f, ok := fault.As(err); ok {
		return f
	}
	switch code(err) {
	case "user_not_found", "user_not_visible", "users_not_found":
		return fault.New(fault.Denied, "Slack does not know who asks.")
	}
	p.slack.log.Error("look-up in Slack", "of", what, "err", err)
	return fault.New(fault.Unavailable, "Slack does not tell me %s just now, so I refuse.", what).
		WithHint("Try again in a minute.")
}

// InGroup reports whether somebody is in the user group with that handle.
func (p *People) InGroup(ctx context.Context, who ledger.Actor, handle string) (bool, error) {
	if who.Team != p.self.Team {
		return false, nil
	}
	all, err := p.Members(ctx, handle)
	if err != nil {
		return false, err
	}
	return slices.Contains(all, who.User), nil
}

// Members are the user ids in a group.
func (p *People) Members(ctx context.Context, handle string) ([]string, error) {
	return p.within(ctx, memberAge, handle)
}

// Lately are groups as they were within the last minute. They are for showing: a Home tab that is drawn again and
// again must not use up the calls that votes need.
type Lately struct{ people *People }

// Lately is for whoever shows groups and decides nothing by them.
func (p *People) Lately() Lately { return Lately{p} }

// InGroup reports whether somebody was in a group.
func (l Lately) InGroup(ctx context.Context, who ledger.Actor, handle string) (bool, error) {
	if who.Team != l.people.self.Team {
		return false, nil
	}
	all, err := l.Members(ctx, handle)
	return slices.Contains(all, who.User), err
}

// Members are the user ids that were in a group.
func (l Lately) Members(ctx context.Context, handle string) ([]string, error) {
	return l.people.within(ctx, lateAge, handle)
}

// within are a group's members as Slack told them no longer ago than age.
func (p *People) within(ctx context.Context, age time.Duration, handle string) ([]string, error) {
	id, err := p.GroupID(ctx, handle)
	if err != nil {
		return nil, err
	}
	all, err := p.members.aged(ctx, id, age, func(ctx context.Context) (all []string, err error) {
		err = p.slack.call(ctx, "usergroups.users.list", nil, false, func() (err error) {
			all, err = p.slack.api.GetUserGroupMembersContext(ctx, id)
			return err
		})
		return all, err
	})
	if code(err) == "no_such_subteam" {
		p.groups.forget()
		return nil, noGroup(handle)
	}
	if err != nil {
		return nil, p.unknown("who is in @"+trimHandle(handle), err)
	}
	return slices.Clone(all), nil
}

// GroupID is the id of the user group with that handle; an id stands for itself.
func (p *People) GroupID(ctx context.Context, handle string) (string, error) {
	handle = trimHandle(handle)
	if handle == "" {
		return "", fault.New(fault.Invalid, "A user group needs a name.")
	}
	groups, err := p.groups.get(ctx, "", func(ctx context.Context) (all []slack.UserGroup, err error) {
		err = p.slack.call(ctx, "usergroups.list", nil, false, func() (err error) {
			all, err = p.slack.api.GetUserGroupsContext(ctx)
			return err
		})
		return all, err
	})
	if err != nil {
		return "", p.unknown("which user groups there are", err)
	}
	for _, g := range groups {
		if g.DateDelete == 0 && (strings.EqualFold(g.Handle, handle) || g.ID == handle) {
			return g.ID, nil
		}
	}
	return "", noGroup(handle)
}

func trimHandle(handle string) string { return strings.TrimPrefix(strings.TrimSpace(handle), "@") }

func noGroup(handle string) error {
	return fault.New(fault.NotFound, "There is no user group @%s.", trimHandle(handle)).
		WithHint("Make it in Slack, or correct the policy.")
}

// ChannelID is the id of the channel with that name, with or without #; an id stands for itself. The bot
// finds private channels only when it is a member.
func (p *People) ChannelID(ctx context.Context, name string) (string, error) {
	if idPattern['C'].MatchString(name) {
		return name, nil
	}
	name = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(name), "#"))
	all, err := p.channels.get(ctx, "", p.listChannels)
	if err != nil {
		return "", p.unknown("which channels there are", err)
	}
	if id := all[name]; id != "" {
		return id, nil
	}
	return "", fault.New(fault.NotFound, "There is no channel #%s that I can see.", name).
		WithHint("Check the name; if it is private, invite me there first.")
}

func (p *People) listChannels(ctx context.Context) (map[string]string, error) {
	found := map[string]string{}
	const pages = 100
	cursor := ""
	for range pages {
		var list []slack.Channel
		err := p.slack.call(ctx, "conversations.list", nil, false, func() (err error) {
			list, cursor, err = p.slack.api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
				Cursor: cursor, Limit: 500, ExcludeArchived: true, Types: []string{"public_channel", "private_channel"},
			})
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			found[strings.ToLower(c.Name)] = c.ID
		}
		if cursor == "" {
			return found, nil
		}
	}
	return nil, errors.New("conversations.list: too many pages")
}

func (p *People) forgetUser(id string) {
	if p != nil {
		p.users.drop(id)
	}
}

func (p *People) forgetGroups() {
	if p != nil {
		p.groups.forget()
		p.members.forget()
		p.channels.forget()
	}
}

// memo remembers good answers for a while. Errors are not remembered, and old answers never stand in
// for new ones.
type memo[V any] struct {
	age time.Duration
	now func() time.Time

	mu  sync.Mutex
	all map[string]*held[V]
}

type held[V any] struct {
	once  sync.Mutex
	value V
	at    time.Time
}

func (m *memo[V]) get(ctx context.Context, key string, ask func(context.Context) (V, error)) (V, error) {
	return m.aged(ctx, key, m.age, ask)
}

// aged asks when the answer is older than age.
func (m *memo[V]) aged(ctx context.Context, key string, age time.Duration, ask func(context.Context) (V, error)) (V, error) {
	m.mu.Lock()
	if m.all == nil || len(m.all) > 10_000 {
		m.all = map[string]*held[V]{}
	}
	h := m.all[key]
	if h == nil {
		h = &held[V]{}
		m.all[key] = h
	}
	m.mu.Unlock()
	h.once.Lock() // one question at a time for one key
	defer h.once.Unlock()
	asked := m.now()
	if asked.Before(h.at.Add(age)) {
		return h.value, nil
	}
	v, err := ask(ctx)
	if err != nil {
		return v, err
	}
	h.value, h.at = v, asked
	return v, nil
}

func (m *memo[V]) drop(key string) {
	m.mu.Lock()
	delete(m.all, key)
	m.mu.Unlock()
}

func (m *memo[V]) forget() {
	m.mu.Lock()
	m.all = nil
	m.mu.Unlock()
}
