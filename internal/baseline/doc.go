// Package baseline knows what was on a machine at the moment its image was made: packages, files, services, firewall,
// and the rules of its security groups. A Manifest is captured by three small shell scripts that write nothing to the
// machine; what could not be captured is in it, too, with the reason. Diff compares two of them.
//
// Manifests outlive the machine and the operation: Store keeps one for each image in Redis, and the image carries the
// manifest's digest as a tag, so that it can be told whether the two belong together.
package baseline
