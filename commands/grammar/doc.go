// Package grammar is how commands are written: words and quotes as phones and people really type them,
// arguments and flags as typed values, and refusals that say what is wrong, how it should be written and
// what was probably meant. It knows no command.
//
// A Spec is the grammar of one command. Parsing, usage, completion and printing all come from it, and what
// Print writes parses to the very same values. Nothing typed makes it panic, and nothing is guessed: a word
// that fits nowhere is refused, not ignored.
package grammar
