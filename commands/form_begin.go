package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
)

// waits reports whether a form's inputs are drawn once it is known what holds where they are left empty. As long as
// nothing is named that this could be known of, nobody waits for it.
func (c Command) waits(given grammar.Values) bool {
	for _, f := range c.Flags {
		if f.Pick != grammar.Environment && given.Given(f.Name) {
			return c.Defaults != nil
		}
	}
	return c.Defaults != nil && len(given.Args) > 0
}

// Begin draws the inputs of a form that is open without any: what holds where they are left empty is filled in. Nobody
// can have written into them yet, so nothing that is written is lost. False: it cannot be found out in the time that
// somebody looks at an empty form, and they are drawn without it.
func (d *Desk) Begin(ctx context.Context, f Filling) (card.Modal, bool) {
	b, err := d.Book.begun(f)
	if err != nil {
		return card.Modal{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(d.Haste, haste))
	defer cancel()
	if _, err := d.People.Person(ctx, f.Actor); err != nil {
		return card.Modal{}, false
	}
	now, err := d.known(ctx, f, b)
	if err != nil && d.Log != nil {
		d.Log.InfoContext(ctx, "form begins without what is there now", "command", b.command.Name(), "err", err)
	}
	if len(now) == 0 {
		return card.Modal{}, false
	}
	filled := fitting(b, now)
	m := d.drawn(b.command, b.before, filled)
	for _, all := range [][]card.Input{m.Inputs, m.More} {
		for i, in := range all {
			all[i].Hint = hinted(in, now[in.ID], filled[in.ID] != "")
		}
	}
	words, _ := b.command.Spec().Fill(b.before, filled)
	m.Typed = b.command.Spec().Sketch(b.command.without(words, slices.Collect(maps.Keys(filled))))
	m.Waits, m.Filled = false, filled
	return *m, true
}

// fitting are the values that can be filled in: where nothing was typed, as far as the input holds them as they are, and
// as many of them as the form can carry along.
func fitting(b begun, now Defaults) map[string]string {
	spec := b.command.Spec()
	typed, carried := spec.Fields(b.before), spec.Print(spec.Unfiled(b.before))
	filled := map[string]string{}
	for _, input := range slices.Sorted(maps.Keys(now)) {
		value := now[input].Value
		if value == "" || typed[input] != "" || listed(value) != value || len([]rune(value)) > 255 {
			continue
		}
		if _, wrong := spec.Fill(b.before, grammar.Filled{input: value}); wrong[input] != nil {
			continue
		}
		filled[input] = value
		if !carriableWith(carried, filled) {
			delete(filled, input)
		}
	}
	return filled
}

// carriableWith reports whether a form can carry a command, and beside it what was filled in.
func carriableWith(typed string, filled map[string]string) bool {
	command, err := json.Marshal(typed)
	if err != nil {
		return false
	}
	more, err := json.Marshal(filled)
	return err == nil && len(command)+len(more) <= longestTold
}

// left are the inputs in which stands what was filled in for their person, in order.
func left(filled map[string]string, given grammar.Filled) []string {
	var all []string
	for input, value := range filled {
		if is, asked := given[input]; asked && value != "" && is == value {
			all = append(all, input)
		}
	}
	slices.Sort(all)
	return all
}

// without are the words as they are when inputs are left empty. Those that are needed stay.
func (c Command) without(words grammar.Values, inputs []string) grammar.Values {
	spec := c.Spec()
	kept := grammar.Values{Args: maps.Clone(words.Args), Flags: maps.Clone(words.Flags)}
	for _, input := range inputs {
		name, flag := strings.CutPrefix(input, "--")
		switch at := slices.IndexFunc(c.Args, func(a grammar.Arg) bool { return a.Name == name }); {
		case flag && !spec.Needed(name):
			delete(kept.Flags, name)
		case !flag && at >= 0 && c.Args[at].Optional:
			delete(kept.Args, name)
		}
	}
	return kept
}

// settled are the words of a form that was sent, in which what was left as it was filled in means the same as an empty
// input. Where an empty input would by now mean something else, whoever sent it is asked: they saw one thing, and would
// get another. When that cannot be found out, the words are those that they saw.
func (d *Desk) settled(ctx context.Context, c Command, words grammar.Values, s Submission) (grammar.Values, map[string]string) {
	given, _ := answers(c.Spec(), s)
	inputs := left(s.Filled, given)
	if len(inputs) == 0 || c.Defaults == nil {
		return words, nil
	}
	b := begun{command: c, words: c.without(words, inputs)}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(d.Patience, patience))
	defer cancel()
	now, err := d.known(ctx, Filling{Actor: s.Actor, Channel: s.Channel, Thread: s.Thread}, b)
	if err != nil && d.Log != nil {
		d.Log.InfoContext(ctx, "what was filled in is taken as it was shown", "command", c.Name(), "err", err)
	}
	var same []string
	wrong := map[string]string{}
	for _, input := range inputs {
		switch value := now[input].Value; {
		case value == s.Filled[input]:
			same = append(same, input)
		case value != "" || err == nil:
			wrong[input] = changedMeanwhile(input, s.Filled[input], value)
		}
	}
	return c.without(words, same), wrong
}

// changedMeanwhile tells that an empty input would not mean any more what was filled in.
func changedMeanwhile(input, filled, now string) string {
	const between = ", "
	name := label(strings.TrimPrefix(input, "--"))
	filled, now = strings.ReplaceAll(filled, "\n", between), cmp.Or(strings.ReplaceAll(now, "\n", between), "empty")
	return short(card.Inert(fmt.Sprintf("%s: %s was filled in, and now it would be %s. Send the form again to keep %s, or change it.", name, filled, now, filled)), 500)
}
