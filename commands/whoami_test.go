package commands

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// TestWhoamiTellsTheGroupsThatCount, or that nobody knows them just now.
func TestWhoamiTellsTheGroupsThatCount(t *testing.T) {
	for want, in := range map[string]func(context.Context, ledger.Actor) ([]string, error){
		"Your groups: @sre, @owners":                   func(context.Context, ledger.Actor) ([]string, error) { return []string{"sre", "owners"}, nil },
		"Your groups: none that the policy names":      func(context.Context, ledger.Actor) ([]string, error) { return nil, nil },
		"Your groups: Slack does not tell me just now": func(context.Context, ledger.Actor) ([]string, error) { return nil, errors.New("no answer") },
	} {
		o := &Ops{Within: in}
		r, err := o.whoami(t.Context(), &Call{Request: Request{Actor: dev}, Person: Person{Name: "Dana"}})
		if err != nil || !strings.Contains(text(r.Reply), want) {
			t.Errorf("got %s, %v, want %s", text(r.Reply), err, want)
		}
	}
}
