package slacksim

import (
	"net/http"
	"net/url"
	"time"
)

// ticket is the right to open one connection, for a short while.
type ticket struct {
	expires time.Time
}

// openConnection answers apps.connections.open.
func (w *Workspace) openConnection(c *call) (Object, error) {
	id := w.newHex(16)
	w.tickets[id] = &ticket{expires: w.now().Add(w.opt.Timings.Ticket)}
	scheme := "ws"
	if c.req.TLS != nil {
		scheme = "wss"
	}
	q := url.Values{"ticket": {id}, "app_id": {w.opt.App.ID}}
	return Object{"url": scheme + "://" + c.req.Host + "/link/?" + q.Encode()}, nil
}

// redeem spends the ticket of a connection request.
func (w *Workspace) redeem(r *http.Request) bool {
	id := r.URL.Query().Get("ticket")
	t, ok := w.tickets[id]
	delete(w.tickets, id)
	return ok && !w.now().After(t.expires)
}
