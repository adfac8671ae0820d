package story

import (
	"bytes"
	"context"
	"encoding/json"
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
	Users []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"users"`
	Channels []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"channels"`
	Messages   map[string][]message `json:"messages"`
	Ephemerals map[string][]message `json:"ephemerals"`
	Views      []view               `json:"views"`
	Sockets    []any                `json:"sockets"`
}

type message struct {
	TS       string           `json:"ts"`
	ThreadTS string           `json:"thread_ts"`
	Text     string           `json:"text"`
	Blocks   []map[string]any `json:"blocks"`
	channel  string
	whisper  bool
}

type view struct {
	ID     string           `json:"id"`
	Title  map[string]any   `json:"title"`
	Blocks []map[string]any `json:"blocks"`
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
			all[i].channel, all[i].whisper = id, true
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

// words is everything that can be read on a message.
func words(text string, blocks []map[string]any) string {
	var b strings.Builder
	b.WriteString(text)
	for _, block := range blocks {
		read(&b, block)
	}
	return b.String()
}

func read(b *strings.Builder, v any) {
	switch v := v.(type) {
	case map[string]any:
		if s, ok := v["text"].(string); ok {
			b.WriteString("\n" + s)
		}
		for k, inner := range v {
			if k != "confirm" {
				read(b, inner)
			}
		}
	case []any:
		for _, inner := range v {
			read(b, inner)
		}
	}
}

// button is something to press.
type button struct {
	Message  message
	BlockID  string
	ActionID string
	Label    string
	Value    any
}

// buttons are the buttons of a message, in order.
func buttons(m message) []button {
	var all []button
	for _, block := range m.Blocks {
		elements, _ := block["elements"].([]any)
		if a, ok := block["accessory"]; ok {
			elements = append(elements, a)
		}
		for _, e := range elements {
			el, _ := e.(map[string]any)
			if el["type"] != "button" {
				continue
			}
			text, _ := el["text"].(map[string]any)
			label, _ := text["text"].(string)
			action, _ := el["action_id"].(string)
			id, _ := block["block_id"].(string)
			all = append(all, button{m, id, action, label, el["value"]})
		}
	}
	return all
}
