package ledgertest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// Check fails the test for everything in a ledger that must never be. The ledger must be at rest.
func Check(t testing.TB, client redis.UniversalClient, prefix string) {
	t.Helper()
	broken, err := Broken(context.Background(), client, prefix)
	if err != nil {
		t.Fatalf("invariants not checked: %v", err)
	}
	for _, b := range broken {
		t.Error(b)
	}
}

// Broken lists the invariants that do not hold, each as "I4 op-1: why". The eighth, that no step has two
// effects outside, cannot be seen in Redis: crashtest.World checks it.
func Broken(ctx context.Context, client redis.UniversalClient, prefix string) ([]string, error) {
	s, err := take(ctx, client, prefix)
	if err != nil {
		return nil, err
	}
	var all []string
	for id, o := range s.ops {
		for _, rule := range []struct {
			name string
			find func(*snapshot, string, op) []string
		}{
			{"I1", decisionsJournalled}, {"I2", approvedMeansStarted}, {"I3", onceOnly}, {"I4", sequenceWithoutGap},
			{"I5", epochWritesOnce}, {"I6", resourceHeld}, {"I7", dueOnce}, {"I9", votesProper}, {"I10", endTold},
			{"I11", askedOnce},
		} {
			for _, why := range rule.find(s, id, o) {
				all = append(all, fmt.Sprintf("%s %s (%s): %s", rule.name, id, o.state(), why))
			}
		}
	}
	all = append(all, s.strays()...)
	slices.Sort(all)
	return all, nil
}

// decisionsJournalled: what was acknowledged is in the journal.
func decisionsJournalled(_ *snapshot, _ string, o op) (bad []string) {
	want := map[ledger.State]string{ledger.Denied: "denied", ledger.Expired: "expired", ledger.Withdrawn: "withdrawn"}[o.state()]
	if want == "" && o.state() != ledger.Pending {
		want = "approved"
	}
	if want != "" && o.count(want) != 1 {
		bad = append(bad, fmt.Sprintf("the journal holds %q %d times", want, o.count(want)))
	}
	for user := range o.votes {
		if !slices.ContainsFunc(o.journal, func(e map[string]string) bool {
			var by ledger.Actor
			_ = json.Unmarshal([]byte(e["by"]), &by) // nobody
			return by.User == user && (e["kind"] == "vote" || e["kind"] == "denied")
		}) {
			bad = append(bad, "the vote of "+user+" is not in the journal")
		}
	}
	return bad
}

// ways are the last of the entries started, held and waiting that an operation in a state may have; none: "".
var ways = map[ledger.State][]string{
	ledger.Pending: {""}, ledger.Denied: {""}, ledger.Expired: {""}, ledger.Withdrawn: {"", "held", "waiting"},
	ledger.Held: {"held"}, ledger.Waiting: {"waiting"}, ledger.Running: {"started"}, ledger.Stuck: {"started"},
	ledger.Void: {"started", "held"}, ledger.Cancelled: {"started", "held"},
	ledger.Succeeded: {"started"}, ledger.Failed: {"started"}, ledger.Undone: {"started"},
}

// approvedMeansStarted: what has its votes runs, waits in line, or is held; nothing else does.
func approvedMeansStarted(_ *snapshot, _ string, o op) (bad []string) {
	enough := o.int("approvals") >= o.int("quorum")
	if o.state() == ledger.Pending && enough {
		bad = append(bad, "it has its votes and was not started")
	}
	last := ""
	for _, e := range o.journal {
		if slices.Contains([]string{"started", "held", "waiting"}, e["kind"]) {
			last = e["kind"]
		}
	}
	if last != "" && !enough {
		bad = append(bad, "it was started without its votes")
	}
	if !slices.Contains(ways[o.state()], last) {
		bad = append(bad, fmt.Sprintf("state and journal do not agree whether it started: %q", last))
	}
	return bad
}

// onceOnly: one request is one operation, started once and ended once.
func onceOnly(_ *snapshot, _ string, o op) (bad []string) {
	if n := o.count("proposed"); n != 1 {
		bad = append(bad, fmt.Sprintf("it was proposed %d times", n))
	}
	if n := o.count("approved"); n > 1 {
		bad = append(bad, fmt.Sprintf("it was approved %d times", n))
	}
	started, steps := false, false
	for _, e := range o.journal {
		switch e["kind"] {
		case "started":
			if started {
				bad = append(bad, "it was started twice")
			}
			started = true
		case "step":
			steps = true
		case "held":
			if started = false; steps {
				bad = append(bad, "it was held after its first step")
			}
		}
	}
	return bad
}

// sequenceWithoutGap: each checkpoint is one more than the one before.
func sequenceWithoutGap(_ *snapshot, _ string, o op) (bad []string) {
	next := int64(1)
	for _, e := range o.journal {
		if e["kind"] != "step" && (e["kind"] != "ended" || e["seq"] == "") {
			continue
		}
		if e["seq"] != strconv.FormatInt(next, 10) {
			bad = append(bad, fmt.Sprintf("checkpoint %s where %d was next", e["seq"], next))
		}
		next++
	}
	if o.int("seq") != next-1 {
		bad = append(bad, fmt.Sprintf("it stands at checkpoint %d, its journal at %d", o.int("seq"), next-1))
	}
	return bad
}

// epochWritesOnce: a turn writes once, and no later than the next turn.
func epochWritesOnce(_ *snapshot, _ string, o op) (bad []string) {
	last := int64(0)
	for _, e := range o.journal {
		if e["epoch"] == "" {
			continue
		}
		epoch, _ := strconv.ParseInt(e["epoch"], 10, 64)
		if epoch <= last || epoch > o.int("epoch") {
			bad = append(bad, fmt.Sprintf("turn %d wrote after turn %d, of %d", epoch, last, o.int("epoch")))
		}
		last = epoch
	}
	return bad
}

// resourceHeld: an operation at work holds its resource; one in line stands there once.
func resourceHeld(s *snapshot, id string, o op) (bad []string) {
	resource := o.fields["resource"]
	if resource == "" {
		return nil
	}
	holds := s.locks[resource] == id
	if works := o.state() == ledger.Running || o.state() == ledger.Stuck; works != holds {
		bad = append(bad, fmt.Sprintf("%s is held by %q", resource, s.locks[resource]))
	}
	inLine := 0
	for _, w := range s.waits[resource] {
		if w == id {
			inLine++
		}
	}
	if waits := o.state() == ledger.Waiting; (waits && inLine != 1) || (!waits && inLine != 0) {
		bad = append(bad, fmt.Sprintf("it stands in line %d times", inLine))
	}
	return bad
}

// dueOnce: what needs a turn or an end has exactly one due time, nothing else has one.
func dueOnce(s *snapshot, id string, o op) (bad []string) {
	due := s.due[id]
	held := o.state() == ledger.Held
	if needs := o.state() == ledger.Pending || o.state() == ledger.Running || held; needs != due {
		bad = append(bad, fmt.Sprintf("due: got %t, want %t", due, needs))
	}
	if s.held[id] != held {
		bad = append(bad, fmt.Sprintf("held: got %t, want %t", s.held[id], held))
	}
	if open := s.open[id]; open == o.state().Final() {
		bad = append(bad, fmt.Sprintf("open: got %t", open))
	}
	return bad
}

// votesProper: what runs is what was agreed to, by distinct people other than the requester, in time.
func votesProper(_ *snapshot, _ string, o op) (bad []string) {
	if o.fields["digest"] != o.proposal.Digest || o.fields["resource"] != o.proposal.Resource {
		bad = append(bad, "what runs is not what was proposed")
	}
	var people []ballot
	widened := false
	for user, b := range o.votes {
		if user == o.proposal.Requester.User {
			bad = append(bad, "the requester voted")
		}
		if at, _ := strconv.ParseInt(b.At, 10, 64); at > o.int("expires") && !b.Widens {
			bad = append(bad, user+" voted too late")
		}
		if b.Choice == "approve" {
			people = append(people, b)
		}
		widened = widened || b.Widens
	}
	if n := int64(most(o.proposal.Rule.Places(), people)); n != o.int("approvals") && !widened {
		bad = append(bad, fmt.Sprintf("%d approvals are counted, %d given", o.int("approvals"), n))
	}
	if o.fields["narrowed"] == "1" && o.proposal.Narrow == "" {
		bad = append(bad, "it is narrowed to nothing")
	}
	return bad
}

// most is how many people can sit, found by trying everything.
func most(places []int, people []ballot) int {
	if len(people) == 0 {
		return 0
	}
	first, rest := people[0], people[1:]
	best := most(places, rest)
	for i := range places {
		if places[i] > 0 && first.fillsPlace(i) {
			places[i]--
			best = max(best, 1+most(places, rest))
			places[i]++
		}
	}
	return best
}

// endTold: an end is journalled once, and whatever changed is drawn or about to be.
func endTold(s *snapshot, id string, o op) (bad []string) {
	ends := o.count("ended", "denied", "expired", "withdrawn")
	if o.state().Final() != (ends == 1) || ends > 1 {
		bad = append(bad, fmt.Sprintf("it ended %d times", ends))
	}
	if !s.draw[id] && o.int("drawn") != o.int("rev") {
		bad = append(bad, fmt.Sprintf("its thread stands at %d of %d and is not to be drawn", o.int("drawn"), o.int("rev")))
	}
	return bad
}

// askedOnce: what waits or runs stands for all that ask for the same, unless people took it out of the way;
// what is over stands for nothing.
func askedOnce(s *snapshot, id string, o op) (bad []string) {
	what := ""
	if o.proposal.Digest != "" {
		what = fmt.Sprintf("%s:%s:%s", o.proposal.Resource, o.proposal.Kind, o.proposal.Digest)
	}
	for name, holder := range s.same {
		if holder == id && name != what {
			bad = append(bad, "it stands for "+name+", which it is not")
		}
	}
	stands := what != "" && s.same[what] == id
	switch {
	case stands && o.state().Final():
		bad = append(bad, "it is over and stands in the way of "+what)
	case !stands && what != "" && !o.state().Final() && o.count("signal", "stuck") == 0:
		bad = append(bad, fmt.Sprintf("the same can be asked beside it: %s is %q", what, s.same[what]))
	}
	return bad
}

// strays are entries that belong to no operation.
func (s *snapshot) strays() (bad []string) {
	for _, set := range []struct {
		name    string
		members map[string]bool
	}{{"I7 due", s.due}, {"I7 open", s.open}, {"I7 held", s.held}, {"I10 draw", s.draw}} {
		for id := range set.members {
			if _, ok := s.ops[id]; !ok {
				bad = append(bad, set.name+" names the unknown operation "+id)
			}
		}
	}
	bad = append(bad, takenHeld(s)...)
	for resource, id := range s.locks {
		if _, ok := s.ops[id]; !ok {
			bad = append(bad, fmt.Sprintf("I6 %s is held by the unknown operation %s", resource, id))
		}
		if s.lockTTLs[resource] {
			bad = append(bad, "I6 the lock of "+resource+" would go away by itself")
		}
	}
	for what, id := range s.same {
		if _, ok := s.ops[id]; !ok {
			bad = append(bad, fmt.Sprintf("I11 the unknown operation %s stands for %s", id, what))
		}
	}
	for resource, line := range s.waits {
		if len(line) > 0 && s.locks[resource] == "" {
			bad = append(bad, "I6 nobody holds "+resource+", and some wait for it")
		}
	}
	return bad
}

// takenHeld: an operation has whatever it took, until it ends, and has nothing that it did not take.
func takenHeld(s *snapshot) (bad []string) {
	for id, resources := range s.taken {
		o := s.ops[id]
		if state := o.state(); state != ledger.Running && state != ledger.Stuck {
			bad = append(bad, fmt.Sprintf("I6 %s is %s and has taken %v", id, state, resources))
		}
		for _, r := range resources {
			if s.locks[r] != id {
				bad = append(bad, fmt.Sprintf("I6 %s has taken %s, which is held by %q", id, r, s.locks[r]))
			}
		}
	}
	for resource, id := range s.locks {
		if s.ops[id].fields["resource"] != resource && !slices.Contains(s.taken[id], resource) {
			bad = append(bad, fmt.Sprintf("I6 %s holds %s, which it has not taken", id, resource))
		}
	}
	return bad
}
