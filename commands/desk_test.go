package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestStrangersAreRefusedBeforeAnything(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, op("op-abc", ledger.Pending))
	for name, r := range map[string]Result{
		"command": w.desk.Command(ctx, Request{Actor: guest, Text: "asg list"}),
		"help":    w.desk.Command(ctx, Request{Actor: guest, Text: "help"}),
		"press":   w.desk.Press(ctx, Press{Actor: guest, Action: "approve", ID: "op-abc"}),
		"deny":    w.desk.Press(ctx, Press{Actor: guest, Action: "deny", ID: "op-abc"}),
		"form":    w.desk.Submit(ctx, Submission{Actor: guest, Modal: "deny", Subject: "op-abc", Values: map[string]string{"reason": "no"}}),
	} {
		if got := text(r.Reply); got != "Guests cannot use amiral.\n" || r.Modal != nil {
			t.Errorf("%s: got %s", name, got)
		}
	}
	c := w.desk.Home(ctx, guest)
	if got := text(&c); got != "Guests cannot use amiral.\n" {
		t.Errorf("home: got %s", got)
	}
	if len(w.gate.asked) != 0 || len(w.deeds) != 6 || w.deeds[0].Outcome != "refused: Guests cannot use amiral." {
		t.Errorf("got %v asked and %v audited, want nothing and six refusals", w.gate.asked, w.deeds)
	}
}

func TestUnknownPeopleAreRefused(t *testing.T) {
	w := newWorld(t)
	w.desk.People = people{err: errors.Join(errors.New("dial tcp"), fault.New(fault.Unavailable, "Slack did not say who you are."))}
	if got := text(w.says("asg list").Reply); got != "Slack did not say who you are.\n" {
		t.Errorf("got %s", got)
	}
}

func TestTroubleIsToldPlainlyOrNotAtAll(t *testing.T) {
	aws := func(kind fleet.ErrorKind) error {
		return &fleet.Error{Kind: kind, Call: "autoscaling:DescribeAutoScalingGroups", Code: "X", Message: "not today {user:U1}"}
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{aws(fleet.Throttled), "AWS takes no more calls from this account for the moment.\nTry again in a minute.\n"},
		{aws(fleet.Refused), "AWS does not allow me autoscaling:DescribeAutoScalingGroups: not today { user:U1}\nWhoever keeps my IAM policy can allow it.\n"},
		{aws(fleet.Rejected), "AWS refuses: not today { user:U1}\n"},
		{aws(fleet.Other), "AWS did not answer autoscaling:DescribeAutoScalingGroups.\nTry again in a minute.\n"},
		{&fleet.Error{Kind: fleet.Other, Call: "ec2:DescribeImages", Err: context.DeadlineExceeded},
			"AWS did not answer ec2:DescribeImages in time, so I stopped waiting for it.\nTry again in a minute.\n"},
		{context.DeadlineExceeded, "The answer took too long, so I stopped waiting for it.\nTry again in a minute.\n"},
	} {
		w := newWorld(t)
		w.cloud.err = c.err
		if got := text(w.says("asg list").Reply); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	for _, err := range []error{errors.New("password=hunter2"), fmt.Errorf("read: %w", errors.New("EOF"))} {
		w := newWorld(t)
		w.cloud.err = err
		got := text(w.says("asg list").Reply)
		if !strings.HasPrefix(got, "Something went wrong on my side (ref ") || !strings.HasSuffix(got, "). Nothing was done.\n") {
			t.Errorf("got %s", got)
		}
		if len(w.deeds) != 1 || !strings.HasPrefix(w.deeds[0].Outcome, "failed, ref ") {
			t.Errorf("got %v audited, want the failure", w.deeds)
		}
	}
}

func TestNobodyWaitsLongForWhatIsOnlyRead(t *testing.T) {
	const late = "AWS does not answer in time (throttled or slow). Nothing was done.\nTry again in a minute.\n"
	for typed, want := range map[string]string{
		"asg list":     late,
		"asg list web": late,
		"asg show web": late,
		"asg rollout web --image ami-0b2 --dry-run":       late,
		"asg rollback web --dry-run":                      late,
		"asg rollout web --image ami-0b2 --reason urgent": "AWS did not answer describe in time, so I stopped waiting for it.\nTry again in a minute.\n",
	} {
		w := newWorld(t)
		w.cloud.slow, w.asg.Patience, w.desk.Limit = true, time.Millisecond, 50*time.Millisecond
		if got := text(w.says(typed).Reply); got != want {
			t.Errorf("%s: got %s, want %s", typed, got, want)
		}
	}
	w := newWorld(t)
	w.cloud.slow, w.desk.Limit = true, time.Millisecond
	if got := text(w.says("asg list").Reply); !strings.Contains(got, "so I stopped waiting for it") {
		t.Errorf("got %s, want the desk's own limit told", got)
	}
}

func TestAFailedProposalIsNotCalledUndone(t *testing.T) {
	for _, err := range []error{errors.New("i/o timeout"), context.DeadlineExceeded} {
		w := newWorld(t)
		w.gate.err = err
		got := text(w.says("asg rollout web --image ami-0b2").Reply)
		if strings.Contains(got, "Nothing was done") || !strings.Contains(got, "I cannot tell whether it was done") {
			t.Errorf("got %s", got)
		}
	}
}

func TestWhatTheGateRefusesIsToldAndAuditedByTheGateAlone(t *testing.T) {
	refused := fault.New(fault.Denied, "You are not in @sre.")
	for _, err := range []error{refused, errors.Join(errors.New("dial tcp"), refused)} {
		w := newWorld(t, op("op-ask", ledger.Pending))
		w.gate.err = err
		r := w.desk.Press(t.Context(), Press{Actor: sre, Action: "approve", ID: "op-ask"})
		if got := text(r.Reply); got != "You are not in @sre.\n" || len(w.deeds) > 0 {
			t.Errorf("got %s and %v audited", got, w.deeds)
		}
	}
}

func TestSentencesWithMentionsAreNoSummary(t *testing.T) {
	for sentence, want := range map[string]string{"You are not in @sre.": "You are not in @sre.", "Only {user:U1} can.": ""} {
		w := newWorld(t, op("op-ask", ledger.Pending))
		w.gate.err = fault.New(fault.Denied, "%s", sentence)
		if got := w.desk.Press(t.Context(), Press{Actor: sre, Action: "approve", ID: "op-ask"}).Reply.Summary; got != want {
			t.Errorf("%s: got the summary %q, want %q", sentence, got, want)
		}
	}
}

func TestAPanicIsAnswered(t *testing.T) {
	w := newWorld(t)
	w.desk.Records = nil
	r := w.desk.Press(context.Background(), Press{Actor: dev, Action: "details", ID: "op-abc"})
	if got := text(r.Reply); !strings.HasPrefix(got, "Something went wrong on my side") {
		t.Errorf("got %s", got)
	}
}

func TestProposalsAreTold(t *testing.T) {
	id := string(ledger.IDOf("k1"))
	for state, want := range map[ledger.State]string{
		ledger.Pending: "Roll web to ami-0b2\nAsked in #CDEPLOYS: needs 1 approval from @sre.\n-- Operation `" + id + "`\n",
		ledger.Waiting: "Roll web to ami-0b2\nIt is approved already. It waits in #CDEPLOYS for `op-ahead` to end.\n-- Operation `" + id + "`\n",
		ledger.Held:    "Roll web to ami-0b2\nIt is approved already, in #CDEPLOYS, and held back: it may not start now.\n-- Operation `" + id + "`\n",
		ledger.Running: "Roll web to ami-0b2\nIt is approved already. It has started; its thread is in #CDEPLOYS.\n-- Operation `" + id + "`\n",
		ledger.Denied:  "Roll web to ami-0b2\nThis was asked before, and is over: denied.\n-- Operation `" + id + "`\n",
	} {
		w := newWorld(t)
		w.gate.state = state
		if got := text(w.says("asg rollout web --image ami-0b2").Reply); got != want {
			t.Errorf("%s: got %s, want %s", state, got, want)
		}
		free := asked(ledger.Record{}, fresh(ledger.Record{State: ledger.Running}))
		if got := text(&free); !strings.Contains(got, "No approval is needed. It has started") {
			t.Errorf("got %s", got)
		}
		if len(w.deeds) != 1 || w.deeds[0].Outcome != "done" || w.deeds[0].What != "asg rollout web --image ami-0b2" {
			t.Errorf("%s: got %v audited", state, w.deeds)
		}
	}
}

func TestTheSameIsAskedOnce(t *testing.T) {
	for _, c := range []struct {
		state ledger.State
		by    ledger.Actor
		want  string
	}{
		{ledger.Pending, sre, "@USRE has asked for this already in #CDEPLOYS: needs 1 approval from @sre."},
		{ledger.Pending, dev, "You have asked for this already in #CDEPLOYS: needs 1 approval from @sre."},
		{ledger.Waiting, sre, "@USRE has asked for this already. It is approved and waits in #CDEPLOYS for `op-ahead` to end."},
		{ledger.Held, sre, "@USRE has asked for this already in #CDEPLOYS. It is approved, and held back: production is frozen."},
		{ledger.Running, sre, "@USRE has asked for this already. It runs; its thread is in #CDEPLOYS."},
		{ledger.Running, dev, "You have asked for this already. It runs; its thread is in #CDEPLOYS."},
	} {
		w := newWorld(t)
		same := op("op-same", c.state)
		same.Requester, same.Ahead, same.Stayed = c.by, "op-ahead", "production is frozen."
		w.gate.same = &same
		want := "Roll web to ami-0b2\n" + c.want + "\n-- Operation `op-same`\n"
		if got := text(w.says("asg rollout web --image ami-0b2").Reply); got != want {
			t.Errorf("%s: got %s, want %s", c.state, got, want)
		}
		if len(w.deeds) != 1 || w.deeds[0].Outcome != "asked already: op-same" {
			t.Errorf("%s: got %v audited", c.state, w.deeds)
		}
	}
}

func TestPresses(t *testing.T) {
	running, denied, approved := op("op-run", ledger.Running), op("op-no", ledger.Denied), op("op-run2", ledger.Running)
	denied.EndedBy = sre
	approved.Votes = []ledger.Vote{{Actor: sre, Choice: "approve"}}
	conflict := fault.New(fault.Conflict, "This was decided already.").WithHint("Look at the card.")
	for _, c := range []struct {
		action string
		id     ledger.ID
		err    error
		asked  string
		says   string
	}{
		{"approve", "op-ask", nil, "vote op-ask v3 USRE approve ", "(nothing)"},
		{"approve", "op-ask", fault.New(fault.Denied, "You cannot approve your own request."), "vote op-ask v3 USRE approve ", "You cannot approve your own request.\n"},
		{"approve", "op-no", conflict, "vote op-no v3 USRE approve ", "Roll web to ami-0b2 was denied by @USRE already.\nLook at the card.\n"},
		{"approve", "op-run2", conflict, "vote op-run2 v3 USRE approve ", "Roll web to ami-0b2 was approved by @USRE already and is running.\nLook at the card.\n"},
		{"approve", "op-ask", fault.New(fault.Conflict, "Your vote on this is counted already."), "vote op-ask v3 USRE approve ", "Your vote on this is counted already.\n"},
		{"withdraw", "op-ask", nil, "withdraw op-ask USRE ", "(nothing)"},
		{"withdraw", "op-ask", fault.New(fault.Denied, "Only {user:UDEV} can."), "withdraw op-ask USRE ", "Only @UDEV can.\n"},
		{"pause", "op-run", nil, "signal op-run v3 USRE pause", "(nothing)"},
		{"resume", "op-run", nil, "signal op-run v3 USRE resume", "(nothing)"},
		{"continue", "op-run", nil, "signal op-run v3 USRE continue", "(nothing)"},
		{"cancel", "op-run", nil, "signal op-run v3 USRE cancel", "(nothing)"},
		{"rollback", "op-run", nil, "signal op-run v3 USRE rollback", "(nothing)"},
		{"abandon", "op-run", nil, "signal op-run v3 USRE abandon", "(nothing)"},
		{"approve_narrow", "op-ask", nil, "vote op-ask v3 USRE approve narrow ", "(nothing)"},
		{"extend", "op-ask", nil, "extend op-ask v3 USRE", "(nothing)"},
		{"extend", "op-ask", fault.New(fault.Denied, "Only {user:UDEV} can extend this."), "extend op-ask v3 USRE", "Only @UDEV can extend this.\n"},
		{"widen", "op-run", nil, "widen op-run v3 USRE", "(nothing)"},
		{"again", "op-run", nil, "", "Roll web to ami-0b2 was approved already and is running.\nThere is no need to ask again.\n"},
		{"copy", "op-ask", nil, "", "Roll web to ami-0b2\nThe command, as it can be typed again:\n```\n/asg rollout web --image ami-0b2 --in production\n```\n-- Operation `op-ask`\n"},
		{"review", "op-no", nil, "", "Roll web to ami-0b2 was denied by @USRE already. Your review was not counted.\n"},
		{"retry", "op-run", fault.New(fault.Conflict, "This card has changed."), "signal op-run v3 USRE retry", "This card has changed.\n"},
		{"deny", "op-no", nil, "", "Roll web to ami-0b2 was denied by @USRE already. Your denial was not counted.\n"},
		{"deny", "op-gone", nil, "", "There is no operation op-gone.\n`/amiral ops list --all` shows the ones there are.\n"},
		{"details", "op-gone", nil, "", "There is no operation op-gone.\n`/amiral ops list --all` shows the ones there are.\n"},
		{"rollback_new", "op-run", nil, "", "There is nothing to roll back: Roll web to ami-0b2 was approved already and is running.\n"},
		{"explode", "op-run", nil, "", "I do not know what \"explode\" means; the card is probably older than I am.\n`/amiral ops list` shows what stands now.\n"},
	} {
		w := newWorld(t, op("op-ask", ledger.Pending), running, denied, approved)
		w.gate.err = c.err
		r := w.desk.Press(context.Background(), Press{Key: "k", Actor: sre, Action: c.action, ID: c.id, Version: 3})
		if got := strings.Join(w.gate.asked, "\n"); got != c.asked {
			t.Errorf("%s %s: got %q asked, want %q", c.action, c.id, got, c.asked)
		}
		if got := text(r.Reply); got != c.says {
			t.Errorf("%s %s: got %s, want %s", c.action, c.id, got, c.says)
		}
	}
}

func TestDenyAsksForAReason(t *testing.T) {
	w := newWorld(t, op("op-ask", ledger.Pending))
	for _, action := range []string{"deny", "open_form"} {
		m := w.desk.Press(context.Background(), Press{Actor: sre, Action: action, ID: "op-ask", Version: 3}).Modal
		if m == nil || m.ID != "deny" || m.Subject != "op-ask" || m.Version != 3 || len(m.Inputs) != 1 || m.Inputs[0].Optional || m.Inputs[0].Max != 500 {
			t.Fatalf("%s: got %+v, want a form that needs a reason", action, m)
		}
	}
	own := w.desk.Press(context.Background(), Press{Actor: dev, Action: "deny", ID: "op-ask", Version: 3})
	if got := text(own.Reply); got != "This is your own request.\nTo take it back, press Withdraw.\n" || own.Modal != nil {
		t.Errorf("got %s", got)
	}
	send := func(reason string) Result {
		return w.desk.Submit(context.Background(), Submission{Actor: sre, Modal: "deny", Subject: "op-ask", Version: 3, Values: map[string]string{"reason": reason}})
	}
	for _, bad := range []string{"", " \n ", strings.Repeat("x", 501)} {
		if r := send(bad); r.Errors["reason"] == "" {
			t.Errorf("%q: got %+v, want the form to stay open", bad, r)
		}
	}
	if len(w.gate.asked) > 0 {
		t.Fatalf("got %v asked, want nothing", w.gate.asked)
	}
	if r := send(" Not \n\n on {user:UDEV} <!channel> `x` "); r.Reply != nil || w.gate.asked[0] != "vote op-ask v3 USRE deny Not on { user:UDEV} <!channel> `x`" {
		t.Errorf("got %+v and %v", r, w.gate.asked)
	}
	if r := w.desk.Submit(context.Background(), Submission{Actor: sre, Modal: "other"}); !strings.Contains(text(r.Reply), "I do not know what \"other\" means") {
		t.Errorf("got %s", text(r.Reply))
	}
}

func TestDetails(t *testing.T) {
	w := newWorld(t, op("op-ask", ledger.Pending))
	w.records.all[0].Payload = []byte(`{"group":"web","to":{"image":"ami-0b2"}}`)
	w.records.all[0].Reason = "CVE <!channel>"
	w.records.lines = []ledger.Entry{{At: noon, Line: "{user:UDEV} asked for it."}, {At: noon, Kind: "step"}, {At: noon.Add(time.Minute), Line: "{user:USRE} approved (1 of 2)."}}
	details := func() string {
		return text(w.desk.Press(context.Background(), Press{Actor: sre, Action: "details", ID: "op-ask"}).Reply)
	}
	golden(t, "details", details())
	w.desk.Draw = func(r ledger.Record) card.Card {
		return card.Card{Title: "Approval needed · " + r.Title, Foot: []card.Text{card.T("1 to go")}, Buttons: []card.Button{{Action: "approve"}}}
	}
	if got := details(); !strings.HasPrefix(got, "# Approval needed · Roll web") || strings.Contains(got, "1 to go") {
		t.Errorf("got %s, want the headline of its card, and nothing said twice", got)
	}
	for i := range 40 {
		w.records.lines = append(w.records.lines, ledger.Entry{At: noon, Line: fmt.Sprintf("Line %d.", i)})
	}
	if got := details(); !strings.Contains(got, "18 earlier lines are in the thread.\n12:00 Line 16.") || !strings.Contains(got, "Line 39.") {
		t.Errorf("got %s, want the last 24 lines", got)
	}
}

func TestJournalsNameGroupsByTheirHandles(t *testing.T) {
	w := newWorld(t, op("op-ask", ledger.Pending))
	w.records.lines = []ledger.Entry{{At: noon, Line: "{group:sre}: {user:UDEV} asks for your approval."}}
	if got := text(w.says("ops show op-ask").Reply); !strings.Contains(got, "@sre: @UDEV asks for your approval.") {
		t.Errorf("got %s", got)
	}
}

func TestHome(t *testing.T) {
	theirs, mine, runs, voted, over := op("op-1", ledger.Pending), op("op-2", ledger.Pending), op("op-3", ledger.Running), op("op-4", ledger.Pending), op("op-5", ledger.Succeeded)
	mine.Requester, voted.Votes, over.Ended = sre, []ledger.Vote{{Actor: sre, Choice: "approve", Fills: []int{0}}}, noon.Add(time.Hour)
	w := newWorld(t, theirs, mine, runs, voted, over)
	c := w.desk.Home(context.Background(), sre)
	golden(t, "home", text(&c))
	w.gate.err = fault.New(fault.Denied, "You are not in @sre.")
	c = w.desk.Home(context.Background(), sre)
	if got := text(&c); !strings.Contains(got, "Nothing waits for you.") {
		t.Errorf("got %s, want nothing to wait for somebody outside of the group", got)
	}
	w = newWorld(t)
	c = w.desk.Home(context.Background(), dev)
	golden(t, "home_empty", text(&c))
}

func TestEveryStandingIsTold(t *testing.T) {
	for state, want := range map[ledger.State]string{
		ledger.Pending:   "Roll web to ami-0b2 waits for approval.",
		ledger.Held:      "Roll web to ami-0b2 was approved by {user:USRE} already and is held back: production is frozen.",
		ledger.Void:      "Roll web to ami-0b2 did not run, because things had changed since it was approved: web runs ami-0b2.",
		ledger.Waiting:   "Roll web to ami-0b2 was approved by {user:USRE} already and waits for op-ahead to end.",
		ledger.Running:   "Roll web to ami-0b2 was approved by {user:USRE} already and is running.",
		ledger.Stuck:     "Roll web to ami-0b2 was approved by {user:USRE} already and is stuck.",
		ledger.Denied:    "Roll web to ami-0b2 was denied by {user:USRE} already.",
		ledger.Withdrawn: "Roll web to ami-0b2 was withdrawn by {user:USRE} already.",
		ledger.Expired:   "Roll web to ami-0b2 has expired: it did not get its approvals in time.",
		ledger.Succeeded: "Roll web to ami-0b2 is over: web runs ami-0b2.",
		ledger.Failed:    "Roll web to ami-0b2 is over: web runs ami-0b2.",
		ledger.Cancelled: "Roll web to ami-0b2 is over: web runs ami-0b2.",
		ledger.Undone:    "Roll web to ami-0b2 is over: web runs ami-0b2.",
	} {
		r := op("op-a", state)
		r.Stayed = "production is frozen."
		r.Ahead, r.EndedBy, r.Outcome, r.Votes = "op-ahead", sre, "web runs ami-0b2.", []ledger.Vote{{Actor: sre, Choice: "approve"}}
		if got := standing(r); got != want {
			t.Errorf("%s: got %s, want %s", state, got, want)
		}
	}
}

func TestListsShowEveryState(t *testing.T) {
	var all []ledger.Record
	for _, s := range []ledger.State{ledger.Pending, ledger.Held, ledger.Waiting, ledger.Running, ledger.Stuck, ledger.Denied, ledger.Expired,
		ledger.Withdrawn, ledger.Succeeded, ledger.Failed, ledger.Cancelled, ledger.Undone, ledger.Void} {
		r := op(ledger.ID("op-"+s), s)
		r.Message.Link = "https://harbour.example/" + string(s)
		all = append(all, r)
	}
	w := newWorld(t, all...)
	golden(t, "ops_list_all", text(w.says("ops list --all").Reply))
}

func TestTroubleIsLoggedOnceWithItsReference(t *testing.T) {
	var out strings.Builder
	w := newWorld(t)
	w.desk.Log = slog.New(slog.NewTextHandler(&out, nil))
	w.cloud.err = errors.New("broken pipe")
	_, ref, _ := strings.Cut(text(w.says("asg list").Reply), "(ref ")
	ref, _, _ = strings.Cut(ref, ")")
	if strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), "ref="+ref) || !strings.Contains(out.String(), "broken pipe") {
		t.Errorf("got %q, want one line with ref %s", out.String(), ref)
	}
}

type groups struct{}

func (groups) InGroup(context.Context, ledger.Actor, string) (bool, error) { return false, nil }

func TestMarkedKeepsDataAsItIs(t *testing.T) {
	got := marked("`a` b `c {user:U1}` {user:U2} ` d")
	want := card.Text{{Code: "a"}, {Plain: " b "}, {Code: "c {user:U1}"}, {Plain: " "}, {User: "U2"}, {Plain: " ` d"}}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got[i], want[i])
		}
	}
}

func TestWhatIsHeldIsCountedAndTakenBack(t *testing.T) {
	w := newWorld(t, op("op-held", ledger.Held))
	if got := text(w.says("status").Reply); !strings.Contains(got, "Held back: 1\n") {
		t.Errorf("got %s", got)
	}
	w.says("ops cancel op-held")
	if got := strings.Join(w.gate.asked, ""); got != "withdraw op-held UDEV " {
		t.Errorf("got %s asked, want it withdrawn", got)
	}
}
