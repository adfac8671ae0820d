package approvals

import (
	"encoding/json"

	"github.com/amiral-ops/amiral/approvals/policy"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Spec is work that somebody asks for: everything the gate needs to find the rule, and everything the
// workflow needs to run later. It starts nothing by itself.
type Spec struct {
	Kind        string
	Environment string
	Target      string
	Resource    string
	Title       string
	Command     string
	Reason      string
	Requester   ledger.Actor
	Channel     string
	Thread      string
	Payload     json.RawMessage   // the plan
	Digest      string            // of what is material in it
	Step        string            // the workflow's first step
	Tags        map[string]string // of the target
	Each        []policy.Part     // of several targets: each of them
	Args        map[string]string // arguments and flags as they were typed, by name without dashes
	Blast       policy.Blast      // how much it touches
	Impact      string            // the same in a few words, for people
	Narrow      string            // the smaller thing that may be approved instead, in a few words; empty: there is none
	About       ledger.ID         // the operation that it takes back or reviews
	BreakGlass  string            // why it must run without the approvals it should have; empty: it waits for them
}

// Facts are what the policy judges the spec by; who asks and when is added by the gate.
func (s Spec) Facts() policy.Facts {
	return policy.Facts{
		Kind: s.Kind, Environment: s.Environment, Target: s.Target, Tags: s.Tags, Args: s.Args, Blast: s.Blast,
		Each: s.Each, Undo: s.About != "" && s.Kind != Review, BreakGlass: s.BreakGlass != "",
	}
}

// proposal is the spec as the ledger keeps it, before anybody has judged it.
func (s Spec) proposal(id ledger.ID) ledger.Proposal {
	return ledger.Proposal{
		ID: id, Kind: s.Kind, Environment: s.Environment, Target: s.Target, Resource: s.Resource,
		Title: s.Title, Command: s.Command, Reason: s.Reason, Requester: s.Requester,
		Channel: s.Channel, Thread: s.Thread, Payload: s.Payload, Digest: s.Digest, Step: s.Step,
		Impact: s.Impact, Narrow: s.Narrow, About: s.About, BreakGlass: s.BreakGlass,
	}
}

// Review is the kind of operation by which a second person looks at a broken glass.
const Review = "review"

// Ballot is one person's word on a request, as it is given.
type Ballot struct {
	Choice string // approve or deny
	Narrow bool   // approves the smaller thing only
	Reason string // a denial has one
	Via    string // where it was given, if not in Slack: "command line"
}
