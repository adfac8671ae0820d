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

// Suggest answers as it is told.
func (d *desk) Suggest(_ context.Context, s commands.Search) commands.Found {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.searches = append(d.searches, s)
	return d.onSearch(s)
}

// everyKind is a form with an input of each kind.
func everyKind() *card.Modal {
	return &card.Modal{
		ID: "command", Subject: "/ami bake", Title: "/ami bake", Submit: "Run",
		Inputs: []card.Input{
			{ID: "instance", Label: "Instance", Kind: card.Picked},
			{ID: "--groups", Label: "Groups", Kind: card.Picked, Multi: true, Max: 3},
			{ID: "--size", Label: "Size", Kind: card.Number, Low: 1, High: 100},
			{ID: "--mode", Label: "Mode", Kind: card.Choice, Options: []card.Option{{Value: "a", Label: "A"}, {Value: "b", Label: "B"}}},
			{ID: "--dry-run", Label: "Dry run", Kind: card.Switch, Optional: true, Options: []card.Option{{Value: "true", Label: "Only the plan."}}},
		},
		More: []card.Input{
			{ID: "--note", Label: "Note", Optional: true},
			{ID: "@--user-data", Label: "User data", Kind: card.File, Optional: true},
		},
	}
}

func withForm(t *testing.T) *rig {
	t.Helper()
	r := startRig(t)
	r.intake.Reader = r.desk
	r.desk.onCommand = func(commands.Request) commands.Result { return commands.Result{Modal: everyKind()} }
	r.desk.onSearch = func(s commands.Search) commands.Found {
		return commands.Found{Options: []card.Option{{Value: "v:" + s.Text, Label: "Found " + s.Text, About: "a thing"}}}
	}
	if err := r.As("dev").Slash("#deploys", "/asg bake"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form", func() bool { return r.As("dev").View() != nil })
	return r
}

func TestEveryKindOfInputComesBackAsWords(t *testing.T) {
	r := withForm(t)
	dev := r.As("dev")
	if got := r.desk.asked()[0]; !got.Forms {
		t.Errorf("got %+v, want a form allowed for a command", got)
	}
	option, err := dev.Suggest(slacksim.Control{Action: "Instance"}, "web")
	if err != nil || len(option) != 1 {
		t.Fatalf("got %v and %v, want one option", option, err)
	}
	more, err := dev.Suggest(slacksim.Control{Action: "Groups"}, "api")
	if err != nil {
		t.Fatal(err)
	}
	err = dev.Submit(map[string]any{
		"Instance": option[0], "Groups": []any{more[0], option[0]}, "Size": "12", "Mode": "B", "Dry run": []any{"true"}, "Note": "two  words",
		"User data": map[string]any{"name": "boot.sh", "content": "#!/bin/sh\necho hi\n"},
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form sent", func() bool { return len(r.desk.pressedForms()) == 1 })
	got := r.desk.pressedForms()[0]
	want := map[string]string{"instance": "v:web", "--groups": "v:api\nv:web", "--size": "12", "--mode": "b", "--dry-run": "true", "--note": "two  words", "@--user-data": "boot.sh"}
	for input, value := range want {
		if got.Values[input] != value {
			t.Errorf("%s: got %q, want %q", input, got.Values[input], value)
		}
	}
	if up := got.Files["@--user-data"]; up.Name != "boot.sh" || up.Content != "#!/bin/sh\necho hi\n" {
		t.Errorf("got the file %+v", up)
	}
	if string(got.Subject) != "/ami bake" || got.Channel != "C0DEPLOYS" {
		t.Errorf("got %+v, want what the form is about", got)
	}
}

func TestASearchKnowsTheFormAndIsNotWrittenDown(t *testing.T) {
	r := withForm(t)
	dev := r.As("dev")
	if err := dev.Choose("Size", "7"); err != nil {
		t.Fatal(err)
	}
	before := len(r.inbox.seen)
	if _, err := dev.Suggest(slacksim.Control{Action: "Instance"}, "i-0"); err != nil {
		t.Fatal(err)
	}
	s := r.desk.searches[0]
	if s.Actor.User != "U0DEV" || s.Command != "/ami bake" || s.Input != "instance" || s.Text != "i-0" || s.Values["--size"] != "7" || s.Channel != "C0DEPLOYS" {
		t.Errorf("got %+v", s)
	}
	if len(r.inbox.seen) != before {
		t.Error("got the search in the inbox")
	}
}

func TestManyOptionsFitIntoOneFrame(t *testing.T) {
	r := withForm(t)
	r.desk.onSearch = func(commands.Search) commands.Found {
		found := commands.Found{Note: strings.Repeat("99 of 25000 ", 20)}
		for i := range 150 {
			words := fmt.Sprintf("%03d%s", i, strings.Repeat("<é&", 24))
			found.Options = append(found.Options, card.Option{Value: words, Label: words + words, About: words + words})
		}
		return found
	}
	options, err := r.As("dev").Suggest(slacksim.Control{Action: "Instance"}, "")
	if err != nil || len(options) < 10 || len(options) > 100 {
		t.Errorf("got %d options and %v, want as many as fit", len(options), err)
	}
	r.desk.onSearch = func(commands.Search) commands.Found { return commands.Found{} }
	if options, err := r.As("dev").Suggest(slacksim.Control{Action: "Instance"}, ""); err != nil || len(options) != 0 {
		t.Errorf("got %v and %v, want an empty list", options, err)
	}
}

func TestAFileThatIsTooLongIsRefusedInTheForm(t *testing.T) {
	r := withForm(t)
	dev := r.As("dev")
	option, _ := dev.Suggest(slacksim.Control{Action: "Instance"}, "web")
	fill := map[string]any{"Instance": option[0], "Groups": option, "Size": "12", "Mode": "B",
		"User data": map[string]any{"name": "boot.sh", "content": strings.Repeat("x", 70<<10)}}
	if err := dev.Submit(fill); err != nil {
		t.Logf("the form says: %v", err)
	}
	v := dev.View()
	if v == nil || !strings.Contains(v.Errors["@--user-data"], "more than 64 KiB") || len(r.desk.pressedForms()) != 0 {
		t.Errorf("got %+v, want the form open with why", v)
	}
}

func TestAFileThatTheAppMayNotReadIsTold(t *testing.T) {
	o := office()
	o.App.Scopes = o.App.Scopes[:len(o.App.Scopes)-1]
	r := wire(t, workspace(t, o), newMemory()).run(t)
	r.intake.Reader = r.desk
	r.desk.onCommand = func(commands.Request) commands.Result {
		return commands.Result{Modal: &card.Modal{ID: "command", Subject: "/template create", Title: "x", Inputs: []card.Input{
			{ID: "name", Label: "Name"}, {ID: "@--user-data", Label: "User data", Kind: card.File}}}}
	}
	dev := r.As("dev")
	if err := dev.Slash("#deploys", "/asg bake"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form", func() bool { return dev.View() != nil })
	first := dev.View().ID
	if err := dev.Submit(map[string]any{"Name": "web", "User data": map[string]any{"name": "boot.sh", "content": "x"}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the form again", func() bool { v := dev.View(); return v != nil && v.ID != first })
	v := dev.View()
	if !strings.Contains(fmt.Sprint(v.Blocks), "files:read") || !strings.Contains(fmt.Sprint(v.Blocks), "initial_value:web") {
		t.Errorf("got %v, want why, and the name still there", v.Blocks)
	}
}

func TestAnotherPageStandsInThePlaceOfTheLast(t *testing.T) {
	r := startRig(t)
	list := func(n int) *card.Card {
		return &card.Card{Title: fmt.Sprintf("Page %d", n), Sections: []card.Section{{
			Table: &card.Table{Columns: []card.Column{{Label: "Group"}}, Rows: [][]card.Text{{card.T("web")}}}},
			{Buttons: []card.Button{card.Run("Next", fmt.Sprintf("/asg list --page %d", n+1))}}}}
	}
	r.desk.onCommand = func(commands.Request) commands.Result { return commands.Result{Reply: list(1)} }
	r.desk.onPress = func(p commands.Press) commands.Result {
		return commands.Result{Reply: list(len(p.ID) - len("/asg list --page 2") + 2), Instead: true}
	}
	dev := r.As("dev")
	if err := dev.Slash("#deploys", "/asg list"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the list", func() bool { return len(dev.Whispers("#deploys")) == 1 })
	m := dev.Whispers("#deploys")[0]
	if !strings.Contains(fmt.Sprint(m.Blocks), "type:table") {
		t.Errorf("got %v, want a table", m.Blocks)
	}
	for range 7 { // an address takes five answers, and every press brings a new one
		if err := dev.Click("#deploys", m.TS, "Next"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the next page", func() bool {
			all := dev.Whispers("#deploys")
			return len(all) == 1 && strings.Contains(fmt.Sprint(all[0].Blocks), "Page 2")
		})
	}
}

func TestATableThatSlackRefusesIsSentInLines(t *testing.T) {
	r := startRig(t)
	c := card.Card{Title: "List", Sections: []card.Section{{Table: &card.Table{
		Columns: []card.Column{{Label: "Group"}, {Label: "Image"}}, Rows: [][]card.Text{{card.T("web"), card.T("ami-1")}}}}}}
	r.Faults().Add(slacksim.Fault{Method: "chat.postMessage", Error: "invalid_blocks", Times: 1})
	for range 2 {
		if _, err := r.web.Post(t.Context(), "C0DEPLOYS", "", c); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range r.Messages("#deploys") {
		if got := fmt.Sprint(m.Blocks); strings.Contains(got, "type:table") || !strings.Contains(got, "web · ami-1") {
			t.Errorf("got %s, want lines", got)
		}
	}
	if n := len(r.Calls("chat.postMessage")); n != 3 {
		t.Errorf("got %d posts, want no table tried again at once", n)
	}
	r.clock.push(11 * 60e9)
	if _, err := r.web.Post(t.Context(), "C0DEPLOYS", "", c); err != nil {
		t.Fatal(err)
	}
	all := r.Messages("#deploys")
	if got := fmt.Sprint(all[len(all)-1].Blocks); !strings.Contains(got, "type:table") {
		t.Errorf("got %s, want a table tried again later", got)
	}
}
