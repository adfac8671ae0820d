package awssim

import (
	"slices"
	"strconv"
	"time"
)

// invocation is a command on one machine.
type invocation struct {
	of              *command
	instance        *instance
	status, details string
	started, ended  time.Time
	out             Output // shown when it has ended
	exit            int    // -1 until then
}

// How much of a script's output AWS keeps: of a single invocation, and in a list of them.
const (
	maxStdout = 24_000
	maxStderr = 8_000
	maxListed = 2_500
)

// again is how often a command looks whether a machine that it could not reach can be reached.
const again = 30 * time.Second

// over tells whether the invocation has ended.
func (v *invocation) over() bool { return v.status != "Pending" && v.status != "InProgress" }

// end ends the invocation, and lets the command go on.
func (v *invocation) end(status, details string, exit int) {
	if v.over() {
		return
	}
	v.status, v.details, v.exit, v.ended = status, details, exit, v.of.fleet.cloud.now
	v.of.dispatch()
}

// dispatch starts what may start: as many at once as was asked for, and none after too many failures. A machine that
// cannot be reached waits until the delivery times out.
func (c *command) dispatch() {
	now, waiting := c.fleet.cloud.now, false
	if _, bad, _ := c.tally(); bad > c.tolerated {
		for _, v := range c.invocations {
			if v.status == "Pending" {
				v.status, v.details, v.ended = "Cancelled", "Terminated", now
			}
		}
	}
	for _, v := range c.invocations {
		switch {
		case v.status != "Pending":
		case !now.Before(c.requested.Add(c.delivery)):
			v.status, v.details, v.ended = "TimedOut", "DeliveryTimedOut", now
		case v.instance.state != Running || v.instance.ping() != pingOnline:
			waiting = true
		case c.busy() < c.concurrency:
			v.start()
		}
	}
	if waiting && !c.looking {
		c.looking = true
		c.fleet.cloud.after(min(again, c.requested.Add(c.delivery).Sub(now)), func() {
			c.looking = false
			c.dispatch()
		})
	}
}

func (c *command) busy() int {
	n := 0
	for _, v := range c.invocations {
		if v.status == "InProgress" {
			n++
		}
	}
	return n
}

// start runs the script. A machine that goes down meanwhile never answers, so the script times out.
func (v *invocation) start() {
	c, cloud := v.of, v.of.fleet.cloud
	v.status, v.details, v.started = "InProgress", "InProgress", cloud.now
	i := v.instance
	out := i.play(c.asked.strs("Parameters", "commands"))
	if out.Took == 0 {
		out.Took = 2 * time.Second
	}
	generation := i.generation
	cloud.after(min(out.Took, c.execution), func() {
		if i.state != Running || i.generation != generation || !i.cutOff.IsZero() {
			cloud.at(v.started.Add(c.execution), func() { v.end("TimedOut", "ExecutionTimedOut", -1) })
			return
		}
		v.out = out
		switch {
		case out.Took > c.execution:
			v.end("TimedOut", "ExecutionTimedOut", 137)
		case out.Exit != 0:
			v.out.Stderr += "failed to run commands: exit status " + strconv.Itoa(out.Exit)
			v.end("Failed", "Failed", out.Exit)
		default:
			v.end("Success", "Success", 0)
		}
	})
}

// getCommandInvocation does not know an invocation in the first moment.
func getCommandInvocation(k *call) ([]elem, error) {
	if err := k.need("CommandId", "InstanceId"); err != nil {
		return nil, err
	}
	for _, c := range k.fleet.commands {
		for _, v := range c.invocations {
			if c.id == k.p.str("CommandId") && v.instance.id == k.p.str("InstanceId") && !k.fleet.fresh(c.requested) {
				if plugin := k.p.str("PluginName"); plugin != "" && plugin != shellPlugin {
					return nil, refuse("InvalidPluginName", "")
				}
				return v.whole(), nil
			}
		}
	}
	return nil, refuse("InvocationDoesNotExist", "")
}

// whole is an invocation with its output.
func (v *invocation) whole() []elem {
	elapsed := ""
	if !v.ended.IsZero() && !v.started.IsZero() {
		elapsed = "PT" + strconv.FormatFloat(v.ended.Sub(v.started).Seconds(), 'f', -1, 64) + "S"
	}
	return []elem{
		text("CommandId", v.of.id),
		text("InstanceId", v.instance.id),
		raw("Comment", v.of.comment),
		text("DocumentName", shellDocument),
		text("DocumentVersion", "$DEFAULT"),
		text("PluginName", shellPlugin),
		num("ResponseCode", v.exit),
		raw("ExecutionStartDateTime", stampOf(v.started)),
		raw("ExecutionElapsedTime", elapsed),
		raw("ExecutionEndDateTime", stampOf(v.ended)),
		text("Status", v.status),
		text("StatusDetails", v.details),
		raw("StandardOutputContent", cutShort(v.out.Stdout, maxStdout, outputCut)),
		raw("StandardOutputUrl", ""),
		raw("StandardErrorContent", cutShort(v.out.Stderr, maxStderr, outputCut)),
		raw("StandardErrorUrl", ""),
	}
}

func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(stamp)
}

// What the agent writes where it cuts.
const (
	outputCut  = "\n--output truncated--"
	listedCut  = "\n---Output truncated---"
	errorTitle = "\n----------ERROR-------\n"
)

// cutShort keeps the beginning of a text, the mark of the cut included in the length.
func cutShort(s string, most int, mark string) string {
	if len(s) <= most {
		return s
	}
	return s[:most-len(mark)] + mark
}

// listed is both outputs in one text, as a list of invocations has them.
func (o Output) listed() string {
	if o.Stderr == "" {
		return cutShort(o.Stdout, maxListed, listedCut)
	}
	room := maxListed - len(errorTitle)
	err := cutShort(o.Stderr, max(room/2, room-len(o.Stdout)), listedCut)
	return cutShort(o.Stdout, room-len(err), listedCut) + errorTitle + err
}

func listCommandInvocations(k *call) ([]elem, error) {
	id, instance := k.p.str("CommandId"), k.p.str("InstanceId")
	known := false
	var all []*invocation
	for _, c := range slices.Backward(k.fleet.commands) {
		known = known || c.id == id
		for _, v := range c.invocations {
			if (id == "" || c.id == id) && (instance == "" || v.instance.id == instance) && !k.fleet.fresh(c.requested) {
				all = append(all, v)
			}
		}
	}
	if id != "" && !known {
		return nil, refuse("InvalidCommandId", "")
	}
	all, err := sift(all, k.commandFilters(), func(v *invocation) field { return commandField(v.status) })
	if err != nil {
		return nil, refuse("InvalidFilterKey", "%s", err.Error())
	}
	shown, next, err := page(k, all, ssmPage, 50, 50)
	if err != nil {
		return nil, err
	}
	details := k.p.yes("Details")
	return []elem{members("CommandInvocations", shown, func(v *invocation) []elem { return v.brief(details) }), text("NextToken", next)}, nil
}

// brief is an invocation in a list; its output comes only with the details.
func (v *invocation) brief(details bool) []elem {
	plugins := elem{name: "CommandPlugins", kind: aList}
	if details {
		plugins.kids = []elem{el("member",
			text("Name", shellPlugin),
			text("Status", v.status),
			text("StatusDetails", v.details),
			num("ResponseCode", v.exit),
			when("ResponseStartDateTime", v.started),
			when("ResponseFinishDateTime", v.ended),
			raw("Output", v.out.listed()))}
	}
	return []elem{
		text("CommandId", v.of.id),
		text("InstanceId", v.instance.id),
		raw("InstanceName", v.instance.name()),
		raw("Comment", v.of.comment),
		text("DocumentName", shellDocument),
		text("DocumentVersion", "$DEFAULT"),
		when("RequestedDateTime", v.of.requested),
		text("Status", v.status),
		text("StatusDetails", v.details),
		plugins,
	}
}
