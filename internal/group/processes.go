package group

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/plan"
)

// processing has processes of a group rest, or work again.
type processing struct{}

func (processing) aim(p *Plan, f Facts) {
	for _, name := range p.Want.Names {
		if slices.Contains(f.Group.Suspended, name) != p.Want.On && !slices.Contains(p.Change, name) {
			p.Change = append(p.Change, name)
		}
	}
	slices.Sort(p.Change)
	if len(p.Change) == 0 {
		p.stop("", "%s %s already.", strings.Join(p.Want.Names, ", "), restWords(len(p.Want.Names), p.Want.On))
	}
	if !p.Want.On {
		if slices.Contains(p.Change, "AddToLoadBalancer") && len(f.Group.TargetGroups) > 0 {
			p.warn(fmt.Sprintf("`/asg show %s` tells the targets' health; `/asg replace` brings what gets traffic.", p.Want.Group),
				"Instances that came while AddToLoadBalancer rested get no traffic afterwards either.")
		}
		return
	}
	for _, name := range p.Change {
		p.warn("", "While %s is suspended, %s.", name, processes()[name])
	}
	if p.Refreshing != "" && slices.Contains(p.Change, "Launch") {
		p.warn("Suspend InstanceRefresh to pause it.", "An instance refresh is under way (%s), which cannot go on without Launch and fails after a while.", p.Refreshing)
	}
}

func restWords(n int, on bool) string {
	verb := "is"
	if n > 1 {
		verb = "are"
	}
	if on {
		return verb + " suspended"
	}
	return verb + " at work"
}

func (processing) title(p Plan) string {
	if p.Want.On {
		return fmt.Sprintf("Suspend %s on %s", strings.Join(p.Want.Names, ", "), p.Want.Group)
	}
	return fmt.Sprintf("Resume %s on %s", strings.Join(p.Want.Names, ", "), p.Want.Group)
}

func (processing) impact(p Plan) string {
	if p.Want.On {
		return "the group looks after itself less until they are resumed"
	}
	return "the group looks after itself again; AWS may act at once on what piled up"
}

func (processing) blast(Plan) plan.Blast { return plan.Blast{} }

func (processing) facts(p Plan) []card.Fact {
	label := "Will rest"
	if !p.Want.On {
		label = "Will work again"
	}
	return []card.Fact{{Label: label, Value: card.T("%s", strings.Join(p.Change, ", "))}}
}
