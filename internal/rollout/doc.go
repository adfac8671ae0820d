// Package rollout brings an image, or a version of a launch template, to every instance of an Auto Scaling
// group. New, pure, turns what was read (Facts) and what was asked for (Want) into a Plan that people can
// approve; Workflow carries the approved plan out with an instance refresh, one short step at a time;
// Painter draws an operation from its record alone.
//
// What was approved is what runs: the first step reads everything again and voids the approval, before any
// write, when something material has changed; what was approved and what is there now is kept and shown. A
// group that is just replacing what its health check found ill gets some time for that. The group itself is
// never updated: the new version travels in the refresh's desired configuration only, so that AWS keeps the
// old one to roll back to.
//
// A canary is a refresh that stops at its share for two days, far longer than people are given to answer.
// Going on ends that refresh, in which nothing is under way, and starts another for the rest that leaves
// the canary's instances as they are. Without an answer it is rolled back. A rollout of which no more than the
// canary is approved (ledger.Record.Narrowed) goes the same way, whether it asked for a canary or not, and goes
// on only once the rest is approved, too.
//
// Plan.Blast tells in plain values how much is touched and risked, for whoever decides who must agree. What AWS
// does not let us see counts as bad there.
//
// AWS gives no token for starting a refresh, so the operation notes the newest refresh there was, and takes
// any newer one to its own version for its own. Before it suspends anything it notes that, so that whatever
// happens it is resumed before the operation ends.
//
// It knows neither Slack nor the SDK.
package rollout
