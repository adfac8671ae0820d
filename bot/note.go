package bot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"crypto/sha256"
	"encoding/hex"

	"github.com/amiral-ops/amiral/bot/blocks"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// The kinds of notes, which are also the kinds of inbox items.
const (
	kindSlash   = "slash"   // a slash command
	kindMention = "mention" // the bot was named in a channel
	kindMessage = "message" // something was written to the bot directly
	kindPress   = "press"   // a button
	kindSubmit  = "submit"  // a form
	kindHome    = "home"    // somebody opened the Home tab
)

// note is what somebody said or pressed, taken out of Slack's envelope: who, where, what, and how to
// answer. It is what the inbox keeps.
type note struct {
	Kind     string       `json:"kind"`
	Key      string       `json:"key"` // the same for every delivery of the same thing
	Actor    ledger.Actor `json:"actor"`
	Channel  string       `json:"channel,omitempty"`
	Thread   string       `json:"thread,omitempty"`
	TS       string       `json:"ts,omitempty"` // of the message that was written, or that holds the button
	Text     string       `json:"text,omitempty"`
	Response string       `json:"response,omitempty"` // where an answer may be sent for half an hour
	Trigger  string       `json:"trigger,omitempty"`  // opens a form for three seconds
	Action   string       `json:"action,omitempty"`
	Value    string       `json:"value,omitempty"`
	Alone    bool         `json:"alone,omitempty"` // the message that holds the button is seen by its person alone
	Form     *filled      `json:"form,omitempty"`
	Received time.Time    `json:"received"`
}

// filled is a form that was sent.
type filled struct {
	ID     string            `json:"id"`
	About  about             `json:"about"`
	Values map[string]string `json:"values"`
	Files  map[string]file   `json:"files,omitempty"` // by input
	Shown  *shown            `json:"shown,omitempty"` // what it looked like
	blank  []string          // inputs that must be filled and are not
	first  string            // the first input
}

// about is what a form carries along: what it is about, where it was opened, and what was filled in for its person.
type about struct {
	Subject string            `json:"subject,omitempty"`
	Version int64             `json:"version,omitempty"`
	Channel string            `json:"channel,omitempty"`
	Thread  string            `json:"thread,omitempty"`
	Filled  map[string]string `json:"filled,omitempty"` // by input
}

// read understands an envelope. It returns nil, nil for what the bot does not listen to.
func read(e Envelope, self Identity) (*note, error) {
	var n *note
	var err error
	switch e.Type {
	case "slash_commands":
		n, err = readSlash(e.Payload)
	case "interactive":
		n, err = readInteraction(e.Payload)
	case "events_api":
		n, err = readEvent(e.Payload, self)
	}
	if n == nil || err != nil {
		return nil, err
	}
	n.Received = e.Received
	return n, nil
}

func readSlash(raw []byte) (*note, error) {
	var p struct {
		TeamID      string `json:"team_id"`
		ChannelID   string `json:"channel_id"`
		UserID      string `json:"user_id"`
		Command     string
		Text        string
		ResponseURL string `json:"response_url"`
		TriggerID   string `json:"trigger_id"`
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("read a slash command: %w", err)
	}
	key := p.TriggerID
	if key == "" {
		key = digest(p.TeamID, p.UserID, p.ChannelID, p.Command, p.Text, p.ResponseURL)
	}
	words := strings.TrimPrefix(p.Command, "/") + " " + unescape(p.Text)
	return &note{
		Kind: kindSlash, Key: "slash:" + key, Actor: ledger.Actor{User: p.UserID, Team: p.TeamID},
		Channel: p.ChannelID, Text: strings.TrimSpace(words), Response: p.ResponseURL, Trigger: p.TriggerID,
	}, nil
}

// interaction is what block_actions and view_submission have in common, and each alone.
type interaction struct {
	Type string
	Team struct{ ID string }
	User struct {
		ID     string
		TeamID string `json:"team_id"`
	}
	TriggerID   string `json:"trigger_id"`
	ResponseURL string `json:"response_url"`
	Channel     struct{ ID string }
	Container   struct {
		MessageTS string `json:"message_ts"`
		ChannelID string `json:"channel_id"`
		ThreadTS  string `json:"thread_ts"`
		ViewID    string `json:"view_id"`
		Ephemeral bool   `json:"is_ephemeral"`
	}
	Message struct {
		ThreadTS string `json:"thread_ts"`
	}
	Actions []struct {
		ActionID string `json:"action_id"`
		ActionTS string `json:"action_ts"`
		Value    string
		Selected *struct{ Value string } `json:"selected_option"` // of a menu
	}
	View view
}

type view struct {
	ID              string
	Hash            string
	CallbackID      string `json:"callback_id"`
	PrivateMetadata string `json:"private_metadata"`
	Blocks          []struct {
		Type     string
		BlockID  string `json:"block_id"`
		Optional bool
	}
	State struct {
		Values map[string]map[string]entered
	}
}

func readInteraction(raw []byte) (*note, error) {
	var p interaction
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("read an interaction: %w", err)
	}
	actor := ledger.Actor{User: p.User.ID, Team: first(p.User.TeamID, p.Team.ID)}
	switch p.Type {
	case "block_actions":
		return p.press(actor), nil
	case "view_submission":
		n := p.submit(actor)
		n.Form.Shown = look(raw)
		return n, nil
	}
	return nil, nil
}

func (p interaction) press(actor ledger.Actor) *note {
	if len(p.Actions) == 0 {
		return nil
	}
	a := p.Actions[0]
	n := &note{
		Kind: kindPress, Actor: actor, Action: blocks.Action(a.ActionID), Value: a.Value,
		Channel: first(p.Container.ChannelID, p.Channel.ID), TS: p.Container.MessageTS,
		Thread:   first(p.Container.ThreadTS, p.Message.ThreadTS),
		Response: p.ResponseURL, Trigger: p.TriggerID, Alone: p.Container.Ephemeral,
	}
	if a.Selected != nil {
		n.Action, n.Value = chosen(a.Selected.Value)
	}
	if n.Thread == n.TS {
		n.Thread = "" // the message that holds a thread stands in the channel
	}
	place := first(p.Container.MessageTS, p.Container.ViewID, p.View.ID)
	n.Key = strings.Join([]string{"press", actor.User, n.Channel, place, a.ActionID, a.ActionTS}, ":")
	return n
}

// chosen is what somebody chose from a menu, as a button of its own would say it; nothing if no menu of ours
// says so.
func chosen(option string) (action, value string) {
	action, id, version, ok := blocks.ParseChoice(option)
	if !ok {
		return "", ""
	}
	return action, blocks.Value(id, version)
}

func (p interaction) submit(actor ledger.Actor) *note {
	f := &filled{ID: p.View.CallbackID, Values: map[string]string{}}
	_ = json.Unmarshal([]byte(p.View.PrivateMetadata), &f.About) // unreadable: about nothing
	for _, b := range p.View.Blocks {
		if b.Type != "input" {
			continue
		}
		f.first = first(f.first, b.BlockID)
		e := p.View.State.Values[b.BlockID][blocks.InputAction]
		value := e.words()
		f.Values[b.BlockID] = value
		if len(e.Files) > 0 {
			f.keep(b.BlockID, e.Files[0])
		}
		if !b.Optional && strings.TrimSpace(value) == "" {
			f.blank = append(f.blank, b.BlockID)
		}
	}
	return &note{
		Kind: kindSubmit, Key: "submit:" + p.View.ID, Actor: actor,
		Channel: f.About.Channel, Thread: f.About.Thread, Trigger: p.TriggerID, Form: f,
	}
}

// event is the outside of an Events API callback, and the inside of those the bot listens to.
type event struct {
	TeamID  string `json:"team_id"`
	EventID string `json:"event_id"`
	Type    string
	Event   json.RawMessage
}

type spoken struct {
	Type       string
	Subtype    string
	User       string
	BotID      string `json:"bot_id"`
	Text       string
	TS         string
	Channel    string
	Kind       string `json:"channel_type"`
	ThreadTS   string `json:"thread_ts"`
	Team       string
	UserTeam   string `json:"user_team"`
	SourceTeam string `json:"source_team"`
	Tab        string
}

func readEvent(raw []byte, self Identity) (*note, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, fmt.Errorf("read an event: %w", err)
	}
	switch eventType(e.Event) {
	case "app_mention", "message", "app_home_opened":
	default:
		return nil, nil
	}
	var s spoken
	if err := json.Unmarshal(e.Event, &s); err != nil {
		return nil, fmt.Errorf("read an event: %w", err)
	}
	if s.BotID != "" || s.User == "" || s.User == self.User || (s.Subtype != "" && s.Subtype != "thread_broadcast") {
		return nil, nil
	}
	n := &note{
		Actor:   ledger.Actor{User: s.User, Team: first(s.UserTeam, s.SourceTeam, s.Team, e.TeamID)},
		Channel: s.Channel, Thread: s.ThreadTS, TS: s.TS, Text: addressed(s.Text, self.User),
		Key: "said:" + s.Channel + ":" + s.TS,
	}
	switch {
	case s.Type == "app_home_opened" && s.Tab == "home":
		n.Kind, n.Key = kindHome, "event:"+e.EventID
	case s.Type == "app_mention":
		n.Kind = kindMention
	case s.Type == "message" && s.Kind == "im":
		n.Kind = kindMessage
	default:
		return nil, nil
	}
	return n, nil
}

func eventType(raw []byte) string {
	var t struct{ Type string }
	_ = json.Unmarshal(raw, &t)
	return t.Type
}

// notice is an event that changes what the bot knows instead of asking for something.
func notice(e Envelope) (kind string, id string) {
	if e.Type != "events_api" {
		return "", ""
	}
	var out event
	if json.Unmarshal(e.Payload, &out) != nil {
		return "", ""
	}
	var in struct {
		Type       string
		User       json.RawMessage
		SubteamID  string                 `json:"subteam_id"`
		TokensList struct{ Bot []string } `json:"tokens"`
	}
	if json.Unmarshal(out.Event, &in) != nil {
		return "", ""
	}
	switch in.Type {
	case "user_change":
		var u struct{ ID string }
		_ = json.Unmarshal(in.User, &u)
		return in.Type, u.ID
	case "subteam_updated", "subteam_members_changed", "subteam_created", "subteam_self_added", "subteam_self_removed",
		"app_uninstalled", "channel_rename", "channel_created", "channel_archive", "channel_unarchive", "group_rename":
		return in.Type, in.SubteamID
	case "tokens_revoked":
		if len(in.TokensList.Bot) > 0 {
			return in.Type, ""
		}
	}
	return "", ""
}

// addressed is what somebody said to the bot: the words behind its name.
func addressed(text, self string) string {
	if self == "" {
		return strings.TrimSpace(unescape(text))
	}
	for _, name := range []string{"<@" + self + ">", "<@" + self + "|"} {
		i := strings.Index(text, name)
		if i < 0 {
			continue
		}
		rest := text[i+len("<@"+self):]
		if end := strings.IndexByte(rest, '>'); end >= 0 {
			return strings.TrimSpace(unescape(strings.TrimLeft(rest[end+1:], " :,\u00a0")))
		}
	}
	return strings.TrimSpace(unescape(text))
}

// unescape undoes Slack's three entities, once.
func unescape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(s, "&lt;", "<"), "&gt;", ">"), "&amp;", "&")
}

func digest(parts ...string) string {
	var b bytes.Buffer
	for _, p := range parts {
		b.WriteString(strconv.Quote(p))
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:16])
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
