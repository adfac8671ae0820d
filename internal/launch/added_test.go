package launch

import (
	"context"
	"slices"
	"testing"

	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// joined has an instance in the group that somebody attached to it.
type joined struct {
	Fleet
	id fleet.InstanceID
}

func (j joined) Group(ctx context.Context, name fleet.GroupName) (fleet.Group, error) {
	g, err := j.Fleet.Group(ctx, name)
	if err == nil {
		g.Instances = append(slices.Clone(g.Instances), fleet.Member{ID: j.id, Zone: "eu-west-1a", Lifecycle: "InService", Health: "Healthy"})
	}
	return g, err
}

// TestAnInstanceThatSomebodyAttachedIsNotTerminated: the group is left with its template, and the end says so.
func TestAnInstanceThatSomebodyAttachedIsNotTerminated(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Group: "web", Image: "ami-0001", Size: 2, Type: "m7i.large"})
	w.until("followed", w.at(stepFollow))
	w.fleet = joined{w.client, w.source}
	w.ask("cancel", dev)
	w.finish(ledger.Failed)
	w.wantOutcome("Not everything could be taken back by {user:UDEV}.",
		"The group web is left as it is: instance "+string(w.source)+" was attached to it, and would be terminated with it.",
		"The launch template web is kept: web uses it by now.")
	g, err := w.client.Group(t.Context(), "web")
	if err != nil || len(g.Instances) != 2 {
		t.Errorf("got %d instances %v, want the group as it is", len(g.Instances), err)
	}
}

// TestVersionsThatOthersMadeAreKept, with the template that they are of.
func TestVersionsThatOthersMadeAreKept(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Group: "web", Image: "ami-0001", Size: 2, Type: "m7i.large"})
	w.until("followed", w.at(stepFollow))
	made, err := w.client.Template(t.Context(), fleet.TemplateRef{Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.client.CreateTemplateVersion(t.Context(), fleet.NewVersion{Template: made.ID, Source: 1, Image: "ami-0002", Token: "theirs"}); err != nil {
		t.Fatal(err)
	}
	w.ask("cancel", dev)
	w.finish(ledger.Undone)
	w.wantOutcome("The group web is deleted.", "The launch template web is kept: somebody has made other versions of it by now.")
	w.wantStands("web v2, shared-lt v2, 0 images")
}

// gilded says that an image is golden.
type gilded struct{ image fleet.ImageID }

func (g gilded) All(context.Context, string) ([]family.Golden, error) {
	return []family.Golden{{Environment: "prod", Family: "front", Image: g.image, At: noon}}, nil
}

func (g gilded) History(context.Context, string, string, int) ([]family.Golden, error) {
	return g.All(context.Background(), "")
}

// TestAnImageThatBecameGoldenOrWasSharedIsKept, even if it was asked to go, too.
func TestAnImageThatBecameGoldenOrWasSharedIsKept(t *testing.T) {
	for want, then := range map[string]func(w *world){
		"is kept: it is the golden image of front.": func(w *world) { w.keep.Families = gilded{w.data().Image} },
		"is kept: it is shared with 210987654321.": func(w *world) {
			if err := w.client.ShareImage(t.Context(), w.data().Image, []string{"210987654321"}, nil); err != nil {
				t.Fatal(err)
			}
		},
	} {
		w := newWorld(t)
		w.propose(w.fifty())
		w.until("followed", w.at(stepFollow))
		then(w)
		w.ask("rollback", dev)
		w.finish(ledger.Undone)
		w.wantOutcome(want)
		w.wantStands("shared-lt v2, 1 images")
	}
}

// untagged is a cloud in which somebody has taken the tags from the group.
type untagged struct{ Fleet }

func (u untagged) Group(ctx context.Context, name fleet.GroupName) (fleet.Group, error) {
	g, err := u.Fleet.Group(ctx, name)
	g.Tags = nil
	return g, err
}

// TestAGroupWithoutItsTagIsNotCalledDeleted: it is there, and cannot be told to be ours.
func TestAGroupWithoutItsTagIsNotCalledDeleted(t *testing.T) {
	w := newWorld(t)
	w.propose(Want{Group: "web", Image: "ami-0001", Size: 2, Type: "m7i.large"})
	w.until("followed", w.at(stepFollow))
	w.fleet = untagged{w.client}
	w.finish(ledger.Failed)
	w.wantOutcome("The group web does not carry this operation's tag amiral:operation any more, so it is not followed and nothing of it is touched.", "There is: the launch template web.")
}
