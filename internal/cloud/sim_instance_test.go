package cloud

import (
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func TestInstanceKnowsItsGroupAndDisks(t *testing.T) {
	local(t)
	w := newWorld(t)
	id := w.member(t)
	ctx, calls := fleet.Counting(t.Context())
	i, err := w.Instance(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if i.Group != "web" || i.Subnet == "" || i.VPC == "" || i.PrivateIP == "" || i.Account == "" || i.State != "running" {
		t.Errorf("got %+v, want its group, network and account", i)
	}
	if len(i.Disks) == 0 || !i.Disks[0].Root || i.Disks[0].Size == 0 || i.Disks[0].Type == "" || i.Disks[0].Volume == "" {
		t.Errorf("got %+v, want its root with size and type", i.Disks)
	}
	if calls.Count() != 2 {
		t.Errorf("got %d calls, want one for the instance and one for its volumes", calls.Count())
	}
	_, err = w.Instance(ctx, "i-0123456789abcdef0")
	wantKind(t, err, fleet.Absent, "ec2:DescribeInstances")
}

func TestInstancesAreFound(t *testing.T) {
	local(t)
	w := newWorld(t)
	id, err := w.region.AddInstance(awssim.Instance{Name: "billing [1]", Image: w.golden, Type: "m5.large"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{"illing": 1, id: 1, id[:8]: 1, "b*g": 0, "": 5, "i-0": 5} {
		found, err := w.FindInstances(t.Context(), text, 50)
		if err != nil || want == 1 && (len(found) != 1 || string(found[0].ID) != id) || want == 0 && len(found) > 0 {
			t.Errorf("%q: got %+v, %v, want %d", text, found, err, want)
		}
	}
	if found, err := w.FindInstances(t.Context(), "", 2); err != nil || len(found) != 2 {
		t.Errorf("got %+v, %v, want no more than two", found, err)
	}
	running, err := w.Running(t.Context(), fleet.ImageID(w.golden))
	if err != nil || len(running) != 1 || string(running[0].ID) != id {
		t.Errorf("got %+v, %v, want the one of that image", running, err)
	}
}

func TestHealthLeavesOutWhatIsGone(t *testing.T) {
	local(t)
	w := newWorld(t)
	id := w.member(t)
	w.now = w.now.Add(time.Hour)
	health, err := w.InstanceHealth(t.Context(), id, "i-0123456789abcdef0")
	if err != nil || len(health) != 1 || health[id] != "ok" {
		t.Errorf("got %v, %v, want the one that exists, ok", health, err)
	}
	if health, err := w.InstanceHealth(t.Context(), "i-0123456789abcdef0"); err != nil || len(health) != 0 {
		t.Errorf("got %v, %v, want none", health, err)
	}
}

func TestInstanceIsLaunchedOnceAndTerminated(t *testing.T) {
	local(t)
	w := newWorld(t)
	group, err := w.Group(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	order := fleet.LaunchOrder{
		Template: fleet.TemplateRef{ID: w.template, Version: "1"}, Image: fleet.ImageID(w.golden), Subnet: group.Subnets[1],
		Tags: map[string]string{"amiral:operation": "op-1"}, Token: "amiral-op-1-canary",
	}
	first, err := w.Launch(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.Launch(t.Context(), order)
	if err != nil || again != first {
		t.Errorf("got %s, %v, want %s again", again, err, first)
	}
	i, err := w.Instance(t.Context(), first)
	if err != nil || string(i.Image) != w.golden || i.Subnet != group.Subnets[1] || i.Tags["amiral:operation"] != "op-1" || i.Key != "ops" {
		t.Errorf("got %+v, %v, want what was ordered, and the template's key", i, err)
	}
	for range 2 {
		if err := w.Terminate(t.Context(), first); err != nil {
			t.Fatal(err)
		}
	}
	w.now = w.now.Add(10 * time.Minute)
	if i, err := w.Instance(t.Context(), first); err != nil || i.State != "terminated" || i.StateReason == "" {
		t.Errorf("got %+v, %v, want it terminated, and why", i, err)
	}
	order.Template.Version = "$Latest"
	_, err = w.Launch(t.Context(), order)
	wantKind(t, err, fleet.Rejected, "ec2:RunInstances")
}

func TestScriptRunsThroughSystemsManager(t *testing.T) {
	local(t)
	w := newWorld(t)
	ctx := t.Context()
	id := w.member(t)
	w.now = w.now.Add(time.Hour)
	nodes, err := w.Nodes(ctx, id, "i-0123456789abcdef0")
	if err != nil || len(nodes) != 1 || nodes[id].Ping != "Online" || nodes[id].Platform != "Linux" || nodes[id].Seen.IsZero() {
		t.Fatalf("got %+v, %v, want the one node online", nodes, err)
	}
	began := w.now
	script := fleet.Script{Instances: []fleet.InstanceID{id}, Commands: []string{"echo hello", "exit 3"}, Comment: "amiral op-1 test"}
	command, err := w.Run(ctx, script)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := w.Output(ctx, command, id); err != nil || out.Over() {
		t.Errorf("got %+v, %v, want it not over", out, err)
	}
	found, ok, err := w.FindRun(ctx, script.Comment, began.Add(-time.Minute))
	if err != nil || !ok || found != command {
		t.Errorf("got %s, %t, %v, want %s", found, ok, err, command)
	}
	if _, ok, err := w.FindRun(ctx, "amiral op-1", time.Time{}); err != nil || ok {
		t.Errorf("got %t, %v, want none with half the comment", ok, err)
	}
	w.now = w.now.Add(5 * time.Minute)
	out, err := w.Output(ctx, command, id)
	if err != nil || out.Status != "Failed" || out.Exit != 3 || strings.TrimSpace(out.Stdout) != "hello" {
		t.Errorf("got %+v, %v, want what it printed and its exit code", out, err)
	}
	outputs, err := w.Outputs(ctx, command)
	if err != nil || len(outputs) != 1 || outputs[0].Exit != 3 || !strings.Contains(outputs[0].Stdout, "hello") {
		t.Errorf("got %+v, %v, want the same", outputs, err)
	}
}

func TestScriptThatSystemsManagerWouldRefuse(t *testing.T) {
	c, w := client(t, script{})
	for _, s := range []fleet.Script{
		{Commands: []string{"true"}},
		{Instances: make([]fleet.InstanceID, 51)},
		{Instances: []fleet.InstanceID{"i-1"}, Comment: strings.Repeat("x", 101)},
	} {
		_, err := c.Run(t.Context(), s)
		wantKind(t, err, fleet.Rejected, "ssm:SendCommand")
	}
	if len(w.sent) != 0 {
		t.Errorf("got %v sent, want nothing", w.sent)
	}
}

func TestParameterIsWritten(t *testing.T) {
	local(t)
	w := newWorld(t)
	_, err := w.Parameter(t.Context(), "/golden/web")
	wantKind(t, err, fleet.Absent, "ssm:GetParameter")
	for n := range int64(2) {
		version, err := w.PutParameter(t.Context(), "/golden/web", w.golden)
		if err != nil || version != n+1 {
			t.Fatalf("got %d, %v, want version %d", version, err, n+1)
		}
	}
	p, err := w.Parameter(t.Context(), "/golden/web")
	if err != nil || p != (fleet.Parameter{Name: "/golden/web", Value: w.golden, Version: 2}) {
		t.Errorf("got %+v, %v, want what was written", p, err)
	}
}

// TestInstancesOfAGroup are its own and nobody else's, in one call.
func TestInstancesOfAGroup(t *testing.T) {
	local(t)
	w := newWorld(t)
	if _, err := w.region.AddInstance(awssim.Instance{Name: "lonely", Image: w.golden}); err != nil {
		t.Fatal(err)
	}
	g, err := w.Group(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	ctx, calls := fleet.Counting(t.Context())
	found, err := w.InstancesOf(ctx, "web", "nowhere")
	if err != nil || len(found) != len(g.Instances) || calls.Count() != 1 {
		t.Errorf("got %d instances in %d calls, %v; want the %d of web in one", len(found), calls.Count(), err, len(g.Instances))
	}
	for _, i := range found {
		if i.Group != "web" {
			t.Errorf("got %s of %q", i.ID, i.Group)
		}
	}
	if found, err := w.InstancesOf(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("got %v, %v, want nothing asked and nothing found", found, err)
	}
}
