package ledger_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// attempt is one vote among many at the same time.
type attempt struct {
	modelVote
	deny     bool
	from, to time.Time // when it was under way
	answer   string    // in the model's words
}

// TestVotesAtTheSameTimeAreAsIfInSomeOrder lets many people vote at once on requests with several needs. There must be
// an order of the votes, no vote after one that only began when it had its answer, in which the model gives everybody
// the same answer and comes to the same end; and the operation starts once or not at all.
func TestVotesAtTheSameTimeAreAsIfInSomeOrder(t *testing.T) {
	each(t, func(d *desk) {
		rounds := 15
		if d.s.Real() {
			rounds = 60
		}
		rng := rand.New(rand.NewPCG(3, 7))
		started := 0
		for round := range rounds {
			places := [][]int{{1, 1}, {2, 1}, {1, 1, 1}, {2}}[rng.IntN(4)]
			p := proposal(fmt.Sprint("round ", round), 0)
			p.Narrow, p.Resource = "half of it", string(p.ID)
			for i, n := range places {
				p.Rule.Needs = append(p.Rule.Needs, ledger.Need{Groups: []string{fmt.Sprint("g", i)}, Min: n})
			}
			id := d.propose(p).ID
			attempts := d.allAtOnce(id, draw(rng, len(places)))
			started += d.someOrder(id, wish{digest: p.Digest, places: places, narrow: true, validity: time.Hour}, attempts)
		}
		if started < rounds/4 || started == rounds {
			d.t.Errorf("%d of %d requests started: little was tried", started, rounds)
		}
	})
}

// draw draws eight votes; one in ten is a denial.
func draw(rng *rand.Rand, places int) []*attempt {
	all := make([]*attempt, 8)
	for i := range all {
		a := &attempt{modelVote: modelVote{user: fmt.Sprint("U", i), narrow: rng.IntN(3) == 0}, deny: rng.IntN(10) == 0}
		for n := range places {
			if rng.IntN(2) == 0 {
				a.fills = append(a.fills, n)
			}
		}
		all[i] = a
	}
	return all
}

// allAtOnce casts the votes at the same time.
func (d *desk) allAtOnce(id ledger.ID, attempts []*attempt) []*attempt {
	digest := d.get(id).Digest
	var wg sync.WaitGroup
	gun := make(chan struct{})
	for _, a := range attempts {
		wg.Go(func() {
			v := ledger.Vote{Actor: person(a.user), Choice: "approve", Fills: a.fills, Narrow: a.narrow}
			if a.deny {
				v.Choice = "deny"
			}
			<-gun
			a.from = time.Now()
			_, err := d.Vote(d.ctx, id, -1, v, digest, ledger.VoteOptions{})
			a.to = time.Now()
			a.answer = refusal(err)
		})
	}
	close(gun)
	wg.Wait()
	return attempts
}

// someOrder checks that there is such an order, and returns how often the operation started. The journal says in which
// order votes were taken; those that came too late come after them.
func (d *desk) someOrder(id ledger.ID, w wish, attempts []*attempt) (started int) {
	d.t.Helper()
	entries, err := d.Journal(d.ctx, id)
	d.ok(err)
	place := map[string]int{}
	for i, e := range entries {
		switch e.Kind {
		case "vote", "denied":
			place[e.By.User] = i
		case "started":
			started++
		}
	}
	slices.SortStableFunc(attempts, func(a, b *attempt) int {
		x, y := cmp.Or(place[a.user], len(entries)), cmp.Or(place[b.user], len(entries))
		return cmp.Or(cmp.Compare(x, y), a.from.Compare(b.from))
	})
	m := &model{ops: map[ledger.ID]*modelOp{}}
	m.submit(id, w)
	for i, a := range attempts {
		if want := m.vote(id, a.modelVote, a.deny, w.digest, nil, 0); a.answer != want {
			d.t.Errorf("%s, vote %d of %s: got %q, want %q", id, i, a.user, a.answer, want)
		}
		for _, later := range attempts[i+1:] {
			if later.to.Before(a.from) {
				d.t.Errorf("%s: %s had an answer before %s began, and counts after", id, later.user, a.user)
			}
		}
	}
	rec, o := d.get(id), m.ops[id]
	want := fmt.Sprint(o.state, o.narrowed, o.sit(true))
	d.want("end", fmt.Sprint(rec.State, rec.Narrowed, rec.Approvals()), want)
	if runs := o.state == ledger.Running; runs != (started == 1) {
		d.t.Errorf("%s is %s and started %d times", id, o.state, started)
	}
	return started
}
