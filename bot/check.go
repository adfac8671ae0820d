package bot

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/internal/fault"
)

// scopes are what the bot token must be allowed; the manifest asks for the same and for what is wished.
var scopes = []string{
	"app_mentions:read", "channels:read", "chat:write", "commands", "groups:read",
	"im:history", "usergroups:read", "users:read",
}

// wished are scopes without which the bot works and does a little less: marks under cards that are over, and files
// in forms.
var wished = []string{"files:read", "reactions:write"}

// Identity is who the bot is, and what it may do.
type Identity struct {
	Team    string // the workspace's id
	Name    string // the workspace's name
	URL     string
	User    string // the bot's user id
	BotID   string
	Missing []string // scopes that the token lacks
}

// headers keeps the scopes that Slack tells with each answer.
type headers struct {
	mu     sync.Mutex
	scopes string
}

func (h *headers) keep(_ string, all http.Header) {
	if s := all.Get("X-OAuth-Scopes"); s != "" {
		h.mu.Lock()
		h.scopes = s
		h.mu.Unlock()
	}
}

// missing are those of the wanted scopes that the token lacks; none while Slack has not said.
func (h *headers) missing(wanted []string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.scopes == "" {
		return nil
	}
	var have []string
	for s := range strings.SplitSeq(h.scopes, ",") {
		have = append(have, strings.TrimSpace(s))
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(s string) bool { return slices.Contains(have, s) })
}

// Check proves both tokens and tells who the bot is. A token that Slack refuses is a fault; so are
// missing scopes, together with the identity.
func (s *Slack) Check(ctx context.Context) (Identity, error) {
	answer, err := s.api.AuthTestContext(ctx)
	if err != nil {
		return Identity{}, s.checked(botToken, "auth.test", err)
	}
	id := Identity{
		Team: answer.TeamID, Name: answer.Team, URL: answer.URL, User: answer.UserID, BotID: answer.BotID,
		Missing: s.seen.missing(scopes),
	}
	opens := slack.New(s.settings.BotToken, slack.OptionAppLevelToken(s.settings.AppToken),
		slack.OptionAPIURL(s.settings.APIURL), slack.OptionHTTPClient(s.http))
	if _, _, err := opens.StartSocketModeContext(ctx); err != nil {
		return id, s.checked(appToken, "apps.connections.open", err)
	}
	if lacks := s.seen.missing(wished); len(lacks) > 0 {
		s.log.Info("the bot token lacks scopes that it can do without", "scopes", lacks)
	}
	if len(id.Missing) > 0 {
		return id, fault.New(fault.Denied, "The bot token lacks %s.", strings.Join(id.Missing, ", ")).
			WithHint("Add what is missing under OAuth & Permissions and install the app again.")
	}
	return id, nil
}

func (s *Slack) checked(token, method string, err error) error {
	if f := fatal(token, code(err)); f != nil {
		return f
	}
	return trouble(method, err, false)
}
