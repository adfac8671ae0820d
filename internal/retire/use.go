package retire

import (
	"cmp"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// Use is something because of which an image is still needed.
type Use struct {
	Rank Rank   `json:"rank"`
	Text string `json:"text"` // "is the golden image of web"
	Hint string `json:"hint,omitempty"`
}

// Rank orders uses, the most important first.
type Rank int

// The ranks.
const (
	Rolling    Rank = iota // an operation that is open names it
	Golden                 // of a family
	Launched               // by a group
	Running                // instances run it
	Abroad                 // another account uses it
	WayBack                // it was replaced or golden so lately that the way back needs it
	Default                // of a template, or its latest version
	Parameter              // holds it
	Recipe                 // of Image Builder
	Other                  // something that AWS names and I do not know
	OldVersion             // of a template; nothing uses it
)

// Uses are what needs each image, the most important first.
type Uses map[fleet.ImageID][]Use

func (u Uses) add(id fleet.ImageID, rank Rank, hint, text string) {
	use := Use{Rank: rank, Text: text, Hint: hint}
	if !slices.Contains(u[id], use) {
		u[id] = append(u[id], use)
	}
}

func (u Uses) sort() {
	for _, uses := range u {
		slices.SortStableFunc(uses, func(a, b Use) int { return cmp.Compare(a.Rank, b.Rank) })
	}
}

// counting are those that keep an image: old versions of templates only while the wish minds them.
func counting(uses []Use, w Want) []Use {
	if !w.OldVersions {
		return uses
	}
	return slices.DeleteFunc(slices.Clone(uses), func(u Use) bool { return u.Rank == OldVersion })
}

// words lists a few uses in a sentence: "it is the golden image of web, launches group web and 2 more".
func words(uses []Use, most int) string {
	texts := make([]string, len(uses))
	for i, u := range uses {
		texts[i] = u.Text
	}
	return say.Some(texts, most)
}

// resource is the last part of an ARN: "i-0abc", "lt-0abc", a parameter's name with its slash.
func resource(arn, kind string) string {
	_, name, ok := strings.Cut(arn, ":"+kind+"/")
	if !ok {
		return arn
	}
	name, _, _ = strings.Cut(name, ":")
	return name
}
