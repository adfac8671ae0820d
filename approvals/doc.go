// Package approvals is the gate: it finds the rule for what is asked, takes votes, and alone may make an
// operation runnable. It knows neither Slack nor AWS.
//
// Propose judges a spec by the policy and records the request, Vote counts a person's word, and Clear has the
// last one before the first step: freezes, windows and a policy that changed since keep things from starting.
// Who may do what (rights.go) is read from Slack at the moment it matters; a lookup that fails refuses.
//
// A broken glass starts without approvals, and never without its review: an operation of its own, which a
// second person closes.
package approvals
