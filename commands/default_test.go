package commands

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// prompted is what an open form says, by input, and the command as it would be typed.
func (w *world) prompted(command string, values map[string]string) (Prompts, bool) {
	return w.desk.Prompts(context.Background(), Filling{Actor: dev, Command: command, Values: values, Channel: "CDEPLOYS"})
}

func TestAFormSaysHowTheGroupIs(t *testing.T) {
	w := formed(t)
	w.cloud.images[1].Tags = map[string]string{"amiral:family": "web"}
	w.asg.Families = goldens{"web": "ami-0b2"}
	p, ok := w.prompted("/asg scale web", nil)
	if !ok || !strings.HasSuffix(p.Hints["size"], "Now: 4, and 2 to 8 are allowed.") || !strings.HasSuffix(p.Hints["--max"], "Now: 8.") || p.Typed != "/asg scale web <size>" {
		t.Errorf("got %+v", p)
	}
	w = formed(t)
	w.cloud.images[1].Tags = map[string]string{"amiral:family": "web"}
	w.asg.Families = goldens{"web": "ami-0b2"}
	asg, err := NewBook(w.asg.Commands()...)
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Book = asg
	p, ok = w.prompted("/asg rollout", map[string]string{"group": "web", "--reason": "two words"})
	for input, want := range map[string]string{
		"group": "4 of 4 healthy.", "--image": "Now: web-2026.10.1 (ami-0a1).", "--version": "Now: web-lt v1.",
		"--family": "The present image is of web, whose golden one is web-2026.11.2 (ami-0b2).",
	} {
		if !strings.HasSuffix(p.Hints[input], want) {
			t.Errorf("%s: got %q, want %q", input, p.Hints[input], want)
		}
	}
	const typed = `/asg rollout web (--image <ami> | --version <number> | --family <name>) --reason "two words"`
	if !ok || p.Typed != typed {
		t.Errorf("got %s, want %s", p.Typed, typed)
	}
}

// berth is a quay whose machines can be read one by one.
type berth struct{ quay }

func (b berth) Instance(_ context.Context, id fleet.InstanceID) (fleet.Instance, error) {
	for _, i := range b.instances {
		if i.ID == id {
			return i, nil
		}
	}
	return fleet.Instance{}, absent(string(id))
}

func TestAFormSaysWhatALaunchTakesFromItsSource(t *testing.T) {
	w := formed(t)
	w.asg.Fleets = func(string) (Fleet, error) {
		return berth{quay{cloud: w.cloud, instances: []fleet.Instance{{ID: "i-0abc1234", Name: "web-1", Type: "m7i.large", Key: "ops", Profile: "web", VPC: "vpc-1", SecurityGroups: []string{"sg-1", "sg-2"}}}}}, nil
	}
	book, err := NewBook(w.asg.Commands()...)
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Book = book
	p, ok := w.prompted("/asg launch web-blue --from web-1", nil)
	for input, want := range map[string]string{
		"--type": "Left empty: m7i.large.", "--key": "Left empty: ops.", "--role": "Left empty: web.", "--sg": "Left empty: sg-1, sg-2.",
		"--template": "Left empty: one called web-blue is made.", "--subnets": "Left empty: one in each zone of vpc-1 that takes the type (eu-west-1a, eu-west-1b).",
	} {
		if !ok || !strings.HasSuffix(p.Hints[input], want) {
			t.Errorf("%s: got %q, want %q", input, p.Hints[input], want)
		}
	}
}

func TestAFormStaysAsItIsWhenNothingCanBeFoundOut(t *testing.T) {
	w := formed(t)
	if p, ok := w.prompted("/asg scale gone", nil); ok {
		t.Errorf("got %+v of a group that is not there", p)
	}
	if p, ok := w.prompted("/asg scale", nil); ok {
		t.Errorf("got %+v of no group", p)
	}
	if p, ok := w.prompted("/asg shrink web", nil); ok {
		t.Errorf("got %+v of a command that is no more", p)
	}
	if p, ok := w.desk.Prompts(t.Context(), Filling{Actor: guest, Command: "/asg scale web"}); ok {
		t.Errorf("got %+v for a guest", p)
	}
	if p, ok := w.prompted("/asg scale", map[string]string{"group": "gone", "size": "7"}); !ok || p.Typed != "/asg scale gone 7" || strings.Contains(p.Hints["size"], "Now") {
		t.Errorf("got %+v, want what was said of another group taken away", p)
	}
	w.cloud.slow, w.desk.Patience = true, 20*time.Millisecond
	if p, ok := w.prompted("/asg scale web", nil); ok {
		t.Errorf("got %+v of a cloud that hangs", p)
	}
}

func TestACommandThatHeedsNothingOrPanicsHoldsUpNoForm(t *testing.T) {
	w := formed(t)
	hang := make(chan struct{})
	defer close(hang)
	var does atomic.Pointer[func() (Defaults, error)]
	book, err := NewBook(Command{Path: []string{"asg", "wait"}, Summary: "Wait.", Example: "/asg wait web", Args: []grammar.Arg{{Name: "group"}},
		Run:      func(context.Context, *Call) (Result, error) { return Result{}, nil },
		Defaults: func(context.Context, *Call) (Defaults, error) { return (*does.Load())() }})
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Book, w.desk.Patience = book, 20*time.Millisecond
	for name, each := range map[string]func() (Defaults, error){
		"hangs":  func() (Defaults, error) { <-hang; return nil, nil },
		"panics": func() (Defaults, error) { panic("oops") },
		"errs":   func() (Defaults, error) { return nil, errors.New("no") },
	} {
		does.Store(&each)
		if p, ok := w.prompted("/asg wait", nil); ok {
			t.Errorf("%s: got %+v", name, p)
		}
	}
	partly := func() (Defaults, error) {
		return Defaults{"group": {Stands: "Now: <!channel> {user:U1}\n."}}, errors.New("the rest is missing")
	}
	does.Store(&partly)
	if p, ok := w.prompted("/asg wait", nil); !ok || p.Hints["group"] != "Now: <!channel> { user:U1} ." {
		t.Errorf("got %+v, want what is known", p)
	}
}

// homely is a finder that knows which environment a channel means.
type homely struct{ *finder }

func (homely) Home(channel string) string {
	return map[string]string{"CDEPLOYS": "production"}[channel]
}

func TestAFormBeginsWithTheEnvironmentOfItsChannel(t *testing.T) {
	w := formed(t)
	w.desk.Finder = homely{w.desk.Finder.(*finder)}
	m := w.asks("asg rollout web").Modal
	if m.Subject != "/asg rollout web --in production" || m.Typed != "/asg rollout web (--image <ami> | --version <number> | --family <name>) --in production" {
		t.Errorf("got %q and %q", m.Subject, m.Typed)
	}
	if w.sends(m, map[string]string{"--image": "ami-0b2", "--in": "staging"}); w.gate.spec.Command != "/asg rollout web --image ami-0b2 --in staging" {
		t.Errorf("got %s, want the one that was chosen", w.gate.spec.Command)
	}
	if m := w.asks("asg rollout web --in staging").Modal; m.Subject != "/asg rollout web --in staging" {
		t.Errorf("got %q, want the one that was typed", m.Subject)
	}
	l := &Library{Settings: settings()}
	if l.Home("CSTAGING") != "staging" || l.Home("CELSEWHERE") != "" {
		t.Errorf("got %q and %q", l.Home("CSTAGING"), l.Home("CELSEWHERE"))
	}
}

func TestWhatAFormSaysHoldsNoFile(t *testing.T) {
	w, _ := bakery(t)
	m := w.asks("template create --user-data 'hidden words'").Modal
	if m == nil || strings.Contains(m.Typed, "hidden") {
		t.Errorf("got %+v", m)
	}
	b, err := w.desk.Book.begun(Filling{Command: "/template create web", Values: map[string]string{"--user-data": "hidden words"}})
	if err != nil || strings.Contains(w.desk.Book.commands[0].Spec().Sketch(b.words), "hidden") || b.before.Given("user-data") {
		t.Errorf("got %v and %v", b.words, err)
	}
}
