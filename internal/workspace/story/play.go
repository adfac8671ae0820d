package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Player plays stories in one workspace.
type Player struct {
	Page     string                      // the workspace's address
	Patience time.Duration               // of a look; 15s when zero
	Pace     time.Duration               // rest after each deed, for an audience
	Crash    func(context.Context) error // kills the bot and starts it again; nil: stories with a crash fail
	Log      io.Writer                   // what is played; nil: nothing

	client client
	people map[string]string // ids by name
	began  time.Time
}

// step plays one line; a look returns an error until it sees what it looks for.
type step func(p *Player, ctx context.Context, words []string) error

type verb struct {
	play step
	look bool // tried until it succeeds
	min  int  // words it needs
}

var verbs = map[string]verb{
	"slash": {(*Player).slash, false, 3}, "say": {(*Player).say, false, 3}, "reply": {(*Player).reply, true, 3},
	"click": {(*Player).click, true, 2}, "submit": {(*Player).submit, true, 1},
	"card": {(*Player).card, true, 2}, "line": {(*Player).line, true, 2}, "whisper": {(*Player).whisper, true, 2},
	"modal": {(*Player).modal, true, 2}, "count": {(*Player).count, true, 3},
	"clock": {(*Player).clock, false, 1}, "group": {(*Player).group, true, 3}, "refresh": {(*Player).refresh, true, 2},
	"fault": {(*Player).fault, false, 2}, "heal": {(*Player).heal, false, 1}, "sockets": {(*Player).sockets, false, 1},
	"crash": {(*Player).crash, false, 0}, "online": {(*Player).online, true, 1},
}

// Play plays a story to its end, or to the first line that does not come true.
func (p *Player) Play(ctx context.Context, s Story) error {
	p.client = client{base: p.Page, http: &http.Client{Timeout: 30 * time.Second}}
	defer p.client.http.CloseIdleConnections()
	w, err := p.client.see(ctx, "")
	if err != nil {
		return fmt.Errorf("the workspace does not answer: %w", err)
	}
	p.people = map[string]string{}
	for _, u := range w.Users {
		p.people[u.Name] = u.ID
	}
	p.began = time.Now()
	for _, l := range s.Lines {
		if err := p.playLine(ctx, l); err != nil {
			return fmt.Errorf("%s, line %d: %s: %w", s.Name, l.Number, l.Text, err)
		}
	}
	return nil
}

func (p *Player) playLine(ctx context.Context, l Line) error {
	v := verbs[l.Verb]
	if len(l.Words) < v.min {
		return fmt.Errorf("needs %d words behind the verb", v.min)
	}
	if p.Log != nil {
		_, _ = fmt.Fprintf(p.Log, "%7.1fs  %s\n", time.Since(p.began).Seconds(), l.Text)
	}
	if !v.look {
		if err := v.play(p, ctx, l.Words); err != nil {
			return err
		}
		return rest(ctx, p.Pace)
	}
	patience := p.Patience
	if patience == 0 {
		patience = 15 * time.Second
	}
	for end := time.Now().Add(patience); ; {
		err := v.play(p, ctx, l.Words)
		if err == nil {
			return rest(ctx, p.Pace)
		}
		if time.Now().After(end) {
			return err
		}
		if err := rest(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// as returns a person's id and what they see.
func (p *Player) as(ctx context.Context, name string) (string, world, error) {
	id, ok := p.people[strings.TrimPrefix(name, "@")]
	if !ok {
		return "", world{}, fmt.Errorf("there is nobody named %s", name)
	}
	w, err := p.client.see(ctx, id)
	return id, w, err
}

func (p *Player) slash(ctx context.Context, words []string) error { return p.send(ctx, words, "") }

func (p *Player) say(ctx context.Context, words []string) error { return p.send(ctx, words, "") }

func (p *Player) send(ctx context.Context, words []string, thread string) error {
	id, w, err := p.as(ctx, words[0])
	if err != nil {
		return err
	}
	channel, err := w.channel(words[1])
	if err != nil {
		return err
	}
	body := map[string]string{"as": id, "channel": channel, "text": words[2]}
	if thread != "" {
		body["thread_ts"] = thread
	}
	return p.client.post(ctx, "/ui/send", body)
}

func (p *Player) reply(ctx context.Context, words []string) error {
	_, w, err := p.as(ctx, words[0])
	if err != nil {
		return err
	}
	root, err := latest(w, words[1], "")
	if err != nil {
		return err
	}
	return p.send(ctx, words, root.TS)
}

// roots are the messages of a channel that begin a thread or stand alone, oldest first.
func roots(w world, channel string) ([]message, error) {
	id, err := w.channel(channel)
	if err != nil {
		return nil, err
	}
	var all []message
	for _, m := range w.Messages[id] {
		if m.ThreadTS == "" || m.ThreadTS == m.TS {
			all = append(all, m)
		}
	}
	return all, nil
}

// latest is the newest root that has buttons or blocks and holds the words.
func latest(w world, channel, holding string) (message, error) {
	all, err := roots(w, channel)
	if err != nil {
		return message{}, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if len(all[i].Blocks) > 0 && strings.Contains(words(all[i].Text, all[i].Blocks), holding) {
			return all[i], nil
		}
	}
	var last string
	if len(all) > 0 {
		last = words(all[len(all)-1].Text, all[len(all)-1].Blocks)
	}
	return message{}, fmt.Errorf("no card in %s holds %q; the last one says:\n%s", channel, holding, last)
}

func (p *Player) onlooker(ctx context.Context) (world, error) { return p.client.see(ctx, "") }

func (p *Player) click(ctx context.Context, words []string) error {
	id, w, err := p.as(ctx, words[0])
	if err != nil {
		return err
	}
	on := ""
	if len(words) == 4 && words[2] == "on" {
		on = words[3]
	}
	b, err := newest(w, words[1], on)
	if err != nil {
		return err
	}
	return p.client.post(ctx, "/ui/click", map[string]any{"as": id, "channel": b.Message.channel, "ts": b.Message.TS,
		"block_id": b.BlockID, "action_id": b.ActionID, "value": b.Value})
}

// newest is the button so labelled on the newest message that this person sees and that holds the words.
func newest(w world, label, holding string) (button, error) {
	var best button
	for _, box := range []map[string][]message{w.Messages, w.Ephemerals} {
		for _, all := range box {
			for _, m := range all {
				for _, b := range buttons(m) {
					if (b.Label == label || strings.TrimRight(b.Label, "…. ") == label) && m.TS > best.Message.TS && strings.Contains(words(m.Text, m.Blocks), holding) {
						best = b
					}
				}
			}
		}
	}
	if best.ActionID == "" {
		return best, fmt.Errorf("there is no button %q to press", label)
	}
	return best, nil
}

func (p *Player) submit(ctx context.Context, words []string) error {
	id, w, err := p.as(ctx, words[0])
	if err != nil {
		return err
	}
	if len(w.Views) == 0 {
		return errors.New("no form is open")
	}
	v := w.Views[len(w.Views)-1]
	given := map[string]string{}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		given[name] = value
	}
	values := map[string]map[string]any{}
	for _, block := range v.Blocks {
		el, _ := block["element"].(map[string]any)
		blockID, _ := block["block_id"].(string)
		actionID, _ := el["action_id"].(string)
		for name, value := range given {
			if name == blockID || name == actionID {
				values[blockID] = map[string]any{actionID: value}
			}
		}
	}
	return p.client.post(ctx, "/ui/submit", map[string]any{"as": id, "view_id": v.ID, "values": values})
}

func (p *Player) clock(ctx context.Context, words []string) error {
	return p.client.post(ctx, "/clock", map[string]string{"advance": strings.TrimPrefix(words[0], "+")})
}

func (p *Player) fault(ctx context.Context, words []string) error {
	path, err := faultPath(words[0])
	if err != nil {
		return err
	}
	return p.client.post(ctx, path, json.RawMessage(words[1]))
}

func (p *Player) heal(ctx context.Context, words []string) error {
	path, err := faultPath(words[0])
	if err != nil {
		return err
	}
	return p.client.do(ctx, http.MethodDelete, path, nil, nil)
}

func faultPath(whose string) (string, error) {
	switch whose {
	case "aws":
		return "/fleet/fault", nil
	case "slack":
		return "/ui/fault", nil
	}
	return "", fmt.Errorf("faults are of aws or slack, not of %q", whose)
}

func (p *Player) sockets(ctx context.Context, words []string) error {
	return p.client.post(ctx, "/ui/sockets", map[string]string{"how": words[0]})
}

func (p *Player) crash(ctx context.Context, _ []string) error {
	if p.Crash == nil {
		return errors.New("nobody here can kill the bot")
	}
	return p.Crash(ctx)
}
