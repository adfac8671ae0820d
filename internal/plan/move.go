package plan

import (
	"encoding/json"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Side is what is launched before a change, or after it.
type Side struct {
	Template fleet.TemplateID
	Version  int64           // 0: it is not made yet
	Images   []fleet.ImageID // as far as the plan names them; a version has its own, whatever stands here
}

// Move is a change of what is launched. Its way back leads to From.
type Move struct{ From, To Side }

// Moves are the changes of what is launched that an operation's plan holds, whatever its kind: one for each group that
// is rolled or attached, one for a template's default. Plans of other kinds hold none.
func Moves(r ledger.Record) []Move {
	read := map[string]func(ledger.Record) []Move{
		"rollout": rolled, "patch": patched, "attach": attached, "launch": launched, "template": defaulted,
	}[r.Kind]
	if read == nil {
		return nil
	}
	return read(r)
}

// roll is what a rollout's plan says of it.
type roll struct {
	From  rollSide `json:"from"`
	To    rollSide `json:"to"`
	Mixed struct {
		Images []fleet.ImageID `json:"images"` // that the group's overrides name, and that a replacement of root volumes moves
	} `json:"mixed"`
}

type rollSide struct {
	Template fleet.TemplateID `json:"template"`
	Version  int64            `json:"version"`
	Image    fleet.ImageID    `json:"image"`
}

func (s rollSide) side(more ...fleet.ImageID) Side {
	return Side{s.Template, s.Version, append([]fleet.ImageID{s.Image}, more...)}
}

// move is a rollout with what it keeps: a version that it made is in no plan.
func (o roll) move(data json.RawMessage) Move {
	var made struct {
		Version int64 `json:"version"`
	}
	if o.To.Version == 0 && json.Unmarshal(data, &made) == nil {
		o.To.Version = made.Version
	}
	return Move{o.From.side(o.Mixed.Images...), o.To.side()}
}

func rolled(r ledger.Record) []Move {
	var o roll
	if json.Unmarshal(r.Payload, &o) != nil {
		return nil
	}
	return []Move{o.move(r.Data)}
}

// patched: a patch holds a rollout for each of its groups.
func patched(r ledger.Record) (all []Move) {
	var p struct {
		Groups []roll `json:"groups"`
	}
	var d struct {
		Parts []struct {
			Data json.RawMessage `json:"data"`
		} `json:"parts"`
	}
	if json.Unmarshal(r.Payload, &p) != nil {
		return nil
	}
	_ = json.Unmarshal(r.Data, &d) // without it nothing was made yet
	for i, o := range p.Groups {
		var data json.RawMessage
		if i < len(d.Parts) {
			data = d.Parts[i].Data
		}
		all = append(all, o.move(data))
	}
	return all
}

func attached(r ledger.Record) []Move {
	type version struct {
		Template fleet.TemplateID `json:"template"`
		Number   int64            `json:"number"`
		Image    fleet.ImageID    `json:"image"`
	}
	var p struct {
		Old version `json:"old"`
		New version `json:"new"`
	}
	if json.Unmarshal(r.Payload, &p) != nil {
		return nil
	}
	return []Move{{Side{p.Old.Template, p.Old.Number, []fleet.ImageID{p.Old.Image}}, Side{p.New.Template, p.New.Number, []fleet.ImageID{p.New.Image}}}}
}

// launched: a new group replaces nothing; its version is made from another one.
func launched(r ledger.Record) []Move {
	var p struct {
		Template struct {
			ID      fleet.TemplateID `json:"id"`
			Version int64            `json:"version"`
			Source  int64            `json:"source"`
		} `json:"template"`
	}
	if json.Unmarshal(r.Payload, &p) != nil {
		return nil
	}
	return []Move{{To: Side{Template: p.Template.ID, Version: p.Template.Version}}, {To: Side{Template: p.Template.ID, Version: p.Template.Source}}}
}

// defaulted: a template's default moves, by itself or to a version that is made; what is made is made from another one.
func defaulted(r ledger.Record) []Move {
	var p struct {
		Template fleet.TemplateID `json:"template"`
		Former   int64            `json:"former"`
		Want     struct {
			Action     string `json:"action"`
			Source     int64  `json:"source"`
			Version    int64  `json:"version"`
			SetDefault bool   `json:"set_default"`
		} `json:"want"`
	}
	if json.Unmarshal(r.Payload, &p) != nil {
		return nil
	}
	side := func(version int64) Side { return Side{Template: p.Template, Version: version} }
	switch w := p.Want; {
	case w.Action == "default":
		return []Move{{side(p.Former), side(w.Version)}}
	case w.Action == "update" && w.SetDefault:
		return []Move{{side(p.Former), side(w.Source)}}
	case w.Action == "update":
		return []Move{{To: side(w.Source)}}
	}
	return nil
}
