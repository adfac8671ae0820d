// Package group plans and carries out what is done with an Auto Scaling group besides rolling it: another size,
// another template for what is launched from now on, processes that rest, instances that are protected, put aside
// or replaced. Each is a small operation: it looks whether things are still as they were approved, makes one change
// in absolute terms, and follows it until it is so.
package group
