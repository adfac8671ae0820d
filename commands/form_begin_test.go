package commands

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// beginning types a command of which something is missing, and waits for the inputs of its form.
func beginning(t *testing.T, d *Desk, typed string) card.Modal {
	t.Helper()
	m := d.Command(t.Context(), Request{Key: typed, Actor: dev, Channel: "CDEPLOYS", Text: typed, Forms: true}).Modal
	if m == nil || !m.Waits {
		t.Fatalf("got %+v, want a form that waits for what it begins with", m)
	}
	begun, ok := d.Begin(t.Context(), Filling{Actor: dev, Command: m.Subject, Channel: "CDEPLOYS"})
	if !ok || begun.Waits || begun.Subject != m.Subject || begun.ID != m.ID {
		t.Fatalf("got %+v and %v, want the form", begun, ok)
	}
	return begun
}

// stands is what is in each input of a form, as its values come back.
func stands(m card.Modal) map[string]string {
	all := map[string]string{}
	for _, in := range slices.Concat(m.Inputs, m.More) {
		all[in.ID] = in.Value
		for i, o := range in.Chosen {
			if i > 0 {
				all[in.ID] += "\n"
			}
			all[in.ID] += o.Value
		}
	}
	return all
}

func hint(m card.Modal, input string) string {
	for _, in := range slices.Concat(m.Inputs, m.More) {
		if in.ID == input {
			return in.Hint
		}
	}
	return ""
}

// sent is what comes of a form in which some inputs were changed.
func sent(t *testing.T, d *Desk, m card.Modal, changed map[string]string) Result {
	t.Helper()
	values := stands(m)
	maps.Copy(values, changed)
	s := Submission{Key: "form", Actor: dev, Modal: m.ID, Subject: ledger.ID(m.Subject), Values: values, Filled: m.Filled, Channel: "CDEPLOYS"}
	if wrong := d.Mistakes(s); len(wrong) > 0 {
		return Result{Errors: wrong}
	}
	return d.Submit(t.Context(), s)
}

func TestAFormBeginsWithHowTheGroupIs(t *testing.T) {
	w := formed(t)
	m := beginning(t, w.desk, "asg scale web")
	for input, want := range map[string]string{"group": "web", "size": "4", "--min": "2", "--max": "8", "--reason": ""} {
		if got := stands(m)[input]; got != want {
			t.Errorf("%s: got %q, want %q", input, got, want)
		}
	}
	if m.Typed != "/asg scale web 4" {
		t.Errorf("got %s, want what would run as it is", m.Typed)
	}
	if got := hint(m, "--min"); strings.Contains(got, "Now") {
		t.Errorf("got %q, want nothing said that stands there", got)
	}
	if got := hint(m, "size"); !strings.HasSuffix(got, "Now: 4, and 2 to 8 are allowed.") {
		t.Errorf("got %q", got)
	}
	r := sent(t, w.desk, m, map[string]string{"size": "6"})
	if w.gate.spec.Command != "/asg scale web 6" || !strings.Contains(text(r.Reply), "As a command:\n```\n/asg scale web 6\n```") {
		t.Errorf("got %q and %s, want what was left as it was left out", w.gate.spec.Command, text(r.Reply))
	}
	sent(t, w.desk, m, map[string]string{"size": "6", "--max": "9", "--min": ""})
	if w.gate.spec.Command != "/asg scale web 6 --max 9" {
		t.Errorf("got %q, want what was changed", w.gate.spec.Command)
	}
}

func TestWhatIsSaidOfAFilledFormKnowsWhatStandsInIt(t *testing.T) {
	w := formed(t)
	m := beginning(t, w.desk, "asg scale web")
	values := stands(m)
	values["size"] = "6"
	f := Filling{Actor: dev, Command: m.Subject, Values: values, Filled: m.Filled, Channel: "CDEPLOYS"}
	p, ok := w.desk.Prompts(t.Context(), f)
	if !ok || p.Typed != "/asg scale web 6" || strings.Contains(p.Hints["--max"], "Now") {
		t.Errorf("got %+v", p)
	}
	w.cloud.groups[0].Max = 20
	if p, _ := w.desk.Prompts(t.Context(), f); !strings.HasSuffix(p.Hints["--max"], "Now: 20.") {
		t.Errorf("got %+v, want it said what is not what stands there", p.Hints)
	}
}

func TestWhatChangedSinceAFormWasFilledInIsTold(t *testing.T) {
	w := formed(t)
	m := beginning(t, w.desk, "asg scale web")
	w.cloud.groups[0].Desired, w.cloud.groups[0].Max = 7, 20
	r := sent(t, w.desk, m, map[string]string{"--min": "3"})
	if want := "Size: 4 was filled in, and now it would be 7. Send the form again to keep 4, or change it."; r.Errors["size"] != want || len(r.Errors) != 2 {
		t.Errorf("got %v, want %s", r.Errors, want)
	}
	if len(w.gate.asked) != 0 {
		t.Fatalf("got %v asked", w.gate.asked)
	}
	for input := range r.Errors { // it counts as written from now on
		delete(m.Filled, input)
	}
	sent(t, w.desk, m, map[string]string{"--min": "3"})
	if w.gate.spec.Command != "/asg scale web 4 --min 3 --max 8" {
		t.Errorf("got %q, want what was confirmed", w.gate.spec.Command)
	}
}

func TestWhatCannotBeAskedAgainIsTakenAsItWasShown(t *testing.T) {
	w := formed(t)
	m := beginning(t, w.desk, "asg scale web")
	_, words, _, err := w.desk.Book.submitted(Submission{Modal: m.ID, Subject: ledger.ID(m.Subject), Values: stands(m)})
	if err != nil {
		t.Fatal(err)
	}
	command := w.desk.Book.commands[slices.IndexFunc(w.desk.Book.commands, func(c Command) bool { return c.Name() == "/asg scale" })]
	w.cloud.err = errors.New("no")
	got, wrong := w.desk.settled(t.Context(), command, words, Submission{Actor: dev, Values: stands(m), Filled: m.Filled, Channel: "CDEPLOYS"})
	if typed := command.Spec().Print(got); typed != "/asg scale web 4 --min 2 --max 8" || len(wrong) > 0 {
		t.Errorf("got %s and %v, want what was seen", typed, wrong)
	}
}

func TestAFormNeedsNobodyToBegin(t *testing.T) {
	w := formed(t)
	if m := w.asks("asg scale").Modal; m == nil || m.Waits {
		t.Errorf("got %+v, want no waiting where nothing is named", m)
	}
	if m := w.asks("asg scale --in staging").Modal; m == nil || m.Waits {
		t.Errorf("got %+v, want no waiting where only a place is named", m)
	}
	m := w.asks("asg scale web").Modal
	if _, ok := w.desk.Begin(t.Context(), Filling{Actor: guest, Command: m.Subject}); ok {
		t.Error("got something for a guest")
	}
	w.cloud.slow, w.desk.Haste = true, 20*time.Millisecond
	if _, ok := w.desk.Begin(t.Context(), Filling{Actor: dev, Command: m.Subject}); ok || len(m.Inputs) == 0 {
		t.Error("got something of a cloud that hangs, want the form as it was made at once")
	}
}

func TestOnlyWhatAnInputHoldsIsFilledIn(t *testing.T) {
	spec := grammar.Spec{Name: "/x y", Args: []grammar.Arg{{Name: "group"}}, Flags: []grammar.Flag{
		{Name: "size", Kind: grammar.Int, Max: 10}, {Name: "key"}, {Name: "role"}, {Name: "sg", Kind: grammar.List}, {Name: "note"}}}
	c := Command{Path: []string{"x", "y"}, Args: spec.Args, Flags: spec.Flags}
	before := grammar.Values{Args: map[string][]string{"group": {"web"}}, Flags: map[string]grammar.Value{"note": {Text: "mine"}}}
	got := fitting(begun{command: c, before: before}, Defaults{
		"--size": {Value: "11"}, "--key": {Value: "two  spaces <!here>"}, "--role": {Value: strings.Repeat("x", 256)},
		"--sg": {Value: "sg-1\nsg-2"}, "--note": {Value: "theirs"}, "group": {Value: "api"},
	})
	if want := (map[string]string{"--sg": "sg-1\nsg-2"}); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	before.Flags["note"] = grammar.Value{Text: strings.Repeat("n", longestTold-50)}
	if got := fitting(begun{command: c, before: before}, Defaults{"--sg": {Value: "sg-1\nsg-2"}, "--size": {Value: "3"}}); len(got) != 1 {
		t.Errorf("got %v, want as many as the form can carry", got)
	}
}

func TestAnUpdateOfATemplateBeginsWithWhatStandsInIt(t *testing.T) {
	l := newLibrary(t)
	l.desk.Finder = &finder{find: func(Query) ([]card.Option, int, error) { return nil, 0, nil }}
	m := beginning(t, l.desk, "template update web-lt")
	got := stands(m)
	for _, input := range []string{"--image", "--type", "--from", "--sg"} {
		if got[input] == "" {
			t.Errorf("%s: got nothing filled in", input)
		}
	}
	for _, input := range []string{"--user-data", "--tags", "--note", "--reason", "--set-default"} {
		if got[input] != "" {
			t.Errorf("%s: got %q filled in, which is to be thought of or kept from sight", input, got[input])
		}
	}
	if r := sent(t, l.desk, m, nil); r.Reply == nil || !strings.Contains(text(r.Reply), "Nothing to change was named.") {
		t.Errorf("got %+v, want nothing to change", r)
	}
	r := sent(t, l.desk, m, map[string]string{"--type": "m7i.large"})
	if l.gate.spec.Command != "/template update web-lt --type m7i.large" {
		t.Errorf("got %q and %v", l.gate.spec.Command, r.Errors)
	}
	r = sent(t, l.desk, m, map[string]string{"--from": "1", "--note": "x"})
	if len(r.Errors) == 0 {
		t.Errorf("got %s, want it told that the fields of another version are others", text(r.Reply))
	}
}

func TestALaunchBeginsWithWhatItsSourceIsLike(t *testing.T) {
	w := formed(t)
	w.asg.Fleets = func(string) (Fleet, error) {
		return berth{quay{cloud: w.cloud, instances: []fleet.Instance{
			{ID: "i-0abc1234", Name: "web-1", Type: "m7i.large", Key: "ops", Profile: "web", VPC: "vpc-1", SecurityGroups: []string{"sg-1", "sg-2"}},
			{ID: "i-0abc5678", Name: "api-1", Type: "c7g.large", Key: "ops", VPC: "vpc-1", SecurityGroups: []string{"sg-2"}},
		}}}, nil
	}
	book, err := NewBook(w.asg.Commands()...)
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Book = book
	m := beginning(t, w.desk, "asg launch web-blue --from i-0abc1234")
	got := stands(m)
	for input, want := range map[string]string{"--type": "m7i.large", "--key": "ops", "--role": "web", "--sg": "sg-1\nsg-2", "--template": "", "--subnets": "", "--min": "", "--reboot": ""} {
		if got[input] != want {
			t.Errorf("%s: got %q, want %q", input, got[input], want)
		}
	}
	r := sent(t, w.desk, m, map[string]string{"--from": "i-0abc5678", "--size": "5"})
	want := map[string]string{
		"--type": "Type: m7i.large was filled in, and now it would be c7g.large. Send the form again to keep m7i.large, or change it.",
		"--role": "Role: web was filled in, and now it would be empty. Send the form again to keep web, or change it.",
		"--sg":   "Security groups: sg-1, sg-2 was filled in, and now it would be sg-2. Send the form again to keep sg-1, sg-2, or change it.",
	}
	if !maps.Equal(r.Errors, want) {
		t.Errorf("got %q, want %q", r.Errors, want)
	}
}

func TestAFormOffersNothingThatIsRefused(t *testing.T) {
	w := formed(t)
	book, err := NewBook(w.asg.Commands()...)
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Book = book
	offered := func(text string) []string {
		var ids []string
		m := w.asks(text).Modal
		for _, in := range slices.Concat(m.Inputs, m.More) {
			ids = append(ids, in.ID)
		}
		return ids
	}
	if got := offered("asg patch web"); slices.Contains(got, "--twin") || !slices.Contains(got, "--standby") {
		t.Errorf("got %v, want no twin, which a patch refuses", got)
	}
	if got := offered("asg launch web-blue"); !slices.Contains(got, "--twin") {
		t.Errorf("got %v, want a twin, which a launch can do with", got)
	}
}
