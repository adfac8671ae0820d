package template

import (
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func text(s string) *string { return &s }

func updating() Want {
	return Want{Action: Update, Name: "web-lt", Spec: fleet.LaunchSpec{Image: "ami-0002", UserData: text("#!/bin/sh\necho hello\n")}}
}

func TestAVersionIsMadeOfThePinnedSource(t *testing.T) {
	w := newWorld(t)
	want := updating()
	want.Source = 2
	w.propose(want)
	w.finish(ledger.Succeeded, "Version 4 of web-lt is there, made from version 2, and EC2 would launch it.", "The default is still version 2.")
	w.wantListing("web-lt 1 2* 3 4")
	v := w.version(4)
	if v.Image != "ami-0002" || v.Fields["KeyName"] != "ops" || !strings.HasPrefix(v.Description, "amiral op-test000001 ") || !strings.HasSuffix(v.Description, "by UDEV") {
		t.Errorf("got %+v, want the image in the fields of version 2, marked as ours", v)
	}
	if data, err := w.fleet.UserData(t.Context(), fleet.TemplateRef{ID: "lt-0001", Version: "4"}); err != nil || data != *want.Spec.UserData {
		t.Errorf("got user data %q, %v", data, err)
	}
}

func TestAVersionMadeMeanwhileChangesNothingInThePlan(t *testing.T) {
	w := newWorld(t)
	p := w.propose(updating())
	if p.Want.Source != 3 {
		t.Fatalf("got source %d, want the latest, 3", p.Want.Source)
	}
	if _, _, err := w.fleet.CreateTemplateVersion(t.Context(), fleet.NewVersion{Template: "lt-0001", Source: 1, Image: "ami-0002", Token: "somebody"}); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Succeeded, "Version 5 of web-lt is there, made from version 3")
	if w.version(5).InstanceType != "t3.small" || !strings.Contains(strings.Join(w.lines, " "), "Version 4 was made meanwhile.") {
		t.Errorf("got %+v and %q, want version 3's fields, and a line about version 4", w.version(5), w.lines)
	}
}

func TestADeletedSourceVoids(t *testing.T) {
	gone := func(w *world) {
		if _, _, err := w.fleet.DeleteTemplateVersions(t.Context(), "lt-0001", []int64{1}); err != nil {
			t.Fatal(err)
		}
	}
	want := updating()
	want.Source = 1
	for _, at := range []string{stepCheck, stepMake} {
		w := newWorld(t)
		w.propose(want)
		w.until(at)
		gone(w)
		w.rec.Command = "/template update web-lt --from 1"
		w.finish(ledger.Void, "ersion 1", "`/template versions web-lt", "Nothing was changed.")
		if strings.Contains(w.rec.Outcome, "Ask again") {
			t.Errorf("got %q: the same would be refused again", w.rec.Outcome)
		}
		w.wantListing("web-lt 2* 3")
	}
}

func TestAVersionThatWouldNotLaunchIsTakenAway(t *testing.T) {
	w := newWorld(t)
	want := updating()
	want.SetDefault = true
	w.propose(want)
	w.until(stepProve)
	w.aws.AddImage(awssim.Image{ID: "ami-0002", Name: "golden-2", State: "disabled"})
	w.finish(ledger.Failed, "Version 4 of web-lt would not launch: ", "It was deleted again; the default is still version 2.")
	w.wantListing("web-lt 1 2* 3")
}

func TestAVersionInUseIsNotTakenAway(t *testing.T) {
	w := newWorld(t)
	w.propose(updating())
	w.until(stepProve)
	w.group("web", "4", 0)
	w.aws.AddImage(awssim.Image{ID: "ami-0002", Name: "golden-2", State: "disabled"})
	w.finish(ledger.Failed, "Version 4 stays: group web uses it already.")
	w.wantListing("web-lt 1 2* 3 4")
}

func TestTheDefaultMovesAndComesBack(t *testing.T) {
	w := newWorld(t)
	want := updating()
	want.SetDefault = true
	w.propose(want)
	w.finish(ledger.Succeeded, "It is the default; it was version 2 before.")
	w.wantListing("web-lt 1 2 3 4*")
	back, ok := Previous(w.rec)
	if !ok || back.Version != 2 || back.Action != Default {
		t.Fatalf("got %+v, %v, want the way back to version 2", back, ok)
	}
	p := w.propose(back)
	if p.Title() != "Bring the default of template web-lt back to version 2" {
		t.Errorf("got %q", p.Title())
	}
	w.finish(ledger.Succeeded, "Version 2 is the default of web-lt; it was version 4 before.")
	w.wantListing("web-lt 1 2* 3 4")
}

func TestADefaultThatSomebodyElseMovedVoids(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Action: Default, Name: "web-lt", Version: 3})
	if err := w.fleet.SetDefaultVersion(t.Context(), "lt-0001", 1, "somebody"); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Void, "The default of web-lt is version 1 now, not 2.")
	w.wantListing("web-lt 1* 2 3")

	w = newWorld(t)
	w.propose(Want{Action: Default, Name: "web-lt", Version: 3})
	w.until(stepDefault)
	if err := w.fleet.SetDefaultVersion(t.Context(), "lt-0001", 1, "somebody"); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Failed, "Somebody else made version 1 the default")
	w.wantListing("web-lt 1* 2 3")
}

func TestAGroupMoreThatFollowsTheDefaultVoids(t *testing.T) {
	w := newWorld(t)
	w.group("web", "$Default", 1)
	p := w.propose(Want{Action: Default, Name: "web-lt", Version: 3})
	if want := "1 group launches from $Default (web): the next instances run version 3"; p.Impact() != want {
		t.Errorf("got %q, want %q", p.Impact(), want)
	}
	w.group("api", "$Default", 1)
	w.finish(ledger.Void, "Group api launches from it now, too.")
	w.wantListing("web-lt 1 2* 3")
}

func creating() Want {
	return Want{Action: Create, Name: "api-lt", Spec: fleet.LaunchSpec{Image: "ami-0002", Type: "t3.micro", UserData: text("#cloud-config\n")}}
}

func TestATemplateIsMadeAndTakenBack(t *testing.T) {
	w := newWorld(t)
	w.propose(creating())
	w.finish(ledger.Succeeded, "Template api-lt is there, and EC2 would launch it.")
	w.wantListing("api-lt 1* web-lt 1 2* 3")
	made, err := w.fleet.Template(t.Context(), fleet.TemplateRef{Name: "api-lt"})
	if err != nil || made.Tags[operationTag] != "op-test000001" || made.Tags[requesterTag] != "UDEV" {
		t.Errorf("got %+v, %v, want the tags of the operation", made, err)
	}
	back, ok := Previous(w.rec)
	if !ok || back.Action != Delete {
		t.Fatalf("got %+v, %v, want its deletion", back, ok)
	}
	if p := w.propose(back); !p.Brief().Blast.Irreversible {
		t.Error("a deletion can be taken back")
	}
	w.finish(ledger.Succeeded, "Template api-lt is deleted.")
	w.wantListing("web-lt 1 2* 3")
}

func TestATemplateThatWouldNotLaunchStaysAndIsTold(t *testing.T) {
	w := newWorld(t)
	w.propose(creating())
	w.until(stepProve)
	w.aws.AddImage(awssim.Image{ID: "ami-0002", Name: "golden-2", State: "disabled"})
	w.finish(ledger.Failed, "would not launch", "Template api-lt stays, and nobody uses it.", "/template update api-lt")
	w.wantListing("api-lt 1* web-lt 1 2* 3")
	if !Reversible(w.rec) {
		t.Error("got no way to delete it")
	}
}

func TestANameTakenMeanwhileVoids(t *testing.T) {
	for _, at := range []string{stepCheck, stepMake} {
		w := newWorld(t)
		w.propose(creating())
		w.until(at)
		w.aws.AddTemplate(awssim.Template{Name: "api-lt", Versions: []awssim.TemplateVersion{{Image: "ami-0001"}}})
		w.rec.Command = "/template create api-lt"
		w.finish(ledger.Void, "api-lt", "`/template show api-lt", "Nothing was changed.")
		if strings.Contains(w.rec.Outcome, "Ask again") {
			t.Errorf("got %q: the same would be refused again", w.rec.Outcome)
		}
	}
}

func TestALiveServerIsAdopted(t *testing.T) {
	w := newWorld(t)
	id, err := w.aws.AddInstance(awssim.Instance{Name: "snowflake", Image: "ami-0001", Type: "t3.small"})
	if err != nil {
		t.Fatal(err)
	}
	p := w.propose(Want{Action: Adopt, Name: "snow-lt", From: fleet.InstanceID(id)})
	if !strings.Contains(strings.Join(p.Left, ", "), "its zone eu-west-1a") {
		t.Errorf("got %q left out, want its zone", p.Left)
	}
	w.finish(ledger.Succeeded, "Template snow-lt is there, made from "+id)
	v, err := w.fleet.TemplateVersion(t.Context(), fleet.TemplateRef{Name: "snow-lt", Version: "1"})
	if err != nil || v.Image != "ami-0001" || v.InstanceType != "t3.small" {
		t.Errorf("got %+v, %v, want the server's image and type", v, err)
	}
}

func TestCleanDeletesWhatNobodyUses(t *testing.T) {
	w := newWorld(t)
	w.aws.AddTemplate(awssim.Template{ID: "lt-0002", Name: "old-lt", Default: 300, Versions: make([]awssim.TemplateVersion, 0)})
	var versions []awssim.TemplateVersion
	for range 450 {
		versions = append(versions, awssim.TemplateVersion{Image: "ami-0001"})
	}
	w.aws.AddTemplate(awssim.Template{ID: "lt-0003", Name: "many-lt", Default: 300, Versions: versions})
	for name, version := range map[string]string{"a": "7", "b": "8"} {
		if err := w.aws.AddGroup(awssim.Group{Name: name, Template: "many-lt", Version: version, Desired: 1, Max: 4}); err != nil {
			t.Fatal(err)
		}
	}
	p := w.propose(Want{Action: Clean, Name: "many-lt", Keep: 10})
	if len(p.Deletes) != 437 || p.Title() != "Delete 437 old versions of template many-lt" || !p.Brief().Blast.Irreversible {
		t.Fatalf("got %d to delete: %s", len(p.Deletes), p.Title())
	}
	w.until(stepClean)
	if err := w.aws.AddGroup(awssim.Group{Name: "late", Template: "many-lt", Version: "9", Desired: 1, Max: 4}); err != nil {
		t.Fatal(err)
	}
	w.finish(ledger.Succeeded, "Deleted 436 versions of template many-lt.", "Version 9 stays: group late launches from it.")
	left, err := w.fleet.TemplateVersions(t.Context(), fleet.TemplateRef{Name: "many-lt"})
	if err != nil || len(left) != 14 {
		t.Errorf("got %d left, %v, want 14", len(left), err)
	}
}

func TestARefreshKeepsWhatItLeadsTo(t *testing.T) {
	w := newWorld(t)
	w.group("web", "1", 2)
	if _, err := w.fleet.(interface {
		Fleet
		startRefresh
	}).StartRefresh(t.Context(), fleet.RefreshOrder{Group: "web", Template: fleet.TemplateRef{ID: "lt-0001", Version: "2"}, MinHealthy: 100, MaxHealthy: 150}); err != nil {
		t.Fatal(err)
	}
	if err := w.fleet.SetDefaultVersion(t.Context(), "lt-0001", 3, "three"); err != nil {
		t.Fatal(err)
	}
	p, err := w.plan(Want{Action: Clean, Name: "web-lt", Keep: 1})
	if err != nil || len(p.Deletes) != 0 || len(p.Brief().Stops()) != 1 {
		t.Errorf("got %v to delete, %+v, %v, want version 1 and 2 in use", p.Deletes, p.Kept, err)
	}
}

// TestEveryWordOfRefusalHelps: what cannot be is said with the next step.
func TestEveryWordOfRefusalHelps(t *testing.T) {
	w := newWorld(t)
	w.group("web", "3", 1)
	for _, c := range []struct {
		want       Want
		text, hint string
	}{
		{Want{Action: Create, Name: "web-lt", Spec: creating().Spec}, "There is a template web-lt already, at version 3.", "/template update web-lt"},
		{Want{Action: Update, Name: "web-lt", Source: 9, Spec: updating().Spec}, "Template web-lt has no version 9.", "/template versions web-lt"},
		{Want{Action: Update, Name: "web-lt", Spec: fleet.LaunchSpec{Image: "ami-0arm"}}, "Image ami-0arm is for arm64, and t3.small is x86_64.", "arm64"},
		{Want{Action: Update, Name: "web-lt", Spec: fleet.LaunchSpec{Image: "ami-9999"}}, "Image ami-9999 does not exist here.", "region"},
		{Want{Action: Update, Name: "web-lt", Spec: fleet.LaunchSpec{Image: "ami-0001"}}, "Version 3 of web-lt is like that already.", "--from"},
		{Want{Action: Default, Name: "web-lt", Version: 2}, "Version 2 is the default of web-lt already.", ""},
		{Want{Action: Default, Name: "web-lt", Version: 8}, "Template web-lt has no version 8.", "/template versions web-lt"},
		{Want{Action: Clean, Name: "web-lt", Keep: 5}, "none of them can go: the newest 5 are kept.", ""},
		{Want{Action: Adopt, Name: "x-lt", From: "i-0123456789abcdef0"}, "There is no instance i-0123456789abcdef0 in prod.", "terminated"},
		{Want{Action: Delete, Name: "web-lt"}, "Template web-lt is used by web.", "Attach another template"},
	} {
		p, err := w.plan(c.want)
		stops := p.Brief().Stops()
		if err != nil || len(stops) == 0 || !strings.Contains(stops[0].Text, c.text) || !strings.Contains(stops[0].Hint, c.hint) {
			t.Errorf("%+v: got %+v, %v, want %q (%q)", c.want, stops, err, c.text, c.hint)
		}
	}
	if _, err := w.plan(Want{Action: Update, Name: "wbe-lt", Spec: updating().Spec}); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "Did you mean `web-lt`?") {
		t.Errorf("got %v, want the name that was meant", err)
	}
}

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		want Want
		text string
	}{
		{Want{Action: Create, Name: "a b", Spec: creating().Spec}, "is no name for a launch template"},
		{Want{Action: Create, Name: "ab", Spec: creating().Spec}, "is no name for a launch template"},
		{Want{Action: Create, Name: "api-lt", Spec: fleet.LaunchSpec{Type: "t3.micro"}}, "needs an image"},
		{Want{Action: Create, Name: "api-lt", Spec: fleet.LaunchSpec{Image: "ami-0001"}}, "needs an instance type"},
		{Want{Action: Update, Name: "web-lt"}, "Nothing to change"},
		{Want{Action: Update, Name: "web-lt", Spec: fleet.LaunchSpec{UserData: text(strings.Repeat("x", 16385))}}, "16385 bytes long, and EC2 takes 16384"},
		{Want{Action: Update, Name: "web-lt", Spec: fleet.LaunchSpec{UserData: text(" \n")}}, "user data is empty"},
		{Want{Action: Update, Name: "web-lt", Spec: fleet.LaunchSpec{Image: "resolve:ssm:x"}}, "is a parameter"},
		{Want{Action: Update, Name: "web-lt", Spec: fleet.LaunchSpec{Tags: map[string]string{"aws:x": "y"}}}, "is no tag"},
		{Want{Action: Default, Name: "web-lt"}, "cannot exist"},
		{Want{Action: Clean, Name: "web-lt"}, "At least one version stays"},
		{Want{Action: Adopt, Name: "web-lt", From: "web"}, "is not the id of an instance"},
	} {
		if _, err := w.plan(c.want); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("got %v, want %q", err, c.text)
		}
	}
}
