// Package bot is everything amiral knows of Slack: two sockets that are read at the same time, envelopes
// that become requests, presses and submissions, cards that become messages, people and their groups.
//
// What comes in is written down before it is acknowledged: Sockets hands an envelope to Intake, Intake
// puts it into the inbox and only then is it acknowledged. A Worker on any replica takes it from there,
// asks the Desk, and answers. What goes out goes through Web, which keeps to Slack's pace and returns
// errors a caller can decide by. The package knows nothing of AWS and of operations.
package bot
