// Package commands is what people can ask: the book of commands, the presses of buttons, the forms.
// It decides and answers; it does not know how things are stored or run.
package commands
