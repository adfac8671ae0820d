package family

import (
	"regexp"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Tag is the tag by which an image says of which family it is.
const Tag = "amiral:family"

// Golden is the golden image of a family, now or once.
type Golden struct {
	Environment string        `json:"environment"`
	Family      string        `json:"family"`
	Image       fleet.ImageID `json:"image"`
	Name        string        `json:"name,omitempty"` // of the image
	At          time.Time     `json:"at"`             // when it became golden
	By          ledger.Actor  `json:"by"`
	Op          ledger.ID     `json:"op"`                 // the operation that made it so
	Revision    int64         `json:"revision"`           // counts what was golden in this family, from 1
	Restores    int64         `json:"restores,omitempty"` // the revision that this one went back to; 0: it is no return
}

var spelling = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// Check says what is wrong with the name of a family.
func Check(name string) error {
	if spelling.MatchString(name) {
		return nil
	}
	r := []rune(name)
	return fault.New(fault.Invalid, "`%s` is no name of a family.", card.Inert(string(r[:min(len(r), 80)]))).
		WithHint("Letters, digits, dots, dashes and underscores are taken, up to 63 of them, such as `web` or `api-arm64`.")
}

// Previous is what a history, newest first, goes back to: the golden image before the present one. A return that is
// taken back once more goes further back, and never forth to what it came from.
func Previous(history []Golden) (Golden, bool) {
	if len(history) == 0 {
		return Golden{}, false
	}
	now := history[0]
	before := now.Revision
	if now.Restores > 0 {
		before = now.Restores
	}
	i := slices.IndexFunc(history, func(g Golden) bool { return g.Revision < before && g.Image != now.Image })
	if i < 0 {
		return Golden{}, false
	}
	return history[i], true
}

// Since are those of a history, newest first, that were golden at some time after since: the present one, and those
// that it or a later one replaced within that time.
func Since(history []Golden, since time.Time) []Golden {
	var kept []Golden
	for i, g := range history {
		if i == 0 || history[i-1].At.After(since) {
			kept = append(kept, g)
		}
	}
	return kept
}
