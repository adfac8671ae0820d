package app

import (
	"context"
	"slices"

	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// absent says who is in which group while Slack is away: operators are in those of the configuration. Whoever
// voted before was found in the groups that their vote counts for, by Slack, when they did; nobody can ask again
// now, so that stands. Everybody else is in none.
type absent struct {
	operators []config.Operator
	record    ledger.Record
}

// InGroup reports whether somebody is believed to be in a group.
func (a absent) InGroup(_ context.Context, who ledger.Actor, handle string) (bool, error) {
	for _, o := range a.operators {
		if o.User == who.User && o.Team == who.Team {
			return slices.Contains(o.Groups, handle), nil
		}
	}
	return a.counted(who, handle), nil
}

// counted reports whether somebody's vote fills a need of that group.
func (a absent) counted(who ledger.Actor, handle string) bool {
	for _, v := range a.record.Votes {
		if v.Actor != who {
			continue
		}
		for _, i := range v.Fills {
			if i >= 0 && i < len(a.record.Rule.Needs) && slices.Contains(a.record.Rule.Needs[i].Groups, handle) {
				return true
			}
		}
	}
	return false
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
