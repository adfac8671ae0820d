package calendar

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Calendars keeps the last good copy of each source. Its methods may be called from anywhere at any time.
type Calendars struct {
	Client  *http.Client                 // for addresses; one that leaves nobody room to alter what it fetches when nil
	Now     func() time.Time             // time.Now when nil
	Changed func(name string)            // is called when a source says something else than before; may be nil
	Failed  func(name string, err error) // is called when a look fails; may be nil

	mu     sync.Mutex
	copies []*copied
}

// copied is what is known of one source.
type copied struct {
	source   Source
	calendar *Calendar // nil: there is no good copy
	raw      []byte
	err      error // of the last look
	due      time.Time
}

// New keeps the calendars of these sources. Until Refresh or Run has read them there is none.
func New(sources []Source) *Calendars {
	c := &Calendars{}
	for _, s := range sources {
		c.copies = append(c.copies, &copied{source: s, err: errors.New("it has not been read yet")})
	}
	return c
}

// Calendar is the last good copy of a calendar, or an error that says why there is none.
func (c *Calendars) Calendar(name string) (*Calendar, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.copies {
		if k.source.Name == name && k.calendar != nil {
			return k.calendar, nil
		}
		if k.source.Name == name {
			return nil, fmt.Errorf("there is no copy of calendar %q: %w", name, k.err)
		}
	}
	return nil, fmt.Errorf("there is no calendar %q", name)
}

// Refresh reads every source that is due, all at the same time. The error tells of those that could not be read;
// of these the last good copy stays.
func (c *Calendars) Refresh(ctx context.Context) error {
	due := c.due()
	errs := make([]error, len(due))
	var wait sync.WaitGroup
	for i, k := range due {
		wait.Go(func() { errs[i] = c.look(ctx, k) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// Run reads the sources, and again whenever they are due, until ctx ends.
func (c *Calendars) Run(ctx context.Context) error {
	for {
		_ = c.Refresh(ctx) // Failed has told of it
		timer := time.NewTimer(c.next())
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

func (c *Calendars) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// due are the sources to be read now. Each is put off at once, so that two callers do not read the same.
func (c *Calendars) due() []*copied {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []*copied
	now := c.now()
	for _, k := range c.copies {
		if !k.due.After(now) {
			k.due = now.Add(cmp.Or(k.source.Refresh, DefaultRefresh))
			all = append(all, k)
		}
	}
	return all
}

// next is how long nothing is due.
func (c *Calendars) next() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	wait, now := DefaultRefresh, c.now()
	for _, k := range c.copies {
		wait = min(wait, k.due.Sub(now))
	}
	return max(wait, time.Second)
}

// retry is when a source is looked at again that could not be read.
const retry = time.Minute

// look reads one source. Whoever waits on Changed and Failed holds no lock.
func (c *Calendars) look(ctx context.Context, k *copied) error {
	raw, err := k.source.read(ctx, cmp.Or(c.Client, newClient()))
	if err == nil && c.known(k, raw) {
		c.keep(k, nil, nil, nil)
		return nil
	}
	var parsed *Calendar
	if err == nil {
		parsed, err = Parse(raw)
	}
	c.keep(k, parsed, raw, err)
	switch {
	case err != nil && c.Failed != nil:
		c.Failed(k.source.Name, err)
	case err == nil && c.Changed != nil:
		c.Changed(k.source.Name)
	}
	if err != nil {
		return fmt.Errorf("calendar %q: %w", k.source.Name, err)
	}
	return nil
}

// known reports whether this is what the good copy was made of.
func (c *Calendars) known(k *copied, raw []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return k.calendar != nil && bytes.Equal(raw, k.raw)
}

// keep writes down what came of a look.
func (c *Calendars) keep(k *copied, parsed *Calendar, raw []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k.err = err
	if parsed != nil {
		k.calendar, k.raw = parsed, raw
	}
	if again := c.now().Add(retry); err != nil && again.Before(k.due) {
		k.due = again
	}
}
