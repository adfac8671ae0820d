package slacksim

import (
	"fmt"
	"net/http"
	"time"
)

// event is something a person's page should show. With a user only that
// person sees it, with a channel those who may read the channel.
type event struct {
	Type    string
	user    string
	channel *Channel
	data    Object
}

// watcher is an open page.
type watcher struct {
	user string
	ch   chan []byte
}

// changed tells every page that may know about a change. A page that does not
// keep up is told to load everything again.
func (w *Workspace) changed(e event) {
	w.version++
	for page := range w.watchers {
		if !e.visible(page.user) {
			continue
		}
		select {
		case page.ch <- e.render(page.user):
		default:
			page.lag()
		}
	}
}

func (e event) visible(user string) bool {
	return (e.user == "" || e.user == user) && (e.channel == nil || e.channel.open() || e.channel.has(user))
}

func (e event) render(user string) []byte {
	o := Object{"type": e.Type}
	for k, v := range e.data {
		if m, ok := v.(*Message); ok {
			v = m.forPerson(user)
		}
		o[k] = v
	}
	return marshal(o)
}

// lag drops what a slow page has not read and asks it to start over.
func (p *watcher) lag() {
	for {
		select {
		case <-p.ch:
			continue
		default:
		}
		break
	}
	p.ch <- []byte(`{"type":"reset"}`)
}

// serveEvents streams changes to a page until it leaves.
func (w *Workspace) serveEvents(rw http.ResponseWriter, r *http.Request) {
	flush, ok := rw.(http.Flusher)
	w.mu.Lock()
	u := w.findUser(r.URL.Query().Get("as"))
	if !ok || u == nil || w.closed {
		w.mu.Unlock()
		uiReply(rw, nil, fmt.Errorf("there is no user %q", r.URL.Query().Get("as")))
		return
	}
	page := &watcher{user: u.ID, ch: make(chan []byte, 256)}
	w.watchers[page] = struct{}{}
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.watchers, page)
		w.mu.Unlock()
	}()
	rw.Header().Set("Content-Type", "text/event-stream")
	rw.Header().Set("Cache-Control", "no-store")
	rw.WriteHeader(http.StatusOK)
	_, _ = fmt.Fprint(rw, ": connected\n\n")
	flush.Flush()
	alive := time.NewTicker(15 * time.Second)
	defer alive.Stop()
	for {
		select {
		case data := <-page.ch:
			_, _ = fmt.Fprintf(rw, "data: %s\n\n", data)
		case <-alive.C:
			_, _ = fmt.Fprint(rw, ": still here\n\n")
		case <-r.Context().Done():
			return
		case <-w.quit:
			return
		}
		flush.Flush()
	}
}
