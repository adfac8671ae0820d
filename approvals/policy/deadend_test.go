package policy

import (
	"reflect"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestShortSaysWhatCannotBeMet(t *testing.T) {
	members := map[string][]string{"sre": {"sam", "dev"}, "owners": {"olga"}, "leads": {"olga", "sam"}, "empty": nil}
	one := func(groups ...string) ledger.Need { return ledger.Need{Groups: groups, Min: 1} }
	for name, c := range map[string]struct {
		needs    []ledger.Need
		except   string
		possible int
		why      string
	}{
		"all are there":          {[]ledger.Need{one("sre"), one("owners")}, "dev", 2, ""},
		"the only one asks":      {[]ledger.Need{one("sre"), one("owners")}, "olga", 1, "After leaving out the requester only 1 of 2 can be met: @owners has nobody else."},
		"too few":                {[]ledger.Need{{Groups: []string{"sre"}, Min: 3}}, "", 2, "Only 2 of 3 can be met: @sre has only 2 where 3 are needed."},
		"too few others":         {[]ledger.Need{{Groups: []string{"sre"}, Min: 2}}, "sam", 1, "After leaving out the requester only 1 of 2 can be met: @sre has only 1 else where 2 are needed."},
		"one person, two groups": {[]ledger.Need{one("owners"), one("leads")}, "sam", 1, "After leaving out the requester only 1 of 2 can be met: those of @leads are needed for another group too."},
		"the other way round":    {[]ledger.Need{one("leads"), one("owners")}, "", 2, ""},
		"an empty group":         {[]ledger.Need{one("empty", "missing")}, "", 0, "Only 0 of 1 can be met: @empty or @missing has nobody."},
		"anybody":                {[]ledger.Need{{Min: 3}, one("owners")}, "", 4, ""},
		"nobody":                 {nil, "sam", 0, ""},
	} {
		if got := Possible(c.needs, members, c.except); got != c.possible {
			t.Errorf("%s: got %d possible, want %d", name, got, c.possible)
		}
		if got := Short(c.needs, members, c.except); got != c.why {
			t.Errorf("%s: got %q, want %q", name, got, c.why)
		}
	}
}

func TestDeadEndsAreFoundAtOnce(t *testing.T) {
	p := read(t, `
security_channel: "#sec"
rules:
- {name: fine, from: sre}
- {name: never, require: {all: [{group: owners}, {any_of: [owners]}]}}
- {name: theirs, require: {all: [{group: sre}, {group: owners}]}}
- {name: not asked by them, who_may_request: [sre], require: {all: [{group: owners}]}}
- {name: nobody asks, who_may_request: [empty], approvals: 0}
- {name: by nobody, by: [empty], approvals: 0}
- {name: one reviewer, from: sre, break_glass: {from: [owners], review: {group: owners}}}
- {name: no, refuse: "No."}
`)
	got := p.DeadEnds(map[string][]string{"sre": {"sam", "dev", "kim"}, "owners": {"olga"}})
	want := []DeadEnd{
		{Index: 1, Rule: "never", Always: true, Why: "Only 1 of 2 can be met: those of @owners are needed for another group too."},
		{Index: 2, Rule: "theirs", Requesters: []string{"olga"}, Why: "After leaving out the requester only 1 of 2 can be met: @owners has nobody else."},
		{Index: 4, Rule: "nobody asks", Always: true, Why: "Nobody can ask for what this rule is about: @empty has nobody."},
		{Index: 5, Rule: "by nobody", Always: true, Why: "Nobody can ask for what this rule is about: @empty has nobody."},
		{Index: 6, Rule: "one reviewer", Requesters: []string{"olga"}, Why: "The review of a broken glass can never be closed. After leaving out the requester only 0 of 1 can be met: @owners has nobody else."},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
