package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
)

// IDOf derives an operation's id from what asked for it: the same key always gives the same id.
func IDOf(key string) ID {
	sum := sha256.Sum256([]byte(key))
	return ID("op-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:10])
}

// Submit stores a proposal. With a quorum of zero it is approved at once. Submitting twice is harmless: the
// first proposal of an id stands, and fresh is false for any other (and for the first, should its reply have been
// lost and asked for again).
//
// Neither is the same done twice because two people had one thought: while an operation of that kind, resource
// and digest waits or runs, it is the one that comes back, under its own id. An operation that is stuck or was
// asked to cancel or to roll back does not stand for another; nor does any without a digest. One that has not started
// is withdrawn in favour of a broken glass for the same.
func (l *Ledger) Submit(ctx context.Context, p Proposal) (rec Record, fresh bool, err error) {
	if err := p.validate(); err != nil {
		return Record{}, false, err
	}
	body, err := json.Marshal(p)
	if err != nil {
		return Record{}, false, fmt.Errorf("write proposal %s: %w", p.ID, err)
	}
	needs, err := json.Marshal(append([]Need{}, p.Rule.Needs...))
	if err != nil {
		return Record{}, false, fmt.Errorf("write needs of %s: %w", p.ID, err)
	}
	reply, err := l.run(ctx, call{script: "submit", harmless: true, confirm: p.Rule.Quorum() == 0, args: []any{
		string(p.ID), body, p.Resource, p.Rule.Quorum(), p.Rule.ValidFor.Milliseconds(), p.Requester.User,
		actorJSON(p.Requester), p.Digest, p.Channel, p.Title, p.Step, p.facts().json(), p.call(), p.Kind,
		needs, p.calls(p.Rule.Notify), p.Rule.reminders(), p.Rule.Nag.Milliseconds(), plain(p.Narrow), flag(p.BreakGlass != ""),
		p.about().json(), p.Rule.Policy,
	}})
	fresh, rec, err = flagged(reply, err)
	if rec.ID != p.ID && errors.Is(err, ErrNotReplicated) {
		err = nil // nothing was written
	}
	return rec, fresh, err
}

// about is what every line of the audit says of it.
func (p Proposal) about() object {
	return object{"command": p.Command, "digest": p.Digest}
}

// facts is what the audit is told of it once, besides.
func (p Proposal) facts() object {
	needs, _ := json.Marshal(p.Rule.Needs) // numbers and strings always can be
	o := object{
		"kind": p.Kind, "reason": p.Reason, "environment": p.Environment, "target": p.Target, "resource": p.Resource,
		"rule": p.Rule.Name, "facts": string(p.Facts), "break_glass": p.BreakGlass, "about": string(p.About),
	}
	if len(p.Rule.Needs) > 0 {
		o["needs"] = string(needs)
	}
	return o
}

// call is the line that calls those who may approve. It stands in the thread, so that the card, which is
// drawn again and again, calls nobody.
func (p Proposal) call() string {
	groups := p.Rule.Notify
	if len(groups) == 0 {
		groups = p.Rule.Groups()
	}
	if len(groups) == 0 || len(p.Rule.Needs) == 0 {
		return ""
	}
	what := "asks for your approval"
	if p.Rule.Nag > 0 {
		what = "needs somebody else to look at this"
	}
	return fmt.Sprintf("%s: {user:%s} %s.", p.calls(groups), p.Requester.User, what)
}

// calls calls groups.
func (p Proposal) calls(groups []string) string {
	calls := make([]string, len(groups))
	for i, g := range groups {
		calls[i] = "{group:" + plain(g) + "}"
	}
	return strings.Join(calls, ", ")
}

// reminders are the times of reminders in ms after the request, the next one first; none is later than its end.
func (r Rule) reminders() string {
	var ms []string
	for _, d := range slices.Sorted(slices.Values(r.Remind)) {
		if d > 0 && d < r.ValidFor {
			ms = append(ms, strconv.FormatInt(d.Milliseconds(), 10))
		}
	}
	return strings.Join(ms, " ")
}

func (p Proposal) validate() error {
	switch {
	case p.ID == "" || p.Kind == "" || p.Step == "":
		return errors.New("a proposal needs an id, a kind and a first step")
	case slices.ContainsFunc(p.Rule.Needs, func(n Need) bool { return n.Min < 1 }):
		return fmt.Errorf("proposal %s asks for no vote, or fewer", p.ID)
	case p.Rule.Quorum() > 0 && p.Rule.ValidFor <= 0:
		return fmt.Errorf("proposal %s asks for votes and gives no time", p.ID)
	case len(p.Payload) > 0 && !json.Valid(p.Payload):
		return fmt.Errorf("the payload of proposal %s is not JSON", p.ID)
	}
	return nil
}

// Withdraw takes a request back before it runs: pending, held, or waiting in line.
func (l *Ledger) Withdraw(ctx context.Context, id ID, by Actor, reason string) (Record, error) {
	about := object{"reason": reason}
	reply, err := l.run(ctx, call{script: "withdraw", args: []any{
		string(id), by.User, actorJSON(by), because(reason), about.json(),
	}})
	return viewed(reply, err)
}

// Signal asks something of an operation that runs or is stuck. Its next turn sees it: at once, or right
// after the turn that is under way. The version is that of the button, or -1 for any.
func (l *Ledger) Signal(ctx context.Context, id ID, version int64, s Signal) (Record, error) {
	body, err := json.Marshal(s)
	if err != nil {
		return Record{}, fmt.Errorf("write signal: %w", err)
	}
	about := object{"signal": s.Name, "reason": s.Reason}
	reply, err := l.run(ctx, call{script: "signal", args: []any{
		string(id), version, actorJSON(s.By), body, s.line(), about.json(), s.takesBack(),
	}})
	return viewed(reply, err)
}

// takesBack reports whether it asks for what was started not to be.
func (s Signal) takesBack() bool { return s.Name == "cancel" || s.Name == "rollback" }

// line tells the thread what was asked.
func (s Signal) line() string {
	what := s.Name
	if what == "rollback" {
		what = "roll back"
	}
	if s.By.User == "" {
		return "Asked to " + what + because(s.Reason)
	}
	return "{user:" + s.By.User + "} asked to " + what + because(s.Reason)
}

// Abandon ends a stuck operation as failed, whatever its workflow would say, and hands its resource on.
func (l *Ledger) Abandon(ctx context.Context, id ID, by Actor, reason string) (Record, error) {
	about := object{"reason": reason}
	reply, err := l.run(ctx, call{script: "abandon", args: []any{
		string(id), by.User, actorJSON(by), because(reason), about.json(),
	}})
	return viewed(reply, err)
}

// because is the end of a sentence: with the reason, or without. What people wrote cannot name others:
// braces are how a line mentions somebody.
func because(reason string) string {
	reason = strings.Join(strings.Fields(reason), " ")
	if reason == "" {
		return "."
	}
	return ": " + plain(reason)
}

// plain is text that holds no placeholder.
func plain(text string) string { return card.Inert(text) }

// object is what the audit is told besides the transition itself.
type object map[string]string

func (o object) json() string {
	for name, v := range o {
		if v == "" {
			delete(o, name)
		}
	}
	b, _ := json.Marshal(o) // strings always can be
	return string(b)
}

func actorJSON(a Actor) string {
	b, _ := json.Marshal(a) // strings always can be
	return string(b)
}

// flagged reads the reply {flag, view}.
func flagged(reply any, err error) (bool, Record, error) {
	parts, _ := reply.([]any)
	if len(parts) != 2 {
		return false, Record{}, err
	}
	rec, err := viewed(parts[1], err)
	flag, _ := parts[0].(int64)
	return flag == 1, rec, err
}

// viewed reads the reply of a script that returns a view. The record comes along with ErrNotReplicated.
func viewed(reply any, err error) (Record, error) {
	if err != nil && !errors.Is(err, ErrNotReplicated) {
		return Record{}, err
	}
	rec, bad := recordOf(reply)
	if bad != nil {
		return Record{}, bad
	}
	return rec, err
}

// flag is 1 for yes.
func flag(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
