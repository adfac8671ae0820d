package slacksim_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// form is a modal with text inputs named by their block ids.
func form(inputs ...string) object {
	blocks := []any{object{"type": "section", "block_id": "note", "text": object{"type": "mrkdwn", "text": "Please"}}}
	for _, id := range inputs {
		blocks = append(blocks, object{"type": "input", "block_id": id,
			"label":   object{"type": "plain_text", "text": strings.ToUpper(id)},
			"element": object{"type": "plain_text_input", "action_id": "a_" + id}})
	}
	return object{"type": "modal", "callback_id": "form", "private_metadata": "job-1", "notify_on_close": true, "blocks": blocks,
		"title": object{"type": "plain_text", "text": "Form"}, "submit": object{"type": "plain_text", "text": "Send"}}
}

// trigger gets a trigger by a slash command of dev's.
func trigger(t *testing.T, w *slacksim.Workspace, c *raw) string {
	t.Helper()
	mark := fmt.Sprint("t", len(c.all()), time.Now().UnixNano())
	if err := w.As("dev").Slash("#deploys", "/ops "+mark); err != nil {
		t.Fatal(err)
	}
	o := c.wait(t, mark, func(o object) bool { return dig(o, "payload", "text") == mark })
	id, _ := dig(o, "payload", "trigger_id").(string)
	return id
}

func openModal(t *testing.T, w *slacksim.Workspace, c *raw, view object) answer {
	t.Helper()
	return mustCall(t, w, "views.open", "trigger_id", trigger(t, w, c), "view", encode(view))
}

func TestB08_TriggersExpireAndAreUsedOnce(t *testing.T) {
	clock := slacksim.NewClock(time.Unix(1700000000, 0))
	opt := office()
	opt.Now, opt.After = clock.Now, clock.After
	w := start(t, opt)
	c := connect(t, w, ack)
	view := encode(form("why"))
	id := trigger(t, w, c)
	clock.Advance(2900 * time.Millisecond)
	mustCall(t, w, "views.open", "trigger_id", id, "view", view)
	wantError(t, call(t, w, "views.open", "trigger_id", id, "view", view), "exchanged_trigger_id")
	id = trigger(t, w, c)
	clock.Advance(3100 * time.Millisecond)
	wantError(t, call(t, w, "views.open", "trigger_id", id, "view", view), "expired_trigger_id")
	wantError(t, call(t, w, "views.open", "trigger_id", "1.2.x", "view", view), "invalid_trigger_id")
}

func TestB10_Views(t *testing.T) {
	w := start(t, office())
	c := connect(t, w, ack)
	dev := w.As("dev")
	reply := func(payload any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.answer = with(payload)
	}
	opened := openModal(t, w, c, form("why", "when"))
	id, hash := opened.str("view", "id"), opened.str("view", "hash")
	mustCall(t, w, "views.update", "view_id", id, "hash", hash, "view", encode(form("why", "when")))
	wantError(t, call(t, w, "views.update", "view_id", id, "hash", hash, "view", encode(form("why"))), "hash_conflict")
	wantError(t, call(t, w, "views.update", "view_id", "V0NONE", "view", encode(form("why"))), "not_found")

	if err := dev.Submit(map[string]any{"why": "x"}); !errors.Is(err, slacksim.ErrIncomplete) {
		t.Errorf("got %v, want the client to ask for the empty input", err)
	}
	reply(object{"response_action": "errors", "errors": object{"when": "Not on Fridays."}})
	if err := dev.Submit(map[string]any{"WHEN": "friday"}); err != nil {
		t.Fatal(err)
	}
	if got := dev.View().Errors["when"]; got != "Not on Fridays." {
		t.Errorf("got %q under the input", got)
	}
	sub := c.wait(t, "view_submission", payloadKind("view_submission"))
	if got := dig(sub, "payload", "view", "state", "values", "when", "a_when", "value"); got != "friday" || sub["accepts_response_payload"] != true {
		t.Errorf("got value %v, accepts %v", got, sub["accepts_response_payload"])
	}
	reply(object{"response_action": "errors", "errors": object{"note": "a section cannot show this"}})
	if err := dev.Submit(nil); !errors.Is(err, slacksim.ErrBadAnswer) || dev.View().Trouble == "" {
		t.Errorf("got %v and view %+v, want a trouble message", err, dev.View())
	}
	reply(object{"response_action": "update", "view": form("next")})
	if err := dev.Submit(nil); err != nil || dev.View().ID != id {
		t.Errorf("got %v and view %+v, want the same view with new content", err, dev.View())
	}
	for range 2 {
		reply(object{"response_action": "push", "view": form("deeper")})
		if err := dev.Submit(map[string]any{dev.View().Blocks[1].(object)["block_id"].(string): "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := dev.Submit(map[string]any{"deeper": "x"}); !errors.Is(err, slacksim.ErrBadAnswer) || !strings.Contains(err.Error(), "push_limit_reached") {
		t.Errorf("got %v, want no fourth view", err)
	}
	reply(object{"response_action": "clear"})
	if err := dev.Submit(map[string]any{"deeper": "x"}); err != nil || dev.View() != nil {
		t.Errorf("got %v and view %+v, want the whole stack closed", err, dev.View())
	}
	reply(nil)
	openModal(t, w, c, form("why"))
	if err := dev.Submit(map[string]any{"why": "x"}); err != nil || dev.View() != nil {
		t.Errorf("got %v and view %+v, want it closed by an empty acknowledgement", err, dev.View())
	}
}

func TestB10_ClosingViews(t *testing.T) {
	w := start(t, office())
	c := connect(t, w, ack)
	dev := w.As("dev")
	press := form("why")
	press["blocks"] = append(press["blocks"].([]any), object{"type": "actions", "block_id": "acts", "elements": []any{
		object{"type": "button", "action_id": "more", "text": object{"type": "plain_text", "text": "More"}}}})
	root := openModal(t, w, c, press).str("view", "id")
	push := func() answer {
		if err := dev.Press("More"); err != nil {
			t.Fatal(err)
		}
		frames := c.all()
		slices.Reverse(frames)
		i := slices.IndexFunc(frames, payloadKind("block_actions"))
		a := frames[i]
		if dig(a, "payload", "container", "type") != "view" || dig(a, "payload", "response_url") != nil {
			t.Errorf("got %v, want a view as the source, without response_url", a)
		}
		id, _ := dig(a, "payload", "trigger_id").(string)
		return call(t, w, "views.push", "trigger_id", id, "view", encode(press))
	}
	second := push().str("view", "id")
	third := push()
	if third.str("view", "root_view_id") != root || third.str("view", "previous_view_id") != second {
		t.Errorf("got root %s and previous %s", third.str("view", "root_view_id"), third.str("view", "previous_view_id"))
	}
	wantError(t, push(), "push_limit_reached")
	if err := dev.CloseView(); err != nil {
		t.Fatal(err)
	}
	closed := c.wait(t, "view_closed", payloadKind("view_closed"))
	if dig(closed, "payload", "view", "id") != third.str("view", "id") || dig(closed, "payload", "is_cleared") != false {
		t.Errorf("got %v, want the third view, not cleared", closed)
	}
	if err := dev.CloseAll(); err != nil {
		t.Fatal(err)
	}
	all := c.wait(t, "view_closed cleared", func(o object) bool {
		return payloadKind("view_closed")(o) && dig(o, "payload", "is_cleared") == true
	})
	if dig(all, "payload", "view", "id") != root || dev.View() != nil {
		t.Errorf("got %v, want the root view", all)
	}
}

func TestHomeTab(t *testing.T) {
	w := start(t, office())
	c := connect(t, w, ack)
	dev := w.As("dev")
	if err := dev.OpenHome(); err != nil {
		t.Fatal(err)
	}
	o := c.wait(t, "app_home_opened", inner("app_home_opened"))
	if ch, _ := dig(o, "payload", "event", "channel").(string); !strings.HasPrefix(ch, "D") || dig(o, "payload", "event", "tab") != "home" {
		t.Errorf("got %v", dig(o, "payload", "event"))
	}
	home := `{"type":"home","blocks":[{"type":"header","text":{"type":"plain_text","text":"Fleet"}},` + goButton[1:] + `}`
	first := mustCall(t, w, "views.publish", "user_id", "U0DEV", "view", home)
	mustCall(t, w, "views.publish", "user_id", "U0DEV", "view", home, "hash", first.str("view", "hash"))
	wantError(t, call(t, w, "views.publish", "user_id", "U0DEV", "view", home, "hash", first.str("view", "hash")), "hash_conflict")
	if v := dev.Home(); v == nil || !strings.Contains(v.Visible(), "Fleet") {
		t.Errorf("got home %+v", v)
	}
	if err := dev.PressHome("Go"); err != nil {
		t.Fatal(err)
	}
	a := c.wait(t, "block_actions", payloadKind("block_actions"))
	if dig(a, "payload", "view", "type") != "home" || dig(a, "payload", "trigger_id") == nil {
		t.Errorf("got %v, want a press in the home view", a)
	}
}

func TestExternalSelects(t *testing.T) {
	w := start(t, office())
	option := object{"text": object{"type": "plain_text", "text": "Web"}, "value": "web"}
	c := connect(t, w, func(e object) any {
		if payloadKind("block_suggestion")(e) {
			return with(object{"options": []any{option}})(e)
		}
		return ack(e)
	})
	view := form()
	view["blocks"] = []any{object{"type": "input", "block_id": "g", "label": object{"type": "plain_text", "text": "Group"},
		"element": object{"type": "external_select", "action_id": "pick", "min_query_length": 0}}}
	openModal(t, w, c, view)
	dev := w.As("dev")
	got, err := dev.Suggest(slacksim.Control{Action: "Group"}, "we")
	if err != nil || len(got) != 1 {
		t.Fatalf("got %v, %v; want the one option", got, err)
	}
	s := c.wait(t, "block_suggestion", payloadKind("block_suggestion"))
	if s["accepts_response_payload"] != true || dig(s, "payload", "value") != "we" || dig(s, "payload", "action_id") != "pick" {
		t.Errorf("got %v", s)
	}
	if err := dev.Submit(map[string]any{"Group": got[0]}); err != nil {
		t.Fatal(err)
	}
	sub := c.wait(t, "view_submission", payloadKind("view_submission"))
	if got := dig(sub, "payload", "view", "state", "values", "g", "pick", "selected_option", "value"); got != "web" {
		t.Errorf("got the state %v, want web", got)
	}
}
