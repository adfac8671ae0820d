// Package ledger is the durable record of every operation from its proposal to its end: the votes, the
// journal, the locks on resources, and what is due when. Every transition is one Lua script, so that a
// crash falls before or after it and never between. It knows no policy, no steps and no Slack.
//
// # An operation's life
//
//	Submit ─▶ pending ─Vote fills all needs─▶ running ─Claim, Checkpoint, Claim, Checkpoint …─ Finish ─▶ an end
//	             │  │                           ▲   │ ▲
//	             │  │              resource free│   │ └───────────────┐
//	             │  ├─resource taken─────▶ waiting  │                 │
//	             │  │                        ▲   │  │ too many        │
//	             │  │                   Admit│   │  │ failed attempts │
//	             │  └─frozen───────────▶ held │  │  └──▶ stuck ─Signal─┘
//	             │                        │      │        └─Abandon─▶ failed
//	             ▼                        ▼      ▼
//	   denied, expired, withdrawn     withdrawn, void
//
// The vote that fills the last need starts the operation in the same script: there is no queue that could lose
// it. A turn is claimed for a lease with a new epoch; whatever it writes is refused once somebody else has
// claimed, and it writes once. If its worker dies, the same step is given to another one after the lease, so a
// step may run twice and must be harmless to repeat. Nothing is held between turns but the resource.
//
// # Votes
//
// A rule names needs, each a number of people of some groups. Who may fill which needs is the caller's to find out,
// for the voter and, since people leave groups, for those who voted earlier. The script seats everybody anew with each
// vote: one person takes one place, whoever else comes, and as many sit as can (package quorum is the same algorithm,
// and tests compare the two). Approvals for the narrow part only are seated last. If one of them sits when all
// places are taken, the operation is narrowed; Widen takes approvals of the rest while it goes on.
//
// # Held and void
//
// What is approved while a freeze or a window forbids it is held: it has no resource and is looked at again when the
// stay ends, after five minutes at the latest, or when it is woken. Each look is a turn like another one. An
// operation that runs may be held too, as long as its first step has not begun: Clear writes down that it does.
// An operation is void if something material changed before that: nothing was touched, and it is not part
// of its resource's history.
//
// # Time
//
// Deadlines are stored and compared with the server's clock inside the scripts; a key's own expiry only removes
// operations that ended long ago. A lock has none: it passes from operation to operation. A pending request is due when
// somebody is to be reminded or it expires; reminders that nobody was there to send are one when somebody is.
//
// # Keys
//
// All begin with {prefix}: and so live in one slot of a cluster.
//
//	op:<id>             hash: the record; "proposal" is written once
//	votes:<id>          hash: user to vote, with the needs that the voter may fill
//	signals:<id>        list: asked and not seen by a finished turn yet
//	journal:<id>        stream: everything that happened to it
//	lock:<resource>     the id of the operation at work on it
//	wait:<resource>     list: who waits for it
//	taken:<id>          set: the resources that it has besides its own while it runs
//	history:<resource>  list: the operations that ran on it and ended, newest first, 100 of them
//	same:<what>         the id of the open operation that stands for all that ask for the same
//	due                 sorted set: when an operation is to be claimed, or its request is due
//	draw                sorted set: when a thread is to be drawn
//	held                set: the operations that are held
//	woken               how often all of them were woken; a turn under way compares
//	open, recent        sorted sets: ids by the time of their proposal
//	audit               stream: a chained entry for each transition, as package audit says; and audit:…
//
// No script reads all that is open: a decision costs the same whether ten requests wait or ten thousand.
//
// What must hold of them, whatever crashes, is written down as code in package ledgertest.
package ledger
