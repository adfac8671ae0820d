package retire

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func one(id string) Want { return Want{Images: []fleet.ImageID{fleet.ImageID(id)}} }

// rollout is an operation of another kind that replaces an image by another one.
func rollout(id, from, to string, state ledger.State, ended time.Time) ledger.Record {
	return ledger.Record{
		Proposal: ledger.Proposal{ID: ledger.ID(id), Kind: "rollout", Title: "Roll web to " + to, Payload: json.RawMessage(fmt.Sprintf(`{"from":{"image":%q},"to":{"image":%q}}`, from, to))},
		State:    state, Created: ended.Add(-time.Hour), Ended: ended,
	}
}

// operation is one of any kind that ended well, with its plan.
func operation(kind, payload string, ended time.Time) ledger.Record {
	return ledger.Record{
		Proposal: ledger.Proposal{ID: ledger.ID("op-" + kind), Kind: kind, Title: "Do " + kind, Payload: json.RawMessage(payload)},
		State:    ledger.Succeeded, Created: ended.Add(-time.Hour), Ended: ended,
	}
}

func TestAnImageEndsInStages(t *testing.T) {
	w := newWorld(t)
	p := w.begin(one("ami-0001"))
	if b := p.Brief(); !b.Blast.Irreversible || !strings.Contains(b.Impact, "8 GiB") || b.Title != "Retire ami-0001" {
		t.Errorf("got %+v, want what cannot be undone and how much is freed", b)
	}
	w.until(stepCooldown)
	w.wantImages("1d* 2a 3a 4a 5a")
	w.turn()
	if left := w.data().Until.Sub(noon); left < 24*time.Hour {
		t.Errorf("got a cooldown of %s, want a day", left)
	}
	w.finish(ledger.Succeeded, "1 image is retired, and 8 GiB freed.")
	w.wantImages("2a 3a 4a 5a")
	if w.now.Before(noon.Add(24 * time.Hour)) {
		t.Errorf("got its end at %s, want it a day later", w.now)
	}
	pic := Painter{}.Paint(w.rec)
	if len(pic.Buttons) != 0 || len(pic.Foot) != 1 {
		t.Errorf("got %+v, want no button any more, and the Recycle Bin", pic)
	}
}

func (w *world) data() Data {
	_, d, err := decode(w.rec)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// TestWhateverNeedsAnImageIsInTheWay: each with what it is.
func TestWhateverNeedsAnImageIsInTheWay(t *testing.T) {
	for _, c := range []struct {
		name, image string
		change      func(*world)
		want        []string
	}{
		{"a group and its instances", "ami-0005", nil, []string{
			"web-5 (ami-0005) is needed: group web launches it, with web-lt version 2.",
			"web-5 (ami-0005) is needed: 2 instances were made from it: i-"}},
		{"golden", "ami-0004", nil, []string{"it is the golden image of web. `/ami promote <image> --family web`"}},
		{"an old version", "ami-0003", nil, []string{"version 1 of web-lt names it, though no group uses it. `/template clean web-lt --keep 3`"}},
		{"golden lately", "ami-0001", func(w *world) {
			w.golden["web"] = []family.Golden{
				{Environment: "prod", Family: "web", Image: "ami-0004", At: noon.Add(-time.Hour), Revision: 2},
				{Environment: "prod", Family: "web", Image: "ami-0001", At: noon.AddDate(0, 0, -10), Revision: 1},
			}
		}, []string{"it was golden in web, and `/ami revert` may need it until 26 November 11:00 UTC"}},
		{"a rollout runs", "ami-0001", func(w *world) {
			w.records.all = append(w.records.all, rollout("op-roll", "ami-0005", "ami-0001", ledger.Running, time.Time{}))
		}, []string{`"Roll web to ami-0001" (op-roll) runs and needs it`}},
		{"a rollout waits for approval", "ami-0001", func(w *world) {
			w.records.all = append(w.records.all, rollout("op-roll", "ami-0005", "ami-0001", ledger.Pending, time.Time{}))
		}, []string{`"Roll web to ami-0001" (op-roll) waits for approval and needs it`}},
		{"a rollout replaced it", "ami-0001", func(w *world) {
			w.records.all = append(w.records.all, rollout("op-roll", "ami-0001", "ami-0005", ledger.Succeeded, noon.Add(-2*time.Hour)))
		}, []string{`"Roll web to ami-0005" (op-roll) replaced it, and the way back may need it until 26 November 10:00 UTC`}},
		{"an attachment replaced it", "ami-0001", func(w *world) {
			w.records.all = append(w.records.all, operation("attach", `{"old":{"template":"lt-0001","number":1,"image":"ami-0001"},"new":{"template":"lt-0001","number":2,"image":"ami-0005"}}`, noon.Add(-2*time.Hour)))
		}, []string{`"Do attach" (op-attach) replaced it, and the way back may need it until 26 November 10:00 UTC`}},
		{"a patch replaced it", "ami-0001", func(w *world) {
			w.records.all = append(w.records.all, operation("patch", `{"groups":[{"from":{"image":"ami-0004"}},{"from":{"image":"ami-0001"}}]}`, noon.Add(-2*time.Hour)))
		}, []string{`"Do patch" (op-patch) replaced it`}},
		{"a replacement of root volumes replaced it", "ami-0001", func(w *world) {
			w.records.all = append(w.records.all, operation("rollout", `{"from":{"image":"ami-0005"},"mixed":{"images":["ami-0001"]}}`, noon.Add(-2*time.Hour)))
		}, []string{`"Do rollout" (op-rollout) replaced it`}},
		{"it was the default lately", "ami-0003", func(w *world) {
			w.records.all = append(w.records.all, operation("template", `{"template":"lt-0001","former":1,"want":{"action":"default","version":2}}`, noon.Add(-2*time.Hour)))
		}, []string{`"Do template" (op-template) replaced it, and the way back may need it until 26 November 10:00 UTC`}},
		{"it is to be the default", "ami-0003", func(w *world) {
			r := operation("template", `{"template":"lt-0001","former":2,"want":{"action":"default","version":1}}`, time.Time{})
			r.State = ledger.Pending
			w.records.all = append(w.records.all, r)
		}, []string{`"Do template" (op-template) waits for approval and needs it`}},
		{"another one retires it", "ami-0001", func(w *world) {
			w.begin(one("ami-0001"))
			w.records.all = append(w.records.all, w.rec)
		}, []string{"op-retire retires it already"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.change != nil {
				c.change(w)
			}
			p, err := w.plan(one(c.image))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if got := findings(p); !strings.Contains(got, want) || len(p.Brief().Stops()) == 0 {
					t.Errorf("got\n%swant %q in the way", got, want)
				}
			}
		})
	}
}

// TestWhatIsOverIsNotInTheWay: what ended long ago, was denied or only stays in a plan.
func TestWhatIsOverIsNotInTheWay(t *testing.T) {
	w := newWorld(t)
	w.records.all = []ledger.Record{
		rollout("op-1", "ami-0001", "ami-0005", ledger.Denied, noon.Add(-time.Hour)),
		rollout("op-2", "ami-0001", "ami-0005", ledger.Succeeded, noon.Add(-73*time.Hour)),
		rollout("op-3", "ami-0005", "ami-0001", ledger.Undone, noon.Add(-time.Hour)),
	}
	p, err := w.plan(one("ami-0001"))
	if err != nil || len(p.Findings) > 0 {
		t.Errorf("got %s, %v, want nothing in the way", findings(p), err)
	}
	w.records.all = append(w.records.all, operation("template", `{"template":"lt-0001","former":1,"want":{"action":"default","version":2}}`, noon.Add(-73*time.Hour)),
		operation("attach", `{"old":{"image":"ami-0003"},"new":{"image":"ami-0001"}}`, noon.Add(-73*time.Hour)))
	old := one("ami-0003")
	old.OldVersions = true
	p, err = w.plan(old)
	if err != nil || len(p.Brief().Stops()) > 0 || !strings.Contains(findings(p), "They launch nothing any more.") {
		t.Errorf("got %s, %v, want a warning only", findings(p), err)
	}
}

func TestUndoBringsBackWhatItWas(t *testing.T) {
	for _, at := range []string{stepDeprecate, stepDisable, stepCooldown} {
		t.Run(at, func(t *testing.T) {
			w := newWorld(t)
			other := "210987654321"
			if err := w.fleet.ShareImage(t.Context(), "ami-0001", []string{other}, nil); err != nil {
				t.Fatal(err)
			}
			w.begin(one("ami-0001"))
			w.until(at)
			if at == stepCooldown {
				w.turn()
				if got, _ := w.fleet.SharedWith(t.Context(), "ami-0001"); len(got) > 0 {
					t.Fatalf("got it shared with %v, want it disabled", got)
				}
				if b := (Painter{}).Paint(w.rec).Buttons; len(b) != 1 || b[0].Action != "rollback" || b[0].Label != "Undo" {
					t.Errorf("got %+v, want an Undo", b)
				}
			}
			w.ask("rollback")
			w.finish(ledger.Undone, "It was taken back by {user:UDEV}.", "web-1 (ami-0001) can be launched again.")
			w.wantImages("1a 2a 3a 4a 5a")
			if got, err := w.fleet.SharedWith(t.Context(), "ami-0001"); err != nil || !slices.Equal(got, []string{other}) {
				t.Errorf("got it shared with %v, %v, want it as before", got, err)
			}
		})
	}
}

// TestARolloutThatStartsMeanwhileKeepsItsImage: what is looked at again before the last step.
func TestARolloutThatStartsMeanwhileKeepsItsImage(t *testing.T) {
	w := newWorld(t)
	w.begin(Want{Family: "web", Keep: 2})
	w.until(stepCooldown)
	w.wantImages("1d* 2d* 3a 4a 5a")
	w.records.all = append(w.records.all, rollout("op-roll", "ami-0005", "ami-0002", ledger.Running, time.Time{}))
	w.finish(ledger.Succeeded, "1 image is retired, and 8 GiB freed.", `web-2 (ami-0002) stays: "Roll web to ami-0002" (op-roll) runs and needs it`)
	w.wantImages("2a 3a 4a 5a")
}

func TestPruneKeepsWhatIsNeededAndSaysWhy(t *testing.T) {
	w := newWorld(t)
	p := w.begin(Want{Family: "web", Keep: 1, Older: 15 * 24 * time.Hour})
	var kept []string
	for _, k := range p.Kept {
		kept = append(kept, fmt.Sprintf("%s %s", k.ID, k.Why))
	}
	want := []string{"ami-0005 it is the newest", "ami-0004 it is the golden image of web", "ami-0003 version 1 of web-lt names it, though no group uses it"}
	if !slices.Equal(kept, want) {
		t.Errorf("got kept %q, want %q", kept, want)
	}
	if got := p.Title(); got != "Prune web: retire 2 images" || p.Size() != 17 {
		t.Errorf("got %s, %d GiB, want two and 17", got, p.Size())
	}
	w.finish(ledger.Succeeded, "2 images are retired, and 17 GiB freed.")
	w.wantImages("3a 4a 5a")
	if p, err := w.plan(Want{Family: "web", Keep: 5}); err != nil || len(p.Brief().Stops()) != 1 {
		t.Errorf("got %s, %v, want nothing to do", findings(p), err)
	}
}

// TestNoAgeIsAskedFor: whatever the clocks say, an image is too young only where an age was asked for.
func TestNoAgeIsAskedFor(t *testing.T) {
	f := Facts{Now: noon, Images: []fleet.Image{{ID: "ami-0001", State: "failed", Created: noon.Add(time.Minute)}}}
	if why := young(f, Want{Family: "web", Keep: 1}, 0); why != "" {
		t.Errorf("got %q, want that it may go", why)
	}
}

// TestWhatOtherAccountsUseStays: AWS is asked before anything is changed.
func TestWhatOtherAccountsUseStays(t *testing.T) {
	w := newWorld(t)
	other := w.sim.Account("210987654321")
	if err := w.fleet.ShareImage(t.Context(), "ami-0001", []string{"210987654321"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Region("eu-west-1").AddInstance(awssim.Instance{Name: "theirs", Image: "ami-0001"}); err != nil {
		t.Fatal(err)
	}
	p := w.begin(one("ami-0001"))
	if !strings.Contains(findings(p), "Shared: ami-0001 with 210987654321.") {
		t.Errorf("got %s, want whom it is shared with", findings(p))
	}
	w.finish(ledger.Void, "account 210987654321 has 1 instance from it", "Nothing was changed.")
	w.wantImages("1a 2a 3a 4a 5a")
}

// TestNothingIsChangedWhenThingsChanged: the approval counts no more.
func TestNothingIsChangedWhenThingsChanged(t *testing.T) {
	w := newWorld(t)
	w.begin(one("ami-0001"))
	w.golden["web"] = append([]family.Golden{{Environment: "prod", Family: "web", Image: "ami-0001", At: noon, Revision: 2}}, w.golden["web"]...)
	w.finish(ledger.Void, "it is the golden image of web", "Nothing was changed.")
	w.wantImages("1a 2a 3a 4a 5a")
}

func TestTooLateIsSaid(t *testing.T) {
	w := newWorld(t)
	w.begin(Want{Family: "web", Keep: 2})
	w.until(stepDelete)
	w.turn()
	w.wantImages("2d* 3a 4a 5a")
	w.ask("rollback")
	w.finish(ledger.Cancelled, "It was too late for web-1 (ami-0001).", "web-2 (ami-0002) can be launched again.")
	w.wantImages("2a 3a 4a 5a")
	_, err := w.plan(Want{Images: []fleet.ImageID{"ami-0001"}, Restore: true})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "It is too late") {
		t.Errorf("got %v, want that it is too late", err)
	}
}

// TestAnImageThatSomebodyDisabledComesBack: with the permissions that its retirement took away.
func TestAnImageThatSomebodyDisabledComesBack(t *testing.T) {
	w := newWorld(t)
	other := "210987654321"
	if err := w.fleet.ShareImage(t.Context(), "ami-0001", []string{other}, nil); err != nil {
		t.Fatal(err)
	}
	w.begin(one("ami-0001"))
	w.until(stepCooldown)
	w.rec.State, w.rec.Ended = ledger.Failed, w.now // somebody abandoned it
	w.records.all = append(w.records.all, w.rec)
	back := one("ami-0001")
	back.Restore = true
	p := w.begin(back)
	if p.Title() != "Bring ami-0001 back" || p.Brief().Blast.Irreversible {
		t.Errorf("got %+v", p.Brief())
	}
	w.finish(ledger.Succeeded, "web-1 (ami-0001) can be launched again.")
	w.wantImages("1a 2a 3a 4a 5a")
	if got, _ := w.fleet.SharedWith(t.Context(), "ami-0001"); !slices.Equal(got, []string{other}) {
		t.Errorf("got it shared with %v, want %s", got, other)
	}
	if p, err := w.plan(back); err != nil || len(p.Brief().Stops()) != 1 {
		t.Errorf("got %s, %v, want nothing to do", findings(p), err)
	}
}

// TestARetirementOutlivesItsWorkers dies once before and once after every call, and loses every answer once. However it
// goes, the image is retired once, and what is undone is as it was.
func TestARetirementOutlivesItsWorkers(t *testing.T) {
	for _, undo := range []bool{false, true} {
		for _, how := range []string{"before", "after", "lost"} {
			points := 1
			for point := 1; point <= points; point++ {
				w := newWorld(t)
				other := "210987654321"
				if err := w.fleet.ShareImage(t.Context(), "ami-0001", []string{other}, nil); err != nil {
					t.Fatal(err)
				}
				w.begin(one("ami-0001"))
				b := &brittle{Fleet: w.fleet, at: point, how: how}
				w.fleet = b
				if undo {
					w.onTurn = func() {
						if w.rec.At == stepCooldown || w.rec.At == stepRestore {
							w.signals = nil
							w.ask("rollback")
						}
					}
					w.finish(ledger.Undone)
					b.at = 0
					w.wantImages("1a 2a 3a 4a 5a")
					if got, _ := w.fleet.SharedWith(t.Context(), "ami-0001"); !slices.Equal(got, []string{other}) {
						t.Errorf("%s call %d: got it shared with %v, want it as before", how, point, got)
					}
				} else {
					w.finish(ledger.Succeeded, "1 image is retired, and 8 GiB freed.")
					w.wantImages("2a 3a 4a 5a")
				}
				points = max(points, b.calls)
			}
			if points < 8 {
				t.Errorf("got %d calls, want all of them", points)
			}
		}
	}
}

func TestThePlanTellsWhatCannotBeUndone(t *testing.T) {
	w := newWorld(t)
	p, err := w.plan(Want{Family: "web", Keep: 3})
	if err != nil {
		t.Fatal(err)
	}
	var again Plan
	body, _ := json.Marshal(p)
	if err := json.Unmarshal(body, &again); err != nil || again.Digest() != p.Digest() {
		t.Errorf("got another plan out of JSON: %v", err)
	}
	text := fmt.Sprint(p.Sections())
	for _, want := range []string{"that cannot be undone", "up to 17 GiB", "stays: it is one of the newest 3"} {
		if !strings.Contains(read(p.Sections()), want) {
			t.Errorf("got %s, want %q", text, want)
		}
	}
}

// read are the sections as they are read.
func read(sections []card.Section) string {
	var b strings.Builder
	line := func(t card.Text) {
		for _, p := range t {
			b.WriteString(p.Plain + p.Bold + p.Code)
		}
		b.WriteByte('\n')
	}
	for _, s := range sections {
		for _, f := range s.Facts {
			b.WriteString(f.Label + ": ")
			line(f.Value)
		}
		if s.Table != nil {
			for _, r := range s.Table.Rows {
				for _, c := range r {
					line(c)
				}
			}
		}
	}
	return b.String()
}

// TestWhatCannotBeLaunchedIsNoneOfTheNewest: three bakes that failed are not the three images that stay.
func TestWhatCannotBeLaunchedIsNoneOfTheNewest(t *testing.T) {
	w := newWorld(t)
	for n := range 3 {
		w.aws.AddImage(awssim.Image{ID: fmt.Sprintf("ami-00f%d", n), Name: fmt.Sprintf("web-f%d", n), State: "failed", Created: noon.Add(time.Duration(n-9) * time.Hour), Tags: map[string]string{family.Tag: "web"}})
	}
	p, err := w.plan(Want{Family: "web", Keep: 3, OldVersions: true})
	if err != nil {
		t.Fatal(err)
	}
	var goes []string
	for _, d := range p.Images {
		goes = append(goes, strings.TrimPrefix(string(d.ID), "ami-00"))
	}
	if got := strings.Join(goes, " "); got != "01 02 f0 f1 f2" {
		t.Errorf("got %s to go, want what failed and what is older than the newest three that can be launched", got)
	}
}

// TestAnImageThatIsSharedAfterItsApprovalIsAskedAbout: whoever has it by then may use it.
func TestAnImageThatIsSharedAfterItsApprovalIsAskedAbout(t *testing.T) {
	w := newWorld(t)
	w.begin(one("ami-0001"))
	if err := w.fleet.ShareImage(t.Context(), "ami-0001", []string{"210987654321"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.sim.Account("210987654321").Region("eu-west-1").AddInstance(awssim.Instance{Name: "theirs", Image: "ami-0001"}); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Void, "account 210987654321 has 1 instance from it", "Nothing was changed.")
	w.wantImages("1a 2a 3a 4a 5a")
}

// TestWhatBecomesGoldenBeforeItIsDisabledStays: AWS may take an hour to tell how others use it.
func TestWhatBecomesGoldenBeforeItIsDisabledStays(t *testing.T) {
	w := newWorld(t)
	w.begin(Want{Family: "web", Keep: 2})
	w.until(stepDisable)
	w.golden["web"] = append([]family.Golden{{Environment: "prod", Family: "web", Image: "ami-0002", At: w.now, Revision: 2}}, w.golden["web"]...)
	w.until(stepCooldown)
	w.wantImages("1d* 2a 3a 4a 5a")
	if got := w.lines[len(w.lines)-1]; !strings.Contains(got, "web-2 (ami-0002) stays: it is the golden image of web. 1 image is deprecated and disabled") {
		t.Errorf("got %q, want what stays, and why", got)
	}
}

// TestWhatBecomesGoldenAsItIsDisabledIsEnabledAgain, and not only when the cooldown is over: a promotion that looked a
// moment before could not know. The others go on.
func TestWhatBecomesGoldenAsItIsDisabledIsEnabledAgain(t *testing.T) {
	for _, unseen := range []int{0, 1} { // turns in which it cannot be seen yet
		w := newWorld(t)
		w.begin(Want{Family: "web", Keep: 2})
		w.until(stepCooldown)
		disabled := w.now
		for range unseen {
			w.turn()
		}
		w.wantImages("1d* 2d* 3a 4a 5a")
		w.golden["web"] = append([]family.Golden{{Environment: "prod", Family: "web", Image: "ami-0001", At: w.now, Revision: 2}}, w.golden["web"]...)
		w.turn()
		w.wantImages("1a 2d* 3a 4a 5a")
		if took := w.now.Sub(disabled); unseen == 0 && took > 2*time.Minute || len(w.lines) != 2 || !strings.Contains(w.lines[1], "web-1 (ami-0001) stays: it is the golden image of web.") {
			t.Errorf("got %q after %s, want it told", w.lines, took)
		}
		w.finish(ledger.Succeeded, "1 image is retired, and 9 GiB freed.", "web-1 (ami-0001) stays: it is the golden image of web.")
	}
}

// TestNothingIsWaitedForWhenSomebodyWasFaster: there is nothing to cool down.
func TestNothingIsWaitedForWhenSomebodyWasFaster(t *testing.T) {
	w := newWorld(t)
	w.begin(one("ami-0001"))
	w.until(stepDisable)
	if _, err := w.fleet.DeregisterImage(t.Context(), "ami-0001", true); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Undone, "Nothing was deregistered. web-1 (ami-0001) is gone: somebody deregistered it.")
	if w.now.After(noon.Add(time.Hour)) {
		t.Errorf("got its end at %s, want no cooldown", w.now)
	}
}

// TestPermissionsOfLongAgoStayAway: the image was given back since, and whom it was shared with may have changed.
func TestPermissionsOfLongAgoStayAway(t *testing.T) {
	w := newWorld(t)
	if err := w.fleet.ShareImage(t.Context(), "ami-0001", []string{"210987654321"}, nil); err != nil {
		t.Fatal(err)
	}
	w.begin(one("ami-0001"))
	w.until(stepCooldown)
	w.ask("rollback")
	w.finish(ledger.Undone)
	w.records.all = append(w.records.all, w.rec)
	if err := w.fleet.ShareImage(t.Context(), "ami-0001", nil, []string{"210987654321"}); err != nil {
		t.Fatal(err)
	}
	if err := w.fleet.DisableImage(t.Context(), "ami-0001"); err != nil {
		t.Fatal(err)
	}
	back := one("ami-0001")
	back.Restore = true
	w.begin(back)
	w.finish(ledger.Succeeded)
	if got, _ := w.fleet.SharedWith(t.Context(), "ami-0001"); len(got) > 0 {
		t.Errorf("got it shared with %v, want nobody: that was taken back since", got)
	}
}

// TestAnImageOfSomebodyElsesMakingIsWarnedOf: AWS refuses the last step by the policy that the bot comes with.
func TestAnImageOfSomebodyElsesMakingIsWarnedOf(t *testing.T) {
	w := newWorld(t)
	w.aws.AddImage(awssim.Image{ID: "ami-00ff", Name: "by-hand", Created: noon.AddDate(0, 0, -90)})
	p, err := w.plan(one("ami-00ff"))
	if err != nil || !strings.Contains(findings(p), "warn: I did not make ami-00ff") || len(p.Brief().Stops()) > 0 {
		t.Errorf("got %s, %v, want a warning and no more", findings(p), err)
	}
	if p, err := w.plan(one("ami-0001")); err != nil || len(p.Findings) > 0 {
		t.Errorf("got %s, %v, want nothing about an image of our own", findings(p), err)
	}
}
