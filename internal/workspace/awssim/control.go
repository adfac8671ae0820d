package awssim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// control serves /fleet/: what a page in a browser shows and what it can break.
func (c *Cloud) control(mux *http.ServeMux) {
	mux.HandleFunc("OPTIONS /fleet/", open(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	mux.HandleFunc("GET /fleet/state", open(func(w http.ResponseWriter, _ *http.Request) { reply(w, c.State()) }))
	mux.HandleFunc("GET /fleet/calls", open(func(w http.ResponseWriter, _ *http.Request) { reply(w, c.Calls()) }))
	mux.HandleFunc("GET /fleet/events", open(c.stream))
	mux.HandleFunc("POST /fleet/crash", order(func(o crashOrder) (any, bool) { return nil, c.Crash(o.Instance, o.How) }))
	mux.HandleFunc("POST /fleet/alarm", order(func(o alarmOrder) (any, bool) { return nil, c.SetAlarm(o.Name, o.State) }))
	mux.HandleFunc("POST /fleet/script", order(func(o scriptOrder) (any, bool) { return c.played(o) }))
	mux.HandleFunc("POST /fleet/image", order(func(o imageOrder) (any, bool) { return nil, c.SpoilImage(o.ID, o.spoil()) }))
	mux.HandleFunc("POST /fleet/fault", order(func(o Fault) (any, bool) {
		if !o.Kind.known() {
			return nil, false
		}
		return map[string]string{"id": c.Faults().Add(o)}, true
	}))
	mux.HandleFunc("DELETE /fleet/fault", open(func(w http.ResponseWriter, r *http.Request) {
		if id := r.URL.Query().Get("id"); id != "" {
			c.Faults().Remove(id)
		} else {
			c.Faults().Clear()
		}
		reply(w, map[string]bool{"ok": true})
	}))
}

type crashOrder struct {
	Instance string
	How      Crash
}

type alarmOrder struct{ Name, State string }

// played is what a script printed, as JSON.
type played struct {
	OK     bool   `json:"ok"`
	Stdout string `json:"stdout"`
	Stderr string `json:"stderr"`
	Exit   int    `json:"exit"`
}

func (c *Cloud) played(o scriptOrder) (any, bool) {
	out, ok := c.Play(o.Instance, o.Commands...)
	return played{true, out.Stdout, out.Stderr, out.Exit}, ok
}

type imageOrder struct {
	ID  string
	Bad bool
	How Spoil
}

func (o imageOrder) spoil() Spoil {
	if !o.Bad {
		return ""
	}
	return cmp.Or(o.How, SpoiledUnhealthy)
}

// open lets pages of any origin call.
func open(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Content-Type")
		next(w, r)
	}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// order reads a JSON order and carries it out. An order that finds nothing to act on is a 404.
func order[T any](do func(T) (any, bool)) http.HandlerFunc {
	return open(func(w http.ResponseWriter, r *http.Request) {
		var o T
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&o); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer, ok := do(o)
		if !ok {
			http.Error(w, "There is no such thing here, or no such way.", http.StatusNotFound)
			return
		}
		reply(w, cmp.Or[any](answer, map[string]bool{"ok": true}))
	})
}

// glance is how often an event stream looks for a change.
const glance = 250 * time.Millisecond

// stream sends the state whenever it has changed, until the reader leaves or the cloud closes.
func (c *Cloud) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	flush := http.NewResponseController(w)
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	var shown []byte
	for {
		state := c.State()
		whole, _ := json.Marshal(state)
		state.Now, state.Clock = time.Time{}, ClockState{}
		if bare, _ := json.Marshal(state); !bytes.Equal(bare, shown) {
			shown = bare
			if _, err := fmt.Fprintf(w, "event: state\ndata: %s\n\n", whole); err != nil {
				return
			}
			_ = flush.Flush()
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		case <-c.stopping:
			return
		}
	}
}
