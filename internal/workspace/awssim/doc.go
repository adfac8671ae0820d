// Package awssim is a small piece of AWS on a port: EC2, Auto Scaling, Elastic Load Balancing v2, STS,
// Systems Manager and CloudWatch alarms over one fleet held in memory. Unmodified clients work against it:
// the AWS command line, boto3, the AWS SDK for Go.
//
// The fleet ages with a clock that the owner sets. Nothing runs in the background: whatever is due (an
// instance that boots, a wave of an instance refresh, a health check) waits in one timeline, and every
// request first plays what has become due, in order of time. Pushing the clock by an hour therefore plays
// the hour, and the same seed with the same requests gives the same fleet.
//
// Faults can be ordered: errors, throttling, replies that get lost after the effect, images that do not
// boot, groups and zones without capacity, instances that crash.
//
// A cloud is made with New, filled with AddImage, AddTemplate, AddGroup and the like, and served by Start or
// by its Handler. Clients need its URL as their endpoint and any access key; a key of twelve digits, or a
// role that was assumed, leads to the fleet of another account. Under /fleet/ the same server shows the
// fleet as JSON and as a stream of events, and takes orders to break it, for a page in a browser.
//
// It knows the wire and nothing of the programs that talk to it, so it imports nothing but the standard
// library. It keeps no secrets and checks no signatures: it is for tests and for a laptop.
package awssim
