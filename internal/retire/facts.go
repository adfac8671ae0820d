package retire

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// Reader is the part of the cloud that a plan is read from.
type Reader interface {
	Referrers
	Images(ctx context.Context, ids ...fleet.ImageID) ([]fleet.Image, error)
	OwnImages(ctx context.Context) ([]fleet.Image, error)
	SharedWith(ctx context.Context, id fleet.ImageID) ([]string, error)
	Identity(ctx context.Context) (fleet.Identity, error)
}

// Facts is what a plan is made from.
type Facts struct {
	Now         time.Time
	Environment string
	Account     string
	Region      string
	Images      []fleet.Image // that were asked for, or of the family: newest first
	Uses        Uses
	Notes       []card.Finding             // what could not be seen
	Shared      map[fleet.ImageID][]string // launch permissions of those that may go; when bringing back: as they were
	Holders     map[string][]fleet.ImageID // own images, by snapshot
}

// Gather reads the facts: seven calls, one for each template whose versions must be looked at, and one for each image that
// may go.
func Gather(ctx context.Context, from Reader, keep Keepers, environment string, ask Query, want Want) (Facts, error) {
	f := Facts{Now: ask.Now, Environment: environment, Shared: map[fleet.ImageID][]string{}, Holders: map[string][]fleet.ImageID{}}
	who, err := from.Identity(ctx)
	if err != nil {
		return f, fmt.Errorf("find the account of %s: %w", environment, err)
	}
	f.Account, f.Region = who.Account, who.Region
	all, err := from.OwnImages(ctx)
	if err != nil {
		return f, fmt.Errorf("list images: %w", err)
	}
	f.hold(all)
	if f.Images, err = chosen(ctx, from, all, want); err != nil {
		return f, err
	}
	if want.Restore {
		f.Shared, err = remembered(ctx, keep.Records, want.Images)
		return f, err
	}
	var may []Doomed
	for _, i := range f.candidates(want) {
		may = append(may, Of(i))
	}
	if f.Uses, f.Notes, err = Find(ctx, from, keep, ask, may...); err != nil {
		return f, err
	}
	return f, f.permissions(ctx, from, want)
}

// hold notes which images have which snapshots.
func (f *Facts) hold(all []fleet.Image) {
	for _, i := range all {
		if i.State == "deregistered" {
			continue
		}
		for _, d := range i.Disks {
			if d.Snapshot != "" {
				f.Holders[d.Snapshot] = append(f.Holders[d.Snapshot], i.ID)
			}
		}
	}
}

// chosen are the images that were asked for. Those that are not the account's own must be looked for.
func chosen(ctx context.Context, from Reader, own []fleet.Image, want Want) ([]fleet.Image, error) {
	if want.prune() {
		return slices.DeleteFunc(slices.Clone(own), func(i fleet.Image) bool {
			return i.Tags[family.Tag] != want.Family || i.State == "deregistered"
		}), nil
	}
	var images []fleet.Image
	var missing []fleet.ImageID
	for _, id := range want.Images {
		i := slices.IndexFunc(own, func(i fleet.Image) bool { return i.ID == id })
		if i < 0 {
			missing = append(missing, id)
			continue
		}
		images = append(images, own[i])
	}
	if len(missing) == 0 {
		return images, nil
	}
	others, err := from.Images(ctx, missing...)
	if err != nil {
		return nil, fmt.Errorf("read images: %w", err)
	}
	return append(images, others...), nil
}

// candidates are the images that may go as far as their age tells.
func (f Facts) candidates(want Want) []fleet.Image {
	var all []fleet.Image
	for n, i := range f.Images {
		if i.Owner == f.Account && i.State != "deregistered" && young(f, want, n) == "" {
			all = append(all, i)
		}
	}
	return all
}

// young says why the n-th image of a family stays whatever refers to it; empty when it may go.
func young(f Facts, want Want, n int) string {
	switch {
	case !want.prune():
		return ""
	case f.launchable(n) && f.newer(n) < want.Keep:
		return newest(want.Keep)
	case want.Older > 0 && f.Now.Sub(f.Images[n].Created) < want.Older:
		return "it is not old enough"
	}
	return ""
}

// launchable reports whether the n-th image can be launched and is not on its way out: only such count among the newest
// that stay, or three bakes that failed would stand for the last three good images.
func (f Facts) launchable(n int) bool {
	i := f.Images[n]
	return i.State == "available" && (i.Deprecated.IsZero() || i.Deprecated.After(f.Now))
}

// newer is how many images are newer than the n-th and can be launched.
func (f Facts) newer(n int) int {
	count := 0
	for m := range n {
		if f.launchable(m) {
			count++
		}
	}
	return count
}

// newest says that an image is among so many that stay.
func newest(keep int) string {
	if keep == 1 {
		return "it is the newest"
	}
	return fmt.Sprintf("it is one of the newest %d", keep)
}

// permissions reads whom the images are shared with that go: of a family no more than one operation takes, the oldest.
func (f *Facts) permissions(ctx context.Context, from Reader, want Want) error {
	for _, i := range slices.Backward(f.candidates(want)) {
		if len(f.Shared) == mostImages {
			return nil
		}
		if why, _ := untouchable(*f, i); why != "" || len(counting(f.Uses[i.ID], want)) > 0 {
			continue
		}
		with, err := from.SharedWith(ctx, i.ID)
		if err != nil && fleet.KindOf(err) == fleet.Absent {
			continue
		}
		if err != nil {
			return fmt.Errorf("read whom %s is shared with: %w", i.ID, err)
		}
		f.Shared[i.ID] = with
	}
	return nil
}

// remembered are the launch permissions that the last retirement of each image took away and that nobody gave back. What
// one before that took away is history: whoever had them then may have lost them on purpose since.
func remembered(ctx context.Context, records Records, ids []fleet.ImageID) (map[fleet.ImageID][]string, error) {
	found := map[fleet.ImageID][]string{}
	if records == nil {
		return found, nil
	}
	past, err := records.Recent(ctx, 1000)
	if err != nil {
		return nil, fmt.Errorf("list recent operations: %w", err)
	}
	for _, r := range past {
		if r.Kind != Kind {
			continue
		}
		_, d, err := decode(r)
		if err != nil {
			continue // it tells nothing, and another one may
		}
		for _, i := range d.Images {
			if _, known := found[i.ID]; !known && slices.Contains(ids, i.ID) && i.Stage != Waiting && i.Stage != Kept {
				found[i.ID] = i.lost()
			}
		}
	}
	return found, nil
}

// lost are the launch permissions that the image lost and did not get back.
func (p Progress) lost() []string {
	if p.Why == "" && p.Stage == Restored {
		return nil
	}
	return p.Shared
}
