package ledger

import (
	"encoding/json"
	"slices"
	"time"
)

// ID names an operation from its proposal to its end. It is derived from what asked for it (see IDOf),
// so that the same envelope delivered twice asks for the same operation.
type ID string

// Actor is a person: a Slack user id with the team it belongs to. Names are never identity.
type Actor struct {
	User string `json:"user"`
	Team string `json:"team"`
}

// State is where an operation stands.
type State string

// The states. Pending, Held, Waiting, Running and Stuck are open; the others are final.
const (
	Pending   State = "pending"   // waits for votes
	Held      State = "held"      // approved, and a freeze or a window keeps it from starting; it holds nothing
	Waiting   State = "waiting"   // approved, and another operation holds its resource
	Running   State = "running"   // approved, holds its resource, gets turns
	Stuck     State = "stuck"     // too many attempts failed; holds its resource until a person decides
	Denied    State = "denied"    // somebody said no
	Expired   State = "expired"   // not enough votes in time
	Withdrawn State = "withdrawn" // taken back before it ran
	Void      State = "void"      // approved, and before the first write something material had changed: the approval counts no more
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Cancelled State = "cancelled"   // stopped by a person while it ran
	Undone    State = "rolled_back" // what it began was taken back
)

// Final reports whether nothing will happen any more.
func (s State) Final() bool {
	switch s {
	case Pending, Held, Waiting, Running, Stuck:
		return false
	}
	return true
}

// Need is a number of people who must agree, each from one of the groups.
type Need struct {
	Groups []string `json:"groups,omitempty"` // handles of Slack user groups; none: any full member of the workspace
	Min    int      `json:"min"`
}

// From is the need for so many people of one of the groups; none at all for 0.
func From(n int, groups ...string) []Need {
	if n == 0 {
		return nil
	}
	return []Need{{Groups: groups, Min: n}}
}

// Rule is what the policy asked for when the operation was proposed; it is frozen with it.
type Rule struct {
	Name     string          `json:"name"`             // which rule of the policy, as people can find it
	Policy   string          `json:"policy,omitempty"` // fingerprint of the policy it comes from
	Why      string          `json:"why,omitempty"`    // one line: why this rule and no other
	Needs    []Need          `json:"needs,omitempty"`  // all of them, each by people of their own; none: it starts at once
	ValidFor time.Duration   `json:"valid_for"`        // how long votes are taken
	Remind   []time.Duration `json:"remind,omitempty"` // when those who are missing are called again, counted from the request; ascending
	Nag      time.Duration   `json:"nag,omitempty"`    // after the last of these: again and again, each time twice as long, up to a day; 0: no more
	Notify   []string        `json:"notify,omitempty"` // groups that are called instead of those that must agree
	Deny     []string        `json:"deny,omitempty"`   // groups whose members may deny it, besides those who may approve it
	Cancel   []string        `json:"cancel,omitempty"` // groups whose members may stop it, besides its requester and those who may approve it
	Extend   []string        `json:"extend,omitempty"` // groups whose members may extend it, besides its requester
	Undo     time.Duration   `json:"undo,omitempty"`   // for how long after its end one approver is enough to take it back
}

// Quorum is how many people must agree.
func (r Rule) Quorum() int {
	n := 0
	for _, need := range r.Needs {
		n += need.Min
	}
	return n
}

// Groups are the handles of all groups that somebody must agree from, each once.
func (r Rule) Groups() []string {
	var all []string
	for _, need := range r.Needs {
		for _, g := range need.Groups {
			if !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	return all
}

// Places are the needs as package quorum counts them.
func (r Rule) Places() []int {
	places := make([]int, len(r.Needs))
	for i, need := range r.Needs {
		places[i] = need.Min
	}
	return places
}

// Proposal is what is asked for. It is data: it runs later, maybe on another replica, and nothing in it
// changes after Submit.
type Proposal struct {
	ID          ID              `json:"id"`
	Kind        string          `json:"kind"`        // which workflow runs it, such as "rollout"
	Environment string          `json:"environment"` // of the configuration
	Target      string          `json:"target"`      // what people call it, such as "web"
	Resource    string          `json:"resource"`    // what is locked: "account/region/asg/web"
	Title       string          `json:"title"`       // "Roll web to ami-0b2"
	Command     string          `json:"command"`     // as it was typed
	Reason      string          `json:"reason,omitempty"`
	Requester   Actor           `json:"requester"`
	Channel     string          `json:"channel"`          // where its thread lives
	Thread      string          `json:"thread,omitempty"` // the thread it was asked in, if it was
	Payload     json.RawMessage `json:"payload"`          // the plan
	Digest      string          `json:"digest"`           // of what is material in the plan
	Step        string          `json:"step"`             // where the workflow begins
	Rule        Rule            `json:"rule"`
	Facts       json.RawMessage `json:"facts,omitempty"`       // what the policy judged by; opaque here
	Impact      string          `json:"impact,omitempty"`      // the blast radius in a few words
	Narrow      string          `json:"narrow,omitempty"`      // the smaller thing that may be approved instead: "the canary, 2 of 12 instances"
	BreakGlass  string          `json:"break_glass,omitempty"` // why it runs without the approvals it should have had; empty: it does not
	Skipped     []Need          `json:"skipped,omitempty"`     // the approvals that were broken through
	About       ID              `json:"about,omitempty"`       // the operation that this one takes back or reviews
}

// Vote is one person's word.
type Vote struct {
	Actor  Actor     `json:"actor"`
	Choice string    `json:"choice"`           // approve or deny
	Narrow bool      `json:"narrow,omitempty"` // approves Proposal.Narrow and no more
	Fills  []int     `json:"fills,omitempty"`  // which of Rule.Needs this person may fill, by number
	Via    string    `json:"via,omitempty"`    // where it was given, if not in Slack: "command line"
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// Stay keeps an approved operation from starting.
type Stay struct {
	Until time.Time // when to look again; zero: it may start
	Why   string    // a sentence for card.Expand
}

// Signal is something a person asked of a running operation: pause, resume, continue, cancel, rollback, retry.
type Signal struct {
	Name   string    `json:"name"`
	By     Actor     `json:"by"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// Message is where the operation's root card stands in Slack.
type Message struct {
	Channel string `json:"channel,omitempty"`
	TS      string `json:"ts,omitempty"`
	Link    string `json:"link,omitempty"`
}

// Record is everything known about an operation.
type Record struct {
	Proposal
	State State `json:"state"`
	// Version rises when the choices offered to people change: a decision, another step, an end.
	// Buttons carry it. Rev rises with every change that can be seen.
	Version  int64           `json:"version"`
	Rev      int64           `json:"rev"`
	Votes    []Vote          `json:"votes,omitempty"`
	At       string          `json:"at,omitempty"`       // the step it stands at
	Data     json.RawMessage `json:"data,omitempty"`     // what the workflow keeps between steps
	Seq      int64           `json:"seq"`                // checkpoints so far
	Attempt  int             `json:"attempt"`            // failed attempts at the present step
	Trouble  string          `json:"trouble,omitempty"`  // why the last attempt failed, for people; empty when it goes well
	Ahead    ID              `json:"ahead,omitempty"`    // while Waiting: who holds the resource
	Stayed   string          `json:"stayed,omitempty"`   // while Held: why
	Opens    time.Time       `json:"opens,omitzero"`     // while Held: when it is looked at again
	Narrowed bool            `json:"narrowed,omitempty"` // what was approved is Proposal.Narrow, and no more
	Extended int             `json:"extended,omitempty"` // how often its time was extended
	Created  time.Time       `json:"created"`
	Expires  time.Time       `json:"expires,omitzero"`
	Decided  time.Time       `json:"decided,omitzero"`
	Started  time.Time       `json:"started,omitzero"`
	Checked  time.Time       `json:"checked,omitzero"` // last checkpoint
	Ended    time.Time       `json:"ended,omitzero"`
	EndedBy  Actor           `json:"ended_by,omitzero"` // who denied, withdrew or cancelled it
	Outcome  string          `json:"outcome,omitempty"` // the sentence it ended with
	Message  Message         `json:"message,omitzero"`
	Told     []string        `json:"told,omitempty"` // which direct messages about it went out
}

// Entry is one line of an operation's journal.
type Entry struct {
	ID   string    `json:"id"` // the stream's
	At   time.Time `json:"at"`
	Kind string    `json:"kind"` // proposed, approved, denied, …, step, line, signal, trouble, ended
	By   Actor     `json:"by,omitzero"`
	Step string    `json:"step,omitempty"`
	Seq  int64     `json:"seq,omitempty"`
	// Line is a sentence for the thread; entries without one are for the record only.
	Line string `json:"line,omitempty"`
	Tone string `json:"tone,omitempty"` // a card.Tone
	// Text is for the record only, such as what went wrong.
	Text string `json:"text,omitempty"`
}

// Turn is the right to run one step of an operation until the lease ends.
type Turn struct {
	Record
	Epoch   int64    // who holds it; a checkpoint with an older one is refused
	Cleared bool     // its first step may have begun: nothing keeps it from starting any more
	Signals []Signal // asked since the last checkpoint, oldest first
	Now     time.Time
	Lease   time.Duration
}

// Mark is what a turn leaves behind.
type Mark struct {
	Step  string          // where to go on; empty: the same step again
	Data  json.RawMessage // replaces the workflow's state; nil keeps it
	In    time.Duration   // when to go on, counted from the checkpoint; 0: at once
	Until time.Time       // when to go on, however long the turn took; goes before In
	Line  string          // a sentence for the thread, if something changed
	Tone  string          // of the line
}

// End is how an operation ends.
type End struct {
	State   State
	Data    json.RawMessage // nil keeps it
	Outcome string          // the sentence for the card and the thread
	Tone    string
}

// Drawing is the right to bring an operation's thread in step with its record.
type Drawing struct {
	Record
	Epoch   int64
	Posting bool    // a root card was about to be posted and no answer was recorded: it may exist
	Lines   []Entry // journal entries with a line that the thread does not have yet

	lease time.Duration
	last  string // the journal's last entry when the drawing was claimed
	said  string // the last entry that the thread has
}
