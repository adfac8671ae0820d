package app

import (
	"context"
	"slices"

	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// absent says who is in which group while Slack is away. Whoever voted before was found in the groups that their
// vote counts for when they did; nobody can ask again now, so that stands. Operators are in those of the
// configuration, and everybody else is in none.
type absent struct {
	operators []config.Operator
	record    ledger.Record
}

// InGroup reports whether somebody is believed to be in a group.
func (a absent) InGroup(_ context.Context, who ledger.Actor, handle string) (bool, error) {
	for _, v := range a.record.Votes {
		if v.Actor == who {
			return a.counts(v, handle), nil
		}
	}
	for _, o := range a.operators {
		if o.User == who.User && o.Team == who.Team {
			return slices.Contains(o.Groups, handle), nil
		}
	}
	return false, nil
}

// counts reports whether a vote shows that its voter was in that group: it counts for every need that a member of
// it can fill. One that counts for "sre or owners" and not for "owners" was no owner's.
func (a absent) counts(v ledger.Vote, handle string) bool {
	shown := false
	for i, need := range a.record.Rule.Needs {
		if !slices.Contains(need.Groups, handle) {
			continue
		}
		if !slices.Contains(v.Fills, i) {
			return false
		}
		shown = true
	}
	return shown
}

// Members are the operators in a group: those who can decide now.
func (a absent) Members(_ context.Context, handle string) ([]string, error) {
	var all []string
	for _, o := range a.operators {
		if slices.Contains(o.Groups, handle) && !slices.Contains(all, o.User) {
			all = append(all, o.User)
		}
	}
	return all, nil
}
