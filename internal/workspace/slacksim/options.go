package slacksim

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Options describe a workspace. The zero value is a workspace with one app,
// one person and one channel.
type Options struct {
	// Addr is where Start listens; "127.0.0.1:0" when empty.
	Addr string
	// Now is the clock of the workspace: message times, expiries, rate limits.
	Now func() time.Time
	// After runs f once, after d of the workspace's time: retries of events,
	// lifetimes of connections, scheduled messages. Real time when nil.
	After AfterFunc
	// AckAfter is After for the deadline of acknowledgements. Real time when nil.
	AckAfter AfterFunc
	// Seed makes ids and the choice of connections repeatable.
	Seed int64

	Team     Team
	App      App
	Users    []User
	Channels []Channel
	Groups   []Group

	// RateLimits turns the limits of Limits on.
	RateLimits bool
	Limits     Limits
	Timings    Timings

	// Distribution says how a connection is chosen for an envelope.
	Distribution Distribution
	// MaxConnections is how many connections an app may hold; 10 when zero.
	MaxConnections int
	// FrameLimit is the largest frame a client may send, in bytes; 20,480 when zero.
	FrameLimit int
	// IgnoreLargeFrames drops frames over the limit instead of closing with 1009.
	IgnoreLargeFrames bool
	// NamesInMentions writes <@U1|name> instead of <@U1> in slash commands.
	NamesInMentions bool
	// ActionsAcceptPayload sets accepts_response_payload on block_actions.
	ActionsAcceptPayload bool
	// RedeliverSlash sends an unanswered slash command once more, under a new
	// envelope, as has been seen to happen when connections are recycled.
	RedeliverSlash bool
	// GuideTriggerErrors spells spent triggers trigger_expired and
	// trigger_exchanged instead of expired_trigger_id and exchanged_trigger_id.
	GuideTriggerErrors bool
	// Page serves every path that is not the workspace's own, such as a page for
	// people to click in.
	Page http.Handler
	// JournalSize is how many journal entries are kept; 20,000 when zero.
	JournalSize int
}

// AfterFunc runs f once after d and returns a way to call it off.
type AfterFunc func(d time.Duration, f func()) (stop func())

// Distribution is the way a connection is chosen for an envelope.
type Distribution int

// The two distributions. Slack promises no pattern, so Random is the default.
const (
	Random Distribution = iota
	RoundRobin
)

// Timings are the durations of the protocol; each zero value has a default.
type Timings struct {
	Ack          time.Duration   // time to acknowledge an envelope; 3 s
	Ping         time.Duration   // between pings from the server; 5 s
	Ticket       time.Duration   // life of an unused connection URL; 30 s
	Lifetime     time.Duration   // life of a connection; 1 h
	DebugLife    time.Duration   // life with debug_reconnects=true; 360 s
	Warning      time.Duration   // notice before refresh_requested; 10 s
	CloseGrace   time.Duration   // between a disconnect frame and the close; 1 s
	Trigger      time.Duration   // life of a trigger_id; 3 s
	ResponseURL  time.Duration   // life of a response_url; 30 min
	Ghost        time.Duration   // how long a connection lost without a close frame stays counted; 0
	EventRetries []time.Duration // delays of the retries of an event; 0, 60 s, 300 s
}

// Limits are requests per minute by tier, and the pace of posting.
type Limits struct {
	Tier1, Tier2, Tier3, Tier4 int // 1, 20, 50 and 100 a minute
	Burst                      int // requests a method may make at once; its tier's figure when zero
	PostBurst                  int // posts to one channel at once, before one a second; 5
	PostsPerMinute             int // posts to the whole workspace; 300
}

// Team is the workspace itself.
type Team struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain string `json:"domain"`
}

// App is the installed app. Nil Scopes grant everything the simulator knows.
type App struct {
	ID        string
	Name      string
	BotUserID string
	BotName   string // the handle people mention
	BotID     string
	BotToken  string
	AppToken  string
	Scopes    []string
	Commands  []Command
	Shortcuts []Shortcut
	Events    []string // subscriptions: "app_mention", "message.channels", …
}

// Command is a slash command of the app.
type Command struct {
	Command      string `json:"command"`
	Description  string `json:"description"`
	UsageHint    string `json:"usage_hint"`
	ShouldEscape bool   `json:"should_escape"`
}

// Shortcut is a message shortcut ("message") or a global one ("global").
type Shortcut struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	CallbackID string `json:"callback_id"`
}

// User is a person or a bot.
type User struct {
	ID                string `json:"id"`
	TeamID            string `json:"team_id"`
	Name              string `json:"name"`
	RealName          string `json:"real_name"`
	Email             string `json:"email"`
	Title             string `json:"title"`
	Color             string `json:"color"`
	Initials          string `json:"initials"`
	IsBot             bool   `json:"is_bot"`
	IsAdmin           bool   `json:"is_admin"`
	IsRestricted      bool   `json:"is_restricted"`
	IsUltraRestricted bool   `json:"is_ultra_restricted"`
	IsStranger        bool   `json:"is_stranger"`
	Deleted           bool   `json:"deleted"`
}

// Channel is a conversation. Members are ids or names of users.
type Channel struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Topic       string   `json:"topic"`
	Purpose     string   `json:"purpose"`
	IsPrivate   bool     `json:"is_private"`
	IsArchived  bool     `json:"is_archived"`
	IsExtShared bool     `json:"is_ext_shared"`
	IsIM        bool     `json:"is_im"`
	IsMPIM      bool     `json:"is_mpim"`
	IsGeneral   bool     `json:"is_general"`
	Members     []string `json:"members"`
	Created     int64    `json:"created"`

	pins map[string]bool
}

// Group is a user group. Users are ids or names.
type Group struct {
	ID       string   `json:"id"`
	Handle   string   `json:"handle"`
	Name     string   `json:"name"`
	Users    []string `json:"users"`
	Disabled bool     `json:"disabled"`
}

func (o *Options) fill() {
	orFunc(&o.Now, time.Now)
	if o.After == nil {
		o.After = realAfter
	}
	if o.AckAfter == nil {
		o.AckAfter = realAfter
	}
	or(&o.Addr, "127.0.0.1:0")
	or(&o.MaxConnections, 10)
	or(&o.FrameLimit, 20480)
	or(&o.JournalSize, 20000)
	o.Team.fill()
	o.App.fill()
	o.Timings.fill()
	o.Limits.fill()
	if len(o.Users) == 0 {
		o.Users = []User{{Name: "dev", RealName: "Dev"}}
	}
	if len(o.Channels) == 0 {
		o.Channels = []Channel{{Name: "general", Members: []string{o.Users[0].Name, o.App.BotName}}}
	}
}

func (t *Team) fill() {
	or(&t.ID, "T0LOCAL01")
	or(&t.Name, "Local")
	or(&t.Domain, "local")
}

func (a *App) fill() {
	or(&a.ID, "A0LOCAL01")
	or(&a.Name, "App")
	or(&a.BotName, strings.ReplaceAll(strings.ToLower(a.Name), " ", ""))
	or(&a.BotUserID, "U0BOTUSER")
	or(&a.BotID, "B0LOCAL01")
	or(&a.BotToken, "xoxb-local")
	or(&a.AppToken, "xapp-local")
	if a.Scopes == nil {
		a.Scopes = allScopes()
	}
}

func (t *Timings) fill() {
	or(&t.Ack, 3*time.Second)
	or(&t.Ping, 5*time.Second)
	or(&t.Ticket, 30*time.Second)
	or(&t.Lifetime, time.Hour)
	or(&t.DebugLife, 360*time.Second)
	or(&t.Warning, 10*time.Second)
	or(&t.CloseGrace, time.Second)
	or(&t.Trigger, 3*time.Second)
	or(&t.ResponseURL, 30*time.Minute)
	if t.EventRetries == nil {
		t.EventRetries = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
}

func (l *Limits) fill() {
	or(&l.Tier1, 1)
	or(&l.Tier2, 20)
	or(&l.Tier3, 50)
	or(&l.Tier4, 100)
	or(&l.PostBurst, 5)
	or(&l.PostsPerMinute, 300)
}

func (o *Options) validate() error {
	var errs []error
	if !strings.HasPrefix(o.App.BotToken, "xoxb-") {
		errs = append(errs, errors.New("the bot token must begin with xoxb-"))
	}
	if !strings.HasPrefix(o.App.AppToken, "xapp-") {
		errs = append(errs, errors.New("the app token must begin with xapp-"))
	}
	for _, c := range o.App.Commands {
		if !strings.HasPrefix(c.Command, "/") || len(c.Command) > 32 {
			errs = append(errs, fmt.Errorf("command %q must begin with / and have at most 32 characters", c.Command))
		}
	}
	if o.Timings.Warning >= o.Timings.Lifetime {
		errs = append(errs, errors.New("the warning must come before the end of a connection's life"))
	}
	return errors.Join(errs...)
}

func or[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func orFunc(field *func() time.Time, value func() time.Time) {
	if *field == nil {
		*field = value
	}
}

func realAfter(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}
