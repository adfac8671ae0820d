package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Desk is where everything that people type, press or send arrives. It finds out who they are, understands
// them, runs the command, passes on what is proposed, and always has an answer. Doing so twice with the
// same key is harmless.
type Desk struct {
	Book     *Book
	Gate     Gate
	People   People
	Records  Records
	Kinds    map[string]Kind               // by ledger.Proposal.Kind
	Draw     func(ledger.Record) card.Card // an operation's card as its thread shows it; nil draws plainer ones
	Rights   Rights                        // for what is only shown again and again; the Gate when nil
	Groups   Groups                        // to say through which group somebody may; nil says nothing of it
	Log      *slog.Logger                  // nil logs nothing
	Audit    func(context.Context, Deed)   // of refusals, failures and changes; nil for none
	Limit    time.Duration                 // for one answer; 25 s when zero
	Finder   Finder                        // what forms search; nil: everything is written
	Haste    time.Duration                 // for one search, and for what a form begins with; 2 s when zero
	Patience time.Duration                 // for what an open form says of what is there now, or one that was sent held; 6 s when zero
}

// attempt is one thing tried by one person.
type attempt struct {
	deed Deed
	gate *witness
	same ledger.ID // what had been asked before and is the very same
}

// Command answers something typed.
func (d *Desk) Command(ctx context.Context, r Request) Result {
	several := strings.Contains(strings.TrimSpace(r.Text), "\n")
	r.Text = card.Inert(folded(r.Text))
	a := d.attempt("command", r.Actor, r.Channel, short(r.Text, 500))
	return d.answer(ctx, a, func(ctx context.Context) (Result, error) {
		person, err := d.People.Person(ctx, r.Actor)
		if err != nil {
			return Result{}, err
		}
		return d.command(ctx, a, &Call{Request: r, Person: person, Gate: a.gate, several: several})
	})
}

// folded has single spaces for all white space: what people write must not look like lines of ours.
func folded(s string) string { return strings.Join(strings.Fields(s), " ") }

func (d *Desk) command(ctx context.Context, a *attempt, c *Call) (Result, error) {
	m, err := d.Book.find(c.Text)
	if wanted, ok := errors.AsType[*helpWanted](err); ok {
		return reply(d.Book.overview(wanted.path)), nil
	}
	if err != nil {
		return Result{}, err
	}
	spec := m.command.Spec()
	c.Words, err = spec.Parse(m.given(), m.broken)
	a.unfiled(spec, c.Words, err)
	if errors.Is(err, grammar.Help) {
		return reply(m.command.help()), nil
	}
	if f := flattened(c, spec, err); f != nil {
		return Result{}, f
	}
	if r, ok := errors.AsType[*grammar.Refusal](err); ok && r.Given != nil {
		return d.lacking(c, m.command, r)
	}
	if err == nil {
		err = spec.Fileless(c.Words)
	}
	if err != nil {
		return Result{}, err
	}
	c.Typed = spec.Print(spec.Unfiled(c.Words))
	if m.command.aimless(c.Words) && c.Forms && carriable(c.Typed) {
		return Result{Modal: d.form(m.command, d.here(m.command, c.Words, c.Channel))}, nil
	}
	return d.perform(ctx, a, c, m.command)
}

// flattened refuses what was to stand for a file, and was typed in several lines: of what is typed only one is left, and
// a script in one line is another script.
func flattened(c *Call, spec grammar.Spec, err error) error {
	words := c.Words
	if r, ok := errors.AsType[*grammar.Refusal](err); ok && r.Given != nil {
		words = *r.Given
	}
	flag := spec.Filed(words)
	if !c.several || flag == "" {
		return nil
	}
	return fault.New(fault.Invalid, "This was typed in several lines, which are read as one, so --%s would not be what you wrote.", flag).
		WithHint("Type the command without what it needs, such as `%s`, and write it, or add the file, in the form that opens.", spec.Name)
}

// unfiled keeps what stands for a file's content out of the audit: it may hold secrets, and what is written there
// stays. Words that were not understood are left out with it.
func (a *attempt) unfiled(spec grammar.Spec, words grammar.Values, err error) {
	switch {
	case !spec.Files():
	case err != nil:
		a.deed.What = spec.Name + " …"
	default:
		a.deed.What = short(spec.Print(spec.Unfiled(words)), 500)
	}
}

// perform runs a command that is understood, and passes on what it proposes.
func (d *Desk) perform(ctx context.Context, a *attempt, c *Call, command Command) (Result, error) {
	broken := c.Words.Given(glassFlag) && !c.Words.Bool(dryFlag)
	if flag := command.Spec().Filed(c.Words); broken && flag != "" {
		return Result{}, fault.New(fault.Invalid, "--%s cannot be given where the glass is broken: the form that confirms it shows the whole command.", flag).
			WithHint("Make a launch template with it first, or ask without `--%s`.", glassFlag)
	}
	if broken && !c.confirmed {
		return d.Book.glassForm(command.Spec().Print(c.Words))
	}
	result, err := command.run(ctx, c)
	result, err = abroad(c, result, err)
	if err != nil || result.Propose == nil {
		return result, err
	}
	if broken {
		result.Propose.BreakGlass = folded(c.Words.Text(glassFlag))
	}
	return d.propose(ctx, a, c.Key, result)
}

// propose passes a proposal on and tells where it stands. When the very same waits or runs already, that is
// what comes back, so that two people with one thought, or one with a nervous finger, ask once.
func (d *Desk) propose(ctx context.Context, a *attempt, key string, r Result) (Result, error) {
	r.Propose.Args = d.Book.typed(r.Propose.Command)
	rec, err := a.gate.Propose(ctx, key, *r.Propose)
	if err != nil {
		return Result{}, err
	}
	if rec.ID == ledger.IDOf(key) {
		return reply(asked(rec, fresh(rec))), nil
	}
	a.same = rec.ID
	return reply(asked(rec, again(rec, r.Propose.Requester))), nil
}

// attempt begins what will be answered and, where it matters, audited.
func (d *Desk) attempt(kind string, who ledger.Actor, channel, what string) *attempt {
	return &attempt{deed: Deed{Kind: kind, Who: who, Channel: channel, What: what}, gate: &witness{Gate: d.Gate}}
}

// answer runs do and turns whatever comes of it into something for the person.
func (d *Desk) answer(ctx context.Context, a *attempt, do func(context.Context) (Result, error)) Result {
	limit := d.Limit
	if limit == 0 {
		limit = 25 * time.Second
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	result, err := guarded(within, do)
	if err == nil {
		if a.gate.acted {
			d.audit(ctx, a, a.outcome())
		}
		return result
	}
	return d.trouble(ctx, a, err)
}

// outcome is what came of something that went well.
func (a *attempt) outcome() string {
	if a.same != "" {
		return "asked already: " + string(a.same)
	}
	return "done"
}

// guarded turns a panic into an error, so that one bad command never takes the others down.
func guarded(ctx context.Context, do func(context.Context) (Result, error)) (r Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do(ctx)
}

// trouble answers an error: a fault as it is, anything else with a reference to the log.
func (d *Desk) trouble(ctx context.Context, a *attempt, err error) Result {
	f, ok := told(err)
	if ok && !a.gate.acted {
		if !a.gate.refused {
			d.audit(ctx, a, "refused: "+f.Text)
		}
		if _, pure := faultOnly(err); !pure {
			d.log(ctx, a, "", err)
		}
		return reply(refusal(err, f))
	}
	ref := reference()
	d.log(ctx, a, ref, err)
	d.audit(ctx, a, "failed, ref "+ref)
	return reply(broken(ref, a.gate.acted))
}

func (d *Desk) audit(ctx context.Context, a *attempt, outcome string) {
	if d.Audit != nil {
		deed := a.deed
		deed.Outcome = outcome
		d.Audit(context.WithoutCancel(ctx), deed)
	}
}

func (d *Desk) log(ctx context.Context, a *attempt, ref string, err error) {
	if d.Log != nil {
		d.Log.ErrorContext(ctx, "request failed", "kind", a.deed.Kind, "what", a.deed.What,
			"actor", a.deed.Who.User, "ref", ref, "err", err)
	}
}

// fresh tells what became of a proposal.
func fresh(r ledger.Record) card.Text {
	where := card.Text{{Channel: r.Channel}}
	switch {
	case r.State == ledger.Pending:
		return card.Join(card.T("Asked in "), where, card.T(": needs %s.", needs(r.Rule)))
	case r.State == ledger.Held:
		return card.Join(card.T("%s, in ", agreed(r)), where, card.T(", and held back: "), card.Expand(held(r)))
	case r.State == ledger.Waiting:
		return card.Join(card.T("%s. It waits in ", agreed(r)), where, card.T(" for "), card.Code(string(r.Ahead)), card.T(" to end."))
	case !r.State.Final():
		return card.Join(card.T("%s. It has started; its thread is in ", agreed(r)), where, card.T("."))
	}
	return card.Join(card.T("This was asked before, and is over: "), card.Expand(ending(r)))
}

// again tells that the very same had been asked already, and where it stands.
func again(r ledger.Record, by ledger.Actor) card.Text {
	begin := card.Join(card.User(r.Requester.User), card.T(" has asked for this already"))
	if r.Requester == by {
		begin = card.T("You have asked for this already")
	}
	where := card.Text{{Channel: r.Channel}}
	switch r.State {
	case ledger.Pending:
		return card.Join(begin, card.T(" in "), where, card.T(": needs %s.", needs(r.Rule)))
	case ledger.Held:
		return card.Join(begin, card.T(" in "), where, card.T(". It is approved, and held back: "), card.Expand(held(r)))
	case ledger.Waiting:
		return card.Join(begin, card.T(". It is approved and waits in "), where, card.T(" for "), card.Code(string(r.Ahead)), card.T(" to end."))
	}
	return card.Join(begin, card.T(". It runs; its thread is in "), where, card.T("."))
}

// asked is the card of an operation that was asked for.
func asked(r ledger.Record, t card.Text) card.Card {
	t = append(t, cardLink(r)...)
	return card.Card{
		Tone:     card.Asking,
		Summary:  r.Title,
		Sections: []card.Section{card.Para(card.Join(card.Text{{Bold: r.Title}}, card.T("\n"), t))},
		Foot:     []card.Text{card.Join(card.T("Operation "), card.Code(string(r.ID)))},
	}
}

// cardLink leads to the operation's card once there is one.
func cardLink(r ledger.Record) card.Text {
	if r.Message.Link == "" {
		return nil
	}
	return card.Text{{Plain: " "}, {Link: &card.Link{URL: r.Message.Link, Label: "Card"}}}
}

func agreed(r ledger.Record) string {
	switch {
	case r.BreakGlass != "":
		return "The glass is broken: it waits for no approval, and must be reviewed"
	case r.Rule.Quorum() == 0:
		return "No approval is needed"
	}
	return "It is approved already"
}

func ending(r ledger.Record) string {
	if r.Outcome != "" {
		return r.Outcome
	}
	return stateWord(r.State) + "."
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// stale is the fault for something that this version of the bot does not know.
func stale(what string) error {
	return fault.New(fault.Invalid, "I do not know what %q means; the card is probably older than I am.", short(what, 40)).
		WithHint("`/amiral ops list` shows what stands now.")
}
