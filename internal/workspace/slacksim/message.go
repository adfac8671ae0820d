package slacksim

import (
	"strings"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

// Object is a JSON object as Slack speaks it.
type Object = map[string]any

// Message is a message as Slack's API shows it. Values handed out are copies;
// their blocks are shared and must not be changed.
type Message struct {
	Type         string     `json:"type"`
	Subtype      string     `json:"subtype,omitempty"`
	User         string     `json:"user,omitempty"`
	BotID        string     `json:"bot_id,omitempty"`
	AppID        string     `json:"app_id,omitempty"`
	Team         string     `json:"team,omitempty"`
	ClientMsgID  string     `json:"client_msg_id,omitempty"`
	Text         string     `json:"text"`
	TS           string     `json:"ts"`
	ThreadTS     string     `json:"thread_ts,omitempty"`
	ParentUserID string     `json:"parent_user_id,omitempty"`
	ReplyCount   int        `json:"reply_count,omitempty"`
	ReplyUsers   []string   `json:"reply_users,omitempty"`
	LatestReply  string     `json:"latest_reply,omitempty"`
	Blocks       []any      `json:"blocks,omitempty"`
	Attachments  []any      `json:"attachments,omitempty"`
	Files        []Object   `json:"files,omitempty"`
	Reactions    []Reaction `json:"reactions,omitempty"`
	Edited       *Edited    `json:"edited,omitempty"`
	Metadata     Object     `json:"metadata,omitempty"`
	BotProfile   Object     `json:"bot_profile,omitempty"`
	Username     string     `json:"username,omitempty"`

	// Ephemeral marks a message only one person sees, and Troubles the warning
	// marks beside its buttons. Slack shows both to people, never to apps.
	Ephemeral bool      `json:"ephemeral,omitempty"`
	Troubles  []Trouble `json:"troubles,omitempty"`

	seenBy string // the person an ephemeral message is for
}

// Reaction is an emoji and who added it.
type Reaction struct {
	Name  string   `json:"name"`
	Count int      `json:"count"`
	Users []string `json:"users"`
}

// Edited says who last changed a message, and when.
type Edited struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

// Trouble is a warning mark that a person sees beside a control.
type Trouble struct {
	BlockID  string `json:"block_id"`
	ActionID string `json:"action_id"`
	Text     string `json:"text"`

	user string
}

// Button is a button of a message, as a person sees it.
type Button struct {
	Label, ActionID, BlockID, Value, Style, URL string
}

// Visible is what a person reads: the text of the blocks, one line for each
// text, or the message's text when it has no blocks.
func (m Message) Visible() string {
	if lines := blockkit.Texts(m.Blocks); len(lines) > 0 {
		return strings.Join(lines, "\n")
	}
	return m.Text
}

// Buttons are the buttons of the message in reading order.
func (m Message) Buttons() []Button { return buttons(m.Blocks) }

func buttons(blocks []any) []Button {
	var found []Button
	for _, e := range blockkit.Elements(blocks) {
		if e.Element["type"] != "button" {
			continue
		}
		found = append(found, Button{
			Label:    blockkit.Plain(e.Element["text"]),
			ActionID: text(e.Element["action_id"]),
			BlockID:  e.BlockID,
			Value:    text(e.Element["value"]),
			Style:    text(e.Element["style"]),
			URL:      text(e.Element["url"]),
		})
	}
	return found
}

// inThreadOnly tells whether the channel itself does not show the message.
func (m *Message) inThreadOnly() bool {
	return m.ThreadTS != "" && m.ThreadTS != m.TS && m.Subtype != "thread_broadcast"
}

// forApps is the message without what only people see.
func (m *Message) forApps(metadata bool) Message {
	c := *m
	c.Troubles, c.Ephemeral = nil, false
	if !metadata {
		c.Metadata = nil
	}
	return c
}

// forPerson is the message as one person sees it.
func (m *Message) forPerson(user string) Message {
	c := *m
	c.Metadata, c.Troubles = nil, nil
	for _, t := range m.Troubles {
		if t.user == user {
			c.Troubles = append(c.Troubles, t)
		}
	}
	return c
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func object(v any) Object {
	o, _ := v.(Object)
	return o
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}
