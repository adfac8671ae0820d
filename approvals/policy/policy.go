// Package policy is who must agree to what: rules tried from the top, the first that matches decides, and where
// none matches the answer is no. It is pure: it judges facts, and asks nobody. It knows neither Slack nor Redis,
// and of calendars only what an Almanac has read.
//
// A Policy comes from YAML (UnmarshalYAML, Included) or is written in Go. The conditions of its rules are CEL, the
// Common Expression Language, over the facts (see newLanguage). Judge says what it asks for, Stay when
// an approved request may start, DeadEnds whom it can never satisfy; Test and Replay judge a policy itself.
package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy/calendar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// What holds where a rule does not say.
const (
	DefaultValidity = 4 * time.Hour  // for how long votes are taken
	DefaultUndo     = 24 * time.Hour // for how long one approver is enough to take it back
)

// Policy is the rules in the order in which they are tried, and what they refer to.
type Policy struct {
	Rules           []Rule
	Calendars       []calendar.Source // those that windows and blackouts may name
	SecurityChannel string            // "#name" or id: told of every broken glass
	Include         []string          // patterns of files that hold more rules; Included reads them
	Almanac         Almanac           // what stands in the calendars now; nil: nothing is known, so what needs one stays
}

// Almanac knows what stands in the calendars. *calendar.Calendars is one.
type Almanac interface {
	// Calendar is the last good copy; an error when there is none.
	Calendar(name string) (*calendar.Calendar, error)
}

// Rule says who must agree to what.
type Rule struct {
	Name string // as people know it; "rule 2" when empty

	// What it is about. Everything that is given must hold.
	Kind        Globs             // of operation, such as "rollout"
	Environment Globs             // of the configuration
	Target      Globs             // a group's name, an image family, …
	Tags        map[string]string // of the target: name to pattern; a tag that is missing matches none
	By          []string          // groups: requests of their members
	When        string            // a condition in CEL over the facts, such as instances > 10 && !undo

	// What it asks for: Refuse, or Require, or the short form of Approvals and From.
	Refuse    string        // a sentence: no, and why
	Require   []ledger.Need // all of them, each by people of their own
	Approvals *int          // distinct people besides the requester; 1 when absent, 0 starts at once
	From      string        // handle of the Slack user group they must be in; empty: any full member

	ValidFor      time.Duration  // how long votes are taken; 4h when zero
	RemindAt      []Moment       // when those who are missing are called again; half and nine tenths of the time when nil
	WhoMayRequest []string       // groups; everybody when empty
	WhoMayDeny    []string       // groups, besides those who may approve
	WhoMayCancel  []string       // groups, besides the requester and those who may approve
	WhoMayExtend  []string       // groups, besides the requester
	Notify        []string       // groups that are called instead of those that must agree
	BreakGlass    *Glass         // who may run it without the approvals; nil: nobody
	Windows       []Window       // it may start in one of them only; always when empty
	Blackouts     []Window       // it may start in none of them
	UndoWithin    *time.Duration // for how long one approver is enough to take it back; 24h when nil, 0 for not at all

	where     string     // file and line, for problems
	condition *condition // When, compiled
}

// Facts are what a request is judged by. They are stored with it, so that it can be judged again.
type Facts struct {
	Kind        string            `json:"kind"`
	Environment string            `json:"environment"`
	Target      string            `json:"target"`
	Tags        map[string]string `json:"tags,omitempty"` // of the target
	Args        map[string]string `json:"args,omitempty"` // arguments and flags as they were typed, by name without dashes
	Blast       Blast             `json:"blast"`
	User        string            `json:"user"`                  // who asks, by id
	Groups      []string          `json:"groups,omitempty"`      // those of the policy's groups that the requester is in
	Undo        bool              `json:"undo,omitempty"`        // it takes back another operation
	BreakGlass  bool              `json:"break_glass,omitempty"` // it shall run without the approvals that it should have
	At          time.Time         `json:"at"`
	Each        []Part            `json:"each,omitempty"` // of something about several targets: each of them
}

// Part is one of several targets that something is about.
type Part struct {
	Target string            `json:"target"`
	Tags   map[string]string `json:"tags,omitempty"`
}

// parts are the facts of each target. The whole blast is that of each: it happens to all of them or to none.
func (f Facts) parts() []Facts {
	if len(f.Each) == 0 {
		return []Facts{f}
	}
	all := make([]Facts, len(f.Each))
	for i, part := range f.Each {
		all[i] = f
		all[i].Target, all[i].Tags, all[i].Each = part.Target, part.Tags, nil
	}
	return all
}

// Blast is how much a plan touches.
type Blast struct {
	Instances    int      `json:"instances"`              // machines replaced, stopped or removed
	Percent      int      `json:"percent"`                // of the target's capacity that they are
	CapacityDown int      `json:"capacity_down"`          // percent of the capacity that is taken away meanwhile, at the worst
	DataLost     bool     `json:"data_lost,omitempty"`    // what stands on the machines' own disks is gone afterwards
	Irreversible bool     `json:"irreversible,omitempty"` // it cannot be taken back while it runs
	Alarms       []string `json:"alarms,omitempty"`       // CloudWatch alarms that are open now
}

// Verdict is what a policy says of a request.
type Verdict struct {
	Rule    ledger.Rule // to be frozen with the request; of a refusal its name, policy and why
	Index   int         // of the rule among the policy's; -1 when none matched
	Refused string      // why it is not allowed, as a sentence; empty when it may be asked for
	Hint    string      // what to do about a refusal
	Glass   *Glass      // who may run it without the approvals, if anybody may
	Passed  []string    // a line for each rule that was tried before and did not match: why not
}

// Glass is who may break it, and who looks at that afterwards.
type Glass struct {
	From   []string      // handles of groups: a member of one may
	Review []ledger.Need // who must look at it afterwards; one full member when empty
}

// Judge says what the policy asks for. Something about several targets is judged for each of them, and allowed where
// one and the same rule allows it for all: no target slips in under another one's rule.
func (p Policy) Judge(f Facts) Verdict {
	parts := f.parts()
	first := p.judge(parts[0])
	for _, part := range parts[1:] {
		v := p.judge(part)
		if v.Refused != "" {
			return v
		}
		if v.Index != first.Index && first.Refused == "" {
			v.Refused = card.Inert(fmt.Sprintf("%s stands under rule %q and %s under rule %q, so they cannot be asked for together.",
				named(parts[0].Target), first.Rule.Name, named(part.Target), v.Rule.Name))
			v.Hint = "Ask for each by itself."
			v.Rule = ledger.Rule{Name: v.Rule.Name, Policy: v.Rule.Policy, Why: v.Rule.Why}
			return v
		}
	}
	return first
}

func (p Policy) judge(f Facts) Verdict {
	v := Verdict{Index: -1, Rule: ledger.Rule{Policy: p.Short()}}
	for i, r := range p.Rules {
		t := r.try(f)
		if t.trouble == nil && !t.matched {
			v.Passed = append(v.Passed, card.Inert(fmt.Sprintf("rule %q: %s", r.title(i), t.why)))
			continue
		}
		v.Index = i
		v.Rule = r.frozen(i, v.Rule.Policy, t.why)
		return r.allowed(f, v, t.trouble)
	}
	v.Refused = card.Inert(fmt.Sprintf("No rule of the policy allows %s, so it is refused.", f.about()))
	v.Hint = "Whoever keeps amiral.yaml can add a rule for it."
	return v
}

// Allows judges facts again, as when a window opens: why they would be refused now, or nothing. That other
// people would have to agree by now is no reason; those who agreed did so under the rule of their day.
func (p Policy) Allows(f Facts) (refused, hint string) {
	v := p.Judge(f)
	return v.Refused, v.Hint
}

// allowed completes the verdict of a rule that matched, or of whose condition nobody knows.
func (r Rule) allowed(f Facts, v Verdict, trouble error) Verdict {
	switch {
	case trouble != nil:
		v.Refused = card.Inert(fmt.Sprintf("The condition of rule %q cannot be judged (%s), so this is refused.", v.Rule.Name, trouble))
		v.Hint = "Whoever keeps amiral.yaml can mend the condition; `amiral policy test` tries it."
	case r.Refuse != "":
		v.Refused = card.Inert(r.Refuse)
		v.Hint = card.Inert(fmt.Sprintf("Rule %q of the policy says so.", v.Rule.Name))
	case len(r.WhoMayRequest) > 0 && !meet(r.WhoMayRequest, f.Groups):
		v.Refused = card.Inert(fmt.Sprintf("Only members of %s may ask for this.", either(r.WhoMayRequest)))
		v.Hint = card.Inert(fmt.Sprintf("Ask one of them to ask for it; rule %q of the policy says so.", v.Rule.Name))
	default:
		v.Glass = r.glass()
		return v
	}
	v.Rule = ledger.Rule{Name: v.Rule.Name, Policy: v.Rule.Policy, Why: v.Rule.Why}
	return v
}

// about is what the facts are of, in a few words.
func (f Facts) about() string {
	words := f.Kind
	if f.Target != "" {
		words += " on " + f.Target
	}
	if f.Environment != "" {
		words += " in " + f.Environment
	}
	return strings.TrimSpace(words)
}

// title is the rule's name, or its number.
func (r Rule) title(index int) string {
	if r.Name != "" {
		return r.Name
	}
	return fmt.Sprintf("rule %d", index+1)
}
