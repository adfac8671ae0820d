package rollout

import (
	"strconv"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// Previous is what rolls an ended rollout back: a roll to the version the group launched before. There is
// none for an operation that left nothing of what it brought, or whose group is gone. A roll back that did
// not come to its end is rolled back by trying it again.
func Previous(r ledger.Record) (Want, bool) {
	if r.Kind != Kind || !r.State.Final() {
		return Want{}, false
	}
	p, d, err := decode(r)
	if err != nil || d.Refresh == "" && len(d.Past) == 0 {
		return Want{}, false
	}
	switch {
	case d.Gone, r.State == ledger.Undone && d.remains() == 0, p.Want.Back && r.State == ledger.Succeeded:
		return Want{}, false
	case p.Want.Back:
		return p.Want, true
	case p.From.Version == 0, p.From.Version == d.Version, d.vanished():
		return Want{}, false
	}
	return Want{Version: p.From.Version, Template: p.From.Template, Back: true, Strategy: p.Want.Strategy, Standby: p.Want.Standby, Protected: p.Want.Protected, Warmup: p.Want.Warmup}, true
}

// vanished reports whether neither the group nor any instance had anything of the new version at the end.
func (d Data) vanished() bool {
	return d.Launches > 0 && d.Launches != d.Version && d.Fleet[strconv.FormatInt(d.Version, 10)] == 0
}
