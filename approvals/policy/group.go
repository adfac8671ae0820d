package policy

import (
	"slices"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// Groups are the handles of every group that the policy names, each once, in the order of the file: whose
// membership the facts of a request must tell.
func (p Policy) Groups() []string {
	var all []string
	for _, r := range p.Rules {
		for _, g := range r.groups() {
			if !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	return all
}

func (r Rule) groups() []string {
	all := slices.Concat(r.By, fromGroups(r.needs()), r.WhoMayRequest, r.WhoMayDeny, r.WhoMayCancel, r.WhoMayExtend, r.Notify)
	if r.BreakGlass != nil {
		all = slices.Concat(all, r.BreakGlass.From, fromGroups(r.BreakGlass.Review))
	}
	return all
}

func fromGroups(needs []ledger.Need) []string { return ledger.Rule{Needs: needs}.Groups() }
