package bot_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// beginning is a desk that knows what a form begins with.
type beginning struct {
	*desk
	asked  chan commands.Filling
	answer chan *card.Modal // nil: nothing is known
}

func (b *beginning) Begin(ctx context.Context, f commands.Filling) (card.Modal, bool) {
	b.asked <- f
	select {
	case m := <-b.answer:
		if m == nil {
			return card.Modal{}, false
		}
		return *m, true
	case <-ctx.Done():
		return card.Modal{}, false
	}
}

// waiting is a form that is open and whose inputs are not drawn yet.
func waiting(t *testing.T) (*rig, *beginning) {
	t.Helper()
	r := startRig(t)
	b := &beginning{desk: r.desk, asked: make(chan commands.Filling, 9), answer: make(chan *card.Modal, 9)}
	t.Cleanup(func() { close(b.answer) })
	r.worker.Desk, r.intake.Reader = b, b
	r.desk.onCommand = func(commands.Request) commands.Result {
		m := everyKind()
		m.Typed, m.Waits = "/ami bake <instance>", true
		return commands.Result{Modal: m}
	}
	r.desk.onSearch = func(s commands.Search) commands.Found {
		return commands.Found{Options: []card.Option{{Value: "i-0a", Label: "web-1"}}}
	}
	if err := r.As("dev").Slash("#deploys", "/asg bake"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form", func() bool { return r.As("dev").View() != nil })
	return r, b
}

// begun is what a form begins with.
func begun() *card.Modal {
	m := everyKind()
	m.Inputs[2].Value, m.More[0].Value = "12", "theirs"
	m.Filled = map[string]string{"--size": "12", "--note": "theirs"}
	return m
}

func TestAFormIsOpenBeforeItIsKnownWhatItBeginsWith(t *testing.T) {
	r, b := waiting(t)
	dev := r.As("dev")
	if f := <-b.asked; f.Command != "/ami bake" || f.Values != nil || f.Actor.User != "U0DEV" || f.Channel != "C0DEPLOYS" {
		t.Errorf("got %+v", f)
	}
	if v := dev.View(); len(elements(v)) != 0 || !strings.Contains(v.Visible(), "Looking up what is there now …") || v.SubmitText != "" || v.Title != "/ami bake" {
		t.Errorf("got %s, want a form without inputs that says why", v.Visible())
	}
	b.answer <- begun()
	eventually(t, "the inputs", func() bool { return len(elements(dev.View())) > 0 && len(r.Calls("views.update")) > 0 })
	v := dev.View()
	if strings.Contains(v.Visible(), "Looking up") || v.SubmitText != "Run" || len(r.Calls("views.update")) != 1 {
		t.Errorf("got %s", v.Visible())
	}
	if got := fmt.Sprint(v.State["--size"], v.State["--note"]); !strings.Contains(got, "value:12") || !strings.Contains(got, "value:theirs") {
		t.Errorf("got %s, want it filled in", got)
	}
	option, _ := dev.Suggest(slacksim.Control{Action: "Instance"}, "web")
	if err := dev.Submit(map[string]any{"Instance": option[0], "Groups": option, "Mode": "A", "Note": "mine"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form sent", func() bool { return len(r.desk.pressedForms()) == 1 })
	got := r.desk.pressedForms()[0]
	if got.Values["--size"] != "12" || got.Values["--note"] != "mine" || got.Filled["--size"] != "12" || got.Filled["--note"] != "theirs" || len(got.Filled) != 2 {
		t.Errorf("got %v and %v, want what was filled in told apart", got.Values, got.Filled)
	}
}

func TestAFormIsDrawnWhateverIsKnown(t *testing.T) {
	r, b := waiting(t)
	<-b.asked
	b.answer <- nil
	eventually(t, "the inputs", func() bool { return len(elements(r.As("dev").View())) > 0 })
	if v := r.As("dev").View(); v.State["--size"]["value"].(map[string]any)["value"] != nil {
		t.Errorf("got %v, want it empty", v.State)
	}
}

func TestAFormThatCannotBeDrawnIsOfferedAgain(t *testing.T) {
	r, b := waiting(t)
	<-b.asked
	r.Faults().Add(slacksim.Fault{Method: "views.update", Error: "internal_error", Times: 9})
	b.answer <- begun()
	eventually(t, "the offer", func() bool { return len(r.As("dev").Whispers("#deploys")) == 1 })
	if got := r.As("dev").Whispers("#deploys")[0]; !strings.Contains(got.Visible(), "The form could not be drawn. Nothing was done yet.") || len(got.Buttons()) != 1 {
		t.Errorf("got %s", got.Visible())
	}
}

func TestAFormThatIsClosedBeforeItsInputsAreDrawnIsLeft(t *testing.T) {
	r, b := waiting(t)
	<-b.asked
	if err := r.As("dev").CloseView(); err != nil {
		t.Fatal(err)
	}
	b.answer <- begun()
	eventually(t, "the refusal", func() bool { return len(r.Calls("views.update")) == 1 })
	r.desk.mu.Lock()
	r.desk.onCommand = nil
	r.desk.mu.Unlock()
	if err := r.As("dev").Slash("#deploys", "/asg next"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the next answer", func() bool { return len(r.As("dev").Whispers("#deploys")) > 0 })
	if got := r.As("dev").Whispers("#deploys"); len(got) != 1 || !strings.Contains(got[0].Visible(), "you said") || r.As("dev").View() != nil {
		t.Errorf("got %v, want nothing said of the form", got)
	}
}

func TestWhatWasToldOfAFilledValueIsToldOnce(t *testing.T) {
	r, b := waiting(t)
	dev := r.As("dev")
	<-b.asked
	b.answer <- begun()
	eventually(t, "the inputs", func() bool { return len(elements(dev.View())) > 0 })
	r.desk.onForm = func(s commands.Submission) commands.Result {
		if len(s.Filled) == 2 {
			return commands.Result{Errors: map[string]string{"--size": "Size: 12 was filled in."}}
		}
		return commands.Result{}
	}
	option, _ := dev.Suggest(slacksim.Control{Action: "Instance"}, "web")
	if err := dev.Submit(map[string]any{"Instance": option[0], "Groups": option, "Mode": "A"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form again", func() bool {
		v := dev.View()
		return v != nil && strings.Contains(v.Visible(), "Size: 12 was filled in.")
	})
	if err := dev.Submit(nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form sent again", func() bool { return len(r.desk.pressedForms()) == 2 })
	if got := r.desk.pressedForms()[1]; got.Values["--size"] != "12" || got.Filled["--size"] != "" || got.Filled["--note"] != "theirs" {
		t.Errorf("got %v and %v, want it as written", got.Values, got.Filled)
	}
}
