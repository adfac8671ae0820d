package retire

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// patience is how long AWS may take for its reports.
const patience = time.Hour

// usage has AWS tell how other accounts use what is shared with them, which takes minutes. Nothing is changed before it
// has told.
func (r *run) usage(ctx context.Context) (engine.Outcome, error) {
	if r.data.Asked.IsZero() {
		r.data.Asked = r.turn.Now
	}
	waiting := false
	for _, n := range r.data.left() {
		told, err := r.ask(ctx, &r.data.Images[n])
		if err != nil {
			return engine.Outcome{}, err
		}
		waiting = waiting || !told
	}
	if waiting {
		return engine.Outcome{In: cmp.Or(r.Poll, 15*time.Second)}, nil
	}
	r.blind()
	if why, ok := r.hopeless(); ok {
		return engine.Outcome{End: ledger.Void, Tone: string(card.Warning), Outcome: string(say.Phrase("%s Nothing was changed.", why))}, nil
	}
	return r.told(stepDeprecate, card.Warning), nil
}

// ask asks about one image, and reports whether AWS has told, or will not. Whom it is shared with was looked up when this
// began, and not only when it was approved.
func (r *run) ask(ctx context.Context, i *Progress) (bool, error) {
	if len(i.Shared) == 0 || i.Told {
		return true, nil
	}
	if i.Report == "" {
		report, err := r.fleet.StartUsageReport(ctx, i.ID, r.turn.Token("usage/"+string(i.ID)))
		if _, refused := fault.As(say.Refusal(err, "")); err != nil && refused {
			i.Told, i.Unknown = true, say.AWS(err)
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("ask how other accounts use %s: %w", i.ID, err)
		}
		i.Report = report
		return false, nil
	}
	return r.read(ctx, i)
}

// read looks whether a report is there.
func (r *run) read(ctx context.Context, i *Progress) (bool, error) {
	late := r.turn.Now.Sub(r.data.Asked) > patience
	state, usage, err := r.fleet.UsageReport(ctx, i.Report)
	switch {
	case err != nil && fleet.KindOf(err) == fleet.Refused:
		i.Told, i.Unknown = true, say.AWS(err)
	case err != nil && fleet.KindOf(err) != fleet.Absent:
		return false, fmt.Errorf("read how other accounts use %s: %w", i.ID, err)
	case state == "available":
		i.Told = true
		if text := abroad(usage); text != "" {
			i.Stage, i.Why = Kept, text
		}
	case state == "error":
		i.Told, i.Unknown = true, "AWS could not make the report."
	case late:
		i.Told, i.Unknown = true, "AWS did not tell within "+card.Span(patience)+"."
	}
	return i.Told, nil
}

// abroad says how other accounts use an image; empty when they do not.
func abroad(usage []fleet.Usage) string {
	var all []string
	for _, u := range usage {
		if u.Count == 0 {
			continue
		}
		what := say.Plural(u.Count, "instance")
		if u.Type == "ec2:LaunchTemplate" {
			what = say.Plural(u.Count, "launch template")
		}
		all = append(all, fmt.Sprintf("account %s has %s from it", u.Account, what))
	}
	if len(all) == 0 {
		return ""
	}
	return say.Some(all, 3)
}

// blind leaves alone what AWS does not tell about, unless that was asked for.
func (r *run) blind() {
	for _, n := range r.data.left() {
		i := &r.data.Images[n]
		if i.Unknown != "" && !r.plan.Want.Unknown {
			i.Stage = Kept
			i.Why = "it is shared, and AWS does not tell whether other accounts use it (" + i.Unknown + "); `--usage-unknown` retires it nevertheless"
		}
	}
}
