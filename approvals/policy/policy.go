// Package policy is who must agree to what: rules tried from the top, the first that matches decides, and where
// none matches the answer is no. It is pure: it judges facts, and asks nobody. It knows neither Slack nor Redis.
package policy

import (
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// DefaultValidity is how long votes are taken where a rule does not say.
const DefaultValidity = 4 * time.Hour

// maxValidity bounds how long an approval may lie around.
const maxValidity = 7 * 24 * time.Hour

// Policy is the rules in the order in which they are tried, and what they refer to.
type Policy struct {
	Rules           []Rule `yaml:"rules"`
	SecurityChannel string `yaml:"security_channel"` // "#name" or id: told of every broken glass
}

// Rule says who must agree to what.
type Rule struct {
	Name        string        `yaml:"name"`        // as people know it; "rule 2" when empty
	Kind        string        `yaml:"kind"`        // of operation, such as "rollout"
	Environment string        `yaml:"environment"` // of the configuration
	Target      string        `yaml:"target"`      // a group's name, an image family, …
	Approvals   *int          `yaml:"approvals"`   // distinct people besides the requester; 1 when absent, 0 starts at once
	From        string        `yaml:"from"`        // handle of the Slack user group they must be in; empty: any full member
	ValidFor    time.Duration `yaml:"valid_for"`   // how long votes are taken; 4h when absent
}

// Facts are what a request is judged by. They are stored with it, so that it can be judged again.
type Facts struct {
	Kind        string            `json:"kind"`
	Environment string            `json:"environment"`
	Target      string            `json:"target"`
	Tags        map[string]string `json:"tags,omitempty"` // of the target
	Args        map[string]string `json:"args,omitempty"` // arguments and flags as they were typed, by name without dashes
	Blast       Blast             `json:"blast"`
	User        string            `json:"user"`             // who asks, by id
	Groups      []string          `json:"groups,omitempty"` // those of the policy's groups that the requester is in
	Undo        bool              `json:"undo,omitempty"`   // it takes back another operation
	At          time.Time         `json:"at"`
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
	Rule    ledger.Rule // to be frozen with the request
	Refused string      // why it is not allowed, as a sentence; empty when it may be asked for
	Hint    string      // what to do about a refusal
	Glass   *Glass      // who may run it without the approvals, if anybody may
}

// Glass is who may break it, and who looks at that afterwards.
type Glass struct {
	From   []string      // handles of groups: a member of one may
	Review []ledger.Need // who must look at it afterwards
}

// Judge says what the policy asks for.
func (p Policy) Judge(f Facts) Verdict {
	for i, r := range p.Rules {
		if glob(r.Kind, f.Kind) && glob(r.Environment, f.Environment) && glob(r.Target, f.Target) {
			return Verdict{Rule: r.frozen(i)}
		}
	}
	return Verdict{
		Refused: fmt.Sprintf("No rule of the policy allows %s on %s in %s, so it is refused.", f.Kind, f.Target, f.Environment),
		Hint:    "Whoever keeps amiral.yaml can add a rule for it.",
	}
}

// Groups are the handles of every group that the policy names, each once.
func (p Policy) Groups() []string {
	var all []string
	for _, r := range p.Rules {
		if r.From != "" {
			all = append(all, r.From)
		}
	}
	return all
}

// Hash is the policy's fingerprint: the same for the same meaning, another for any other.
func (p Policy) Hash() string { return "" }

func (r Rule) frozen(index int) ledger.Rule {
	n, groups := 1, []string(nil)
	if r.Approvals != nil {
		n = *r.Approvals
	}
	if r.From != "" {
		groups = []string{r.From}
	}
	f := ledger.Rule{Name: r.Name, Needs: ledger.From(n, groups...), ValidFor: r.ValidFor}
	if f.Name == "" {
		f.Name = fmt.Sprintf("rule %d", index+1)
	}
	if f.ValidFor == 0 {
		f.ValidFor = DefaultValidity
	}
	return f
}

// glob reports whether the pattern matches; a broken pattern, which Validate reports, matches nothing.
func glob(pattern, s string) bool {
	if pattern == "" {
		return true
	}
	ok, err := path.Match(pattern, s)
	return err == nil && ok
}

// Validate reports every problem of the rules at once.
func (p Policy) Validate() error {
	var errs []error
	if len(p.Rules) == 0 {
		errs = append(errs, errors.New("policy: there is no rule, so every change would be refused; add at least one"))
	}
	for i, r := range p.Rules {
		for _, problem := range r.problems() {
			errs = append(errs, fmt.Errorf("policy: rule %d (%s): %s", i+1, r.frozen(i).Name, problem))
		}
	}
	return errors.Join(errs...)
}

func (r Rule) problems() []string {
	var all []string
	for field, pattern := range map[string]string{"kind": r.Kind, "environment": r.Environment, "target": r.Target} {
		if _, err := path.Match(pattern, ""); err != nil {
			all = append(all, fmt.Sprintf("%s: %q is not a pattern; * and ? and [a-z] are understood", field, pattern))
		}
	}
	if r.Approvals != nil && (*r.Approvals < 0 || *r.Approvals > 20) {
		all = append(all, fmt.Sprintf("approvals: %d is not between 0 and 20", *r.Approvals))
	}
	if r.ValidFor < 0 || r.ValidFor > maxValidity {
		all = append(all, fmt.Sprintf("valid_for: %s is not between 0 and %s", r.ValidFor, maxValidity))
	}
	return all
}
