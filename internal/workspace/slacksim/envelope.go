package slacksim

import (
	"bytes"
	"encoding/json"
	"errors"
)

// outcome is how an envelope ended.
type outcome int

const (
	acked  outcome = iota
	late           // nobody acknowledged it in time
	nobody         // no connection was open
	lost           // the workspace closed
)

// envelope is something sent to the app and not yet acknowledged.
type envelope struct {
	id     string
	kind   string
	socket string
	stop   func()
	done   func(outcome, Object) // called once, under the lock
}

// post sends a payload to one connection and calls done when it is
// acknowledged or given up. The lock must be held.
func (w *Workspace) post(kind string, payload Object, extra Object, done func(outcome, Object)) string {
	e := &envelope{id: w.newUUID(), kind: kind, done: done}
	s := w.pick()
	if s == nil {
		w.journal.add(Entry{Kind: "frame", Dir: "out", Data: string(marshal(Object{"type": kind})), Flags: []string{"undelivered"}})
		done(nobody, nil)
		return e.id
	}
	f := Object{"envelope_id": e.id, "type": kind, "payload": payload, "accepts_response_payload": false}
	for k, v := range extra {
		f[k] = v
	}
	e.socket = s.id
	e.stop = w.after(w.opt.AckAfter, w.opt.Timings.Ack, func() { w.settle(e, late, nil) })
	w.pending[e.id] = e
	w.transmit(s, f)
	return e.id
}

// pick chooses the connection for the next envelope.
func (w *Workspace) pick() *socket {
	var open []*socket
	for _, s := range w.sockets {
		if !s.draining {
			open = append(open, s)
		}
	}
	if len(open) == 0 {
		return nil
	}
	w.turn++
	if w.opt.Distribution == RoundRobin {
		return open[w.turn%len(open)]
	}
	return open[w.rng.Intn(len(open))]
}

var outcomeNames = map[outcome]string{acked: "acked", late: "late", nobody: "nobody", lost: "lost"}

// settle ends an envelope once.
func (w *Workspace) settle(e *envelope, how outcome, payload Object) {
	if _, open := w.pending[e.id]; !open {
		return
	}
	delete(w.pending, e.id)
	e.stop()
	w.settled[e.id] = outcomeNames[how]
	if len(w.settled) > 10000 {
		clear(w.settled)
	}
	e.done(how, payload)
}

// acknowledge takes a frame from the client and returns what was odd about it.
func (w *Workspace) acknowledge(s *socket, data []byte) []string {
	a, err := decodeAck(data)
	if err != nil {
		return []string{"malformed"}
	}
	if a.EnvelopeID == "" {
		return []string{"no_envelope"}
	}
	e, open := w.pending[a.EnvelopeID]
	if !open {
		switch w.settled[a.EnvelopeID] {
		case "acked":
			return []string{"second_ack"}
		case "late":
			return []string{"late"}
		}
		return []string{"unknown_envelope"}
	}
	flags := []string{"ack:" + e.kind}
	if e.socket != s.id {
		flags = append(flags, "other_connection")
	}
	w.settle(e, acked, a.payload)
	return flags
}

// ack is a client's frame.
type ack struct {
	EnvelopeID string          `json:"envelope_id"`
	Payload    json.RawMessage `json:"payload"`

	payload Object // nil when there is none, or an empty one
}

var errNotAnAck = errors.New("frame is not an acknowledgement")

// decodeAck reads a client's frame. An empty payload is no payload.
func decodeAck(data []byte) (ack, error) {
	var a ack
	if err := json.Unmarshal(data, &a); err != nil {
		return ack{}, errNotAnAck
	}
	p := bytes.TrimSpace(a.Payload)
	if len(p) == 0 || bytes.Equal(p, []byte("null")) {
		return a, nil
	}
	if err := json.Unmarshal(p, &a.payload); err != nil {
		return ack{}, errNotAnAck
	}
	if len(a.payload) == 0 {
		a.payload = nil
	}
	return a, nil
}
