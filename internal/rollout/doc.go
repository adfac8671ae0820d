// Package rollout brings an image, or a version of a launch template, to every instance of an Auto Scaling
// group. New, pure, turns what was read (Facts) and what was asked for (Want) into a Plan that people can
// approve; Workflow carries the approved plan out with an instance refresh, one short step at a time;
// Painter draws an operation from its record alone.
//
// What was approved is what runs: the first step reads everything again and stops, before any write, when
// something material has changed. The group itself is never updated: the new version travels in the
// refresh's desired configuration only, so that AWS keeps the old one to roll back to.
//
// It knows neither Slack nor the SDK.
package rollout
