package approvals

import (
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// model is what is asked for, agreed to and done, as anybody would keep it on paper. All of it is about one group.
type model struct {
	now     time.Time
	groups  map[string][]string
	refuses bool // the policy does, by now
	frozen  bool
	asked   []*request
}

// request is one of them.
type request struct {
	key      string
	id       ledger.ID
	by       string
	needs    []ledger.Need
	state    ledger.State
	votes    []approval
	narrowed bool
	expires  time.Time
	since    time.Time // the last extension
	extended int
	canceled bool      // somebody called for it
	look     time.Time // while it is held: when it is looked at again
}

type approval struct {
	user   string
	narrow bool
	fills  []int // the needs that they could fill when it was counted last
}

// places are the seats that the needs come to, each with the groups that may take it.
func places(needs []ledger.Need) (all [][]string) {
	for _, n := range needs {
		all = append(all, slices.Repeat([][]string{n.Groups}, n.Min)...)
	}
	return all
}

// seats reports whether so many people fill every place, by trying every way of giving each place to one of them.
func (m *model) seats(places [][]string, people []string) bool {
	if len(places) == 0 {
		return true
	}
	for i, user := range people {
		if m.inAny(user, places[0]) && m.seats(places[1:], slices.Delete(slices.Clone(people), i, i+1)) {
			return true
		}
	}
	return false
}

func (m *model) inAny(user string, groups []string) bool {
	return slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(m.groups[g], user) })
}

// reachable reports whether those who are left without the requester could agree.
func (m *model) reachable(needs []ledger.Need, requester string) bool {
	others := slices.DeleteFunc(slices.Clone(everybody), func(u string) bool { return u == requester })
	return m.seats(places(needs), others)
}

// ask is whether a request is taken.
func (m *model) ask(r *request) bool {
	if m.refuses || !m.reachable(r.needs, r.by) {
		return false
	}
	m.asked = append(m.asked, r)
	return true
}

// mayVote reports whether somebody may have a say in a request.
func (m *model) mayVote(r *request, user string) bool {
	return user != r.by && slices.ContainsFunc(r.needs, func(n ledger.Need) bool { return m.inAny(user, n.Groups) })
}

func (r *request) voted(user string) (approval, bool) {
	i := slices.IndexFunc(r.votes, func(a approval) bool { return a.user == user })
	if i < 0 {
		return approval{}, false
	}
	return r.votes[i], true
}

// fills are the needs that somebody may fill.
func (m *model) fills(r *request, user string) (all []int) {
	for i, n := range r.needs {
		if m.inAny(user, n.Groups) {
			all = append(all, i)
		}
	}
	return all
}

// count writes a vote down, in the place of the one before it, and what everybody may fill by now.
func (m *model) count(r *request, user string, narrow bool) {
	r.votes = slices.DeleteFunc(r.votes, func(a approval) bool { return a.user == user })
	r.votes = append(r.votes, approval{user: user, narrow: narrow})
	for i, a := range r.votes {
		r.votes[i].fills = m.fills(r, a.user)
	}
}

// met reports whether those who voted, and are still in their groups, fill every place; the wide alone, or all.
func (m *model) met(r *request, wide bool) bool {
	var people []string
	for _, a := range r.votes {
		if !wide || !a.narrow {
			people = append(people, a.user)
		}
	}
	return m.seats(places(r.needs), people)
}

// open reports whether votes are taken; what lies around for too long is not.
func (m *model) open(r *request) bool { return r.state == ledger.Pending && m.now.Before(r.expires) }

// approve is whether an approval is taken. The one that fills the last place starts it.
func (m *model) approve(r *request, user string, narrow bool) bool {
	before, again := r.voted(user)
	if again && slices.Equal(before.fills, m.fills(r, user)) || !m.open(r) || !m.mayVote(r, user) {
		return false
	}
	m.count(r, user, narrow)
	if m.met(r, false) {
		r.narrowed = !m.met(r, true)
		m.start(r)
	}
	return true
}

// start is what becomes of what is approved: one at a time, and nothing in a freeze.
func (m *model) start(r *request) {
	busy := slices.ContainsFunc(m.asked, func(o *request) bool { return o.state == ledger.Running })
	switch {
	case m.frozen:
		m.hold(r)
	case busy:
		r.state = ledger.Waiting
	default:
		r.state = ledger.Running
	}
}

// hold keeps what is approved from starting. It is looked at now and then, since what keeps it may end early.
func (m *model) hold(r *request) { r.state, r.look = ledger.Held, m.now.Add(5*time.Minute) }

// widen is whether an approval of the rest is taken.
func (m *model) widen(r *request, user string) bool {
	before, again := r.voted(user)
	under := slices.Contains([]ledger.State{ledger.Held, ledger.Waiting, ledger.Running}, r.state)
	if !under || !r.narrowed || again && !before.narrow && slices.Equal(before.fills, m.fills(r, user)) || !m.mayVote(r, user) {
		return false
	}
	m.count(r, user, false)
	r.narrowed = !m.met(r, true)
	return true
}

func (m *model) deny(r *request, user string) bool {
	if !m.open(r) || !m.mayVote(r, user) {
		return false
	}
	r.votes = slices.DeleteFunc(r.votes, func(a approval) bool { return a.user == user })
	r.state = ledger.Denied
	return true
}

func (m *model) withdraw(r *request, user string) bool {
	approved := r.state == ledger.Held || r.state == ledger.Waiting
	if !approved && !m.open(r) || user != r.by && !(approved && m.mayVote(r, user)) {
		return false
	}
	r.state = ledger.Withdrawn
	return true
}

func (m *model) cancel(r *request, user string) bool {
	if r.state != ledger.Running || user != r.by && !m.mayVote(r, user) {
		return false
	}
	r.canceled = true
	return true
}

func (m *model) extend(r *request, user string) bool {
	if !m.open(r) || user != r.by {
		return false
	}
	if r.extended > 0 && m.now.Sub(r.since) < 10*time.Second {
		return true // a press that came twice
	}
	if r.extended == 3 {
		return false
	}
	r.extended, r.since, r.expires = r.extended+1, m.now, m.now.Add(time.Hour)
	return true
}

// thaw lifts the freeze: whatever is held is looked at.
func (m *model) thaw() {
	m.frozen = false
	for _, r := range m.asked {
		r.look = m.now
	}
}

// work is what the engine makes of them.
func (m *model) work() {
	for _, r := range m.asked {
		sleeps := r.state == ledger.Held && m.now.Before(r.look)
		under := slices.Contains([]ledger.State{ledger.Held, ledger.Waiting, ledger.Running}, r.state)
		switch {
		case r.state == ledger.Pending && !m.open(r):
			r.state = ledger.Expired
		case !under || sleeps:
		case m.refuses:
			r.state = ledger.Void
		case r.canceled:
			r.state = ledger.Cancelled
		case m.frozen:
			m.hold(r)
		case r.state == ledger.Held && !m.met(r, !r.narrowed):
			r.state = ledger.Void // who approved it has left
		default:
			r.state = ledger.Succeeded
		}
	}
}
