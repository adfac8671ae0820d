package ledger_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// rows are the lines of the audit.
func (d *desk) rows() []audit.Event {
	d.t.Helper()
	rows, err := audit.New(d.s.Redis(), audit.Key(d.s.Prefix)).Read(d.ctx, "", 1000)
	d.ok(err)
	return rows
}

func TestEveryTransitionIsARowOfTheAudit(t *testing.T) {
	each(t, func(d *desk) {
		p := two("web", 1)
		p.Command, p.Reason, p.Facts, p.Rule.Policy = "asg rollout web", "a \"new\" image", []byte(`{"percent":50}`), "c0ffee"
		id := d.propose(p).ID
		dr := d.mustDraw()
		d.ok(d.Posted(d.ctx, dr, ledger.Message{Channel: "C1", TS: "1.2", Link: "https://slack.example/1"}))
		d.ok(d.Posted(d.ctx, dr, ledger.Message{Channel: "C1", TS: "1.2", Link: "https://slack.example/1"}))
		d.say(dr)
		d.ok(d.Drawn(d.ctx, dr, 0))
		_, err := d.Prolong(d.ctx, id, -1, person("UREQ"), time.Hour, 3)
		d.ok(err)
		_, err = d.approve(id, "U1", 0)
		d.ok(err)
		left := ledger.VoteOptions{Fills: map[string][]int{"U1": nil}}
		_, err = d.cast(id, ledger.Vote{Actor: person("U2"), Fills: []int{1}, Via: "command line"}, left)
		d.ok(err)
		_, err = d.cast(id, ledger.Vote{Actor: person("U3"), Fills: []int{0}}, ledger.VoteOptions{Stay: freeze("Frozen.")})
		d.ok(err)
		d.ok(d.Wake(d.ctx))
		d.ok(d.Admit(d.ctx, d.must()))
		d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{Step: "start", Line: "Checked."}))
		d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Succeeded, Outcome: "Done."}))

		rows := d.rows()
		var got []string
		for i, row := range rows {
			got = append(got, strings.TrimSpace(fmt.Sprint(row.Kind, " ", row.Who.User, " ", row.Outcome)))
			if row.Op != string(id) || row.Channel != "C1" || row.What != "Roll web" || row.Policy != "c0ffee" ||
				row.Fields["command"] != "asg rollout web" || row.Fields["digest"] != digest("web") {
				d.t.Errorf("%s does not say what it is about: %+v", row.Kind, row)
			}
			if linked := row.Link == "https://slack.example/1"; linked != (i > 0) {
				d.t.Errorf("%s: the link is %q", row.Kind, row.Link)
			}
		}
		d.want("rows", strings.Join(got, "|"), "proposed UREQ pending|posted  pending|extended UREQ pending|vote U1 pending|uncounted  pending"+
			"|vote U2 pending|vote U3 pending|approved U3 approved|held  held|started  running|step  running|ended  succeeded")
		first := rows[0].Fields
		d.want("rule", first["rule"], "prod")
		d.want("facts", first["facts"], `{"percent":50}`)
		d.want("needs", first["needs"], `[{"groups":["sre"],"min":1},{"groups":["owners"],"min":1}]`)
		d.want("reason", first["reason"], `a "new" image`)
		d.want("why it was held, and how it ended", rows[8].Fields["reason"]+rows[11].Fields["reason"], "Frozen.Done.")
		d.want("who lost their approval", rows[4].Fields["voter"], "U1")
		d.want("where it was given", rows[5].Fields["via"], "command line")
		d.verify()
	})
}

// verify checks the audit's chain.
func (d *desk) verify() {
	d.t.Helper()
	var export bytes.Buffer
	_, head, err := audit.New(d.s.Redis(), audit.Key(d.s.Prefix)).Export(d.ctx, &export, time.Time{})
	d.ok(err)
	report, err := audit.Verify(&export, head)
	d.ok(err)
	if report.Break != nil || !report.Whole || report.Unchained > 0 {
		d.t.Errorf("the audit's chain: %+v", report)
	}
}
