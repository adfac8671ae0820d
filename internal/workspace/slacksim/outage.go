package slacksim

import (
	"errors"
	"fmt"
	"net/http"
)

// Outage is how Slack is gone, as its clients see it.
type Outage string

// The outages.
const (
	Up          Outage = ""            // there is none
	Unavailable Outage = "unavailable" // every request is answered with status 503
	Unreachable Outage = "unreachable" // every connection ends without an answer
)

// ErrDown is what people get who try to use Slack while it is away.
var ErrDown = errors.New("slack is down")

// SetOutage takes all of Slack away, for the app and for people alike: connections drop, requests fail, nobody
// can do anything. Up brings it back. What happened meanwhile inside is not told later.
func (w *Workspace) SetOutage(how Outage) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch how {
	case Up, Unavailable, Unreachable:
	default:
		return fmt.Errorf("there is no outage %q", how)
	}
	w.outage = how
	if how != Up {
		for _, s := range append([]*socket(nil), w.sockets...) {
			w.disrupt(s, Drop)
		}
	}
	w.changed(event{Type: "outage", data: Object{"outage": how}})
	return nil
}

// standing lets requests through while Slack stands.
func (w *Workspace) standing(next http.HandlerFunc) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		how := w.outage
		w.mu.Unlock()
		if how == Up {
			next(rw, r)
			return
		}
		w.journal.add(Entry{Kind: "outage", Method: r.URL.Path, Error: string(how)})
		if how == Unreachable {
			panic(http.ErrAbortHandler)
		}
		http.Error(rw, "<html><body>Slack is unavailable.</body></html>", http.StatusServiceUnavailable)
	}
}
