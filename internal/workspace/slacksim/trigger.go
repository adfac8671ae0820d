package slacksim

import (
	"fmt"
	"time"
)

// trigger is the right to open one modal for a person, for a moment.
type trigger struct {
	user    string
	expires time.Time
	used    bool
	inView  bool // it came from within a modal
}

func (w *Workspace) newTrigger(user string, inView bool) string {
	id := fmt.Sprintf("%d.%d.%s", w.now().UnixMilli(), 1000000+w.rng.Intn(9000000), w.newHex(16))
	w.triggers[id] = &trigger{user: user, expires: w.now().Add(w.opt.Timings.Trigger), inView: inView}
	return id
}

// pull uses a trigger up.
func (w *Workspace) pull(id string) (*trigger, error) {
	t := w.triggers[id]
	switch {
	case t == nil:
		return nil, fail("invalid_trigger_id")
	case t.used:
		return nil, fail(w.spelling("exchanged_trigger_id", "trigger_exchanged"))
	case w.now().After(t.expires):
		return nil, fail(w.spelling("expired_trigger_id", "trigger_expired"))
	}
	t.used = true
	return t, nil
}

func (w *Workspace) spelling(reference, guide string) string {
	if w.opt.GuideTriggerErrors {
		return guide
	}
	return reference
}
