// Package approvals is the gate: it finds the rule for what is asked, takes votes, and alone may make an
// operation runnable. It knows neither Slack nor AWS.
package approvals
