package bot

import (
	"context"
	"errors"
	"time"

	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Homes remembers who looks at their Home tab, so that it is kept in step. *home.Homes is one.
type Homes interface {
	Opened(ctx context.Context, user, team string) error
	// Later has somebody's tab drawn after so long, by whoever draws then.
	Later(ctx context.Context, user, team string, in time.Duration) error
}

// visit draws a Home tab that was opened. It is remembered before it is drawn: what changes meanwhile has it
// drawn once more.
func (w *Worker) visit(ctx context.Context, n *note) {
	kept := w.Homes != nil && w.admits(ctx, n.Actor)
	if kept {
		if err := w.Homes.Opened(ctx, n.Actor.User, n.Actor.Team); err != nil {
			w.Log.Warn("home is not kept in step", "actor", n.Actor.User, "err", err)
		}
	}
	wait, err := w.Home(ctx, n.Actor)
	if err == nil {
		return
	}
	w.Log.Warn("home cannot be drawn", "actor", n.Actor.User, "err", err)
	if !kept {
		return
	}
	if err := w.Homes.Later(ctx, n.Actor.User, n.Actor.Team, max(wait, time.Second)); err != nil {
		w.Log.Warn("home is not drawn later either", "actor", n.Actor.User, "err", err)
	}
}

// admits reports whether somebody may use the bot at all.
func (w *Worker) admits(ctx context.Context, who ledger.Actor) bool {
	if w.People == nil {
		return true
	}
	_, err := w.People.Person(ctx, who)
	return err == nil
}

// Home draws somebody's Home tab. After an error it may be drawn again, once wait has passed; a tab that Slack
// does not take is given up, and logged.
func (w *Worker) Home(ctx context.Context, who ledger.Actor) (wait time.Duration, err error) {
	err = w.Web.publish(ctx, who.User, w.Desk.Home(ctx, who))
	if l, ok := errors.AsType[*RateLimited](err); ok {
		return l.After, err
	}
	if _, ok := errors.AsType[*Refused](err); ok {
		w.Log.Warn("Slack does not take a home", "actor", who.User, "err", err)
		return 0, nil
	}
	return 0, err
}

// request is what somebody typed or said, for the desk.
func (n *note) request() commands.Request {
	return commands.Request{Key: n.Key, Actor: n.Actor, Channel: n.Channel, Thread: n.Thread, Text: n.Text, Forms: n.Trigger != "", Received: n.Received}
}

func (n *note) submission() commands.Submission {
	return commands.Submission{
		Key: n.Key, Actor: n.Actor, Modal: n.Form.ID, Subject: ledger.ID(n.Form.About.Subject),
		Version: n.Form.About.Version, Values: n.Form.Values, Filled: n.Form.About.Filled, Channel: n.Channel, Thread: n.Thread, Received: n.Received,
	}
}
