package patch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/say"
)

// How long is waited for what usually takes minutes.
const (
	bootFor   = 20 * time.Minute // a machine boots, passes its status checks and calls Systems Manager
	answerFor = 5 * time.Minute  // beside the test's own time, for its delivery and its answer
	showFor   = 2 * time.Minute  // what was just made is visible everywhere
)

// attempts is how many attempts an answer gets that may only mean that something is not visible everywhere yet.
const attempts = 6

// longestTail is how much of what a test printed is kept.
const longestTail = 600

// trial launches the machine, or finds the one that was launched: AWS recognises the token. Once it is noted that one
// is about to be, nothing but a machine, or AWS's refusal, leads on: an earlier attempt may have launched it.
func (r *run) trial(ctx context.Context) (engine.Outcome, error) {
	t := &r.data.Trial
	switch {
	case !t.Launching && r.data.Stopped != nil:
		return r.stopped(), nil
	case !t.Launching && r.data.Held:
		return r.again(), nil
	case !t.Launching:
		t.Launching = true
		return engine.To(stepTrial), nil
	}
	first := r.plan.Groups[0]
	id, err := r.fleet.Launch(ctx, fleet.LaunchOrder{
		Template: fleet.TemplateRef{ID: first.From.Template, Name: first.From.Name, Version: fmt.Sprint(first.From.Version)},
		Image:    r.data.Image.ID, Subnet: r.plan.Subnets[t.Subnet], Tags: r.tags(), Token: r.turn.Token(fmt.Sprintf("trial-%d", t.Subnet)),
	})
	if err != nil && fleet.KindOf(err) == fleet.Full && t.Subnet+1 < len(r.plan.Subnets) {
		t.Subnet++ // no room in this zone
		return say.Told(stepTrial, card.Warning, "No room for the machine for the test: %s The next zone is tried.", say.AWS(err)), nil
	}
	if err != nil {
		return engine.Outcome{}, r.refusal(err, "launch a machine for the test")
	}
	t.Instance, t.Since = id, r.now
	return say.Told(stepBoot, card.Working, "A machine for the test boots with %s: %s.", r.data.Image.ID, id), nil
}

// tags are on the machine.
func (r *run) tags() map[string]string {
	return map[string]string{
		"Name": "amiral-test-" + string(r.turn.ID), "amiral:operation": string(r.turn.ID), "amiral:requester": r.turn.Requester.User,
		"amiral:source-image": string(r.data.Image.ID),
	}
}

// refusal makes a fault of what trying again would not change, and of what was tried often enough.
func (r *run) refusal(err error, attempt string) error {
	kind := fleet.KindOf(err)
	if kind == fleet.Full && r.turn.Attempt >= attempts {
		return fault.New(fault.Conflict, "AWS would not %s: %s", attempt, say.AWS(err)).WithHint("No zone of the group has one.")
	}
	if (kind == fleet.Busy || kind == fleet.Absent) && r.turn.Attempt >= attempts {
		return fault.New(fault.Conflict, "AWS would not %s: %s", attempt, say.AWS(err))
	}
	return say.Refusal(err, attempt)
}

// failed ends the test badly; the machine is put away first.
func (r *run) failed(format string, args ...any) engine.Outcome {
	r.data.Trial.Failure = say.Phrase(format, args...)
	return engine.To(stepEnd)
}

// boot waits until the machine runs, is well, and can be asked.
func (r *run) boot(ctx context.Context) (engine.Outcome, error) {
	if r.data.Stopped != nil {
		return engine.To(stepEnd), nil
	}
	t := &r.data.Trial
	waited := r.now.Sub(t.Since)
	i, err := r.fleet.Instance(ctx, t.Instance)
	switch kind := fleet.KindOf(err); {
	case err != nil && kind == fleet.Absent && waited < showFor:
		return r.again(), nil
	case err != nil && kind == fleet.Absent:
		return r.failed("The machine for the test, %s, is gone.", t.Instance), nil
	case err != nil:
		return engine.Outcome{}, fmt.Errorf("read the machine for the test, %s: %w", t.Instance, err)
	case i.State == "terminated" || i.State == "shutting-down" || i.State == "stopped":
		return r.failed("The machine for the test, %s, is %s. %s", i.ID, i.State, say.Quote(i.StateReason)), nil
	}
	lacks, err := r.lacks(ctx, i)
	switch {
	case err != nil:
		return engine.Outcome{}, err
	case lacks == "":
		t.Since = r.now
		return engine.To(stepTest), nil
	case waited > bootFor:
		return r.failed("The machine for the test, %s, %s after %s.", i.ID, lacks, card.Span(bootFor)), nil
	}
	return r.again(), nil
}

// lacks says what the machine still lacks before it can be asked; empty: nothing.
func (r *run) lacks(ctx context.Context, i fleet.Instance) (string, error) {
	if i.State != "running" {
		return "is " + i.State, nil
	}
	health, err := r.fleet.InstanceHealth(ctx, i.ID)
	if err != nil {
		return "", fmt.Errorf("read the status checks of %s: %w", i.ID, err)
	}
	if health[i.ID] != "ok" {
		return "has not passed its status checks", nil
	}
	nodes, err := r.fleet.Nodes(ctx, i.ID)
	if err != nil {
		return "", r.refusal(err, "ask Systems Manager for "+string(i.ID))
	}
	if nodes[i.ID].Ping != "Online" {
		return "is not seen by Systems Manager", nil
	}
	return "", nil
}

// test sends the test, once, and waits for its answer. AWS knows no token for a command, so that it is looked for by
// its comment before it is sent.
func (r *run) test(ctx context.Context) (engine.Outcome, error) {
	t := &r.data.Trial
	switch {
	case r.data.Stopped != nil:
		return engine.To(stepEnd), nil
	case !t.Sending:
		t.Sending, t.Since = true, r.now
		return engine.To(stepTest), nil
	case t.Command == "":
		return r.send(ctx)
	}
	out, err := r.fleet.Output(ctx, t.Command, t.Instance)
	if err != nil {
		return engine.Outcome{}, r.refusal(err, "tell how the test went")
	}
	switch {
	case out.Over():
		return r.judge(out), nil
	case r.now.Sub(t.Since) > r.plan.Want.Timeout+answerFor:
		return r.failed("The test did not answer within %s (%s).", card.Span(r.plan.Want.Timeout+answerFor), out.Status), nil
	}
	return r.again(), nil
}

func (r *run) send(ctx context.Context) (engine.Outcome, error) {
	comment := "amiral test " + string(r.turn.ID)
	id, found, err := r.fleet.FindRun(ctx, comment, r.data.Trial.Since.Add(-time.Minute))
	if err != nil {
		return engine.Outcome{}, r.refusal(err, "look for the test")
	}
	if !found {
		id, err = r.fleet.Run(ctx, fleet.Script{
			Instances: []fleet.InstanceID{r.data.Trial.Instance}, Commands: []string{r.plan.Want.Test}, Comment: comment, Timeout: r.plan.Want.Timeout,
		})
		if err != nil {
			return engine.Outcome{}, r.refusal(err, "run the test")
		}
	}
	r.data.Trial.Command = id
	out := say.Told(stepTest, card.Working, "The test runs on %s.", r.data.Trial.Instance)
	out.In = r.Poll
	return out, nil
}

// judge decides by how the test ended.
func (r *run) judge(out fleet.Output) engine.Outcome {
	t := &r.data.Trial
	t.Tail = tail(out)
	switch {
	case out.Status == "Success" && out.Exit == 0:
		t.Passed = true
		return say.Told(stepEnd, card.Good, "The test passed.")
	case out.Status == "TimedOut" || strings.Contains(out.Detail, "TimedOut"):
		return r.failed("The test took longer than %s.", card.Span(r.plan.Want.Timeout))
	case out.Detail != "" && out.Detail != out.Status && out.Exit <= 0:
		return r.failed("The test could not be run: %s.", out.Detail)
	}
	return r.failed("The test failed with exit code %d.", out.Exit)
}

// tail is what the test printed last.
func tail(out fleet.Output) string {
	text := []rune(strings.TrimSpace(strings.TrimSpace(out.Stdout) + "\n" + strings.TrimSpace(out.Stderr)))
	if len(text) > longestTail {
		text = append([]rune("…"), text[len(text)-longestTail:]...)
	}
	return string(text)
}

// endTrial terminates the machine, and goes on when it is gone. Just after its launch it may not be visible everywhere, so
// that it is not believed to be gone before some time.
func (r *run) endTrial(ctx context.Context) (engine.Outcome, error) {
	t := &r.data.Trial
	if t.Instance == "" {
		t.Gone = true
	}
	if !t.Gone {
		if err := r.putAway(ctx); err != nil {
			return engine.Outcome{}, err
		}
	}
	switch {
	case !t.Gone:
		return r.again(), nil
	case t.Failure != "":
		return r.end(ledger.Failed, say.Sentences(t.Failure, t.printed(), t.Left)), nil
	case r.data.Stopped != nil:
		return r.stopped(), nil
	case t.Left != "":
		return engine.Outcome{Step: stepTake, Line: string(t.Left), Tone: string(card.Warning)}, nil
	}
	return say.Told(stepTake, card.Plain, "The machine for the test is terminated."), nil
}

// printed quotes what the test printed last.
func (t Trial) printed() say.Safe {
	if t.Tail == "" {
		return ""
	}
	return say.Phrase("It printed: %s", strings.Join(strings.Fields(t.Tail), " "))
}

// putAway takes one look at the machine, and terminates it.
func (r *run) putAway(ctx context.Context) error {
	t := &r.data.Trial
	i, err := r.fleet.Instance(ctx, t.Instance)
	absent := err != nil && fleet.KindOf(err) == fleet.Absent
	switch {
	case err != nil && !absent:
		return fmt.Errorf("read the machine for the test, %s: %w", t.Instance, err)
	case absent && r.now.Sub(t.Since) > showFor, i.State == "terminated", i.State == "shutting-down":
		t.Gone = true
		return nil
	}
	err = r.fleet.Terminate(ctx, t.Instance)
	switch kind := fleet.KindOf(err); {
	case err == nil, kind == fleet.Absent:
		return nil
	case kind == fleet.Refused, kind == fleet.Rejected:
		t.Gone = true
		t.Left = say.Phrase("The machine for the test, %s, still runs, because AWS refused to terminate it: %s Terminate it by hand.", t.Instance, say.AWS(err))
		return nil
	}
	return fmt.Errorf("terminate the machine for the test, %s: %w", t.Instance, err)
}

// stopped ends it between two parts, as somebody asked.
func (r *run) stopped() engine.Outcome {
	return r.end(ledger.Cancelled, say.Phrase("Cancelled%s.", r.by()))
}
