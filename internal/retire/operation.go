package retire

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/plan"
)

// operations are those of the ledger that an image is needed for.
func (s *search) operations() error {
	if s.keep.Records == nil {
		return nil
	}
	open, err := s.keep.Records.Open(s.ctx)
	if err != nil {
		return fmt.Errorf("list open operations: %w", err)
	}
	for _, r := range open {
		s.open(r)
	}
	past, err := plan.Past(s.ctx, s.keep.Records, s.ask.Now.Add(-s.keep.rollback()))
	if err != nil {
		return err
	}
	for _, r := range past {
		s.replaced(r)
	}
	return nil
}

// open is an operation that runs or may yet run: it needs every image that it names.
func (s *search) open(r ledger.Record) {
	if r.ID == s.ask.Own {
		return
	}
	for _, id := range s.ids {
		if r.Kind == Kind {
			if retiring(r, id) {
				s.uses.add(id, Rolling, "", fmt.Sprintf("%s retires it already", r.ID))
			}
			continue
		}
		if names(r, id) {
			s.uses.add(id, Rolling, "", needing(r))
		}
	}
	for _, m := range plan.Moves(r) {
		for _, side := range []plan.Side{m.From, m.To} {
			at := version{side.Template, side.Version}
			s.named[at] = append(s.named[at], Use{Rank: Rolling, Text: needing(r)})
		}
	}
}

func needing(r ledger.Record) string {
	return fmt.Sprintf("%q (%s) %s and needs it", r.Title, r.ID, standing(r))
}

func standing(r ledger.Record) string {
	switch r.State {
	case ledger.Pending:
		return "waits for approval"
	case ledger.Held, ledger.Waiting:
		return "is approved"
	}
	return "runs"
}

// names reports whether an operation's plan or state holds an image's id.
func names(r ledger.Record, id fleet.ImageID) bool {
	quoted := []byte(`"` + string(id) + `"`)
	return bytes.Contains(r.Payload, quoted) || bytes.Contains(r.Data, quoted)
}

// About reports whether an operation that is open retires the image.
func About(r ledger.Record, id fleet.ImageID) bool {
	return r.Kind == Kind && !r.State.Final() && retiring(r, id)
}

// retiring reports whether an operation of this kind is about the image, and not only names it as one that stays.
func retiring(r ledger.Record, id fleet.ImageID) bool {
	p, d, err := decode(r)
	if err != nil || p.Want.Restore {
		return err != nil // what cannot be read counts
	}
	if i := slices.IndexFunc(d.Images, func(i Progress) bool { return i.ID == id }); i >= 0 {
		return !d.Images[i].Stage.over()
	}
	return slices.ContainsFunc(p.Images, func(i Doomed) bool { return i.ID == id })
}

// replaced is an operation that ended lately: its way back needs what was launched before, by its image or by the
// version of a template that names it.
func (s *search) replaced(r ledger.Record) {
	did := "replaced it"
	if r.State != ledger.Succeeded {
		did = "was to replace it"
	}
	use := Use{Rank: WayBack, Text: fmt.Sprintf("%q (%s) %s, and the way back may need it until %s", r.Title, r.ID, did, moment(r.Ended.Add(s.keep.rollback())))}
	for _, m := range plan.Moves(r) {
		s.named[version{m.From.Template, m.From.Version}] = append(s.named[version{m.From.Template, m.From.Version}], use)
		for _, id := range s.ids {
			if slices.Contains(m.From.Images, id) {
				s.uses.add(id, use.Rank, "", use.Text)
			}
		}
	}
}

// Retired is what a retirement did to an image that it has deregistered; false when it has not.
func Retired(r ledger.Record, id fleet.ImageID) (Progress, bool) {
	if r.Kind != Kind {
		return Progress{}, false
	}
	_, d, err := decode(r)
	if err != nil {
		return Progress{}, false
	}
	i := slices.IndexFunc(d.Images, func(i Progress) bool { return i.ID == id && i.Stage == Gone })
	if i < 0 {
		return Progress{}, false
	}
	return d.Images[i], true
}

// Left says which of its snapshots an image that is gone has left; empty when it has left none.
func (p Progress) Left() string { return remains(p.Fates) }

// Removed are the images that a retirement disabled and did not deregister: those that can be brought back.
func Removed(r ledger.Record) []fleet.ImageID {
	_, d, err := decode(r)
	if err != nil || r.Kind != Kind {
		return nil
	}
	var ids []fleet.ImageID
	for _, i := range d.Images {
		if i.Stage == Deprecated || i.Stage == Disabled {
			ids = append(ids, i.ID)
		}
	}
	return ids
}
