package awssim

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// shellDocument is the document that runs a shell script, the only one the fleet has.
const (
	shellDocument = "AWS-RunShellScript"
	shellPlugin   = "aws:runShellScript"
)

// command is a script sent to machines.
type command struct {
	fleet       *Fleet
	id          string
	comment     string
	asked       *params // the request
	requested   time.Time
	delivery    time.Duration // until the agent must have it
	execution   time.Duration // until the script must have ended
	concurrency int
	tolerated   int // failures
	invocations []*invocation
	looking     bool // for machines that could not be reached
}

func commandActions() map[string]action {
	return map[string]action{
		"SendCommand":            sendCommand,
		"CancelCommand":          cancelCommand,
		"GetCommandInvocation":   getCommandInvocation,
		"ListCommandInvocations": listCommandInvocations,
		"ListCommands":           listCommands,
	}
}

// sendCommand has no token: sent twice, a command runs twice.
func sendCommand(k *call) ([]elem, error) {
	if err := k.need("DocumentName"); err != nil {
		return nil, err
	}
	if err := k.scriptAsked(); err != nil {
		return nil, err
	}
	nodes, err := k.reached()
	if err != nil {
		return nil, err
	}
	cmd := &command{fleet: k.fleet, comment: k.p.str("Comment"), asked: k.p.clone(), requested: k.cloud.now,
		delivery:  time.Duration(k.num(3600, "TimeoutSeconds")) * time.Second,
		execution: time.Hour}
	if seconds, err := strconv.Atoi(first(k.p.strs("Parameters", "executionTimeout"))); err == nil {
		cmd.execution = time.Duration(seconds) * time.Second
	}
	if cmd.concurrency, err = k.portion("MaxConcurrency", "50", len(nodes)); err != nil {
		return nil, err
	}
	if cmd.tolerated, err = k.portion("MaxErrors", "0", len(nodes)); err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	cmd.id, cmd.concurrency = k.cloud.uuid(), max(cmd.concurrency, 1)
	for _, i := range nodes {
		cmd.invocations = append(cmd.invocations, &invocation{of: cmd, instance: i, status: "Pending", details: "Pending", exit: -1})
	}
	k.fleet.commands = append(k.fleet.commands, cmd)
	k.cloud.after(time.Second, cmd.dispatch)
	return []elem{el("Command", cmd.elems()...)}, nil
}

// scriptAsked checks the document and its parameters.
func (k *call) scriptAsked() error {
	if name := k.p.str("DocumentName"); name != shellDocument {
		return refuse("InvalidDocument", "Document with name %s does not exist.", name)
	}
	for name := range k.p.at("Parameters").kids {
		if !slices.Contains([]string{"commands", "workingDirectory", "executionTimeout"}, name) {
			return refuse("InvalidParameters", "Parameter \"%s\" is not defined in the document.", name)
		}
	}
	if len(k.p.strs("Parameters", "commands")) == 0 {
		return refuse("InvalidParameters", "Missing required parameter commands.")
	}
	if seconds := k.num(3600, "TimeoutSeconds"); k.bad == nil && (seconds < 30 || seconds > 2592000) {
		return k.malformed("1 validation error detected: Value '%d' at 'timeoutSeconds' failed to satisfy constraint: Member must be between 30 and 2592000", seconds)
	}
	if len(k.p.str("Comment")) > 100 {
		return k.malformed("1 validation error detected: Value at 'comment' failed to satisfy constraint: Member must have length less than or equal to 100")
	}
	return nil
}

// portion reads a count or a percentage of n.
func (k *call) portion(name, fallback string, n int) (int, error) {
	given := cmp.Or(k.p.str(name), fallback)
	number, percent := strings.CutSuffix(given, "%")
	value, err := strconv.Atoi(number)
	if err != nil || value < 0 || percent && value > 100 {
		return 0, k.malformed("%s must be a number or a percentage, not '%s'.", name, given)
	}
	if percent {
		return n * value / 100, nil
	}
	return value, nil
}

// reached finds the machines a request names, by id or by target.
func (k *call) reached() ([]*instance, error) {
	ids, targets := k.p.strs("InstanceIds"), k.p.list("Targets")
	switch {
	case len(ids)+len(targets) == 0, len(ids) > 0 && len(targets) > 0:
		return nil, k.malformed("Either InstanceIds or Targets must be specified, and not both.")
	case len(ids) > 50:
		return nil, k.malformed("1 validation error detected: Value at 'instanceIds' failed to satisfy constraint: Member must have length less than or equal to 50")
	case len(targets) > 5:
		return nil, k.malformed("1 validation error detected: Value at 'targets' failed to satisfy constraint: Member must have length less than or equal to 5")
	case len(targets) > 0:
		return k.fleet.targeted(targets)
	}
	if sorted := slices.Compact(slices.Sorted(slices.Values(ids))); len(sorted) < len(ids) {
		return nil, refuse("DuplicateInstanceId", "You can't specify an instance ID more than once.")
	}
	var nodes []*instance
	for _, id := range ids {
		i := k.fleet.instances[id]
		if i == nil || !i.managed() {
			return nil, refuse("InvalidInstanceId", "Instances [[%s]] not in a valid state for account %s", id, k.fleet.account)
		}
		nodes = append(nodes, i)
	}
	return nodes, nil
}

func (f *Fleet) targeted(targets []*params) ([]*instance, error) {
	var filters []filter
	for _, target := range targets {
		key := target.str("Key")
		if key != "InstanceIds" && !strings.HasPrefix(key, "tag:") && key != "tag-key" {
			return nil, refuse("ValidationException", "The target key '%s' is not valid.", key)
		}
		filters = append(filters, filter{key, target.strs("Values")})
	}
	return sift(f.nodes(), filters, func(i *instance) field { return i.nodeField })
}

func (c *command) elems() []elem {
	status, details := c.state()
	done, bad, late := c.tally()
	parameters := el("Parameters")
	for _, name := range slices.Sorted(maps.Keys(c.asked.at("Parameters").kids)) {
		parameters.kids = append(parameters.kids, texts(name, "member", c.asked.strs("Parameters", name)))
	}
	return []elem{
		text("CommandId", c.id),
		text("DocumentName", shellDocument),
		text("DocumentVersion", "$DEFAULT"),
		raw("Comment", c.comment),
		when("ExpiresAfter", c.requested.Add(c.delivery+c.execution)),
		parameters,
		texts("InstanceIds", "member", c.asked.strs("InstanceIds")),
		members("Targets", c.asked.list("Targets"), func(p *params) []elem {
			return []elem{text("Key", p.str("Key")), texts("Values", "member", p.strs("Values"))}
		}),
		when("RequestedDateTime", c.requested),
		text("Status", status),
		text("StatusDetails", details),
		text("MaxConcurrency", cmp.Or(c.asked.str("MaxConcurrency"), "50")),
		text("MaxErrors", cmp.Or(c.asked.str("MaxErrors"), "0")),
		num("TargetCount", len(c.invocations)),
		num("CompletedCount", done),
		num("ErrorCount", bad),
		num("DeliveryTimedOutCount", late),
		num("TimeoutSeconds", int(c.delivery.Seconds())),
	}
}

// tally counts the invocations that have ended, those of them that failed, and those that were never delivered.
func (c *command) tally() (done, bad, late int) {
	for _, v := range c.invocations {
		if v.over() {
			done++
		}
		if v.status == "Failed" || v.status == "TimedOut" {
			bad++
		}
		if v.details == "DeliveryTimedOut" {
			late++
		}
	}
	return done, bad, late
}

// state sums up the invocations: the worst of them once all have ended.
func (c *command) state() (status, details string) {
	if len(c.invocations) == 0 {
		return "Success", "NoInstancesInTag"
	}
	done, _, _ := c.tally()
	if done < len(c.invocations) {
		waiting := !slices.ContainsFunc(c.invocations, func(v *invocation) bool { return v.status != "Pending" })
		status = map[bool]string{true: "Pending", false: "InProgress"}[waiting]
		return status, status
	}
	for _, worst := range []string{"Failed", "TimedOut", "Cancelled"} {
		for _, v := range c.invocations {
			if v.status == worst {
				return worst, v.details
			}
		}
	}
	return "Success", "Success"
}

func listCommands(k *call) ([]elem, error) {
	id, instance := k.p.str("CommandId"), k.p.str("InstanceId")
	var all []*command
	for _, c := range slices.Backward(k.fleet.commands) {
		about := instance == "" || slices.ContainsFunc(c.invocations, func(v *invocation) bool { return v.instance.id == instance })
		if about && (id == "" || id == c.id) {
			all = append(all, c)
		}
	}
	if id != "" && len(all) == 0 && instance == "" {
		return nil, refuse("InvalidCommandId", "")
	}
	all, err := sift(all, k.commandFilters(), func(c *command) field {
		status, _ := c.state()
		return commandField(status)
	})
	if err != nil {
		return nil, refuse("InvalidFilterKey", "%s", err.Error())
	}
	all = slices.DeleteFunc(all, func(c *command) bool { return !k.invoked(c) })
	shown, next, err := page(k, all, ssmPage, 50, 50)
	if err != nil {
		return nil, err
	}
	return []elem{members("Commands", shown, (*command).elems), text("NextToken", next)}, nil
}

// commandFilters reads filters of one value each.
func (k *call) commandFilters() []filter {
	var all []filter
	for _, f := range k.p.list("Filters") {
		if key := f.str("key"); key != "InvokedAfter" && key != "InvokedBefore" {
			all = append(all, filter{key, []string{f.str("value")}})
		}
	}
	return all
}

// invoked tells whether a command was sent in the time that the filters are about.
func (k *call) invoked(c *command) bool {
	for _, f := range k.p.list("Filters") {
		bound, err := time.Parse(time.RFC3339, f.str("value"))
		switch key := f.str("key"); {
		case key != "InvokedAfter" && key != "InvokedBefore":
		case err != nil:
			k.bad = refuse("InvalidFilterValue", "The filter %s must be a time such as 2026-07-07T00:00:00Z, not '%s'.", key, f.str("value"))
		case key == "InvokedAfter" && c.requested.Before(bound), key == "InvokedBefore" && c.requested.After(bound):
			return false
		}
	}
	return true
}

// cancelCommand ends what has not ended yet, on the machines that are named or on all of them. A script that runs
// already is stopped; what it has changed stays changed.
func cancelCommand(k *call) ([]elem, error) {
	if err := k.need("CommandId"); err != nil {
		return nil, err
	}
	ids := k.p.strs("InstanceIds")
	for _, c := range k.fleet.commands {
		if c.id != k.p.str("CommandId") {
			continue
		}
		for _, v := range c.invocations {
			if len(ids) == 0 || slices.Contains(ids, v.instance.id) {
				v.end("Cancelled", "Cancelled", -1)
			}
		}
		return nil, nil
	}
	return nil, refuse("InvalidCommandId", "")
}

func commandField(status string) field {
	return func(name string) ([]string, bool) {
		switch name {
		case "Status":
			return []string{status}, true
		case "DocumentName":
			return []string{shellDocument}, true
		}
		return nil, false
	}
}
