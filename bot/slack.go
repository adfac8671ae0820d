package bot

import (
	"cmp"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/internal/fault"
)

const (
	slackAPI    = "https://slack.com/api/"
	concurrency = 64               // calls to Slack at the same time over kept connections
	callTimeout = 15 * time.Second // of one call to Slack
)

// Settings are what the bot needs to reach its workspace.
type Settings struct {
	BotToken string // xoxb-…
	AppToken string // xapp-…, with the scope connections:write
	APIURL   string // of the Web API; Slack's own when empty
	Tables   string // TablesNever draws every table as lines; anything else as a table where Slack takes one
	Log      *slog.Logger
	Now      func() time.Time
	Pace     time.Duration // between two messages to one channel, other limits in proportion; Slack's own second when zero
}

// String hides the tokens.
func (s Settings) String() string { return "Slack at " + cmp.Or(s.APIURL, slackAPI) }

// GoString hides the tokens.
func (s Settings) GoString() string { return s.String() }

// Slack is the way to one workspace. Web, People and Sockets share it.
type Slack struct {
	settings Settings
	base     *url.URL
	http     *http.Client
	api      *slack.Client
	pace     *pace
	log      *slog.Logger
	now      func() time.Time
	seen     *headers
}

// New checks the settings and returns the way to the workspace. It calls nobody.
func New(s Settings) (*Slack, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	s.APIURL = strings.TrimSuffix(cmp.Or(s.APIURL, slackAPI), "/") + "/"
	base, err := url.Parse(s.APIURL)
	if err != nil || base.Host == "" {
		return nil, fault.New(fault.Invalid, "The address of Slack's API cannot be read.")
	}
	if base.Scheme != "https" && !loopback(base.Hostname()) {
		return nil, fault.New(fault.Invalid, "The address of Slack's API must begin with https, since tokens are sent to it.")
	}
	c := &Slack{settings: s, base: base, http: newHTTP(), seen: &headers{}, log: s.Log, now: s.Now}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.pace = newPace(c.now, cmp.Or(s.Pace, postEvery))
	c.api = slack.New(s.BotToken, slack.OptionAPIURL(s.APIURL), slack.OptionHTTPClient(c.http),
		slack.OptionOnResponseHeaders(c.seen.keep))
	return c, nil
}

func (s Settings) validate() error {
	const hint = "SLACK_BOT_TOKEN begins with xoxb- and SLACK_APP_TOKEN with xapp-."
	switch {
	case s.BotToken == "" || s.AppToken == "":
		return fault.New(fault.Invalid, "Slack needs two tokens, and one is missing.").WithHint(hint)
	case strings.HasPrefix(s.BotToken, "xapp-") && strings.HasPrefix(s.AppToken, "xoxb-"):
		return fault.New(fault.Invalid, "The two Slack tokens are swapped.").WithHint(hint)
	case !strings.HasPrefix(s.BotToken, "xoxb-"):
		return fault.New(fault.Invalid, "The bot token is not a bot token.").WithHint(hint)
	case !strings.HasPrefix(s.AppToken, "xapp-"):
		return fault.New(fault.Invalid, "The app token is not an app-level token.").WithHint(hint)
	}
	return nil
}

// newHTTP is a client that keeps enough connections and never waits for ever. It follows no redirects:
// nothing of Slack's API redirects, and a token must not travel to another host.
func newHTTP() *http.Client {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          2 * concurrency,
		MaxIdleConnsPerHost:   concurrency,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: callTimeout,
	}
	return &http.Client{
		Transport:     t,
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Close lets go of kept connections.
func (s *Slack) Close() { s.http.CloseIdleConnections() }
