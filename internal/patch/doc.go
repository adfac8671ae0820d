// Package patch brings what was changed on one server to whole Auto Scaling groups: an image is made from the server, a
// test may be run on a machine launched from it, and then one group after another is rolled to it. It is one operation
// with one approval. The image is made by package bake and each group is rolled by package rollout, both as parts of
// this operation: each keeps its own plan, state and step, and what people ask for reaches the part that is at work.
//
// The plan is made before there is an image: each group's rollout is planned to what will be, from what is known of the
// server. Once the image is there, every group's rollout compares what was approved with how things are, as it does when
// it stands alone. A group is locked only while it is worked on. The first that does not come to a good end ends the
// operation: those before it stay as they are, those after it are not touched, and the end says how to go on.
//
// The machine for the test is launched with the first group's template and the new image, outside of every group and
// target group. It is terminated whatever comes of the test.
package patch
