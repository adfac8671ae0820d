package awssim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// alarm is a CloudWatch alarm.
type alarm struct {
	name, arn, state, reason string
	since                    time.Time
	dimensions               []Dimension
}

// Dimension is one dimension of an alarm's metric, such as AutoScalingGroupName web.
type Dimension struct{ Name, Value string }

// alarmStates are the states of an alarm.
var alarmStates = []string{"OK", "ALARM", "INSUFFICIENT_DATA"}

func alarmActions() map[string]action {
	return map[string]action{
		"DescribeAlarms": describeAlarms,
		"SetAlarmState":  setAlarmState,
	}
}

var alarmPage = pageNames{"MaxRecords", "NextToken", "InvalidNextToken"}

func describeAlarms(k *call) ([]elem, error) {
	names, prefix, state := k.p.strs("AlarmNames"), k.p.str("AlarmNamePrefix"), k.p.str("StateValue")
	if len(names) > 0 && prefix != "" {
		return nil, refuse("InvalidParameterCombination", "AlarmNames and AlarmNamePrefix cannot be given together.")
	}
	if state != "" && !slices.Contains(alarmStates, state) {
		return nil, invalid("StateValue must be one of %s.", strings.Join(alarmStates, ", "))
	}
	kinds := k.p.strs("AlarmTypes")
	all := slices.DeleteFunc(sortedValues(k.fleet.alarms), func(a *alarm) bool {
		return len(kinds) > 0 && !slices.Contains(kinds, "MetricAlarm") || len(names) > 0 && !slices.Contains(names, a.name) || !strings.HasPrefix(a.name, prefix) ||
			state != "" && a.state != state
	})
	shown, next, err := page(k, all, alarmPage, 50, 100)
	if err != nil {
		return nil, err
	}
	return []elem{texts("CompositeAlarms", "member", nil), members("MetricAlarms", shown, (*alarm).elems), text("NextToken", next)}, nil
}

func (a *alarm) elems() []elem {
	return []elem{
		text("AlarmName", a.name),
		text("AlarmArn", a.arn),
		flag("ActionsEnabled", true),
		text("StateValue", a.state),
		text("StateReason", a.reason),
		when("StateUpdatedTimestamp", a.since),
		when("StateTransitionedTimestamp", a.since),
		text("MetricName", a.metric()[1]),
		text("Namespace", a.metric()[0]),
		text("Statistic", a.metric()[2]),
		members("Dimensions", a.dimensions, func(d Dimension) []elem { return []elem{text("Name", d.Name), text("Value", d.Value)} }),
		num("Period", 60),
		num("EvaluationPeriods", 1),
		fraction("Threshold", 10),
		text("ComparisonOperator", "GreaterThanThreshold"),
	}
}

// metric is the namespace, the name and the statistic of what the alarm watches, by its dimensions.
func (a *alarm) metric() [3]string {
	for _, d := range a.dimensions {
		if d.Name == "AutoScalingGroupName" || d.Name == "InstanceId" {
			return [3]string{"AWS/EC2", "CPUUtilization", "Average"}
		}
	}
	return [3]string{"AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum"}
}

func (a *alarm) view() AlarmState {
	parts := strings.Split(a.arn, ":")
	s := AlarmState{Account: parts[4], Region: parts[3], Name: a.name, State: a.state}
	for _, d := range a.dimensions {
		if s.Dimensions == nil {
			s.Dimensions = map[string]string{}
		}
		s.Dimensions[d.Name] = d.Value
	}
	return s
}

func setAlarmState(k *call) ([]elem, error) {
	a := k.fleet.alarms[k.p.str("AlarmName")]
	if a == nil {
		return nil, &apiError{http.StatusNotFound, "ResourceNotFound", "Unknown alarm " + k.p.str("AlarmName")}
	}
	if !slices.Contains(alarmStates, k.p.str("StateValue")) {
		return nil, invalid("StateValue must be one of %s.", strings.Join(alarmStates, ", "))
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	a.turn(k.fleet, k.p.str("StateValue"), k.p.str("StateReason"))
	return nil, nil
}

// turn sets the state; refreshes that watch alarms look at it.
func (a *alarm) turn(f *Fleet, state, reason string) {
	if a.state != state {
		a.since = f.cloud.now
	}
	a.state, a.reason = state, reason
	for _, g := range sortedValues(f.groups) {
		g.wake(0)
	}
}

// SetAlarm sets the state of the alarms of that name, wherever they are: OK, ALARM or INSUFFICIENT_DATA.
// It reports whether there is one and the state is known.
func (c *Cloud) SetAlarm(name, state string) bool {
	defer c.lock()()
	found := false
	for _, f := range c.fleets() {
		if a := f.alarms[name]; a != nil && slices.Contains(alarmStates, state) {
			a.turn(f, state, "Set by hand.")
			found = true
		}
	}
	return found
}
