// Package ledger is the durable record of every operation from its proposal to its end: the votes, the
// journal, the locks on resources, and what is due when. Every transition is one Lua script, so that a
// crash falls before or after it and never between. It knows no policy, no steps and no Slack.
package ledger
