package home

import (
	"context"
	"time"
)

// Draw draws one person's tab. After an error it is called again, no sooner than wait says; a wait is taken for a
// rest that Slack asks for, and kept by everybody.
type Draw func(ctx context.Context, user, team string) (wait time.Duration, err error)

// Run draws tabs that are due, one at a time, until ctx ends.
func (h *Homes) Run(ctx context.Context, draw Draw) {
	for ctx.Err() == nil {
		viewer, till, err := h.claim(ctx)
		if err != nil && ctx.Err() == nil {
			h.options.Log.Warn("homes cannot be read", "err", err)
			pause(ctx, 5*time.Second)
			continue
		}
		if viewer == "" {
			pause(ctx, h.options.Idle)
			continue
		}
		h.draw(ctx, draw, viewer, till)
	}
}

// claim takes a tab that is due; an empty viewer means that none is.
func (h *Homes) claim(ctx context.Context) (viewer, till string, err error) {
	o := h.options
	reply, err := h.run(ctx, "claim", o.Lease.Milliseconds(), o.Pause.Milliseconds(), o.Remember.Milliseconds())
	parts, _ := reply.([]any)
	if err != nil || len(parts) != 2 {
		return "", "", err
	}
	viewer, _ = parts[0].(string)
	till, _ = parts[1].(string)
	return viewer, till, nil
}

// draw draws one tab within its lease. What it could not do, or not write down, is done again.
func (h *Homes) draw(ctx context.Context, draw Draw, viewer, till string) {
	own, cancel := context.WithTimeout(ctx, h.options.Lease*3/4)
	defer cancel()
	user, team := person(viewer)
	wait, err := draw(own, user, team)
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), h.options.Lease/4)
	defer done()
	if err == nil {
		_, err = h.run(ctx, "drawn", viewer, till)
	} else {
		h.options.Log.Info("home is drawn later", "actor", user, "err", err)
		err = h.later(ctx, viewer, max(wait, h.options.Again), wait > 0)
	}
	if err != nil {
		h.options.Log.Warn("home is left to its lease", "actor", user, "err", err)
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
