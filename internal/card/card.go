// Package card is a message in our own terms: tone, facts, steps and buttons. It knows nothing of
// Block Kit and of Slack's limits; bot/blocks turns a card into what Slack accepts.
//
// Every string of a card is plain text unless its type says otherwise: the renderer escapes it, so
// whatever a person or AWS wrote can be put in as it is. People, groups, channels and times are
// values of their own (see Text), because Slack draws them.
package card

import (
	"fmt"
	"time"
)

// Tone is how a card feels at a glance.
type Tone string

// The tones.
const (
	Plain   Tone = ""
	Asking  Tone = "asking"  // waits for people
	Working Tone = "working" // goes on
	Good    Tone = "good"
	Warning Tone = "warning"
	Bad     Tone = "bad"
	Ended   Tone = "ended" // closed without having run
)

// Card is one message, or a modal's body.
type Card struct {
	Title    string    // the headline, plain text
	Tone     Tone      // drawn as a mark before the headline
	Summary  string    // the sentence that stands in notifications and where blocks are not drawn; Title if empty
	Sections []Section // in order
	Buttons  []Button  // one row, last
	More     []Button  // behind the row's menu (Slack calls it overflow), 5 at the most; a Confirm is asked for none of them
	Foot     []Text    // small print, one line each
	Key      string    // identifies the message in its metadata, so that a doubled post can be told; may be empty
}

// Section is one part of a card; exactly one of its fields is set (Buttons and More
// belong together).
type Section struct {
	Text     *Text     // a paragraph
	Facts    []Fact    // label and value, two columns
	Steps    []Step    // a list with marks
	Findings []Finding // a list of "stop" and "warn" lines
	Table    *Table    // rows of cells
	Code     string    // monospaced, as it is
	Bar      *Bar      // progress
	Divider  bool
	Buttons  []Button // a row of their own, under what stands before
	More     []Button // behind that row's menu, 5 at the most
}

// Fact is a label with its value.
type Fact struct {
	Label string
	Value Text
}

// Table is rows of cells under headings. A card has one at the most.
type Table struct {
	Columns []Column
	Rows    [][]Text // as many cells in each as there are columns
}

// Column is a heading of a table.
type Column struct {
	Label string
	Right bool // its cells end at the right, as numbers do
}

// Step is one line of a list with a mark.
type Step struct {
	State StepState
	Text  Text
	Part  bool // of the step above it, and drawn under that
}

// StepState is the mark of a step.
type StepState string

// The states of a step.
const (
	Todo    StepState = "todo"
	Doing   StepState = "doing"
	Done    StepState = "done"
	Failed  StepState = "failed"
	Skipped StepState = "skipped"
)

// Finding is one line of a preflight check.
type Finding struct {
	Stop bool // true: nothing may start; false: a warning
	Text string
	Hint string
}

// Bar is progress as a share of a whole, with a line of words behind it.
type Bar struct {
	Done, Total int
	Percent     bool // the share is told in percent, not as "3/12"
	Text        string
}

// RunAction is the action of a button that stands for a command: whoever presses it types the command.
const RunAction = "run"

// Run is a button that stands for a command, such as "/ami show ami-1". A command of more than 1,900 characters
// cannot be carried, and its button is left out.
func Run(label, command string) Button {
	return Button{Action: RunAction, ID: command, Label: label}
}

// Button asks for an action on a thing. It carries an action, an id and the version of the state it
// was drawn from, and nothing else.
type Button struct {
	Action  string // such as "approve"
	ID      string // of the operation; the command, of a RunAction
	Version int64  // of the record when it was drawn
	Label   string
	Style   Style
	Confirm *Confirm // asked before the press is sent; may be nil
}

// Style of a button.
type Style string

// The styles.
const (
	Default Style = ""
	Primary Style = "primary"
	Danger  Style = "danger"
)

// Confirm is the question asked before a press counts.
type Confirm struct {
	Title, Text, Yes, No string
}

// Text is a run of parts that Slack draws in its own way.
type Text []Part

// Part is a piece of text; exactly one field is set, Plain and Bold being words as they are.
type Part struct {
	Plain   string
	Bold    string
	Code    string // inline, monospaced
	User    string // a user's id
	Group   string // a user group's id
	Channel string // a channel's id
	Link    *Link
	When    time.Time // an absolute time, shown in each reader's own zone
}

// Link is a web address with its label.
type Link struct{ URL, Label string }

// T is plain words.
func T(format string, args ...any) Text {
	if len(args) == 0 {
		return Text{{Plain: format}}
	}
	return Text{{Plain: fmt.Sprintf(format, args...)}}
}

// Code is an inline piece of code.
func Code(s string) Text { return Text{{Code: s}} }

// User mentions a person by id.
func User(id string) Text { return Text{{User: id}} }

// When is a time.
func When(t time.Time) Text { return Text{{When: t}} }

// Join puts texts behind each other as they are.
func Join(texts ...Text) Text {
	var all Text
	for _, t := range texts {
		all = append(all, t...)
	}
	return all
}

// Para is a section of words.
func Para(t Text) Section { return Section{Text: &t} }

// Picture is what is particular to one kind of operation on its card. Whoever draws the card puts the votes, the
// reason and the small print of the approval around it.
type Picture struct {
	Headline string // in place of the operation's title; may be empty
	Sections []Section
	Buttons  []Button
	Foot     []Text
}
