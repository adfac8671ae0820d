package commands

import (
	"time"

	"github.com/amiral-ops/amiral/approvals"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Request is something typed: a slash command or a mention.
type Request struct {
	Key      string       // the same for every delivery of the same typing
	Actor    ledger.Actor // who typed it
	Channel  string       // where, by id
	Thread   string       // the thread it was typed in; empty for slash commands
	Text     string       // "asg rollout web --image ami-0b2": the words after the mention, or the command with its words
	Forms    bool         // a form can be opened at once
	Received time.Time
}

// Press is a button pressed on a card.
type Press struct {
	Key       string
	Actor     ledger.Actor
	Action    string    // card.Button.Action
	ID        ledger.ID // card.Button.ID
	Version   int64     // card.Button.Version
	Channel   string
	Thread    string // the thread that the message stands in; may be empty
	MessageTS string // of the message that holds the button
	Received  time.Time
}

// Submission is a form sent.
type Submission struct {
	Key     string
	Actor   ledger.Actor
	Modal   string // card.Modal.ID
	Subject ledger.ID
	Version int64
	Values  map[string]string // by card.Input.ID; of a file its name
	Files   map[string]Upload // by card.Input.ID
	Filled  map[string]string // by card.Input.ID: what was filled in when the form was drawn
	Channel string            // where it was opened from
	Thread  string            // the thread it was opened from; may be empty

	Received time.Time
}

// Person is somebody who may speak to the bot: a full member of the workspace, looked up when they spoke.
type Person struct {
	ID   string // the user's
	Team string // the team's
	Name string // as people read it; never identity
	Zone string // the tz database name, if known
}

// Result is what a handler decides. It holds no engine: only approvals can start work.
type Result struct {
	Reply   *card.Card        // told to the person alone, unless Public
	Public  bool              // the reply is for everybody there
	Instead bool              // the reply stands in the place of the message whose button was pressed, if only its person sees that
	Propose *approvals.Spec   // asked for, through the gate
	Modal   *card.Modal       // a form to open
	Errors  map[string]string // of a submission, by input: the form stays open
}
