// Package plan is what the plans of all kinds of change have in common: what the policy judges, what people read and
// what an operation is made from. A plan itself belongs to the package that carries it out; it is a value that
// round-trips through JSON.
package plan

import (
	"fmt"
	"slices"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Brief is a plan in short: everything of it that is not particular to its kind.
type Brief struct {
	Kind        string // of operation, such as "rollout": the policy's kind, and the workflow's name
	Environment string
	Target      string            // what it is about, by name
	Resource    string            // what is locked while it runs: account/region/asg/name; empty for nothing
	Title       string            // the headline: "Roll web to ami-0b2"
	Digest      string            // of what is material: the same for the same change, whoever planned it
	Step        string            // the workflow's first
	Tags        map[string]string // of the target
	Each        []Part            // of several targets: each of them
	Blast       Blast
	Impact      string // the blast radius in a few words for people
	Narrow      string // the smaller thing that may be approved instead, in a few words; empty: there is none
	Findings    []card.Finding
}

// Part is one of several targets that a plan is about.
type Part struct {
	Target string
	Tags   map[string]string
}

// Blast is how much a change touches and risks, in plain values to judge by.
type Blast struct {
	Instances    int      // that are replaced, stopped or removed
	Percent      int      // of the target's capacity that they are
	CapacityDown int      // percent of it that is out of service meanwhile, at the worst
	DataLost     bool     // what stands on the machines' own disks is gone afterwards, or it cannot be told
	Irreversible bool     // it cannot be taken back
	Alarms       []string // in ALARM for the target now
}

// Stops are the findings because of which nothing may start.
func (b Brief) Stops() []card.Finding {
	var stops []card.Finding
	for _, f := range b.Findings {
		if f.Stop {
			stops = append(stops, f)
		}
	}
	return stops
}

// Button asks something of an operation, from its card.
func Button(r ledger.Record, action, label string, style card.Style, ask *card.Confirm) card.Button {
	return card.Button{Action: action, ID: string(r.ID), Version: r.Version, Label: label, Style: style, Confirm: ask}
}

// Stop is a finding because of which nothing may start.
func Stop(hint, format string, args ...any) card.Finding {
	return card.Finding{Stop: true, Text: fmt.Sprintf(format, args...), Hint: hint}
}

// Warn is a finding that people should know of before they agree.
func Warn(hint, format string, args ...any) card.Finding {
	return card.Finding{Text: fmt.Sprintf(format, args...), Hint: hint}
}

// One is a finding alone.
func One(f card.Finding) []card.Finding { return []card.Finding{f} }

// StopsFirst puts the findings because of which nothing may start before the others.
func StopsFirst(found []card.Finding) []card.Finding {
	slices.SortStableFunc(found, func(a, b card.Finding) int {
		switch {
		case a.Stop == b.Stop:
			return 0
		case a.Stop:
			return -1
		}
		return 1
	})
	return found
}
