package commands

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
)

const (
	glassFlag   = "break-glass" // the flag
	glassForm   = "break_glass" // the form's id
	glassInput  = "target"      // the form's input
	longestTold = 2800          // bytes of a command that a form carries along, as JSON
	longestSaid = 1900          // its characters, for the button that opens the form again
)

// glass is the flag by which something runs without the approvals it should have.
func glass() grammar.Flag {
	return grammar.Flag{Name: glassFlag, Value: `"<reason>"`, Most: maxReason,
		About: "run it at once, without its approvals, if the policy lets you; security is told, and somebody else must review it"}
}

// broken are the words of a command with which somebody wants to break the glass; nothing is read for it.
func (b *Book) broken(text string) (Command, grammar.Values, error) {
	m, err := b.find(text)
	if err != nil {
		return Command{}, grammar.Values{}, stale(text)
	}
	words, err := m.command.Spec().Parse(m.given(), m.broken)
	if err != nil || !words.Given(glassFlag) {
		return Command{}, grammar.Values{}, stale(text)
	}
	return m.command, words, nil
}

// glassForm asks for the target's name before the glass is broken. It is made of the command alone: Slack
// waits three seconds for a form, and neither AWS nor Redis is asked meanwhile.
func (b *Book) glassForm(text string) (Result, error) {
	c, words, err := b.broken(text)
	if err != nil {
		return Result{}, err
	}
	reason, target := folded(words.Text(glassFlag)), c.target(words)
	if reason == "" {
		return Result{}, fault.New(fault.Invalid, "Say why the glass must be broken.").WithHint("`--%s \"<reason>\"`", glassFlag)
	}
	typed := c.Spec().Print(words)
	if !carriable(typed) {
		return Result{}, fault.New(fault.Invalid, "This command is too long to be confirmed in a form. Nothing was done.").
			WithHint("Shorten its reasons.")
	}
	return Result{Modal: &card.Modal{
		ID: glassForm, Subject: typed, Title: "Break the glass", Submit: "Run it now",
		Body: card.Card{Sections: []card.Section{
			card.Para(card.Text{{Bold: "This runs at once, without the approvals that the policy asks for."}}),
			{Code: typed},
			card.Para(card.Join(card.Text{{Bold: "Reason:"}}, card.T(" %s", reason))),
			card.Para(card.T("The security channel and everybody who is skipped are told. Somebody else must review it afterwards, and is reminded until they have.")),
		}},
		Inputs: []card.Input{{ID: glassInput, Label: "Type " + short(target, 100) + " to confirm", Max: 300}},
	}}, nil
}

// carriable reports whether a form and a button can carry a command.
func carriable(typed string) bool {
	carried, err := json.Marshal(typed)
	return err == nil && len(carried) <= longestTold && len([]rune(typed)) <= longestSaid
}

// target is what a command is about: the first word that it takes.
func (c Command) target(words grammar.Values) string {
	if len(c.Args) == 0 {
		return c.Name()
	}
	return words.Arg(c.Args[0].Name)
}

// mistyped compares what was typed to confirm with the target.
func (b *Book) mistyped(s Submission) map[string]string {
	c, words, err := b.broken(string(s.Subject))
	if err != nil {
		return nil // it is answered with why
	}
	if target := c.target(words); card.Inert(strings.TrimSpace(s.Values[glassInput])) != target {
		return map[string]string{glassInput: "This is not " + short(target, 100) + ". Type it exactly, or close the form: nothing was done."}
	}
	return nil
}

// breakGlass runs a confirmed command as if it had just been typed: everything is looked at again.
func (d *Desk) breakGlass(ctx context.Context, a *attempt, s Submission, who Person) (Result, error) {
	if _, _, err := d.Book.broken(string(s.Subject)); err != nil {
		return Result{}, err
	}
	text := card.Inert(folded(string(s.Subject)))
	return d.command(ctx, a, &Call{
		Request: Request{Key: s.Key, Actor: s.Actor, Channel: s.Channel, Text: text}, Person: who, Gate: a.gate, confirmed: true,
	})
}

// unbroken is a command without its breaking of the glass: what is asked again is asked in the usual way.
func (b *Book) unbroken(text string) string {
	c, words, err := b.broken(text)
	if err != nil {
		return text
	}
	delete(words.Flags, glassFlag)
	return c.Spec().Print(words)
}

// typed is what a command was given, by name, for the policy to look at.
func (b *Book) typed(text string) map[string]string {
	m, err := b.find(text)
	if err != nil {
		return nil
	}
	words, err := m.command.Spec().Parse(m.given(), m.broken)
	if err != nil {
		return nil
	}
	delete(words.Flags, glassFlag)
	return m.command.Spec().Typed(words)
}
