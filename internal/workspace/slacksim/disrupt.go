package slacksim

import "fmt"

// Disruption is something that happens to the app's connections.
type Disruption string

// The disruptions.
const (
	Drop         Disruption = "drop"                // TCP ends without a close frame
	Refresh      Disruption = "refresh"             // disconnect refresh_requested, then close
	Warn         Disruption = "warning"             // disconnect warning; refresh follows
	LinkDisabled Disruption = "link_disabled"       // Socket Mode is switched off
	LinkEnabled  Disruption = "link_enabled"        // and on again
	TooMany      Disruption = "too_many_websockets" // every connection is told it is one too many
	HalfOpen     Disruption = "half_open"           // connections stay, nothing passes either way
	NoPings      Disruption = "no_pings"            // the server stops pinging
)

// DropSockets makes something happen to every connection now open.
func (w *Workspace) DropSockets(how Disruption) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch how {
	case LinkDisabled, LinkEnabled:
		w.linkDisabled = how == LinkDisabled
	case Drop, Refresh, Warn, TooMany, HalfOpen, NoPings:
	default:
		return fmt.Errorf("there is no disruption %q", how)
	}
	for _, s := range append([]*socket(nil), w.sockets...) {
		w.disrupt(s, how)
	}
	w.changed(event{Type: "sockets", data: Object{"sockets": w.socketList()}})
	return nil
}

func (w *Workspace) disrupt(s *socket, how Disruption) {
	switch how {
	case Drop:
		s.draining = true
		s.cut()
	case Refresh:
		w.disconnect(s, "refresh_requested", w.opt.Timings.CloseGrace)
	case Warn:
		w.sayDisconnect(s, "warning")
		s.stops = append(s.stops, w.after(w.opt.After, w.opt.Timings.Warning, func() {
			w.disconnect(s, "refresh_requested", w.opt.Timings.CloseGrace)
		}))
	case LinkDisabled:
		w.disconnect(s, "link_disabled", 0)
	case TooMany:
		w.disconnect(s, "too_many_websockets", 0)
	case HalfOpen:
		s.dead = true
	case NoPings:
		s.quiet = true
	}
}

// Sockets is the number of connections the workspace counts.
func (w *Workspace) Sockets() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counted()
}

func (w *Workspace) socketList() []any {
	all := []any{}
	for _, s := range w.sockets {
		all = append(all, Object{
			"id": s.id, "connected_at": s.connected.Unix(), "pings": s.pings,
			"draining": s.draining, "half_open": s.dead, "no_pings": s.quiet,
		})
	}
	return all
}
