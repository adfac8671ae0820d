package app_test

import (
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

// at gives the simulated AWS a clock of its own.
func at(c *workspace.Clock) func(*awssim.Options) {
	return func(o *awssim.Options) { o.Now = c.Now }
}

// refreshes are a group's, oldest first, by status.
func (w *world) refreshes(group string) (all []string) {
	for _, r := range slices.Backward(w.Cloud.Region("eu-west-1").Refreshes(group)) {
		all = append(all, r.Status)
	}
	return all
}

// effects counts the refreshes that were started on a group, and the versions of its template that were made:
// calls with the same token are one.
func (w *world) effects(group string) (starts, versions int) {
	tokens := map[string]bool{}
	for _, c := range w.Cloud.Calls() {
		switch {
		case c.Error != "":
		case c.Action == "StartInstanceRefresh" && c.Params["AutoScalingGroupName"] == group:
			starts++
		case c.Action == "CreateLaunchTemplateVersion" && w.templateOf(group) == c.Params["LaunchTemplateId"]:
			tokens[c.ClientToken] = true
		}
	}
	return starts, len(tokens)
}

func (w *world) templateOf(group string) string {
	g, _ := w.Cloud.Region("eu-west-1").Group(group)
	return g.Template.ID
}

func contains(m slacksim.Message, words string) bool { return strings.Contains(m.Visible(), words) }
