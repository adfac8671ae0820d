package bot

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Inbox keeps what was accepted until it is handled. Adding the same key twice keeps it once.
type Inbox interface {
	Add(ctx context.Context, key, kind string, body []byte) (fresh bool, err error)
}

// Intake accepts envelopes: it understands them and writes them down. It answers by itself only when
// that cannot be done, so that nobody waits for something that will not happen.
type Intake struct {
	Inbox  Inbox
	Web    *Web
	People *People
	Self   Identity
	Reader Reader            // nil: what cannot be written down is refused, and forms are looked at later
	Lost   func(code string) // the app is no longer installed; may be nil
	Log    *slog.Logger

	telling sync.WaitGroup
	writing chan struct{}
	reading chan struct{}

	mu     sync.Mutex
	denied map[string]time.Time  // keys whose people were told that nothing was done
	open   map[string]*unsettled // keys whose writing is not settled yet
}

const (
	writeLimit = 1500 * time.Millisecond // to write into the inbox, so that there is time to say it did not work
	writers    = 256
	tellLimit  = 10 * time.Second
	deniedFor  = 15 * time.Minute
	closeLimit = 4 * time.Second
)

// NewIntake returns an intake for the workspace of web.
func NewIntake(inbox Inbox, web *Web, people *People, self Identity) *Intake {
	return &Intake{
		Inbox: inbox, Web: web, People: people, Self: self, Log: web.slack.log,
		writing: make(chan struct{}, writers), reading: make(chan struct{}, readers), denied: map[string]time.Time{}, open: map[string]*unsettled{},
	}
}

// Take accepts one envelope and returns what Slack should show at once, if anything.
func (in *Intake) Take(ctx context.Context, e Envelope) (reply any) {
	if kind, id := notice(e); kind != "" {
		in.learn(kind, id)
		return nil
	}
	if s, ok := searching(e); ok {
		return in.suggest(ctx, s)
	}
	if o, ok := picking(e); ok {
		in.prompt(o)
		return nil
	}
	n, err := read(e, in.Self)
	if err != nil {
		in.Log.Error("envelope cannot be read", "type", e.Type, "err", err)
		return nil
	}
	if n == nil {
		return nil
	}
	if n.Form != nil && len(n.Form.blank) > 0 {
		return inputErrors(n.Form.blank, "Please write something here.")
	}
	if wrong := in.mistaken(n); len(wrong) > 0 {
		return keptOpen(wrong)
	}
	if n.Kind == kindSubmit && in.Denied(n.Key) {
		n.Key += ":" + n.Trigger // sent once more, after its person was told that nothing was done
	}
	defer in.settle(n.Key)()
	if err := in.write(ctx, n); err != nil {
		in.Log.Error("envelope cannot be written down", "kind", n.Kind, "actor", n.Actor.User, "err", err)
		return in.refuse(n, err)
	}
	return nil
}

// learn forgets what an event says has changed.
func (in *Intake) learn(kind, id string) {
	switch kind {
	case "app_uninstalled", "tokens_revoked":
		in.Log.Error("the app lost its access", "event", kind)
		if in.Lost != nil {
			in.Lost(kind)
		}
	case "user_change":
		in.People.forgetUser(id)
	default:
		in.People.forgetGroups()
	}
}

func (in *Intake) write(ctx context.Context, n *note) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	select {
	case in.writing <- struct{}{}:
	default:
		return errBusy
	}
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	done := make(chan error, 1) // an inbox that does not heed its context must not hold up the answer
	in.telling.Go(func() {
		defer func() { cancel(); <-in.writing }()
		_, err := in.Inbox.Add(ctx, n.Key, n.Kind, body)
		done <- err
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done: // both at the same time
		return err
	default:
		return ctx.Err()
	}
}

var errBusy = errors.New("too many envelopes are being written down")

// inputErrors is a reply that keeps a form open and marks inputs.
func inputErrors(inputs []string, text string) any {
	marked := map[string]string{}
	for _, id := range inputs {
		if id != "" {
			marked[id] = text
		}
	}
	if len(marked) == 0 {
		return nil
	}
	return keptOpen(marked)
}

// keptOpen is the reply that does it, with words by input.
func keptOpen(wrong map[string]string) any {
	return map[string]any{"response_action": "errors", "errors": wrong}
}

// deny remembers a key whose person was told that nothing was done, in case it was written down after all.
func (in *Intake) deny(key string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	now := in.Web.slack.now()
	for k, at := range in.denied {
		if now.Sub(at) > deniedFor {
			delete(in.denied, k)
		}
	}
	in.denied[key] = now
}

// unsettled is a key that is being written down: it is not known yet what its person is told.
type unsettled struct {
	takes int
	done  chan struct{}
}

// settle marks a key as not settled until the returned function is called.
func (in *Intake) settle(key string) func() {
	in.mu.Lock()
	defer in.mu.Unlock()
	u := in.open[key]
	if u == nil {
		u = &unsettled{done: make(chan struct{})}
		in.open[key] = u
	}
	u.takes++
	return func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		if u.takes--; u.takes == 0 {
			delete(in.open, key)
			close(u.done)
		}
	}
}

// Denied reports whether the person behind a key was told by this process that nothing was done. It waits
// until that is settled: an item may be read from the inbox before its writer knows that it is in there.
func (in *Intake) Denied(key string) bool {
	in.mu.Lock()
	u := in.open[key]
	in.mu.Unlock()
	if u != nil {
		<-u.done
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	at, ok := in.denied[key]
	return ok && in.Web.slack.now().Sub(at) <= deniedFor
}

// Close waits for people being told, but not for an inbox that never answers.
func (in *Intake) Close() {
	done := make(chan struct{})
	go func() { in.telling.Wait(); close(done) }()
	t := time.NewTimer(closeLimit)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
		in.Log.Warn("the inbox still does not answer")
	}
}
