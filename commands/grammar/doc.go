// Package grammar is how commands are written: words and quotes as phones and people really type them,
// arguments and flags as typed values, and refusals that say what is wrong, how it should be written and
// what was probably meant. It knows no command.
package grammar
