package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (p *Player) clock(ctx context.Context, words []string) error {
	return p.client.post(ctx, "/clock", map[string]string{"advance": strings.TrimPrefix(words[0], "+")})
}

func (p *Player) fault(ctx context.Context, words []string) error {
	path, err := faultPath(words[0])
	if err != nil {
		return err
	}
	order := words[1]
	if words[0] == "aws" && !strings.HasPrefix(order, "{") {
		if order, err = misfortune(order); err != nil {
			return err
		}
	}
	return p.client.post(ctx, path, json.RawMessage(order))
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

func (p *Player) alarm(ctx context.Context, words []string) error {
	return p.client.post(ctx, "/fleet/alarm", map[string]string{"name": words[0], "state": words[1]})
}

// slack takes Slack away ("down", or "unreachable" for connections that end without an answer) or brings it back.
func (p *Player) slack(ctx context.Context, words []string) error {
	how, known := map[string]string{"up": "", "down": "unavailable", "unreachable": "unreachable"}[words[0]]
	if !known {
		return fmt.Errorf("slack goes up, down or unreachable, not %q", words[0])
	}
	return p.client.post(ctx, "/ui/outage", map[string]string{"how": how})
}

func (p *Player) redis(ctx context.Context, words []string) error {
	return p.client.post(ctx, "/redis", map[string]string{"how": words[0]})
}

func (p *Player) join(ctx context.Context, words []string) error {
	return p.change(ctx, words, func(users []string, id string) []string { return append(users, id) })
}

func (p *Player) leave(ctx context.Context, words []string) error {
	return p.change(ctx, words, func(users []string, id string) []string {
		return slices.DeleteFunc(users, func(u string) bool { return u == id })
	})
}

// heard waits for as long as it takes until the bot has heard of a change by an event: that may come by another
// connection than what follows.
func heard(ctx context.Context) error {
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// change makes a user group what an administrator would make it.
func (p *Player) change(ctx context.Context, words []string, become func([]string, string) []string) error {
	id, w, err := p.as(ctx, words[0])
	if err != nil {
		return err
	}
	handle := strings.TrimPrefix(words[1], "@")
	for _, g := range w.Groups {
		if g.Handle == handle {
			err := p.client.post(ctx, "/ui/groups", map[string]any{"handle": handle, "users": become(g.Users, id)})
			return errors.Join(err, heard(ctx))
		}
	}
	return fmt.Errorf("there is no group @%s", handle)
}

var errNoCommand = errors.New("nobody here can run amiral's command line")

// cli runs a command that must succeed; nocli one that must be refused. What either said can be looked at.
func (p *Player) cli(ctx context.Context, words []string) error {
	if p.Command == nil {
		return errNoCommand
	}
	said, err := p.Command(ctx, words[0], words[1:])
	p.output = said
	if err != nil {
		return fmt.Errorf("%w; it printed:\n%s", err, said)
	}
	return nil
}

func (p *Player) nocli(ctx context.Context, words []string) error {
	if p.Command == nil {
		return errNoCommand
	}
	said, err := p.Command(ctx, words[0], words[1:])
	if err == nil {
		return fmt.Errorf("it was not refused; it printed:\n%s", said)
	}
	p.output = said + "\n" + err.Error()
	return nil
}

func (p *Player) verify(ctx context.Context, _ []string) error {
	if p.Verify == nil {
		return errors.New("nobody here can verify the record")
	}
	return p.Verify(ctx)
}
