package ledger_test

import (
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// model is what a ledger is to do with requests on one resource, in plain Go. Its clock goes in minutes.
type model struct {
	now   time.Duration
	order []ledger.ID
	ops   map[ledger.ID]*modelOp
	line  []ledger.ID // the holder first
}

type modelOp struct {
	wish
	state    ledger.State
	same     bool // others of its digest are the same as it
	since    time.Duration
	expires  time.Duration
	due      time.Duration // while pending: the next reminder or the end; while held: the next look
	nagged   time.Duration
	calls    int // reminders so far
	extended int
	votes    []modelVote
	narrowed bool
	begun    bool // its first step may have had an effect
	signals  int
}

// wish is what is asked for.
type wish struct {
	digest   string
	places   []int
	narrow   bool            // a narrow part is offered
	remind   []time.Duration // ascending
	nag      time.Duration
	validity time.Duration
}

type modelVote struct {
	user   string
	fills  []int
	narrow bool
}

func (m *model) submit(id ledger.ID, w wish) ledger.ID {
	if m.ops[id] != nil {
		return id
	}
	for _, other := range m.order {
		if m.ops[other].digest != w.digest {
			continue
		}
		o, closed := m.open(other)
		stands := closed == "" || slices.Contains([]ledger.State{ledger.Held, ledger.Waiting, ledger.Running}, o.state)
		if o.same && stands {
			return other
		}
	}
	m.order = append(m.order, id)
	o := &modelOp{wish: w, state: ledger.Pending, same: true}
	m.ops[id] = o
	if len(w.places) == 0 {
		m.enter(id)
		return id
	}
	m.ask(o, w.validity)
	return id
}

// ask gives a request its time from now.
func (m *model) ask(o *modelOp, d time.Duration) {
	o.since, o.expires, o.nagged = m.now, m.now+d, 0
	o.due = o.next(m.now)
}

// next is when a request is due after now.
func (o *modelOp) next(now time.Duration) time.Duration {
	at := o.expires
	later := slices.IndexFunc(o.remind, func(d time.Duration) bool { return o.since+d > now })
	switch {
	case later >= 0:
		at = o.since + o.remind[later]
	case o.nag > 0 && o.nagged == 0:
		o.nagged = o.nag
		at = now + o.nagged
	case o.nag > 0:
		o.nagged = min(2*o.nagged, 24*time.Hour)
		at = now + o.nagged
	}
	return min(at, o.expires)
}

// sweep is what a look at a request that is due does.
func (m *model) sweep(o *modelOp) {
	if m.now >= o.expires {
		o.state = ledger.Expired
		return
	}
	o.calls++
	o.due = o.next(m.now)
}

// enter puts an approved operation in line for the resource.
func (m *model) enter(id ledger.ID) {
	m.line = append(m.line, id)
	m.ops[id].state = ledger.Waiting
	m.ops[m.line[0]].state = ledger.Running
}

// leave takes it out of the line.
func (m *model) leave(id ledger.ID) {
	m.line = slices.DeleteFunc(m.line, func(x ledger.ID) bool { return x == id })
	if len(m.line) > 0 {
		m.ops[m.line[0]].state = ledger.Running
	}
}

// hold keeps an operation from starting for a while.
func (m *model) hold(id ledger.ID, d time.Duration) {
	m.ops[id].state = ledger.Held
	m.ops[id].due = m.now + min(d, 5*time.Minute)
	m.leave(id)
}

// open is why a request takes no votes any more; nil if it does.
func (m *model) open(id ledger.ID) (*modelOp, string) {
	o := m.ops[id]
	if o == nil {
		return nil, "unknown"
	}
	if o.state == ledger.Pending && m.now >= o.expires {
		o.state = ledger.Expired
	}
	if o.state == ledger.Expired {
		return o, "expired"
	}
	if o.state != ledger.Pending {
		return o, "decided"
	}
	return o, ""
}

// sit is how many of those who voted can sit: all of them, or those who approved all of it.
func (o *modelOp) sit(all bool) int {
	var people [][]int
	for _, v := range o.votes {
		if all || !v.narrow {
			people = append(people, v.fills)
		}
	}
	return most(slices.Clone(o.places), people)
}

// quorum is how many must sit.
func (o *modelOp) quorum() (n int) {
	for _, min := range o.places {
		n += min
	}
	return n
}

// correct changes what earlier voters may fill.
func (o *modelOp) correct(fills map[string][]int) {
	for i, v := range o.votes {
		if f, ok := fills[v.user]; ok {
			o.votes[i].fills = f
		}
	}
}

func (o *modelOp) voted(user string) int {
	return slices.IndexFunc(o.votes, func(v modelVote) bool { return v.user == user })
}

func (m *model) vote(id ledger.ID, v modelVote, deny bool, digest string, fills map[string][]int, stay time.Duration) string {
	o, closed := m.open(id)
	switch {
	case closed != "":
		return closed
	case v.user == "UREQ":
		return "self"
	case digest != o.digest:
		return "digest"
	case o.voted(v.user) >= 0 && !deny && slices.Equal(o.votes[o.voted(v.user)].fills, v.fills):
		return "voted"
	case v.narrow && !o.narrow:
		return "not narrow"
	case deny:
		o.votes = slices.DeleteFunc(o.votes, func(mine modelVote) bool { return mine.user == v.user })
		o.state = ledger.Denied
		return ""
	}
	o.correct(fills)
	if again := o.voted(v.user); again >= 0 {
		o.votes[again] = v
	} else {
		o.votes = append(o.votes, v)
	}
	if o.sit(true) < o.quorum() {
		return ""
	}
	o.narrowed = o.sit(false) < o.quorum()
	if stay > 0 {
		m.hold(id, stay)
	} else {
		m.enter(id)
	}
	return ""
}

func (m *model) widen(id ledger.ID, v modelVote, fills map[string][]int) string {
	o := m.ops[id]
	if o == nil {
		return "unknown"
	}
	before := o.voted(v.user)
	switch {
	case !o.narrowed || o.state.Final():
		return "not narrow"
	case v.user == "UREQ":
		return "self"
	case before >= 0 && !o.votes[before].narrow && slices.Equal(o.votes[before].fills, v.fills):
		return "voted"
	case before >= 0:
		o.votes[before] = v
	default:
		o.votes = append(o.votes, v)
	}
	o.correct(fills)
	if o.sit(false) < o.quorum() {
		return ""
	}
	o.narrowed = false
	if o.state == ledger.Running {
		o.signals++
	}
	return ""
}

func (m *model) withdraw(id ledger.ID) string {
	o, closed := m.open(id)
	if closed == "decided" && (o.state == ledger.Waiting || o.state == ledger.Held) {
		m.leave(id)
		closed = ""
	}
	if closed == "" {
		o.state = ledger.Withdrawn
	}
	return closed
}

func (m *model) prolong(id ledger.ID, d time.Duration, most int) string {
	o, closed := m.open(id)
	switch {
	case closed != "":
		return closed
	case o.extended > 0 && o.since == m.now:
		return "" // a press that came twice
	case o.extended >= most:
		return "limit"
	}
	o.extended++
	m.ask(o, d)
	return ""
}

func (m *model) signal(id ledger.ID, name string) string {
	o := m.ops[id]
	if o == nil {
		return "unknown"
	}
	if o.state != ledger.Running {
		return "not running"
	}
	o.same = o.same && name == "pause"
	o.signals++
	return ""
}

// wake makes what is held due.
func (m *model) wake() {
	for _, o := range m.ops {
		if o.state == ledger.Held {
			o.due = m.now
		}
	}
}

// turns are those who may get the next turn.
func (m *model) turns() []ledger.ID {
	ids := slices.Clone(m.line[:min(1, len(m.line))])
	for _, id := range m.order {
		if o := m.ops[id]; o.state == ledger.Held && o.due <= m.now {
			ids = append(ids, id)
		}
	}
	return ids
}

// finish ends an operation that has a turn.
func (m *model) finish(id ledger.ID, state ledger.State) {
	m.ops[id].state = state
	m.leave(id)
}
