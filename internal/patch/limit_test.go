package patch

import (
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// TestWhereNoMachineForTheTestCanBeLaunched: another zone is tried where one has none, which a limit of the account does
// not care about; and what to do is told.
func TestWhereNoMachineForTheTestCanBeLaunched(t *testing.T) {
	limit := awssim.Fault{Kind: awssim.FaultError, Action: "ec2:RunInstances", Code: "VcpuLimitExceeded", Message: "Your current vCPU limit of 32 is reached."}
	for _, tt := range []struct {
		name  string
		fault awssim.Fault
		state ledger.State
		says  []string
	}{
		{"one zone is dry", awssim.Fault{Kind: awssim.FaultCapacity, Zone: "eu-west-1a"}, ledger.Succeeded, nil},
		{"every zone is dry", awssim.Fault{Kind: awssim.FaultCapacity}, ledger.Failed, []string{"No zone of the group has one.", "web and api were not touched"}},
		{"a limit", limit, ledger.Failed, []string{"vCPU limit of 32", "ask AWS for a higher one", "web and api were not touched"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.propose(w.full())
			w.until("baked", func() bool { return w.rec.At == stepTrial })
			tried := len(w.lines)
			w.sim.Faults().Add(tt.fault)
			w.until("tried", func() bool { return len(w.lines) > tried || w.data().Ending != nil })
			if tt.fault.Kind == awssim.FaultCapacity {
				w.wantLine("do not have sufficient t3.micro capacity in the Availability Zone you requested (eu-west-1a).")
				w.wantLine("The next zone is tried.")
			}
			w.finish(tt.state)
			w.wantOutcome(tt.says...)
			w.wantNoTestMachine()
		})
	}
}
