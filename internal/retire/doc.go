// Package retire ends images that nothing needs any more: one, or what is old of a family. They are deprecated, then
// disabled, and after a cooldown, when it was made sure once more that nothing refers to them, deregistered with their
// snapshots. Until then all of it can be taken back; the last step cannot.
//
// What refers to an image is asked of AWS, of the Auto Scaling groups (whose overrides AWS does not look at), of the
// families and of the ledger: what rolls now, and what was replaced so lately that the way back needs it.
package retire
