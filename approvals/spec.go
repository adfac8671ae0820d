package approvals

import (
	"encoding/json"

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
	Payload     json.RawMessage // the plan
	Digest      string          // of what is material in it
	Step        string          // the workflow's first step
	Instances   int             // how many machines it touches
}
