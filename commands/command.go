package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// Command is one thing that people can type.
type Command struct {
	Path     []string // its words: "asg", "rollout"; the first is the slash command's name
	Summary  string   // one sentence, for help
	Details  string   // more of it, for the command's own help; may be empty
	Example  string   // one that works
	Args     []grammar.Arg
	Flags    []grammar.Flag
	OneOf    [][]string // of each set of flags exactly one is needed
	AnyOf    []string   // flags and arguments of which one at least is wanted: without any, a form asks for them
	ReadOnly bool       // it neither asks for anything nor changes anything
	Proposes bool       // it asks for something new, so it takes --break-glass
	// Defaults says what is there now, and what holds where an input of the command's form is left empty. It may ask
	// AWS: the form is open already. nil: the form says only what is known without asking.
	Defaults func(ctx context.Context, c *Call) (Defaults, error)
	Run      func(ctx context.Context, c *Call) (Result, error)
}

// Name is the command as it is typed: "/asg rollout".
func (c Command) Name() string { return "/" + strings.Join(c.Path, " ") }

// Spec is the grammar of the words behind the name.
func (c Command) Spec() grammar.Spec {
	return grammar.Spec{Name: c.Name(), Summary: c.Summary, Example: c.Example, Args: c.Args, Flags: c.Flags, OneOf: c.OneOf}
}

// aimless reports whether words name what a command is about, and nothing that is to be done with it.
func (c Command) aimless(words grammar.Values) bool {
	return len(c.AnyOf) > 0 && !slices.ContainsFunc(c.AnyOf, func(name string) bool { return words.Given(name) || len(words.Args[name]) > 0 })
}

// Call is one use of a command, authorised and understood.
type Call struct {
	Request
	Person Person
	Words  grammar.Values
	Typed  string // the command as it can be typed again
	Gate   Gate   // for what is asked of operations that exist already

	spec      grammar.Spec
	several   bool // it was typed in several lines
	confirmed bool // the glass is to be broken, and the target was typed once more
}

// run runs the command. An answer that was only read says how many calls to AWS it took.
func (c Command) run(ctx context.Context, call *Call) (Result, error) {
	call.spec = c.Spec()
	if !c.ReadOnly {
		return c.Run(ctx, call)
	}
	within, calls := fleet.Counting(ctx)
	result, err := c.Run(within, call)
	if n := calls.Count(); err == nil && n > 0 && result.Reply != nil {
		result.Reply.Foot = append(result.Reply.Foot, card.T("%s to AWS", count(n, "call")))
	}
	return result, err
}
