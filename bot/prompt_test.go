package bot_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/commands"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// knowing is a desk that knows something about what is there now.
type knowing struct {
	*desk
	asked  chan commands.Filling
	answer chan commands.Prompts
}

func (k *knowing) Prompts(ctx context.Context, f commands.Filling) (commands.Prompts, bool) {
	k.asked <- f
	select {
	case p, ok := <-k.answer:
		return p, ok
	case <-ctx.Done():
		return commands.Prompts{}, false
	}
}

// withPrompts is a form that is open, and about which the desk has been asked.
func withPrompts(t *testing.T) (*rig, *knowing) {
	t.Helper()
	r := startRig(t)
	k := &knowing{desk: r.desk, asked: make(chan commands.Filling, 9), answer: make(chan commands.Prompts, 9)}
	t.Cleanup(func() { close(k.answer) }) // whoever still waits is let go before the rig ends
	r.worker.Desk, r.intake.Reader = k, k
	r.desk.onCommand = func(commands.Request) commands.Result {
		m := everyKind()
		m.Typed, m.Inputs[0].Tells, m.Inputs[0].Hint = "/ami bake <instance>", true, "Which one."
		return commands.Result{Modal: m}
	}
	r.desk.onSearch = func(s commands.Search) commands.Found {
		return commands.Found{Options: []card.Option{{Value: "i-0a", Label: "web-1"}}}
	}
	if err := r.As("dev").Slash("#deploys", "/asg bake"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form", func() bool { return r.As("dev").View() != nil })
	return r, k
}

func elements(v *slacksim.View) map[string]any {
	all := map[string]any{}
	for _, b := range v.Blocks {
		if o, ok := b.(map[string]any); ok && o["type"] == "input" {
			all[fmt.Sprint(o["block_id"])] = o["element"]
		}
	}
	return all
}

func TestWhatIsKnownComesToAnOpenFormAndTouchesNoTyping(t *testing.T) {
	r, k := withPrompts(t)
	dev := r.As("dev")
	if f := <-k.asked; f.Command != "/ami bake" || f.Values != nil || f.Actor.User != "U0DEV" || f.Channel != "C0DEPLOYS" {
		t.Errorf("got %+v", f)
	}
	before := dev.View()
	if seen := before.Visible(); !strings.Contains(seen, "As a command:") || !strings.Contains(seen, "/ami bake <instance>") {
		t.Errorf("got %s, want the command as far as it is known", seen)
	}
	for input, value := range map[string]any{"Note": "typed meanwhile", "Size": "12", "Mode": "B"} { // nothing of this is told to the app
		if err := dev.Choose(input, value); err != nil {
			t.Fatal(err)
		}
	}
	k.answer <- commands.Prompts{Hints: map[string]string{"--note": "Now: nothing.", "--size": "Now: 4.", "--gone": "x", "--mode": ""}, Typed: "/ami bake i-0a"}
	eventually(t, "what is known", func() bool { return dev.View().Hash != before.Hash })
	after := dev.View()
	seen := fmt.Sprint(after.Blocks)
	if !strings.Contains(seen, "Now: 4.") || !strings.Contains(seen, "Now: nothing.") || !strings.Contains(after.Visible(), "/ami bake i-0a") {
		t.Errorf("got %s", seen)
	}
	if !reflect.DeepEqual(elements(before), elements(after)) {
		t.Errorf("got %v, want no element touched: %v", elements(after), elements(before))
	}
	if got := after.State["--note"]["value"].(map[string]any)["value"]; got != "typed meanwhile" {
		t.Errorf("got %v in the note, want what was typed", got)
	}
	option, err := dev.Suggest(slacksim.Control{Action: "Instance"}, "web")
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.Submit(map[string]any{"Instance": option[0], "Groups": option}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form sent", func() bool { return len(r.desk.pressedForms()) == 1 })
	if got := r.desk.pressedForms()[0].Values; got["--size"] != "12" || got["--mode"] != "b" || got["--note"] != "typed meanwhile" {
		t.Errorf("got %v", got)
	}
}

func TestAFormThatChangedMeanwhileIsLeftAsItIs(t *testing.T) {
	r, k := withPrompts(t)
	dev := r.As("dev")
	<-k.asked
	r.Faults().Add(slacksim.Fault{Method: "views.update", Error: "hash_conflict", Times: 1})
	k.answer <- commands.Prompts{Hints: map[string]string{"--size": "Now: 4."}}
	eventually(t, "the refusal", func() bool { return strings.Contains(r.logs.String(), "hash_conflict") })
	if n := len(r.Calls("views.update")); n != 1 || strings.Contains(fmt.Sprint(dev.View().Blocks), "Now: 4.") {
		t.Errorf("got %d updates, want one and the form as it was", n)
	}
}

func TestAFormThatIsClosedOrSentIsNotDrawnAgain(t *testing.T) {
	r, k := withPrompts(t)
	dev := r.As("dev")
	<-k.asked
	option, _ := dev.Suggest(slacksim.Control{Action: "Instance"}, "web")
	if err := dev.Submit(map[string]any{"Instance": option[0], "Groups": option, "Size": "1", "Mode": "A"}); err != nil {
		t.Fatal(err)
	}
	k.answer <- commands.Prompts{Hints: map[string]string{"--size": "Now: 4."}}
	eventually(t, "the refusal", func() bool {
		return len(r.Calls("views.update")) == 1 && strings.Contains(r.logs.String(), "not_found")
	})
	eventually(t, "the answer", func() bool { return len(dev.Whispers("#deploys")) == 1 })
	if dev.View() != nil || len(r.desk.pressedForms()) != 1 {
		t.Errorf("got %+v, want no form", dev.View())
	}
}

func TestWhatIsPickedIsAskedAboutAgain(t *testing.T) {
	r, k := withPrompts(t)
	dev := r.As("dev")
	<-k.asked
	before := len(r.inbox.seen)
	if err := dev.Choose("Note", "half wri"); err != nil {
		t.Fatal(err)
	}
	option, err := dev.Suggest(slacksim.Control{Action: "Instance"}, "web")
	if err != nil {
		t.Fatal(err)
	}
	hash := dev.View().Hash
	if err := dev.Choose("Instance", option[0]); err != nil {
		t.Fatal(err)
	}
	f := <-k.asked
	if f.Command != "/ami bake" || f.Values["instance"] != "i-0a" || f.Values["--note"] != "half wri" || f.Actor.User != "U0DEV" {
		t.Errorf("got %+v, want what stands in the form", f)
	}
	for range 2 { // the one asked when it was opened waits as well
		k.answer <- commands.Prompts{Hints: map[string]string{"--size": "Now: 4."}, Typed: "/ami bake i-0a"}
	}
	eventually(t, "what is known", func() bool { return dev.View().Hash != hash })
	if got := dev.View(); !strings.Contains(fmt.Sprint(got.Blocks), "Now: 4.") || got.State["--note"]["value"].(map[string]any)["value"] != "half wri" ||
		!strings.Contains(fmt.Sprint(got.State["instance"]), "i-0a") {
		t.Errorf("got %v", got.State)
	}
	if len(r.inbox.seen) != before || len(r.desk.pressed()) != 0 {
		t.Errorf("got the pick in the inbox")
	}
}

func TestAFormSentTwiceIsHandledOnce(t *testing.T) {
	r, k := withPrompts(t)
	<-k.asked
	dev := r.As("dev")
	option, _ := dev.Suggest(slacksim.Control{Action: "Instance"}, "web")
	r.inbox.mu.Lock() // nothing is accepted meanwhile, so that the form stays open while it is sent again
	sent := make(chan error, 2)
	for range 2 {
		go func() {
			sent <- dev.Submit(map[string]any{"Instance": option[0], "Groups": option, "Size": "1", "Mode": "A"})
		}()
	}
	eventually(t, "both on their way", func() bool { return strings.Count(fmt.Sprint(r.Journal()), "view_submission") >= 2 })
	r.inbox.mu.Unlock()
	for range 2 {
		<-sent
	}
	eventually(t, "the answer", func() bool { return len(dev.Whispers("#deploys")) == 1 })
	if n := len(r.desk.pressedForms()); n != 1 {
		t.Errorf("got %d forms handled, want 1", n)
	}
}
