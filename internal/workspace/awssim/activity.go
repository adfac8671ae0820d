package awssim

import (
	"encoding/json"
	"slices"
	"time"
)

// activity is one entry of a group's history.
type activity struct {
	id, group, arn string
	description    string
	cause          string
	started, ended time.Time
	status         string
	message        string
	progress       int
	zone, subnet   string
}

// begin writes a new activity into the group's history.
func (g *group) begin(description, cause, zone string) *activity {
	a := &activity{id: g.fleet.cloud.uuid(), group: g.name, arn: g.arn, description: description, cause: cause,
		started: g.fleet.cloud.now, status: "InProgress", progress: 30, zone: zone, subnet: g.subnetFor(zone)}
	g.activities = append(g.activities, a)
	return a
}

func (g *group) subnetFor(zone string) string {
	for _, subnet := range g.subnets {
		if g.fleet.zoneOf(subnet) == zone {
			return subnet
		}
	}
	return g.fleet.subnetIn(zone)
}

// end closes an activity.
func (a *activity) end(now time.Time, status, message string) {
	if a == nil || !a.ended.IsZero() {
		return
	}
	a.ended, a.status, a.message, a.progress = now, status, message, 100
}

// fail closes an activity with what went wrong, in the words of AWS.
func (a *activity) fail(now time.Time, message string) {
	a.end(now, "Failed", message)
	a.description += ". Status Reason: " + message
}

func (a *activity) elems() []elem {
	details, _ := json.Marshal(map[string]string{"Subnet ID": a.subnet, "Availability Zone": a.zone})
	return []elem{
		text("ActivityId", a.id),
		text("AutoScalingGroupName", a.group),
		text("Description", a.description),
		text("Cause", a.cause),
		when("StartTime", a.started),
		when("EndTime", a.ended),
		text("StatusCode", a.status),
		text("StatusMessage", a.message),
		num("Progress", a.progress),
		text("Details", string(details)),
		text("AutoScalingGroupARN", a.arn),
	}
}

// history is how long activities and refreshes are kept.
const history = 6 * 7 * 24 * time.Hour

func describeScalingActivities(k *call) ([]elem, error) {
	all, err := k.activities()
	if err != nil {
		return nil, err
	}
	all, err = k.narrow(all)
	if err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, scalingPage, 100, 100)
	if err != nil {
		return nil, err
	}
	return []elem{members("Activities", shown, (*activity).elems), text("NextToken", next)}, nil
}

// activities returns those of one group or of all, newest first.
func (k *call) activities() ([]*activity, error) {
	var all []*activity
	if k.p.has("AutoScalingGroupName") {
		name := k.p.str("AutoScalingGroupName")
		g := k.fleet.groups[name]
		if g == nil && !k.p.yes("IncludeDeletedGroups") {
			return nil, invalid("AutoScalingGroup name not found - AutoScalingGroup '%s' not found", name)
		}
		if g != nil {
			all = g.activities
		}
		if k.p.yes("IncludeDeletedGroups") {
			all = append(slices.Clone(k.fleet.activities[name]), all...)
		}
	} else {
		for _, g := range sortedValues(k.fleet.groups) {
			all = append(all, g.activities...)
		}
	}
	all = slices.Clone(all)
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b *activity) int { return b.started.Compare(a.started) })
	ids := k.p.strs("ActivityIds")
	return slices.DeleteFunc(all, func(a *activity) bool {
		return k.cloud.now.Sub(a.started) > history || len(ids) > 0 && !slices.Contains(ids, a.id)
	}), nil
}

// narrow applies the filters StartTimeLowerBound, StartTimeUpperBound and Status.
func (k *call) narrow(all []*activity) ([]*activity, error) {
	for _, f := range k.filters() {
		var bound time.Time
		if f.name != "Status" {
			t, err := time.Parse(time.RFC3339Nano, first(f.values))
			if err != nil {
				return nil, invalid("The filter %s must be a time.", f.name)
			}
			bound = t
		}
		switch f.name {
		case "StartTimeLowerBound":
			all = slices.DeleteFunc(all, func(a *activity) bool { return a.started.Before(bound) })
		case "StartTimeUpperBound":
			all = slices.DeleteFunc(all, func(a *activity) bool { return a.started.After(bound) })
		case "Status":
			if !k.p.has("AutoScalingGroupName") {
				return nil, invalid("The filter Status needs the name of a group.")
			}
			all = slices.DeleteFunc(all, func(a *activity) bool { return !slices.Contains(f.values, a.status) })
		default:
			return nil, invalid("The filter %s is invalid.", f.name)
		}
	}
	return all, nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
