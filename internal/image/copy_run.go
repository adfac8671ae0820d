package image

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// copies is what copying keeps between its steps.
type copies struct {
	Copies []Copy    `json:"copies,omitempty"` // one for each target, in their order
	Asked  time.Time `json:"asked,omitzero"`   // when AWS was asked for them
	Looked bool      `json:"looked,omitempty"` // what other accounts may do was looked up
	Loans  []Loan    `json:"loans,omitempty"`  // what they are allowed for the copying, and no longer
	Kept   bool      `json:"kept,omitempty"`   // AWS would not take that back
	Ending *ending   `json:"ending,omitempty"` // how it ends once that is in order
}

// ending is how an operation will end.
type ending struct {
	State ledger.State `json:"state"`
	Text  say.Safe     `json:"text"`
}

// Copy is one copy as it was last seen.
type Copy struct {
	Image   fleet.ImageID `json:"image,omitempty"`
	State   string        `json:"state,omitempty"` // as AWS spells it; refused when there is none
	Percent int           `json:"percent,omitempty"`
	Why     string        `json:"why,omitempty"` // AWS's own words on a failure
}

// over reports whether it will not change any more.
func (c Copy) over() bool { return c.State != "" && c.State != "pending" }

func (c Copy) good() bool { return c.State == "available" }

func (w Workflow) copy(ctx context.Context, t engine.Turn, p Copying, d *copies) (engine.Outcome, error) {
	f, err := w.reach(t)
	if err != nil {
		return engine.Outcome{}, err
	}
	switch t.At {
	case stepCheck:
		return w.checkCopy(ctx, t, f, p)
	case stepShare:
		return w.open(ctx, t, f, p, d)
	case stepCopy:
		return w.request(ctx, t, p, d)
	case stepFollow:
		return w.follow(ctx, t, p, d)
	case stepUnshare:
		return w.closeAgain(ctx, f, p, d)
	}
	return engine.Outcome{}, strange(t)
}

func (w Workflow) checkCopy(ctx context.Context, t engine.Turn, f Fleet, p Copying) (engine.Outcome, error) {
	if s, ok := stopped(t); ok {
		return cancelled(s), nil
	}
	at := func(d Destination) (Reader, error) { return w.at(d) }
	facts, err := GatherCopy(ctx, f, at, p.Environment, p.Want)
	if err != nil {
		return engine.Outcome{}, err
	}
	step := stepCopy
	if len(p.Read) > 0 {
		step = stepShare
	}
	return checked(p, step)(NewCopy(facts, p.Want))
}

// at finds the cloud of a destination.
func (w Workflow) at(d Destination) (Fleet, error) {
	if d.Region == "" {
		return w.Fleet(d.Environment)
	}
	return w.Regions(d.Environment, d.Region)
}

// request asks for the copies. Each has a token of its own, so that asking twice makes one.
func (w Workflow) request(ctx context.Context, t engine.Turn, p Copying, d *copies) (engine.Outcome, error) {
	if s, ok := stopped(t); ok {
		return w.settle(d, ledger.Cancelled, say.Phrase("It was stopped%s. AWS may have begun copies already: look for %s in %s.", say.By(s.By), p.Name, say.Some(p.where(), 5))), nil
	}
	d.Asked = t.Now
	d.Copies = make([]Copy, len(p.To))
	for i, target := range p.To {
		if target.Exists != "" {
			d.Copies[i] = Copy{Image: target.Exists, State: "pending"}
			continue
		}
		cloud, err := w.at(target.Destination)
		if err != nil {
			return engine.Outcome{}, fmt.Errorf("reach %s: %w", target.Destination.words(), err)
		}
		id, err := cloud.CopyImage(ctx, fleet.ImageCopy{
			Image: p.Image.ID, Region: p.Region, Name: p.Name, Text: p.Text, Key: p.Want.Key, Tags: p.tags(string(t.ID), t.Requester.User),
			Token: t.Token("copy/" + target.Account + "/" + target.Region),
		})
		if f, refused := fault.As(say.Refusal(err, "copy it to "+target.Destination.words())); err != nil && refused {
			d.Copies[i] = Copy{State: "refused", Why: f.Text}
			continue
		}
		if err != nil {
			return engine.Outcome{}, fmt.Errorf("copy %s to %s: %w", p.Image.ID, target.Destination.words(), err)
		}
		d.Copies[i] = Copy{Image: id, State: "pending"}
	}
	return engine.Outcome{Step: stepFollow, Tone: string(card.Working), Line: string(say.Phrase("AWS copies %s: %s.", p.Image.words(), d.list(p)))}, nil
}

// list names the copies.
func (d copies) list(p Copying) string {
	words := make([]string, len(d.Copies))
	for i, c := range d.Copies {
		words[i] = fmt.Sprintf("%s in %s", cmp.Or(string(c.Image), "none"), p.To[i].Destination.words())
	}
	return say.Some(words, 5)
}

// follow looks until every copy is there, or never will be. Slow is not failed.
func (w Workflow) follow(ctx context.Context, t engine.Turn, p Copying, d *copies) (engine.Outcome, error) {
	if s, ok := stopped(t); ok {
		return w.settle(d, ledger.Cancelled, say.Sentences(
			say.Phrase("It was stopped%s. What AWS has begun it goes on with: %s", say.By(s.By), d.list(p)), d.doubt())), nil
	}
	for i := range d.Copies {
		if d.Copies[i].over() {
			continue
		}
		if err := w.seen(ctx, t.Now.Sub(d.Asked), p, i, &d.Copies[i]); err != nil {
			return engine.Outcome{}, err
		}
	}
	if slices.ContainsFunc(d.Copies, func(c Copy) bool { return !c.over() }) {
		return engine.Outcome{In: cmp.Or(w.Poll, 15*time.Second)}, nil
	}
	return w.conclude(p, d, t.Command), nil
}

// unseen is how long a new image may be invisible.
const unseen = 5 * time.Minute

// seen looks at one copy, some time after it was asked for. When it is there it inherits the manifest.
func (w Workflow) seen(ctx context.Context, since time.Duration, p Copying, i int, c *Copy) error {
	cloud, err := w.at(p.To[i].Destination)
	if err != nil {
		return fmt.Errorf("reach %s: %w", p.To[i].Destination.words(), err)
	}
	now, err := look(ctx, cloud, c.Image)
	if err != nil {
		return err
	}
	if now == nil {
		if since > unseen {
			c.State, c.Why = "gone", "It is not there any more."
		}
		return nil
	}
	c.State, c.Why = now.State, now.StateReason
	c.Percent, err = progress(ctx, cloud, *now)
	if err != nil || !c.good() {
		return err
	}
	return w.inherit(ctx, p, p.To[i], c.Image)
}

// progress is how much of an image's snapshots is there, in percent.
func progress(ctx context.Context, from Fleet, i fleet.Image) (int, error) {
	var ids []string
	for _, d := range i.Disks {
		if d.Snapshot != "" {
			ids = append(ids, d.Snapshot)
		}
	}
	if len(ids) == 0 || i.State == "available" {
		return 0, nil
	}
	all, err := from.Snapshots(ctx, ids...)
	if err != nil && fleet.KindOf(err) != fleet.Absent {
		return 0, fmt.Errorf("read the snapshots of %s: %w", i.ID, err)
	}
	done, size := 0, 0
	for _, s := range all {
		done += s.Percent * s.Size
		size += s.Size
	}
	return done / max(size, 1), nil
}

// missing says why there is no good copy in a place, and what is left there of it.
func (c Copy) missing(where string) string {
	if c.Image == "" {
		return fmt.Sprintf("In %s there is no copy: %s", where, say.Closed(cmp.Or(c.Why, "it is "+c.State)))
	}
	return fmt.Sprintf("In %s the copy %s is %s: %s It launches nothing, and can be deregistered there.", where, c.Image, c.State, say.Closed(cmp.Or(c.Why, "AWS does not say why")))
}

// conclude says what came of it, and what to look at where a copy failed.
func (w Workflow) conclude(p Copying, d *copies, command string) engine.Outcome {
	var good, bad []string
	var cures []say.Safe
	for i, c := range d.Copies {
		where := p.To[i].Destination.words()
		if c.good() {
			good = append(good, fmt.Sprintf("%s in %s", c.Image, where))
			continue
		}
		bad = append(bad, c.missing(where))
		if c.Image != "" && c.State != "gone" {
			cures = append(cures, p.cure(p.To[i], command))
		}
	}
	if len(bad) == 0 {
		return w.settle(d, ledger.Succeeded, say.Phrase("%s is copied: %s.", p.Image.words(), strings.Join(good, ", ")))
	}
	text := say.Phrase("Not everything was copied. %s", strings.Join(bad, " "))
	text = say.Sentences(append([]say.Safe{text}, cures...)...)
	if len(good) > 0 {
		text = say.Sentences(text, say.Phrase("There is %s.", strings.Join(good, ", ")))
	}
	return w.settle(d, ledger.Failed, text)
}

// settle ends it, after what was shared for the copying is shared no more.
func (w Workflow) settle(d *copies, state ledger.State, text say.Safe) engine.Outcome {
	if len(d.Loans) == 0 {
		return engine.Outcome{End: state, Outcome: string(text)}
	}
	d.Ending = &ending{State: state, Text: text}
	return next(stepUnshare)
}
