// Package image is what is done with images that exist: one is made golden, copied elsewhere, shared with other
// accounts, or tagged. Each is a plan made by a pure function from facts that were read before, and a few steps that
// may be repeated. How images are made and how they are retired belongs to other packages.
package image
