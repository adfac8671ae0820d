package image

import (
	"context"
	"fmt"
	"slices"

	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// Loan is what another account is allowed while it copies an image, and was not allowed before.
type Loan struct {
	Account   string   `json:"account"`
	Image     bool     `json:"image,omitempty"`     // to launch it
	Snapshots []string `json:"snapshots,omitempty"` // to read these of it
}

// open lets other accounts copy the image. What they may do already is looked up first, and noted, so that no more is
// taken back than was given, whatever happens in between.
func (w Workflow) open(ctx context.Context, t engine.Turn, f Fleet, p Copying, d *copies) (engine.Outcome, error) {
	if s, ok := stopped(t); ok {
		return w.settle(d, ledger.Cancelled, say.Phrase("It was stopped%s before anything was copied.", say.By(s.By))), nil
	}
	if !d.Looked {
		image, err := look(ctx, f, p.Image.ID)
		if err != nil {
			return engine.Outcome{}, err
		}
		if image == nil {
			return void(p.Image.words() + " does not exist any more."), nil
		}
		d.Loans, err = loans(ctx, f, *image, p)
		d.Looked = true
		return next(stepShare), err
	}
	for _, l := range d.Loans {
		err := l.give(ctx, f, p.Image.ID)
		if final(err) {
			return w.settle(d, ledger.Failed, say.Phrase("Nothing was copied. AWS refused to let %s read %s meanwhile: %s", l.Account, p.Image.ID, say.AWS(err))), nil
		}
		if err != nil {
			return engine.Outcome{}, fmt.Errorf("let %s read %s: %w", l.Account, p.Image.ID, err)
		}
	}
	return next(stepCopy), nil
}

// loans are what other accounts need to copy an image, and lack. Where AWS does not let us see who may read a snapshot,
// nobody may.
func loans(ctx context.Context, f Fleet, i fleet.Image, p Copying) ([]Loan, error) {
	var all []Loan
	for _, account := range p.Read {
		all = append(all, Loan{Account: account, Image: slices.Contains(p.Share, account)})
	}
	for _, disk := range i.Disks {
		if disk.Snapshot == "" {
			continue
		}
		readers, err := f.SnapshotReaders(ctx, disk.Snapshot)
		if err != nil && fleet.KindOf(err) != fleet.Refused {
			return nil, fmt.Errorf("read who may read %s: %w", disk.Snapshot, err)
		}
		for n := range all {
			if !slices.Contains(readers, all[n].Account) {
				all[n].Snapshots = append(all[n].Snapshots, disk.Snapshot)
			}
		}
	}
	return slices.DeleteFunc(all, func(l Loan) bool { return !l.Image && len(l.Snapshots) == 0 }), nil
}

func (l Loan) give(ctx context.Context, f Fleet, id fleet.ImageID) error {
	if l.Image {
		if err := f.ShareImage(ctx, id, []string{l.Account}, nil); err != nil {
			return err
		}
	}
	return f.ShareSnapshots(ctx, []string{l.Account}, nil, l.Snapshots...)
}

// take takes it back. What is gone needs none of it.
func (l Loan) take(ctx context.Context, f Fleet, id fleet.ImageID) error {
	var refusal error
	for _, end := range []func() error{
		func() error {
			if !l.Image {
				return nil
			}
			return f.ShareImage(ctx, id, nil, []string{l.Account})
		},
		func() error { return f.ShareSnapshots(ctx, nil, []string{l.Account}, l.Snapshots...) },
	} {
		err := end()
		switch {
		case err == nil || fleet.KindOf(err) == fleet.Absent:
		case final(err):
			refusal = err
		default:
			return err
		}
	}
	return refusal
}

// final reports whether trying again would change nothing.
func final(err error) bool {
	if err == nil {
		return false
	}
	_, refused := fault.As(say.Refusal(err, ""))
	return refused
}

// closeAgain takes back what was allowed for the copying.
func (w Workflow) closeAgain(ctx context.Context, f Fleet, p Copying, d *copies) (engine.Outcome, error) {
	text := d.Ending.Text
	for _, l := range d.Loans {
		err := l.take(ctx, f, p.Image.ID)
		if err != nil && !final(err) {
			return engine.Outcome{}, fmt.Errorf("share %s with %s no more: %w", p.Image.ID, l.Account, err)
		}
		if err != nil {
			d.Kept = true
			text = say.Sentences(text, say.Phrase("%s may still use %s or read its snapshots: %s", l.Account, p.Image.ID, say.AWS(err)))
		}
	}
	return engine.Outcome{End: d.Ending.State, Outcome: string(text)}, nil
}

// doubt says that copies in other accounts may fail when nobody waits for them.
func (d copies) doubt() say.Safe {
	if len(d.Loans) == 0 {
		return ""
	}
	return "Those in other accounts may fail, since these may read the image no more"
}
