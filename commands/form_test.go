package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// finder finds what it is told to find.
type finder struct {
	mu    sync.Mutex
	asked []Query
	find  func(Query) ([]card.Option, int, error)
}

func (f *finder) Find(_ context.Context, q Query) ([]card.Option, int, error) {
	f.mu.Lock()
	f.asked = append(f.asked, q)
	f.mu.Unlock()
	return f.find(q)
}

// asks types a command where a form can be opened.
func (w *world) asks(text string) Result {
	return w.desk.Command(context.Background(), Request{Key: "k" + text, Actor: dev, Channel: "CDEPLOYS", Text: text, Forms: true})
}

func (w *world) sends(m *card.Modal, values map[string]string) Result {
	all := map[string]string{}
	for _, in := range slices.Concat(m.Inputs, m.More) {
		all[in.ID] = in.Value
		var lines []string
		for _, o := range in.Chosen {
			lines = append(lines, o.Value)
		}
		if len(lines) > 0 {
			all[in.ID] = strings.Join(lines, "\n")
		}
	}
	for id, v := range values {
		all[id] = v
	}
	s := Submission{Key: "form", Actor: dev, Modal: m.ID, Subject: ledger.ID(m.Subject), Values: all, Channel: "CDEPLOYS"}
	if wrong := w.desk.Mistakes(s); len(wrong) > 0 {
		return Result{Errors: wrong}
	}
	return w.desk.Submit(context.Background(), s)
}

func formed(t *testing.T, all ...ledger.Record) *world {
	w := newWorld(t, all...)
	w.desk.Finder = &finder{find: func(Query) ([]card.Option, int, error) { return nil, 0, nil }}
	return w
}

func TestWhatIsMissingIsAskedForInAForm(t *testing.T) {
	w := formed(t)
	m := w.asks("asg rollout web").Modal
	if m == nil || m.ID != "command" || m.Subject != "/asg rollout web" || m.Title != "/asg rollout" {
		t.Fatalf("got %+v, want a form", m)
	}
	if m.Inputs[0].ID != "group" || m.Inputs[0].Kind != card.Picked || m.Inputs[0].Chosen[0].Value != "web" || m.Inputs[0].Optional {
		t.Errorf("got %+v, want the group filled in", m.Inputs[0])
	}
	if len(w.gate.asked) != 0 {
		t.Errorf("got %v asked", w.gate.asked)
	}
	wrong := w.sends(m, map[string]string{"group": ""}).Errors
	if wrong["group"] != "The group is missing." {
		t.Errorf("got %v", wrong)
	}
	r := w.sends(m, map[string]string{"--image": "ami-0b2", "--reason": "kernel  patches\n{user:U1}"})
	if len(w.gate.asked) != 1 {
		t.Fatalf("got %+v, want one proposal", r)
	}
	const want = `/asg rollout web --image ami-0b2 --reason "kernel patches { user:U1}"`
	if got := text(r.Reply); !strings.Contains(got, "As a command:") || !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAMentionGetsAButtonForTheForm(t *testing.T) {
	w := formed(t)
	r := w.says("asg rollout web")
	if r.Modal != nil || len(r.Reply.Buttons) != 1 || r.Reply.Buttons[0].ID != "/asg rollout web" || !strings.Contains(text(r.Reply), "Usage: ") {
		t.Fatalf("got %+v, want the usage and a button", r.Reply)
	}
	m := w.desk.Press(t.Context(), Press{Actor: dev, Action: r.Reply.Buttons[0].Action, ID: ledger.ID(r.Reply.Buttons[0].ID)}).Modal
	if m == nil || m.Subject != "/asg rollout web" {
		t.Errorf("got %+v, want the form", m)
	}
	if r := w.desk.Press(t.Context(), Press{Actor: guest, Action: "open_form", ID: "/asg rollout web"}); r.Modal != nil {
		t.Error("got a form for a guest")
	}
}

func TestTheSameMistakeIsToldInTheSameWords(t *testing.T) {
	w := formed(t)
	m := w.asks("asg rollout web").Modal
	for input, value := range map[string]string{
		"--canary": "200", "--reason": strings.Repeat("x", 501), "--image": strings.Repeat("é", 256), "group": strings.Repeat("g", 256),
	} {
		wrong := w.sends(m, map[string]string{"--image": "ami-0b2", input: value}).Errors
		if wrong[input] == "" || len(wrong) != 1 {
			t.Errorf("%s: got %v", input, wrong)
			continue
		}
		typed := "asg rollout web --image ami-0b2 " + input + " " + grammar.Quote(value)
		switch input {
		case "--image":
			typed = "asg rollout web --image " + value
		case "group":
			typed = "asg rollout " + value + " --image ami-0b2"
		}
		if got := text(w.says(typed).Reply); !strings.HasPrefix(got, wrong[input]+"\n") {
			t.Errorf("%s: got %q in the form and %q when typed", input, wrong[input], got)
		}
	}
	if len(w.gate.asked) != 0 {
		t.Errorf("got %v asked", w.gate.asked)
	}
}

func TestEveryCommandHasAFormThatAsksNobody(t *testing.T) {
	w := formed(t)
	w.cloud.slow, w.records.err = true, context.DeadlineExceeded
	for _, c := range w.desk.Book.commands {
		m := w.desk.form(c, grammar.Values{})
		again, err := w.desk.reopened(c.Name(), "CDEPLOYS")
		if err != nil || again.Modal == nil || m.Title != c.Name() || len([]rune(m.Title)) > 24 {
			t.Errorf("%s: got %v and %v", c.Name(), again, err)
		}
		seen := map[string]bool{}
		for _, in := range slices.Concat(m.Inputs, m.More) {
			if seen[in.ID] || in.Label == "" {
				t.Errorf("%s: got %+v", c.Name(), in)
			}
			seen[in.ID] = true
		}
		if len(seen) > 60 {
			t.Errorf("%s: got %d inputs", c.Name(), len(seen))
		}
	}
}

// anything that people write, the unpleasant kinds too.
var anything = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
	"`rm -rf /`", "<@U0DEV>", "<!channel>", "{user:U1}", "--help", "help", "-5", "a b", `"`, `\`, "“x”", "a,b", strings.Repeat("x", 3000), "<https://a.b|c>", "@file", "\u200b",
}))

// valueOf is something that an input can be filled with.
func valueOf(t *rapid.T, in card.Input, f grammar.Flag) string {
	switch {
	case in.Kind == card.Choice:
		return rapid.SampledFrom(in.Options).Draw(t, in.ID).Value
	case in.Kind == card.Switch:
		return "true"
	case in.Kind == card.Number:
		low, high := f.Bounds()
		return fmt.Sprint(rapid.Int64Range(low, high).Draw(t, in.ID))
	case f.Kind == grammar.Duration:
		return rapid.SampledFrom([]string{"90s", "5m", "1h30m", "0", "2d"}).Draw(t, in.ID)
	case f.Kind == grammar.Percents:
		return rapid.SampledFrom([]string{"1", "10,50,100"}).Draw(t, in.ID)
	case in.Kind == card.File:
		return ""
	}
	return anything.Draw(t, in.ID)
}

func TestAFormRunsAsTheCommandThatItMakes(t *testing.T) {
	w := formed(t)
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(w.desk.Book.commands).Draw(t, "command")
		m, spec := w.desk.form(c, grammar.Values{}), c.Spec()
		s := Submission{Modal: commandForm, Subject: ledger.ID(m.Subject), Values: map[string]string{}}
		for _, in := range slices.Concat(m.Inputs, m.More) {
			var f grammar.Flag
			for _, each := range spec.Flags {
				if grammar.FlagInput(each.Name) == in.ID {
					f = each
				}
			}
			if in.Optional && rapid.Bool().Draw(t, "empty") {
				s.Values[in.ID] = ""
				continue
			}
			s.Values[in.ID] = valueOf(t, in, f)
		}
		_, words, wrong, err := w.desk.Book.submitted(s)
		if err != nil {
			t.Fatal(err)
		}
		if len(wrong) > 0 {
			return // told in the form, which stays open
		}
		typed := spec.Print(words)
		found, err := w.desk.Book.find(typed)
		if err != nil || found.command.Name() != c.Name() {
			t.Fatalf("%s: got %v and %v", typed, found.command.Name(), err)
		}
		again, err := spec.Parse(found.words, found.broken)
		if err != nil {
			t.Fatalf("%s: got %v from %q", typed, err, s.Values)
		}
		if got := spec.Print(again); got != typed {
			t.Fatalf("got %s, want %s", got, typed)
		}
		for input, value := range spec.Fields(again) {
			if value == "" || strings.TrimSpace(s.Values[input]) == "" {
				t.Fatalf("%s: got %q for %s, which nobody wrote", typed, value, input)
			}
		}
	})
}

// bakery is a book with one command that takes a file and much else.
func bakery(t *testing.T) (*world, *[]*Call) {
	w := formed(t)
	var calls []*Call
	book, err := NewBook(Command{
		Path: []string{"template", "create"}, Summary: "Make a template.", Example: "/template create web --image ami-1",
		Args: []grammar.Arg{{Name: "name", About: "its name"}},
		Flags: []grammar.Flag{
			{Name: "image", Pick: grammar.Image, About: "the image"}, {Name: "user-data", File: true, Most: 16384, About: "what runs at the first start"},
			{Name: "reboot", Kind: grammar.Bool, Both: true}, {Name: "groups", Kind: grammar.List, Pick: grammar.Group}, w.asg.Settings.in(),
			{Name: "family", Pick: grammar.Family},
		},
		OneOf: [][]string{{"image", "family"}},
		Run: func(_ context.Context, c *Call) (Result, error) {
			calls = append(calls, c)
			return reply(card.Card{Title: "Made"}), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Book = book
	return w, &calls
}

func TestAFilesContentIsTheValueAndItsNameIsInTheCommand(t *testing.T) {
	w, calls := bakery(t)
	m := w.asks("template create web").Modal
	s := Submission{Key: "f", Actor: dev, Modal: m.ID, Subject: ledger.ID(m.Subject), Channel: "C1",
		Values: map[string]string{"name": "web", "--image": "ami-1", "@--user-data": "boot @home.sh"},
		Files:  map[string]Upload{"@--user-data": {Name: "boot @home.sh", Content: "#!/bin/sh\necho {user:U1}\n"}}}
	r := w.desk.Submit(t.Context(), s)
	if len(*calls) != 1 {
		t.Fatalf("got %v %v", text(r.Reply), r.Errors)
	}
	c := (*calls)[0]
	if c.Words.Text("user-data") != "#!/bin/sh\necho {user:U1}\n" || c.Typed != `/template create web --image ami-1 --user-data "@boot home.sh"` {
		t.Errorf("got %q and %s", c.Words.Text("user-data"), c.Typed)
	}
	if got := text(w.says(c.Typed).Reply); !strings.HasPrefix(got, "--user-data names a file, and a typed command has none.") || len(*calls) != 1 {
		t.Errorf("got %s, want the file missed", got)
	}
	for content, want := range map[string]string{"": "This file is empty.", "\xff\xfe": "This file holds no text.", strings.Repeat("x", 16385): "This is longer than 16384 characters."} {
		s.Files["@--user-data"] = Upload{Name: "x", Content: content}
		if got := w.desk.Submit(t.Context(), s).Errors["@--user-data"]; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	s.Values["--user-data"], s.Files = "also", nil
	if got := w.desk.Mistakes(s)["@--user-data"]; got != "Write it, or give a file, not both." {
		t.Errorf("got %q", got)
	}
}

func TestLinesWrittenIntoAFormAreKept(t *testing.T) {
	w, calls := bakery(t)
	m := w.asks("template create web").Modal
	w.sends(m, map[string]string{"--image": "ami-1", "--user-data": "#!/bin/sh\n\techo  hi\n", "--reboot": "false", "--groups": "web\napi"})
	if len(*calls) != 1 {
		t.Fatal("got nothing run")
	}
	c := (*calls)[0]
	if c.Words.Text("user-data") != "#!/bin/sh\n\techo  hi" || c.Typed != `/template create web --image ami-1 --user-data @the-form --no-reboot --groups web,api` {
		t.Errorf("got %q and %s", c.Words.Text("user-data"), c.Typed)
	}
}

func TestOneOfSeveralIsAskedForAtTheRightInputs(t *testing.T) {
	w, calls := bakery(t)
	m := w.asks("template create web").Modal
	if got := w.sends(m, nil).Errors; got["--image"] != "One of --image, --family is needed." || len(got) != 1 {
		t.Errorf("got %v", got)
	}
	if got := w.sends(m, map[string]string{"--image": "a", "--family": "b"}).Errors; len(got) != 2 || got["--family"] != "--image and --family cannot stand together: give one of them." {
		t.Errorf("got %v", got)
	}
	if got := w.sends(m, map[string]string{"--image": "?"}).Errors; got["--image"] == "" {
		t.Errorf("got %v, want no choice made", got)
	}
	if len(*calls) != 0 {
		t.Errorf("got %d run", len(*calls))
	}
}

func TestASearchIsAnsweredInTime(t *testing.T) {
	w, _ := bakery(t)
	f := &finder{find: func(Query) ([]card.Option, int, error) { select {} }}
	w.desk.Finder, w.desk.Haste = f, 20*time.Millisecond
	found := w.desk.Suggest(t.Context(), Search{Actor: dev, Command: "/template create web", Input: "--image", Text: "ami-0b2", Channel: "C1"})
	if len(found.Options) != 1 || found.Options[0].Value != "ami-0b2" || !strings.Contains(found.Note, "AWS is slow") {
		t.Errorf("got %+v, want what was written, and why", found)
	}
	found = w.desk.Suggest(t.Context(), Search{Actor: dev, Command: "/template create web", Input: "--image"})
	if len(found.Options) != 1 || found.Options[0].Value != "?" || !strings.Contains(found.Options[0].Label, "AWS is slow") {
		t.Errorf("got %+v, want why", found)
	}
	w, _ = bakery(t) // the first one is being asked still
	w.desk.Finder = &finder{find: func(Query) ([]card.Option, int, error) { panic("oops") }}
	if found := w.desk.Suggest(t.Context(), Search{Actor: dev, Command: "/template create", Input: "--image", Text: "x"}); len(found.Options) != 1 {
		t.Errorf("got %+v after a panic", found)
	}
}

func TestASearchLooksWhereTheFormSays(t *testing.T) {
	w, _ := bakery(t)
	f := &finder{find: func(Query) ([]card.Option, int, error) {
		return []card.Option{{Value: "web", Label: "web"}}, 24_901, nil
	}}
	w.desk.Finder = f
	s := Search{Actor: dev, Command: "/template create web --in staging", Input: "--groups", Text: "web", Channel: "C1"}
	found := w.desk.Suggest(t.Context(), s)
	if f.asked[0].Environment != "staging" || f.asked[0].Pick != grammar.Group || found.Note != "1 of 24902: write more to see the others" || len(found.Options) != 1 {
		t.Errorf("got %+v and %+v", f.asked[0], found)
	}
	s.Values = map[string]string{"--in": "production"}
	w.desk.Suggest(t.Context(), s)
	if f.asked[1].Environment != "production" {
		t.Errorf("got %+v, want what the form says", f.asked[1])
	}
	s.Actor = guest
	if found := w.desk.Suggest(t.Context(), s); len(found.Options) != 0 && found.Options[0].Value != "?" || len(f.asked) != 2 {
		t.Errorf("got %+v for a guest", found)
	}
	for _, s := range []Search{{Actor: dev, Command: "/nothing", Input: "x"}, {Actor: dev, Command: "/template create", Input: "name"}} {
		if found := w.desk.Suggest(t.Context(), s); len(found.Options) > 0 {
			t.Errorf("got %+v for %+v", found, s)
		}
	}
}

// region is things of one environment.
type region struct {
	Things
	machines []fleet.Instance
	calls    []string
	gate     chan struct{}
}

func (r *region) FindInstances(_ context.Context, text string, most int) ([]fleet.Instance, error) {
	r.calls = append(r.calls, text)
	if r.gate != nil {
		<-r.gate
	}
	var found []fleet.Instance
	for _, i := range r.machines {
		if len(found) < most && (strings.HasPrefix(string(i.ID), text) || strings.Contains(i.Name, text)) {
			found = append(found, i)
		}
	}
	return found, nil
}

func fleetOf(n int) *region {
	r := &region{}
	for i := range n {
		r.machines = append(r.machines, fleet.Instance{ID: fleet.InstanceID(fmt.Sprintf("i-%017x", i)), Name: fmt.Sprintf("web-%05d", i)})
	}
	return r
}

func TestTwentyFiveThousandInstancesCanBeSearched(t *testing.T) {
	r := fleetOf(25_000)
	now := time.Unix(0, 0)
	l := &Library{Settings: settings(), Things: func(string) (Things, error) { return r, nil }, Now: func() time.Time { return now }}
	find := func(text string) ([]card.Option, int) {
		t.Helper()
		options, more, err := l.Find(t.Context(), Query{Environment: "production", Pick: grammar.Instance, Text: text, Most: 99})
		if err != nil {
			t.Fatal(err)
		}
		return options, more
	}
	if all, more := find(""); len(all) != 99 || more >= 0 {
		t.Errorf("got %d and %d more", len(all), more)
	}
	if all, more := find("web-24999"); len(all) != 1 || more != 0 || all[0].Value != "i-000000000000061a7" {
		t.Errorf("got %v and %d more, want the last one", all, more)
	}
	if all, _ := find("i-000000000000061a7"); len(all) != 1 || all[0].Label != "web-24999 i-000000000000061a7" {
		t.Errorf("got %v", all)
	}
	find("web-24999")
	if len(r.calls) != 3 {
		t.Errorf("got %d calls, want what was said remembered", len(r.calls))
	}
	now = now.Add(time.Minute)
	find("web-24999")
	if len(r.calls) != 4 {
		t.Errorf("got %d calls, want it asked for again later", len(r.calls))
	}
}

func TestWhatComesTooLateIsThereForTheNextSearch(t *testing.T) {
	r := fleetOf(10)
	r.gate = make(chan struct{})
	l := &Library{Settings: settings(), Things: func(string) (Things, error) { return r, nil }}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	q := Query{Environment: "production", Pick: grammar.Instance, Text: "web", Most: 99}
	if _, _, err := l.Find(ctx, q); err == nil {
		t.Error("got an answer from a hanging cloud")
	}
	close(r.gate)
	l.Close()
	if all, _, err := l.Find(t.Context(), q); len(all) != 10 || err != nil || len(r.calls) != 1 {
		t.Errorf("got %d options, %v and %d calls", len(all), err, len(r.calls))
	}
}

func TestWhatBeginsWithTheTextComesFirst(t *testing.T) {
	all := []card.Option{{Value: "my-web"}, {Value: "web-2"}, {Value: "other", About: "runs web"}, {Value: "web"}, {Value: strings.Repeat("web", 40)}}
	found, more := matching(all, Query{Text: "WEB", Most: 3})
	if more != 1 || found[0].Value != "web" || found[1].Value != "web-2" || found[2].Value != "my-web" {
		t.Errorf("got %v and %d more", found, more)
	}
}
