// Package commands is what people can ask: the book of commands, the presses of buttons, the forms. It
// decides and answers; it does not know how things are stored or run.
//
// A Command is a value: its words, its grammar, its help and a Run. The Book holds them all, and from it
// come the parsing, the help, the completion and the slash commands that Slack is told of, so that none of
// these can disagree. A handler reads through small interfaces, and returns a Result: a card to show, a form
// to open, or a proposal. It holds no engine and no method that changes the fleet; only the Gate can start
// work, and the Desk alone passes proposals on to it.
//
// The Desk takes every request along the same road: who is it, what is meant, run, propose, answer. There is
// always an answer, except where the card that everybody sees is the answer already. A fault is shown as it
// is; any other error is logged once under a reference, and the person is told no more than is known to be
// true: that nothing was done, or that nobody can tell yet. Refusals, failures and changes are audited.
//
// A command that Proposes can be asked for with --break-glass. Such a call is answered with a form, made of its
// words alone, in which the target's name is typed once more; only then is it run, as if typed just now, and asked
// for without the approvals it should have. There is no other way. A button plans anew what it asks for, in the
// name of whoever presses it.
//
// Redis may be away. What needs only AWS is answered all the same (Desk.ReadOnly says which texts these are);
// whatever needs operations says plainly that they cannot be looked at.
//
// What people write stays data: it is made inert at the desk's door, and cards carry it as plain text.
//
// To add a command, add a Command to the list of its group (ASG, Ops, Freezes) with an example that works; NewBook
// refuses one that does not. To add a kind of operation, give the desk its Kind.
package commands
