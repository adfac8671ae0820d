package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// pipeline is an operation of its own that runs, with its turn.
func (d *desk) pipeline(name string) *ledger.Turn {
	d.t.Helper()
	p := proposal(name, 0)
	p.Kind, p.Resource = "patch", "1/eu/patch/"+name
	d.propose(p)
	return d.must()
}

func (d *desk) take(t *ledger.Turn, resource string) ledger.ID {
	d.t.Helper()
	holder, err := d.Take(d.ctx, t, resource)
	d.ok(err)
	return holder
}

const web, api = "1/eu/asg/web", "1/eu/asg/api"

// TestWhatIsTakenKeepsOthersWaiting: a rollout of a group that a patch is at work on waits for it, and starts when the
// group is dropped, though the patch goes on.
func TestWhatIsTakenKeepsOthersWaiting(t *testing.T) {
	each(t, func(d *desk) {
		turn := d.pipeline("all")
		d.want("the holder", d.take(turn, web), ledger.ID(""))
		d.want("the holder, asked again", d.take(turn, web), ledger.ID(""))
		rollout := d.submit("web", 0)
		d.want("the rollout", rollout.State, ledger.Waiting)
		d.want("what it waits for", rollout.Ahead, turn.ID)
		d.ok(d.Drop(d.ctx, turn, web))
		d.ok(d.Drop(d.ctx, turn, web))
		d.want("the rollout after the drop", d.get(rollout.ID).State, ledger.Running)
		d.want("the patch after the drop", d.get(turn.ID).State, ledger.Running)
		d.want("whoever has it, for the patch", d.take(turn, web), rollout.ID)
	})
}

// TestWhatIsTakenIsGivenBackAtTheEnd: however the operation ends, and it belongs to the history of all that it took.
func TestWhatIsTakenIsGivenBackAtTheEnd(t *testing.T) {
	ends := map[string]func(d *desk, turn *ledger.Turn){
		"finished": func(d *desk, turn *ledger.Turn) { d.ok(d.Finish(d.ctx, turn, ledger.End{State: ledger.Failed})) },
		"given up": func(d *desk, turn *ledger.Turn) {
			_, err := d.Retry(d.ctx, turn, time.Second, "trouble", 1)
			d.ok(err)
			_, err = d.Abandon(d.ctx, turn.ID, person("UREQ"), "")
			d.ok(err)
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			each(t, func(d *desk) {
				turn := d.pipeline("all")
				d.take(turn, web)
				d.take(turn, api)
				rollout := d.submit("web", 0)
				end(d, turn)
				d.want("the rollout", d.get(rollout.ID).State, ledger.Running)
				for _, resource := range []string{web, api} {
					past, err := d.History(d.ctx, resource, 5)
					d.ok(err)
					if len(past) != 1 || past[0].ID != turn.ID {
						d.t.Errorf("the history of %s is %v, want the patch", resource, past)
					}
				}
				if _, held, err := d.Holder(d.ctx, api); held || err != nil {
					d.t.Errorf("%s is still held (%v)", api, err)
				}
			})
		})
	}
}

// TestAZombieTakesNothing: a worker whose turn is another's by now gets no resource and gives none back.
func TestAZombieTakesNothing(t *testing.T) {
	each(t, func(d *desk) {
		turn := d.pipeline("all")
		d.take(turn, web)
		d.ok(d.Checkpoint(d.ctx, turn, ledger.Mark{Step: "next"}))
		if _, err := d.Take(d.ctx, turn, api); !errors.Is(err, ledger.ErrFenced) && !errors.Is(err, ledger.ErrSeq) {
			d.t.Errorf("taking with an old turn: got %v, want a refusal", err)
		}
		if err := d.Drop(d.ctx, turn, web); !errors.Is(err, ledger.ErrFenced) && !errors.Is(err, ledger.ErrSeq) {
			d.t.Errorf("dropping with an old turn: got %v, want a refusal", err)
		}
		d.want("the holder of web", d.take(d.must(), web), ledger.ID(""))
	})
}
