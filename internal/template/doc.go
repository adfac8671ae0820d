// Package template makes and keeps launch templates: it makes them and their versions, moves the default, deletes what
// nobody uses, and adopts servers that were set up by hand. It also knows how a template is read by people: which
// fields stand first, who launches from which version, what two versions differ in, and what looks like a secret and
// is therefore not shown.
//
// A version is made from a source that is pinned to the number that people were shown, never from $Latest, so that
// what was approved is what is made. Before anybody is offered a version, EC2 is asked in a dry run whether an instance
// would start from it; one that would not is told, and taken away again by the operation that made it. Versions carry
// the operation's id in their description, and templates in a tag, by which a crash finds what it had made already.
//
// For other kinds of operations there are Check and CheckUserData, which look at what somebody set by hand in the live
// account before a template is made of it, UsersOf, Description, and Made, which reads what an operation made.
package template
