package story

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// client speaks to the workspace's page: /ui/ for Slack, /fleet/ for AWS, /clock for time.
type client struct {
	base string
	http *http.Client
}

// world is what one person sees in Slack.
type world struct {
	App struct {
		BotUserID string `json:"bot_user_id"`
	} `json:"app"`
	Users []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"users"`
	Groups []struct {
		Handle string   `json:"handle"`
		Users  []string `json:"users"`
	} `json:"groups"`
	Channels []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		IsIM bool   `json:"is_im"`
		User string `json:"user"`
	} `json:"channels"`
	Messages   map[string][]message `json:"messages"`
	Ephemerals map[string][]message `json:"ephemerals"`
	Views      []view               `json:"views"`
	Home       *view                `json:"home"`
	Sockets    []any                `json:"sockets"`
}

type message struct {
	TS        string           `json:"ts"`
	ThreadTS  string           `json:"thread_ts"`
	User      string           `json:"user"`
	Text      string           `json:"text"`
	Blocks    []map[string]any `json:"blocks"`
	Reactions []struct {
		Name string `json:"name"`
	} `json:"reactions"`
	channel string
}

func (m message) words() string { return words(m.Text, m.Blocks) }

// root reports whether the message begins a thread or stands alone.
func (m message) root() bool { return m.ThreadTS == "" || m.ThreadTS == m.TS }

type view struct {
	ID     string            `json:"id"`
	Title  map[string]any    `json:"title"`
	Blocks []map[string]any  `json:"blocks"`
	Errors map[string]string `json:"errors"`
}

// words is everything that can be read on a view, what is wrong with its inputs included.
func (v view) words() string {
	title, _ := v.Title["text"].(string)
	text := words(title, v.Blocks)
	for _, e := range v.Errors {
		text += "\n" + e
	}
	return text
}

func (c *client) get(ctx context.Context, path string, into any) error {
	return c.do(ctx, http.MethodGet, path, nil, into)
}

func (c *client) post(ctx context.Context, path string, body any) error {
	var answer struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if err := c.do(ctx, http.MethodPost, path, body, &answer); err != nil {
		return err
	}
	if !answer.OK && answer.Error != "" {
		return fmt.Errorf("%s: %s", path, answer.Error)
	}
	return nil
}

func (c *client) do(ctx context.Context, method, path string, body, into any) error {
	raw, ok := body.(json.RawMessage)
	if !ok && body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.base, "/")+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("%s %s answered %s: %w", method, path, resp.Status, err)
	}
	return nil
}

// see returns what a person sees; "" is an onlooker who sees every channel.
func (c *client) see(ctx context.Context, user string) (world, error) {
	var w world
	err := c.get(ctx, "/ui/state?as="+url.QueryEscape(user), &w)
	for id, all := range w.Messages {
		for i := range all {
			all[i].channel = id
		}
	}
	for id, all := range w.Ephemerals {
		for i := range all {
			all[i].channel = id
		}
	}
	return w, err
}

func (w world) channel(name string) (string, error) {
	name = strings.TrimPrefix(name, "#")
	for _, ch := range w.Channels {
		if ch.Name == name {
			return ch.ID, nil
		}
	}
	return "", fmt.Errorf("there is no channel #%s in sight", name)
}

// direct is this person's conversation with the bot.
func (w world) direct() (string, error) {
	for _, ch := range w.Channels {
		if ch.IsIM && ch.User == w.App.BotUserID {
			return ch.ID, nil
		}
	}
	return "", errors.New("there is no conversation with the bot")
}
