// Package ledger is the durable record of every operation from its proposal to its end: the votes, the
// journal, the locks on resources, and what is due when. Every transition is one Lua script, so that a
// crash falls before or after it and never between. It knows no policy, no steps and no Slack.
//
// # An operation's life
//
//	Submit ─▶ pending ─Vote at quorum─▶ running ─Claim, Checkpoint, Claim, Checkpoint …─ Finish ─▶ an end
//	             │                        ▲   │
//	             │           resource free│   │ too many failed attempts
//	             ├─Vote at quorum─▶ waiting   ▼
//	             │                    │     stuck ─Signal─▶ running
//	             ▼                    ▼       └─Abandon─▶ failed
//	      denied, expired, withdrawn  withdrawn
//
// The vote that reaches the quorum starts the operation in the same script: there is no queue that could lose
// it. A turn is claimed for a lease with a new epoch; whatever it writes is refused once somebody else has
// claimed, and it writes once. If its worker dies, the same step is given to another one after the lease, so a
// step may run twice and must be harmless to repeat. Nothing is held between turns but the resource.
//
// # Time
//
// Deadlines are stored and compared with the server's clock inside the scripts; a key's own expiry only removes
// operations that ended long ago. A lock has none: it passes from operation to operation.
//
// # Keys
//
// All begin with {prefix}: and so live in one slot of a cluster.
//
//	op:<id>             hash: the record; "proposal" is written once
//	votes:<id>          hash: user to vote
//	signals:<id>        list: asked and not seen by a finished turn yet
//	journal:<id>        stream: everything that happened to it
//	lock:<resource>     the id of the operation at work on it
//	wait:<resource>     list: who waits for it
//	history:<resource>  list: the operations that ran on it and ended, newest first, 100 of them
//	same:<what>         the id of the open operation that stands for all that ask for the same
//	due                 sorted set: when an operation is to be claimed, or its request expires
//	draw                sorted set: when a thread is to be drawn
//	open, recent        sorted sets: ids by the time of their proposal
//	audit               stream: a line for each transition, in the layout of package audit
//
// What must hold of them, whatever crashes, is written down as code in package ledgertest.
package ledger
