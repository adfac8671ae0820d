package approvals

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// press is one person's press among many at the same time. Slack may deliver it twice, to either replica.
type press struct {
	user         string
	deny, narrow bool
	began, ended time.Time
	err          error
}

// TestVotesThroughTwoReplicasAreAsIfInSomeOrder lets people press at once, through two replicas that share nothing
// but Redis. There is an order of the presses, none before one that was answered when it began, in which the plain
// model gives everybody the same answer and comes to the same end; and it starts once, or not at all.
func TestVotesThroughTwoReplicasAreAsIfInSomeOrder(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		rng := rand.New(rand.NewPCG(11, 13))
		replicas := []*world{worldOn(t, s), worldOn(t, s)}
		rounds, started := 25, 0
		for round := range rounds {
			m := &model{groups: map[string][]string{}, now: time.Now()}
			for _, g := range []string{"sre", "owners"} {
				m.groups[g] = append([]string{"USAM", "UPRIYA", "UOLGA"}, everybody[rng.IntN(len(everybody))])
			}
			r := &request{key: fmt.Sprint("round ", round), by: "UDANA", state: ledger.Pending, expires: m.now.Add(time.Hour), needs: needs(rng)}
			r.id = ledger.IDOf(r.key)
			for _, w := range replicas {
				w.Policy.Rules = []policy.Rule{{Name: "prod", Require: r.needs, ValidFor: time.Hour}}
				for name, members := range m.groups {
					w.groups.set(name, members...)
				}
			}
			s := spec()
			s.Digest, s.Resource, s.Narrow = r.key, r.key, "half of it"
			replicas[0].ask(t, r.key, s)
			m.asked = []*request{r}
			presses := presses(rng)
			atOnce(t, replicas, r.id, presses)
			started += someOrder(t, replicas[0], m, r, presses)
		}
		if started < rounds/4 || started == rounds {
			t.Errorf("%d of %d started: little was tried", started, rounds)
		}
	})
}

func needs(rng *rand.Rand) []ledger.Need {
	sre, owners := ledger.Need{Groups: []string{"sre"}, Min: 1}, ledger.Need{Groups: []string{"owners"}, Min: 1}
	return [][]ledger.Need{{sre}, {sre, owners}, {{Groups: []string{"sre"}, Min: 2}}, {{Groups: []string{"sre", "owners"}, Min: 3}}}[rng.IntN(4)]
}

// presses has everybody press twice; some deny.
func presses(rng *rand.Rand) (all []*press) {
	for _, user := range everybody {
		p := press{user: user, deny: rng.IntN(12) == 0, narrow: rng.IntN(3) == 0}
		again := p
		all = append(all, &p, &again)
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func atOnce(t *testing.T, replicas []*world, id ledger.ID, presses []*press) {
	var wg sync.WaitGroup
	gun := make(chan struct{})
	for i, p := range presses {
		wg.Go(func() {
			b := Ballot{Choice: "approve", Narrow: p.narrow}
			if p.deny {
				b = Ballot{Choice: "deny", Reason: "no"}
			}
			<-gun
			p.began = time.Now()
			_, p.err = replicas[i%2].Vote(t.Context(), id, -1, actor(p.user), b)
			p.ended = time.Now()
		})
	}
	close(gun)
	wg.Wait()
}

// someOrder checks that there is such an order, and returns how often the operation started. The journal says in
// which order presses were taken; a press that was turned away comes as late as it can.
func someOrder(t *testing.T, w *world, m *model, r *request, presses []*press) (started int) {
	t.Helper()
	entries, err := w.ledger.Journal(t.Context(), r.id)
	if err != nil {
		t.Fatal(err)
	}
	place := map[string]int{}
	for i, e := range entries {
		switch e.Kind {
		case "vote", "denied":
			place[e.By.User] = i
		case "started":
			started++
		}
	}
	rank := func(p *press) int {
		if p.err != nil {
			return len(entries)
		}
		return cmp.Or(place[p.user], len(entries)+1) // taken, and nowhere written
	}
	slices.SortStableFunc(presses, func(a, b *press) int { return cmp.Compare(rank(a), rank(b)) })
	for i, p := range presses {
		if _, told := fault.As(p.err); p.err != nil && !told {
			t.Fatalf("%s: %s got %v", r.key, p.user, p.err)
		}
		want := m.press(r, p)
		if (p.err == nil) != want {
			t.Errorf("%s, press %d of %s: got %v, want it taken: %v", r.key, i, p.user, p.err, want)
		}
		for _, later := range presses[i+1:] {
			if p.err == nil && later.ended.Before(p.began) && later.follows(p) {
				t.Errorf("%s: %s was answered (%v) before %s began, and counts after", r.key, later.user, later.err, p.user)
			}
		}
	}
	got := w.get(t, r.id)
	if got.State != r.state || got.Narrowed != r.narrowed || (r.state == ledger.Running) != (started == 1) || started > 1 {
		t.Errorf("%s: got %s, narrowed %v, started %d times; want %s, %v", r.key, got.State, got.Narrowed, started, r.state, r.narrowed)
	}
	return started
}

// follows reports whether a press that was answered like that can only come after one that was taken: who has no
// say is told so at any time, and who pressed twice need only come after themselves.
func (p *press) follows(taken *press) bool {
	if p.err == nil {
		return true
	}
	words := p.err.Error()
	if strings.Contains(words, "You cannot") {
		return false
	}
	return p.user == taken.user || !strings.Contains(words, "counted already")
}

func (m *model) press(r *request, p *press) bool {
	if p.deny {
		return m.deny(r, p.user)
	}
	return m.approve(r, p.user, p.narrow)
}
