package card

// Modal is a form.
type Modal struct {
	ID      string // what it is for, such as "deny"
	Subject string // the id of the operation it is about; the command that it fills in
	Version int64  // of the record when it was opened
	Title   string
	Submit  string // the label of its button
	Body    Card   // sections above the inputs
	Typed   string // the command that it makes, as far as that is known when it is opened; may be empty
	Inputs  []Input
	More    []Input // below the others, under a heading of their own
	// Waits: what its inputs begin with is still to be found out. It is opened without them.
	Waits bool
	// Filled is what inputs begin with though nobody has given it, by input, as their values come back. It comes back
	// with the form.
	Filled map[string]string
}

// Kind is how an input is filled in.
type Kind string

// The kinds of inputs.
const (
	Words  Kind = ""       // written
	Number Kind = "number" // a whole number
	Choice Kind = "choice" // one of the options
	Switch Kind = "switch" // on or off; its option is what stands beside the box
	Picked Kind = "picked" // searched for, while it is written
	File   Kind = "file"   // a file from the person's device
)

// Input is one field of a form. Its value comes back as words: those that were written, a number's digits, an
// option's value, "true" of a switch that is on; of several picked, one in each line.
type Input struct {
	ID       string
	Label    string
	Hint     string
	Kind     Kind
	Multi    bool // several lines, or several picked
	Optional bool
	Tells    bool  // what is picked is told at once, before the form is sent
	Min      int   // characters; 0 for any
	Max      int   // characters, or how many can be picked; 0 for Slack's own limit
	Low      int64 // of a number
	High     int64 // of a number; no bound unless it is more than Low
	Value    string
	Options  []Option // of a choice
	Chosen   []Option // what is chosen or picked at first
}

// Option is one of several to choose from.
type Option struct {
	Value string // at most MaxOption characters
	Label string
	About string // a second line; may be empty
}

// MaxOption is how long an option's value may be.
const MaxOption = 75
