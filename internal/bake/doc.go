// Package bake makes an image of a running instance. New, pure, turns what was read (Facts) and what was asked for
// (Want) into a Plan that people can approve; Workflow carries the approved plan out, one short step at a time;
// Painter draws an operation from its record alone.
//
// An instance that stands alone is rebooted for its image, as AWS does by default: nothing that was written is
// missing then. One that serves in an Auto Scaling group is never rebooted under the group, which would take it for
// ill and replace it. There are three ways instead. NoReboot leaves it running: the image is what a power cut would
// leave. Standby takes it out of service first and brings it back whatever happens. Twin launches a throw-away
// machine from what the group launches, makes the image of that one and terminates it whatever happens.
//
// Standby lowers the group's desired capacity by one meanwhile: nothing is launched in its place that a later
// scale-in would have to choose from. A group at its minimum cannot do that, and is told to use another way.
//
// AWS gives no token for making an image: its name, and the tag of the operation on it, tell one that was made
// already. What was made before the operation was lost is found and gone on with, never made twice. Slow is not
// failed: an image may take a day.
//
// What was on the machine, packages, files, services, firewall and security group rules, is captured just before the
// image (package baseline). Where that is not possible the image is made nevertheless, and the reason is told.
//
// Another workflow may run a bake as a part of itself (engine.Turn.Within). It sets the turn's Digest to that of the
// part's plan, and asks Made for the image.
package bake
