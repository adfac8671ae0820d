package approvals

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// model is one request as anybody would keep it on paper.
type model struct {
	state    ledger.State
	needs    []ledger.Need
	groups   map[string][]string
	votes    []string // who approved, in order
	expires  time.Time
	since    time.Time // the last extension
	extended int
	refuses  bool // the policy does, by now
}

func (m *model) in(user, group string) bool { return slices.Contains(m.groups[group], user) }

func (m *model) may(user string) bool {
	return user != "UDANA" && slices.ContainsFunc(m.needs, func(n ledger.Need) bool {
		return slices.ContainsFunc(n.Groups, func(g string) bool { return m.in(user, g) })
	})
}

// met tries every way of giving each place to one of those who voted and are still there.
func (m *model) met() bool {
	var places [][]string
	for _, n := range m.needs {
		for range n.Min {
			places = append(places, n.Groups)
		}
	}
	var fill func(int, []string) bool
	fill = func(i int, taken []string) bool {
		if i == len(places) {
			return true
		}
		return slices.ContainsFunc(m.votes, func(user string) bool {
			fits := !slices.Contains(taken, user) && slices.ContainsFunc(places[i], func(g string) bool { return m.in(user, g) })
			return fits && fill(i+1, append(slices.Clone(taken), user))
		})
	}
	return fill(0, nil)
}

// open reports whether votes are taken; what lies around for too long is not.
func (m *model) open(now time.Time) bool { return m.state == ledger.Pending && now.Before(m.expires) }

// approve is whether an approval is taken.
func (m *model) approve(user string, now time.Time) bool {
	if !m.open(now) || !m.may(user) || slices.Contains(m.votes, user) {
		return false
	}
	m.votes = append(m.votes, user)
	if m.met() {
		m.state = ledger.Running
	}
	return true
}

func (m *model) deny(user string, now time.Time) bool {
	if !m.open(now) || !m.may(user) || slices.Contains(m.votes, user) {
		return false
	}
	m.state = ledger.Denied
	return true
}

func (m *model) extend(user string, now time.Time) bool {
	if !m.open(now) || user != "UDANA" {
		return false
	}
	if m.extended > 0 && now.Sub(m.since) < 10*time.Second {
		return true // a press that came twice
	}
	if m.extended == 3 {
		return false
	}
	m.extended, m.since, m.expires = m.extended+1, now, now.Add(time.Hour)
	return true
}

// work is what the engine makes of it.
func (m *model) work(now time.Time) {
	switch {
	case m.state == ledger.Pending && !now.Before(m.expires):
		m.state = ledger.Expired
	case m.state == ledger.Running && m.refuses:
		m.state = ledger.Void
	case m.state == ledger.Running:
		m.state = ledger.Succeeded
	}
}

// seldom is true now and then: what ends a request at once must not end most of them.
func seldom(rt *rapid.T) bool { return rapid.IntRange(0, 9).Draw(rt, "seldom") == 7 }

// TestWhateverHappensItIsAsOnPaper plays people who vote, deny, withdraw and extend, while groups and the policy
// change and time goes by, against the plain model.
func TestWhateverHappensItIsAsOnPaper(t *testing.T) {
	w := worldOf(t)
	n := 0
	everybody := []string{"UDANA", "USAM", "UPRIYA", "UOLGA", "UEVE"}
	rapid.Check(t, func(rt *rapid.T) {
		n++
		person, group := rapid.SampledFrom(everybody), rapid.SampledFrom([]string{"sre", "owners"})
		need := rapid.Custom(func(rt *rapid.T) ledger.Need {
			return ledger.Need{Groups: rapid.SampledFrom([][]string{{"sre"}, {"owners"}, {"sre", "owners"}}).Draw(rt, "groups"), Min: rapid.IntRange(1, 2).Draw(rt, "min")}
		})
		m := &model{state: ledger.Pending, needs: rapid.SliceOfN(need, 1, 2).Draw(rt, "needs"), expires: w.now.Add(time.Hour),
			groups: map[string][]string{"sre": everybody, "owners": everybody}}
		for g, all := range m.groups {
			w.groups.set(g, all...)
		}
		w.Policy.Rules = []policy.Rule{{Name: "prod", Require: m.needs, ValidFor: time.Hour}}
		s := spec()
		s.Digest, s.Resource = fmt.Sprint("d", n), fmt.Sprint("web", n)
		r, err := w.Propose(t.Context(), fmt.Sprint("key", n), s)
		if fault.Is(err, fault.Conflict) && (ledger.Rule{Needs: m.needs}).Quorum() > 4 {
			return // a dead end: there are four others
		}
		if err != nil {
			rt.Fatal(err)
		}
		did := func(what string, err error, want bool) {
			if _, refused := fault.As(err); err != nil && !refused || (err == nil) != want {
				rt.Fatalf("%s: got %v, want it taken: %v", what, err, want)
			}
		}
		vote := func(b Ballot, want func(string, time.Time) bool) func(*rapid.T) {
			return func(rt *rapid.T) {
				user := person.Draw(rt, "user")
				_, err := w.Vote(t.Context(), r.ID, -1, ledger.Actor{User: user, Team: "T1"}, b)
				did(b.Choice+" by "+user, err, want(user, w.now))
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"approve": vote(Ballot{Choice: "approve"}, m.approve),
			"again":   vote(Ballot{Choice: "approve"}, m.approve),
			"deny": func(rt *rapid.T) {
				if seldom(rt) {
					vote(Ballot{Choice: "deny", Reason: "no"}, m.deny)(rt)
				}
			},
			"withdraw": func(rt *rapid.T) {
				user := rapid.SampledFrom([]string{"USAM", "UOLGA", "UEVE", "UDANA"}).Draw(rt, "user")
				if user == "UDANA" && !seldom(rt) {
					return
				}
				want := user == "UDANA" && m.open(w.now)
				_, err := w.Withdraw(t.Context(), r.ID, ledger.Actor{User: user, Team: "T1"}, "")
				if want {
					m.state = ledger.Withdrawn
				}
				did("withdraw", err, want)
			},
			"extend": func(rt *rapid.T) {
				user := person.Draw(rt, "user")
				_, err := w.Extend(t.Context(), r.ID, -1, ledger.Actor{User: user, Team: "T1"})
				did("extend by "+user, err, m.extend(user, w.now))
			},
			"group": func(rt *rapid.T) {
				user, g := rapid.SampledFrom(append(slices.Clone(everybody), slices.Repeat(m.votes, 4)...)).Draw(rt, "user"), group.Draw(rt, "group")
				before := m.groups[g]
				m.groups[g] = slices.DeleteFunc(slices.Clone(before), func(u string) bool { return u == user })
				if len(m.groups[g]) == len(before) {
					m.groups[g] = append(m.groups[g], user)
				}
				w.groups.set(g, m.groups[g]...)
			},
			"policy": func(*rapid.T) {
				m.refuses = !m.refuses
				w.Policy.Rules = []policy.Rule{{Name: "prod", Require: m.needs}}
				if m.refuses {
					w.Policy.Rules[0].Refuse = "Closed."
				}
			},
			"time": func(rt *rapid.T) {
				w.pass(time.Duration(rapid.IntRange(1, 20).Draw(rt, "minutes")) * time.Minute)
			},
			"work": func(*rapid.T) { w.work(t); m.work(w.now) },
			"": func(rt *rapid.T) {
				got := w.get(t, r.ID)
				if got.State == ledger.Expired && m.state == ledger.Pending && !m.open(w.now) {
					return // it is found out by whoever comes first
				}
				if got.State != m.state {
					rt.Fatalf("got %s, want %s", got.State, m.state)
				}
			},
		})
		w.pass(100 * time.Hour)
		w.work(t)
	})
}
