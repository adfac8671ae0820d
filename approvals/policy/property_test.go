package policy

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amiral-ops/amiral/internal/ledger"
)

func anyOf[T any](values ...T) *rapid.Generator[T] { return rapid.SampledFrom(values) }

func anyGroups() *rapid.Generator[[]string] {
	return rapid.SliceOfNDistinct(anyOf("sre", "owners", "leads"), 0, 3, rapid.ID[string])
}

func anyNeeds() *rapid.Generator[[]ledger.Need] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ledger.Need {
		return ledger.Need{Groups: anyGroups().Draw(t, "groups"), Min: rapid.IntRange(1, 3).Draw(t, "min")}
	}), 1, 3)
}

// anyRule draws a rule that Validate accepts, but for its name.
func anyRule() *rapid.Generator[Rule] {
	return rapid.Custom(func(t *rapid.T) Rule {
		r := Rule{
			Kind:        anyOf[Globs]("", "rollout", "freeze", "r*").Draw(t, "kind"),
			Environment: anyOf[Globs]("", "production", "staging\ndev", "*").Draw(t, "environment"),
			Target:      anyOf[Globs]("", "web", "w?b\ndb-*").Draw(t, "target"),
			By:          anyGroups().Draw(t, "by"),
			When:        anyOf("", "instances > 10", "data_lost || undo", "alarms[0] == 'a'", `hour("Europe/Berlin") < 12`).Draw(t, "when"),
		}
		switch rapid.IntRange(0, 3).Draw(t, "asks") {
		case 0:
			r.Refuse = "No."
			return r
		case 1:
			r.Require = anyNeeds().Draw(t, "require")
		case 2:
			r.Approvals = ptr(rapid.IntRange(0, 3).Draw(t, "approvals"))
		}
		r.WhoMayRequest = anyGroups().Draw(t, "who may request")
		return r
	})
}

func anyFacts() *rapid.Generator[Facts] {
	return rapid.Custom(func(t *rapid.T) Facts {
		return Facts{
			Kind: anyOf("rollout", "freeze", "review", "").Draw(t, "kind"), Environment: anyOf("production", "staging", "dev").Draw(t, "environment"),
			Target: anyOf("web", "db-1", "api").Draw(t, "target"), Groups: anyGroups().Draw(t, "groups"),
			Blast: Blast{Instances: rapid.IntRange(0, 20).Draw(t, "instances"), DataLost: rapid.Bool().Draw(t, "data lost"), Alarms: anyGroups().Draw(t, "alarms")},
			Undo:  rapid.Bool().Draw(t, "undo"), At: time.Unix(rapid.Int64Range(0, 1<<31).Draw(t, "at"), 0),
		}
	})
}

// TestALaterRuleChangesNothingForWhatAnEarlierDecides: whoever a rule decides for, refused or not, is decided for
// the same way whatever comes after it, and whatever does not match comes before it.
func TestALaterRuleChangesNothingForWhatAnEarlierDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{Rules: rapid.SliceOfN(anyRule(), 0, 6).Draw(t, "rules")}
		f := anyFacts().Draw(t, "facts")
		v := p.Judge(f)
		if v.Index < 0 {
			if v.Refused == "" || len(v.Passed) != len(p.Rules) {
				t.Fatalf("got %+v, want a refusal with a reason for each rule", v)
			}
			return
		}
		longer := Policy{Rules: append(slices.Clone(p.Rules), rapid.SliceOfN(anyRule(), 1, 3).Draw(t, "more")...)}
		again := longer.Judge(f)
		if again.Index != v.Index || again.Refused != v.Refused || !sameNeeds(again.Rule.Needs, v.Rule.Needs) || !slices.Equal(again.Passed, v.Passed) {
			t.Fatalf("got %+v with rules appended, want %+v", again, v)
		}
		alone := Policy{Rules: []Rule{p.Rules[v.Index]}}.Judge(f)
		if alone.Refused == "" != (v.Refused == "") || !sameNeeds(alone.Rule.Needs, v.Rule.Needs) {
			t.Fatalf("got %+v of the rule alone, want %+v", alone, v)
		}
	})
}

// TestWhoIsNotInAGroupIsNeverMoreAllowed: leaving every group never turns a refusal by who_may_request into a yes.
func TestWhoIsNotInAGroupIsNeverMoreAllowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRule().Draw(t, "rule")
		r.By, r.WhoMayRequest = nil, []string{"sre"}
		f := anyFacts().Draw(t, "facts")
		f.Groups = nil
		if v := (Policy{Rules: []Rule{r}}).Judge(f); v.Refused == "" {
			t.Fatalf("got %+v, want a refusal of somebody in no group", v)
		}
	})
}

// TestPossibleIsTheMostThatCanBeSeated compares the count with trying everything.
func TestPossibleIsTheMostThatCanBeSeated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		needs := anyNeeds().Draw(t, "needs")
		members := map[string][]string{}
		for _, g := range []string{"sre", "owners", "leads"} {
			members[g] = rapid.SliceOfNDistinct(anyOf("a", "b", "c", "d"), 0, 3, rapid.ID[string]).Draw(t, g)
		}
		except := anyOf("", "a", "b").Draw(t, "except")
		var places [][]string
		free := 0
		for _, n := range needs {
			for range n.Min {
				if len(n.Groups) == 0 {
					free++
					continue
				}
				places = append(places, everybody(n.Groups, members))
			}
		}
		if got, want := Possible(needs, members, except), free+most(places, map[string]bool{except: true}); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
		if short := Short(needs, members, except); (short == "") != (free+most(places, map[string]bool{except: true}) == (ledger.Rule{Needs: needs}).Quorum()) {
			t.Fatalf("got %q, want a sentence just when something is short", short)
		}
	})
}

// most seats one place after another in every way there is.
func most(places [][]string, taken map[string]bool) int {
	if len(places) == 0 {
		return 0
	}
	best := most(places[1:], taken)
	for _, user := range places[0] {
		if !taken[user] {
			taken[user] = true
			best = max(best, 1+most(places[1:], taken))
			delete(taken, user)
		}
	}
	return best
}

// TestWhatStaysMayStartWhenItOpens: the moment that Stay names is one at which it may start, and none before it is.
func TestWhatStaysMayStartWhenItOpens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		window := rapid.Custom(func(t *rapid.T) Window {
			return Window{
				Days: rapid.SliceOfNDistinct(anyOf(time.Monday, time.Wednesday, time.Saturday, time.Sunday), 0, 4, rapid.ID[time.Weekday]).Draw(t, "days"),
				From: anyOf("00:00", "02:30", "22:00").Draw(t, "from"), To: anyOf("03:00", "17:15", "24:00").Draw(t, "to"),
				Zone: anyOf("", "Europe/Berlin", "America/New_York", "Asia/Kolkata").Draw(t, "zone"),
			}
		})
		p := Policy{Rules: []Rule{{Windows: rapid.SliceOfN(window, 0, 3).Draw(t, "windows"), Blackouts: rapid.SliceOfN(window, 0, 2).Draw(t, "blackouts")}}}
		now := time.Unix(1770000000+rapid.Int64Range(0, 366*24*60).Draw(t, "minute")*60, 0)
		stay := p.Stay(Facts{}, now)
		if stay.Until.IsZero() || stay.Until.Equal(now.Add(lookAgain)) {
			return
		}
		if again := p.Stay(Facts{}, stay.Until); !again.Until.IsZero() {
			t.Fatalf("got %+v at the opening of %+v, want none", again, stay)
		}
		between := now.Add(time.Duration(rapid.Int64Range(0, int64(stay.Until.Sub(now))-1).Draw(t, "between")))
		if earlier := p.Stay(Facts{}, between); !earlier.Until.Equal(stay.Until) {
			t.Fatalf("got %+v between, want it to open at %s", earlier, stay.Until)
		}
	})
}
