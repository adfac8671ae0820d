package approvals

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

// Policy is the rules in the order in which they are tried. The first that matches decides; where none
// matches, the request is refused.
type Policy []Rule

// Rule says who must agree to what. Patterns are globs as in path.Match; an empty one matches everything.
type Rule struct {
	Name        string        `yaml:"name"`        // as people know it; "rule 2" when empty
	Kind        string        `yaml:"kind"`        // of operation, such as "rollout"
	Environment string        `yaml:"environment"` // of the configuration
	Target      string        `yaml:"target"`      // a group's name, an image family, …
	Approvals   *int          `yaml:"approvals"`   // distinct people besides the requester; 1 when absent, 0 starts at once
	From        string        `yaml:"from"`        // handle of the Slack user group they must be in; empty: any full member
	ValidFor    time.Duration `yaml:"valid_for"`   // how long votes are taken; 4h when absent
}

// Match returns the rule for the spec, ready to be frozen into a proposal.
func (p Policy) Match(s Spec) (ledger.Rule, bool) {
	for i, r := range p {
		if r.matches(s) {
			return r.frozen(i), true
		}
	}
	return ledger.Rule{}, false
}

func (r Rule) matches(s Spec) bool {
	return glob(r.Kind, s.Kind) && glob(r.Environment, s.Environment) && glob(r.Target, s.Target)
}

func (r Rule) frozen(index int) ledger.Rule {
	f := ledger.Rule{Name: r.Name, Quorum: 1, Group: r.From, ValidFor: r.ValidFor}
	if f.Name == "" {
		f.Name = fmt.Sprintf("rule %d", index+1)
	}
	if r.Approvals != nil {
		f.Quorum = *r.Approvals
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
	if len(p) == 0 {
		errs = append(errs, errors.New("policy: there is no rule, so every change would be refused; add at least one"))
	}
	for i, r := range p {
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
