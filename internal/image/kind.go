package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// The kinds of operations, which are the workflows' names in records.
const (
	KindPromote = "promote" // a promotion, or its revert
	KindCopy    = "copy"
	KindShare   = "share" // with others, or no more
	KindTag     = "tag"
)

// First is the step that each of them begins with.
const First = stepCheck

// The steps. Which of them an operation takes depends on its kind.
const (
	stepCheck   = "check"   // that what was approved still holds
	stepTag     = "tag"     // write tags
	stepPoint   = "point"   // move the golden pointer
	stepSettle  = "settle"  // look once more whether what is golden can be launched
	stepPublish = "publish" // write the parameter
	stepShare   = "share"   // give and take launch permissions
	stepCopy    = "copy"    // ask for copies
	stepFollow  = "follow"  // until they are there
	stepUnshare = "unshare" // take back what was shared for the copying
)

// Reader is the part of the cloud that plans are read from.
type Reader interface {
	Looker
	Identity(ctx context.Context) (fleet.Identity, error)
	ImageNamed(ctx context.Context, name string) (fleet.Image, error)
	Parameter(ctx context.Context, name string) (fleet.Parameter, error)
	Snapshots(ctx context.Context, ids ...string) ([]fleet.Snapshot, error)
}

// Looker looks at one image.
type Looker interface {
	Image(ctx context.Context, id fleet.ImageID) (fleet.Image, error)
	SharedWith(ctx context.Context, id fleet.ImageID) ([]string, error)
}

// Fleet is the part of the cloud that workflows use.
type Fleet interface {
	Reader
	Writer
	Storage
	CopyImage(ctx context.Context, o fleet.ImageCopy) (fleet.ImageID, error)
}

// Storage is what images are made of.
type Storage interface {
	SnapshotReaders(ctx context.Context, id string) ([]string, error)
	ShareSnapshots(ctx context.Context, add, remove []string, ids ...string) error
}

// Writer changes what stands about an image. Doing so twice is harmless, except for the number of a parameter's version.
type Writer interface {
	Tag(ctx context.Context, tags map[string]string, resources ...string) error
	Untag(ctx context.Context, keys []string, resources ...string) error
	ShareImage(ctx context.Context, id fleet.ImageID, add, remove []string) error
	PutParameter(ctx context.Context, name, value string) (int64, error)
}

// Place is an account in a region, by its environment.
type Place struct {
	Environment string `json:"environment"`
	Account     string `json:"account"`
	Region      string `json:"region"`
}

// resource names something there that is locked while it is worked on.
func (p Place) resource(kind, name string) string {
	return fmt.Sprintf("%s/%s/%s/%s", p.Account, p.Region, kind, name)
}

// Subject is the image that a plan is about, as far as people need to see it.
type Subject struct {
	ID           fleet.ImageID     `json:"id"`
	Name         string            `json:"name,omitempty"`
	Architecture string            `json:"architecture,omitempty"`
	Owner        string            `json:"owner,omitempty"`
	Created      time.Time         `json:"created,omitzero"`
	Size         int               `json:"size,omitempty"` // GiB of all its disks
	Encrypted    bool              `json:"encrypted,omitempty"`
	Keys         []string          `json:"keys,omitempty"` // KMS keys that it is encrypted with, where they matter and are known
	Tags         map[string]string `json:"tags,omitempty"`
}

func subject(i fleet.Image) Subject {
	s := Subject{ID: i.ID, Name: i.Name, Architecture: i.Architecture, Owner: i.Owner, Created: i.Created, Tags: i.Tags}
	for _, d := range i.Disks {
		s.Size += d.Size
		s.Encrypted = s.Encrypted || d.Encrypted
	}
	return s
}

// text is the image with what people know it by.
func (s Subject) text() card.Text { return named(s.ID, s.Name) }

// words is the same in a sentence.
func (s Subject) words() string { return Words(s.ID, s.Name) }

// named is an image with what people know it by.
func named(id fleet.ImageID, name string) card.Text {
	if name == "" {
		return card.Code(string(id))
	}
	return card.Join(card.Code(string(id)), card.T(" %s", name))
}

// Words names an image in a sentence: "web-2026.11.2 (ami-0b2)".
func Words(id fleet.ImageID, name string) string {
	if name == "" {
		return string(id)
	}
	return name + " (" + string(id) + ")"
}

// place is where a reader looks.
func place(ctx context.Context, from Reader, environment string) (Place, error) {
	who, err := from.Identity(ctx)
	if err != nil {
		return Place{}, fmt.Errorf("find the account of %s: %w", environment, err)
	}
	return Place{Environment: environment, Account: who.Account, Region: who.Region}, nil
}

// look reads an image; nil when there is none.
func look(ctx context.Context, from Looker, id fleet.ImageID) (*fleet.Image, error) {
	i, err := from.Image(ctx, id)
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read image %s: %w", id, err)
	}
	return &i, nil
}

// Unusable says why nothing can be made from an image; empty when it can.
func Unusable(i fleet.Image) string {
	name := Words(i.ID, i.Name)
	reason := ""
	if i.StateReason != "" {
		reason = ": " + i.StateReason
	}
	switch i.State {
	case "available", "":
		return ""
	case "pending":
		return fmt.Sprintf("%s is still being made.", name)
	case "disabled":
		return fmt.Sprintf("%s is disabled, so nothing launches from it.", name)
	case "deregistered":
		return fmt.Sprintf("%s was deregistered.", name)
	}
	return say.Closed(fmt.Sprintf("%s is %s%s", name, i.State, reason))
}

// unusable is the finding for an image that nothing can be made from.
func unusable(i fleet.Image) []card.Finding {
	text := Unusable(i)
	if text == "" {
		return nil
	}
	hint := "Take another image: `/ami list` shows them."
	switch i.State {
	case "pending":
		hint = "Ask again when it is available."
	case "disabled":
		hint = "`/ami retire " + string(i.ID) + " --undo` brings it back."
	}
	return []card.Finding{{Stop: true, Text: text, Hint: hint}}
}

// none is the fault for an image that is not there.
func none(id fleet.ImageID, environment string) error {
	return fault.New(fault.NotFound, "There is no image %s in %s.", card.Inert(string(id)), environment).WithHint("`/ami list` shows those there are.")
}

// fingerprint is a digest of what is material.
func fingerprint(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}
